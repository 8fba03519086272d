"""`perdure test`: run the game's own tests."""

from __future__ import annotations

import os

import typer

from perdure.cli.manage import run_django

__all__ = ["test"]


def test(context: typer.Context) -> None:
    """Run the game's tests on a database of their own: every test*.py in the game directory.

    Takes the arguments of Django's test command (perdure test --help), so `perdure test world -k lamp` works.
    """
    from perdure.bootstrap import prepare

    # Found from the game's directory, wherever in it the command is given.
    directory = prepare()
    if directory is not None:
        os.chdir(directory)
    run_django(["test", *context.args])
