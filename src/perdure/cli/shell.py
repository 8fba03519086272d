"""`perdure shell`: Python with the world at hand.

The code that runs here is the user's own, given on the command line or at the prompt.
"""

from __future__ import annotations

import code
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from perdure.cli.gateway_client import note_if_running
from perdure.cli.live_shell import live_shell
from perdure.errors import ConfigurationError, InvalidArgument

__all__ = ["namespace", "shell"]

BANNER = "Perdure {version} in {directory}.  me is {me}.  Names of `perdure` and your typeclasses are at hand."


def shell(
    file: Annotated[Path | None, typer.Argument(help="A Python file to run instead of asking.")] = None,
    command: Annotated[str | None, typer.Option("-c", metavar="CODE", help="Code to run instead of asking.")] = None,
    live: Annotated[bool, typer.Option("--live", help="In the running world, beside its players.")] = False,
) -> None:
    """Python in the game: at the prompt, from a file, or from -c.

    At hand without an import: every name of `perdure`, the game's typeclasses by their class names, and
    `me` (also `self`), the owner's character. Changes are saved as they are made.

    With --live the code runs in the world that players are in, each piece as one unit that is undone if it
    raises, and what it prints is shown when it has ended.
    """
    if file is not None and command is not None:
        raise InvalidArgument("perdure shell takes a FILE or -c CODE, not both")
    if file is not None and not file.is_file():
        raise InvalidArgument(f"there is no file {file}")
    if live:
        live_shell(file, command)
        return
    from perdure.bootstrap import setup

    directory = setup()
    note_if_running(directory)
    names = namespace()
    if command is not None:
        _run_text(command, "<command line>", names)
    elif file is not None:
        _run_text(file.read_text(encoding="utf-8"), str(file), {**names, "__file__": str(file)})
    elif not sys.stdin.isatty():
        _run_text(sys.stdin.read(), "<standard input>", names)
    else:
        _interact(names, directory)


def namespace() -> dict[str, Any]:
    """What the shell has at hand: flat API, the game's typeclasses, `me` and `self`."""
    from perdure.server.world import live_code

    return {**live_code.namespace(), "__name__": "__main__"}


class _Interpreter(code.InteractiveInterpreter):
    """Runs code and remembers whether it raised."""

    failed = False

    def showtraceback(self) -> None:
        self.failed = True
        super().showtraceback()

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        self.failed = True
        super().showsyntaxerror(*args, **kwargs)


def _run_text(text: str, origin: str, names: dict[str, Any]) -> None:
    """Run code given as text; a traceback and exit code 1 when it raises."""
    interpreter = _Interpreter(names)
    try:
        compiled = compile(text, origin, "exec")
    except (SyntaxError, ValueError):
        interpreter.showsyntaxerror(origin)
    else:
        interpreter.runcode(compiled)
    if interpreter.failed:
        raise typer.Exit(1)


def _interact(names: dict[str, Any], directory: Path | None) -> None:
    from perdure.version import __version__

    banner = BANNER.format(version=__version__, directory=directory or "this site", me=names["me"])
    if find_spec("IPython") is None:
        code.interact(banner=banner, local=names, exitmsg="")
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from IPython import start_ipython
            from traitlets.config import Config
    except ImportError as error:
        raise ConfigurationError(f"IPython is installed but cannot be imported: {error}. Reinstall it.") from error
    config = Config()
    config.TerminalInteractiveShell.banner1 = banner + "\n"
    # A coroutine at the prompt would run on a loop of its own, beside the thread that owns the world.
    config.InteractiveShell.autoawait = False
    start_ipython(argv=[], user_ns=names, config=config)
