"""The `perdure` command itself: its verbs, and where errors end."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from perdure.cli import init, logs, manage, migrate, run, shell, start_stop, status, test, token, typeclass, world
from perdure.cli.output import error_boundary, stdout
from perdure.version import __version__

__all__ = ["app"]

HELP = """Make, look after and play a world of objects that last.

A game in four steps:

    perdure init mygame     lay out a game directory

    cd mygame

    perdure migrate         make its database, its owner and its first room

    perdure run             let people in; Ctrl-C ends it

In the background: perdure start, stop, reload, status, logs. All commands but init are for use inside a game directory.
Each one explains itself with --help.
"""


class Application(typer.Typer):
    """Typer, with the catalogue's errors shown as panels."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with error_boundary():
            return super().__call__(*args, **kwargs)


app = Application(
    name="perdure",
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        stdout.print(f"perdure {__version__}")
        raise typer.Exit


@app.callback()
def perdure(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """The callback that carries the options of the command as a whole."""


app.command("init")(init.init)
app.command("migrate")(migrate.migrate)
app.command("run")(run.run)
app.command("start")(start_stop.start)
app.command("stop")(start_stop.stop)
app.command("reload")(start_stop.reload)
app.command("reset")(start_stop.reset)
app.command("reboot")(start_stop.reboot)
app.command("status")(status.status)
app.command("logs")(logs.logs)
app.command("shell")(shell.shell)
app.add_typer(typeclass.app, name="typeclass")
app.add_typer(world.app, name="world")
app.add_typer(token.app, name="token")
app.command("test", context_settings=manage.PASS_ALL, add_help_option=False)(test.test)
app.command("manage", context_settings=manage.PASS_ALL, add_help_option=False)(manage.manage)
