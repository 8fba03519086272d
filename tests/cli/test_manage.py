"""`perdure manage` and `perdure test`: Django's own commands, in the game."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.sqlite


def test_options_and_help_go_through(run: Run, game: Path) -> None:
    done = run("manage", "showmigrations", "--help", cwd=game)
    assert done.returncode == 0
    assert "--plan" in done.stdout


def test_a_games_classes_never_make_a_migration(run: Run, game: Path) -> None:
    (game / "typeclasses" / "lamps.py").write_text(
        "from perdure import AttributeProperty\nfrom typeclasses.objects import Object\n\n\n"
        "class Lamp(Object):\n    oil: int = AttributeProperty(100)\n"
    )
    done = run("manage", "makemigrations", "--check", "--dry-run", cwd=game)
    assert (done.returncode, done.stdout) == (0, "No changes detected\n"), done.stdout


def test_djangos_system_checks_are_content(run: Run, game: Path) -> None:
    done = run("manage", "check", cwd=game)
    assert (done.returncode, done.stdout) == (0, "System check identified no issues (0 silenced).\n"), done.stderr


def test_the_games_own_tests_run_and_can_fail(run: Run, bare_game: Path) -> None:
    done = run("test", cwd=bare_game / "world")
    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr
    test = bare_game / "tests" / "test_world.py"
    test.write_text(test.read_text().replace("attic.contents, [lamp]", "attic.contents, []"))
    assert run("test", cwd=bare_game).returncode == 1
    assert not (bare_game / "db.sqlite3").exists()


def test_tests_that_only_pytest_runs_are_not_left_out_in_silence(run: Run, bare_game: Path) -> None:
    assert "Note" not in run("test", "tests.test_world", cwd=bare_game).stderr
    (bare_game / "tests" / "test_doors.py").write_text("def test_a_door(world):\n    assert False\n")
    done = run("test", "tests.test_world", cwd=bare_game)
    assert done.returncode == 0
    assert "There are some in: tests/test_doors.py" in done.stderr
