"""The command line as its users meet it: help that teaches, errors that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from perdure import __version__
from tests.cli.conftest import Run, RunInProcess

pytestmark = pytest.mark.sqlite

COMMANDS = [
    ["init"],
    ["migrate"],
    ["run"],
    ["start"],
    ["stop"],
    ["reload"],
    ["reset"],
    ["reboot"],
    ["status"],
    ["logs"],
    ["shell"],
    ["typeclass"],
    ["typeclass", "list"],
    ["typeclass", "show"],
    ["typeclass", "rename"],
    ["typeclass", "upgrade"],
    ["typeclass", "check"],
    ["world"],
    ["world", "build"],
]


def test_the_help_names_every_command(run: Run, tmp_path: Path) -> None:
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("init", "migrate", "run", "start", "reload", "shell", "typeclass", "world", "test", "manage"):
        assert f"\n  {command} " in done.stdout
    assert "perdure init mygame" in done.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_outside_a_game(command: list[str], run_in_process: RunInProcess) -> None:
    code, output = run_in_process([*command, "--help"])
    assert code == 0
    assert f"perdure {' '.join(command)}" in output


def test_the_version(run: Run, tmp_path: Path) -> None:
    assert run("--version", cwd=tmp_path).stdout == f"perdure {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        ["migrate"],
        ["run"],
        ["start"],
        ["stop"],
        ["reload"],
        ["reset"],
        ["reboot"],
        ["status"],
        ["logs"],
        ["shell", "-c", "1"],
        ["shell", "--live", "-c", "1"],
        ["test"],
        ["manage", "check"],
        ["typeclass", "list"],
        ["typeclass", "check"],
        ["world", "build", "cave"],
    ],
    ids=" ".join,
)
def test_no_game_directory(command: list[str], run: Run, tmp_path: Path) -> None:
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert "No game directory" in done.stderr
    assert "perdure init mygame" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_traceback_can_be_had(run: Run, tmp_path: Path) -> None:
    done = run("migrate", cwd=tmp_path, PERDURE_TRACEBACK="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "NoGameDirectory" in done.stderr


@pytest.mark.parametrize(
    "command", [["run"], ["start"], ["shell", "-c", "1"], ["typeclass", "list"], ["world", "build", "cave"]]
)
def test_a_database_that_does_not_exist_yet(command: list[str], run: Run, bare_game: Path) -> None:
    done = run(*command, cwd=bare_game)
    assert done.returncode == 1
    assert "Schema outdated" in done.stderr
    assert "perdure migrate" in done.stderr
    assert not (bare_game / "db.sqlite3").exists()


def test_an_old_schema(run: Run, game: Path) -> None:
    """Rows of `django_migrations` taken away stand for a database that an older version made."""
    taken = "DELETE FROM django_migrations WHERE app='objects'"
    run("manage", "shell", "-c", f"from django.db import connection; connection.cursor().execute({taken!r})", cwd=game)
    done = run("shell", "-c", "print('ran')", cwd=game)
    assert done.returncode == 1
    assert "Schema outdated" in done.stderr
    assert "objects." in done.stderr
    assert "perdure migrate" in done.stderr
    assert "ran" not in done.stdout


def test_a_game_whose_settings_are_broken(run: Run, bare_game: Path) -> None:
    with (bare_game / "settings.py").open("a") as settings:
        settings.write("\nimport no_such_module_at_all\n")
    done = run("migrate", cwd=bare_game)
    assert done.returncode == 1
    assert "no_such_module_at_all" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_game_without_its_secrets(run: Run, bare_game: Path) -> None:
    (bare_game / "secret_settings.py").unlink()
    done = run("migrate", cwd=bare_game)
    assert done.returncode == 1
    assert "secret_settings.py is missing" in done.stderr


def test_a_durability_that_does_not_exist(run: Run, bare_game: Path) -> None:
    done = run("migrate", cwd=bare_game, PERDURE_DURABILITY="off")
    assert done.returncode == 1
    assert "'normal' or 'full'" in done.stderr


def test_an_unknown_world(run: Run, bare_game: Path) -> None:
    done = run("world", "build", "narnia", cwd=bare_game)
    assert done.returncode == 1
    assert "airports, cave" in done.stderr


def test_a_part_of_a_world(run: Run, game: Path) -> None:
    done = run("world", "build", "airports", "--country", "FO", "--country", "GL", "--neighbours", "2", cwd=game)
    assert done.returncode == 0, done.stderr
    assert "World airports: " in done.stdout
    code = "from perdure.worlds.airports import find; print(find('FAE').key, len(find('GOH').exits))"
    assert "2" in run("shell", "-c", code, cwd=game).stdout


def test_a_world_without_the_choice(run: Run, game: Path) -> None:
    done = run("world", "build", "cave", "--airports", "5", "--country", "IS", cwd=game)
    assert done.returncode == 1
    assert "no choice of airports, countries" in done.stderr
    assert run("shell", "-c", "print(ObjectDB.objects.count())", cwd=game).stdout == "2\n"
