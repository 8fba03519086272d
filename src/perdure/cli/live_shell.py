"""`perdure shell --live`: Python in the running world, beside its players.

Contract: the code is sent to the world that serves and runs there as one unit: what raises is undone. What it prints
comes back when it has ended. Names that it makes stay for the next piece of code, until the next reload.
"""

from __future__ import annotations

import code
import sys
from pathlib import Path

import typer

from perdure.cli.gateway_client import ask, require_running
from perdure.cli.output import stderr
from perdure.cli.preflight import game_directory
from perdure.server.control_messages import RunSource

__all__ = ["live_shell"]

BANNER = "The running world of {game}. What you do here is done at once, for everybody. Ctrl-D leaves."


def live_shell(file: Path | None, command: str | None) -> None:
    """Run code in the world: from the command line, a file, the standard input or asked for.

    Raises:
        NotRunning: there is no running world.
    """
    game = game_directory()
    require_running(game)
    if command is not None:
        _run_once(game, command)
    elif file is not None:
        _run_once(game, file.read_text(encoding="utf-8"))
    elif not sys.stdin.isatty():
        _run_once(game, sys.stdin.read())
    else:
        _Console(game).interact(banner=BANNER.format(game=game.name), exitmsg="")


def _run_once(game: Path, source: str) -> None:
    if not run(game, source):
        raise typer.Exit(1)


def run(game: Path, source: str) -> bool:
    """Run the code and show what it printed; whether it ended well."""
    answer = ask(game, RunSource(source))
    text = answer.summary
    if text:
        out = sys.stdout if answer.ok else sys.stderr
        out.write(text if text.endswith("\n") else f"{text}\n")
        out.flush()
    return answer.ok


class _Console(code.InteractiveConsole):
    """Asks for lines until they are whole, and has the world run them."""

    def __init__(self, game: Path) -> None:
        super().__init__()
        self._game = game
        try:
            import readline  # noqa: F401  (gives `input` its history)
        except ImportError:
            stderr.print("(no history of lines here: Python has no readline)", style="dim")

    def runsource(self, source: str, filename: str = "<live>", symbol: str = "single") -> bool:
        """Called with the lines so far; True to ask for more."""
        try:
            if self.compile(source, filename, symbol) is None:
                return True
        except (OverflowError, SyntaxError, ValueError):
            self.showsyntaxerror(filename)
            return False
        if source.strip():
            run(self._game, source)
        return False
