"""`perdure.setup`: from any directory, once, with clear errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perdure.bootstrap import check_schema, find_game_directory
from perdure.cli.init import lay_out
from perdure.errors import NoGameDirectory, SchemaOutdated

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def game(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "labyrinth")


def in_a_new_process(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    drop = ("PERDURE_", "DJANGO_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
    environment["PYTHONPATH"] = str(ROOT / "src")
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=cwd, timeout=120
    )


@pytest.mark.parametrize("inside", [".", "world", "server/conf"])
def test_the_game_is_found_from_inside(game: Path, inside: str) -> None:
    assert find_game_directory(game / inside) == game


def test_there_is_no_game(tmp_path: Path) -> None:
    with pytest.raises(NoGameDirectory, match="perdure init"):
        find_game_directory(tmp_path)


def test_settings_of_something_else_are_not_a_game(tmp_path: Path) -> None:
    (tmp_path / "typeclasses").mkdir()
    (tmp_path / "typeclasses" / "__init__.py").touch()
    (tmp_path / "settings.py").write_text("DEBUG = True\n")
    with pytest.raises(NoGameDirectory):
        find_game_directory(tmp_path)
    (tmp_path / "settings.py").write_text("from perdure.settings_default import *\n")
    assert find_game_directory(tmp_path) == tmp_path


def test_setup_of_a_directory_that_is_no_game(tmp_path: Path) -> None:
    done = in_a_new_process(f"import perdure; perdure.setup({str(tmp_path / 'nowhere')!r})", tmp_path)
    assert "NoGameDirectory" in done.stderr
    assert "perdure init nowhere" in done.stderr


def test_setup_in_process_adopts_a_django_that_is_set_up() -> None:
    from django.conf import settings

    import perdure

    before = settings.SETTINGS_MODULE
    from perdure.bootstrap import prepare

    assert prepare() is None
    assert before == settings.SETTINGS_MODULE
    assert callable(perdure.setup)


@pytest.mark.sqlite
def test_setup_is_idempotent_and_serves_one_game(game: Path) -> None:
    other = lay_out(game.parent / "palace")
    code = f"""
import perdure
from django.core.management import call_command
from perdure.bootstrap import prepare
from perdure.errors import ConfigurationError
prepare({str(game)!r})
call_command("migrate", verbosity=0)
print([str(perdure.setup(where)) for where in (None, {str(game)!r}, {str(game / ".")!r})])
from perdure import settings
print(settings.GAME_DIR, settings.ROOT_URLCONF)
try:
    perdure.setup({str(other)!r})
except ConfigurationError as error:
    print("refused:", error)
"""
    done = in_a_new_process(code, Path("/"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == repr([str(game)] * 3)
    assert lines[1] == f"{game} web.urls"
    assert lines[2].startswith("refused:")
    assert str(other) in lines[2]


@pytest.mark.sqlite
def test_settings_can_be_overridden_by_a_mapping(game: Path) -> None:
    code = (
        "from perdure.bootstrap import prepare; prepare(settings={'SERVERNAME': 'Knossos'});"
        "from django.conf import settings; print(settings.SERVERNAME, settings.AUTH_USER_MODEL)"
    )
    done = in_a_new_process(code, game / "world")
    assert done.stdout == "Knossos accounts.AccountDB\n", done.stderr


@pytest.mark.sqlite
@pytest.mark.parametrize(("durability", "level"), [("normal", 1), ("full", 2)])
def test_durability_reaches_sqlite(game: Path, durability: str, level: int) -> None:
    code = (
        f"import os; os.environ['PERDURE_DURABILITY'] = {durability!r}\n"
        "from perdure.bootstrap import prepare; prepare()\n"
        "from django.db import connection\n"
        "with connection.cursor() as cursor:\n"
        "    print(*[cursor.execute(f'PRAGMA {name}').fetchone()[0] for name in ('synchronous', 'journal_mode')])\n"
    )
    done = in_a_new_process(code, game)
    assert done.stdout == f"{level} wal\n", done.stderr


@pytest.mark.django_db
def test_a_complete_schema_passes_and_a_lacking_one_does_not() -> None:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    check_schema()
    MigrationRecorder(connection).record_unapplied("sessions", "0001_initial")
    with pytest.raises(SchemaOutdated, match=r"sessions\.0001_initial.*perdure migrate"):
        check_schema()


@pytest.mark.sqlite
def test_a_module_that_cannot_be_imported_is_told_and_stops_nothing(game: Path) -> None:
    (game / "typeclasses" / "broken.py").write_text("import no_such_module_at_all\n")
    code = (
        "from perdure.bootstrap import prepare, import_game; prepare(); import_game()\n"
        "from perdure.typeclasses.registry import all_typeclasses\n"
        "print('typeclasses.rooms.Room' in [known.path for known in all_typeclasses()])\n"
    )
    done = in_a_new_process(code, game)
    assert done.stdout == "True\n", done.stderr
    assert "typeclasses.broken cannot be imported" in done.stderr
    assert "no_such_module_at_all" in done.stderr
