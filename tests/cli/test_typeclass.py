"""`perdure typeclass`: what classes there are, and rows whose class has gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.sqlite

LAMPS = """
from perdure import AttributeProperty
from typeclasses.objects import Object


class {name}(Object):
    '''A light to carry.'''
"""


@pytest.fixture
def with_lamps(run: Run, game: Path) -> Path:
    """A game with three rows of `typeclasses.lamps.Lamp`."""
    (game / "typeclasses" / "lamps.py").write_text(LAMPS.format(name="Lamp"))
    done = run("shell", "-c", "for n in range(3): create_object(Lamp, key=f'lamp{n}').db.oil = n", cwd=game)
    assert done.returncode == 0, done.stderr
    return game


@pytest.mark.promise("typeclass-list")
@pytest.mark.promise("unimported-module")
def test_list_shows_classes_with_their_rows(run: Run, with_lamps: Path) -> None:
    done = run("typeclass", "list", cwd=with_lamps)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if "typeclasses.lamps.Lamp" in line)
    assert [cell.strip() for cell in line.strip("│ ").split("│")] == [
        "Lamp",
        "typeclasses.lamps.Lamp",
        "ObjectDB",
        "3",
        "A light to carry.",
    ]


@pytest.mark.parametrize("name", ["typeclasses.lamps.Lamp", "lamps.Lamp", "Lamp"])
def test_show(run: Run, with_lamps: Path, name: str) -> None:
    done = run("typeclass", "show", name, cwd=with_lamps)
    assert done.returncode == 0, done.stderr
    assert "typeclasses.lamps.Lamp" in done.stdout
    assert "A light to carry." in done.stdout


def test_show_of_an_unknown_class(run: Run, game: Path) -> None:
    done = run("typeclass", "show", "Lampp", cwd=game)
    assert done.returncode == 1
    assert "perdure typeclass list" in done.stderr


def test_check_is_content_when_every_row_has_its_class(run: Run, with_lamps: Path) -> None:
    done = run("typeclass", "check", cwd=with_lamps)
    assert done.returncode == 0, done.stdout
    assert "have their class" in done.stdout


def test_a_renamed_class_is_found_missing_and_rename_heals_it(run: Run, with_lamps: Path) -> None:
    (with_lamps / "typeclasses" / "lamps.py").write_text(LAMPS.format(name="Lantern"))
    check = run("typeclass", "check", cwd=with_lamps)
    assert check.returncode == 1
    assert "typeclasses.lamps.Lamp" in check.stdout

    old = "typeclasses.lamps.Lamp"
    dry = run("typeclass", "rename", old, "Lantern", "--dry-run", cwd=with_lamps)
    assert dry.stdout.startswith("3 row(s) would go")
    assert run("typeclass", "check", cwd=with_lamps).returncode == 1

    assert run("typeclass", "rename", old, "Lantern", cwd=with_lamps).returncode == 0
    assert run("typeclass", "check", cwd=with_lamps).returncode == 0
    done = run("shell", "-c", "print(sorted(lamp.db.oil for lamp in Lantern.objects.all()))", cwd=with_lamps)
    assert done.stdout == "[0, 1, 2]\n"


def test_rename_refuses_another_family_and_an_unknown_path(run: Run, with_lamps: Path) -> None:
    wrong = run("typeclass", "rename", "typeclasses.lamps.Lamp", "typeclasses.accounts.Account", cwd=with_lamps)
    assert wrong.returncode == 1
    assert "Wrong family" in wrong.stderr
    unknown = run("typeclass", "rename", "typeclasses.lamps.Nothing", "Lamp", cwd=with_lamps)
    assert unknown.returncode == 1
    assert "no row has the class" in unknown.stderr
    assert run("typeclass", "check", cwd=with_lamps).returncode == 0


def test_upgrade_runs_the_steps_that_rows_have_not_had(run: Run, with_lamps: Path) -> None:
    (with_lamps / "typeclasses" / "lamps.py").write_text(
        LAMPS.format(name="Lamp").replace("import AttributeProperty", "import upgrade")
        + "    typeclass_version = 1\n\n    @upgrade(to=1)\n    def double(self):\n        self.db.oil *= 2\n"
    )
    dry = run("typeclass", "upgrade", "--dry-run", cwd=with_lamps)
    assert (dry.returncode, dry.stdout) == (0, "3 object(s) would be upgraded.\n"), dry.stderr
    first = run("typeclass", "upgrade", cwd=with_lamps)
    assert (first.returncode, first.stdout) == (0, "3 object(s) were upgraded.\n"), first.stderr
    assert run("typeclass", "upgrade", cwd=with_lamps).stdout == "0 object(s) were upgraded.\n"
    done = run("shell", "-c", "print(sorted(lamp.db.oil for lamp in Lamp.objects.all()))", cwd=with_lamps)
    assert done.stdout == "[0, 2, 4]\n"
