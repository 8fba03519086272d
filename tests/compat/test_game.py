"""In a game: a typeclass file with the documents' imports loads unchanged, and their examples work at the prompt."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.sqlite

FURNITURE = '''\
"""Written with the documents at hand, and nothing else."""

from evennia import DefaultObject
from evennia.objects.objects import DefaultRoom
from evennia.typeclasses.attributes import AttributeProperty
from evennia.utils import create, search
from evennia.utils.idmapper.models import SharedMemoryModel


class Furniture(DefaultObject):
    worth = AttributeProperty(10)

    def at_object_creation(self):
        self.db.made_in = search.search_object("Workshop").first()


def workshop():
    return create.create_object(DefaultRoom, key="Workshop", nohome=True)


assert issubclass(Furniture, SharedMemoryModel)
'''
AT_THE_PROMPT = """\
from typeclasses.furniture import workshop
place = workshop()
from evennia import create_object
chair = create_object("furniture.Furniture", key="Chair", location=place)
print(chair.db.made_in, chair.worth, chair.typeclass_path, place.typeclass_path)
"""


def perdure(*arguments: str, cwd: Path) -> str:
    drop = ("PERDURE_", "DJANGO_", "PYTEST_", "HYPOTHESIS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "300", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "perdure", *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("documents")
    perdure("init", "mygame", cwd=directory)
    (directory / "mygame" / "typeclasses" / "furniture.py").write_text(FURNITURE)
    perdure("migrate", cwd=directory / "mygame")
    return directory / "mygame"


def test_a_typeclass_file_with_the_documents_imports(game: Path) -> None:
    expected = "Workshop 10 typeclasses.furniture.Furniture perdure.objects.objects.DefaultRoom\n"
    assert perdure("shell", "-c", AT_THE_PROMPT, cwd=game) == expected


def test_it_is_known_without_importing_it(game: Path) -> None:
    assert "typeclasses.furniture.Furniture" in perdure("typeclass", "list", cwd=game)


def test_with_the_setting_off_the_file_does_not_import(game: Path) -> None:
    code = "import perdure; perdure.setup(settings={'EVENNIA_IMPORTS': False}); import evennia"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=game,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "DJANGO_SETTINGS_MODULE": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ModuleNotFoundError: No module named 'evennia'")
    assert "typeclasses.furniture cannot be imported" in done.stderr
