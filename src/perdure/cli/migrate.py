"""`perdure migrate`: bring the database up to date, and make a new game's owner and first room."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from perdure.cli.output import show_error, stderr, stdout
from perdure.errors import InvalidArgument
from perdure.first_start import Credentials

__all__ = ["migrate"]


def migrate(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what must be read.")] = False,
) -> None:
    """Make the game's database, or bring it up to date.

    On the first run it also makes the owner's account, the owner's character (#1), the first room (#2) and
    the demo world that the settings name. The owner's name and password come from PERDURE_OWNER and
    PERDURE_PASSWORD in the environment, else it asks; where nobody can be asked it makes up a password and
    shows it once. Run it again whenever you like: it does only what is missing.
    """
    from perdure.bootstrap import import_game, prepare

    prepare()
    applied = _apply_migrations()
    if not quiet:
        stdout.print(f"Database: {applied} migration(s) applied." if applied else "Database: up to date.")
    import_game()
    _first_start(quiet)
    _world(quiet)


def _apply_migrations() -> int:
    """Run Django's `migrate`; how many migrations that applied."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    recorder = MigrationRecorder(connection)
    before = len(recorder.applied_migrations())
    call_command("migrate", interactive=False, verbosity=0, stdout=io.StringIO())
    return len(recorder.applied_migrations()) - before


def _first_start(quiet: bool) -> None:
    from perdure.first_start import first_start

    result = first_start(_credentials)
    if result.done and not quiet:
        stdout.print("Made: " + "; ".join(result.done) + ".", markup=False)
    if result.owner and result.owner.generated:
        # The only time anybody sees it: also with --quiet.
        owner = result.owner
        stdout.print(f"Owner: {owner.name}   Password: {owner.password}   (shown this once)", markup=False)


def _credentials() -> Credentials:
    from perdure.first_start import from_environment

    if known := from_environment():
        return known
    if not sys.stdin.isatty():
        return Credentials.generate()
    return _ask()


def _ask() -> Credentials:
    """Ask at the terminal until the answers can be used."""
    from perdure.first_start import check_credentials

    stderr.print("Who owns this game? The owner may do everything in it.")
    while True:
        name = typer.prompt("Name", default="owner", err=True)
        password = typer.prompt(
            "Password (nothing: one is made up)", default="", hide_input=True, show_default=False, err=True
        )
        if not password:
            return Credentials.generate(name)
        again = typer.prompt("Password again", default="", hide_input=True, show_default=False, err=True)
        if password != again:
            stderr.print("These two are not the same.")
            continue
        try:
            check_credentials(Credentials(name, password))
        except InvalidArgument as error:
            show_error(error)
            continue
        return Credentials(name, password)


def _world(quiet: bool) -> None:
    """Build the demo world that the settings name, unless it has been built."""
    from perdure.cli.world import build_world, is_built
    from perdure.conf import conf

    if conf.PERDURE_WORLD and not is_built(conf.PERDURE_WORLD):
        build_world(conf.PERDURE_WORLD, quiet=quiet)
