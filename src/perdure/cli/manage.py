"""`perdure manage`: everything that Django's `manage.py` can do, in this game."""

from __future__ import annotations

from typing import Any

import typer

__all__ = ["PASS_ALL", "manage", "run_django"]

#: Context settings of a command that hands on its arguments, `--help` among them, untouched.
PASS_ALL: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def manage(context: typer.Context) -> None:
    """Run a management command of Django: perdure manage help lists them."""
    run_django(context.args)


def run_django(arguments: list[str]) -> None:
    """Run Django's command line in the game found from here.

    Raises:
        NoGameDirectory: there is no game here.
    """
    from django.core.management import execute_from_command_line

    from perdure.bootstrap import import_game, prepare

    prepare()
    import_game()
    execute_from_command_line(["perdure manage", *arguments])
