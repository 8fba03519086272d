"""A game's code is fit for strict type checking, with django-stubs' plugin and without it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

pytestmark = pytest.mark.sqlite

ROOT = Path(__file__).parents[2]

GOOD = """
    from __future__ import annotations

    from typing import Any, assert_type

    from perdure.accounts.accounts import DefaultAccount
    from perdure.create import create_object
    from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultObject, DefaultRoom
    from perdure.scripts.scripts import DefaultScript
    from perdure.typeclasses.attributes import AttributeProperty, NAttributeProperty


    class Flammable:
        burning = False

        def ignite(self) -> None:
            self.burning = True


    class Positive(AttributeProperty[int]):
        def at_set(self, value: Any, obj: Any) -> Any:
            return max(0, value)


    class Lamp(Flammable, DefaultObject):
        oil = AttributeProperty(100)
        wick: int = AttributeProperty(3)
        names: list[str] = AttributeProperty(list)
        colour: str | None = AttributeProperty(None, category="look")
        flame = Positive(5)
        glow = NAttributeProperty(1.5)
        fuel: AttributeProperty[str] = AttributeProperty("oil")
        owner = AttributeProperty()
        maker = AttributeProperty(None, category="story", autocreate=False)
        marks: dict[str, int] = AttributeProperty(default={}, lockstring="attredit:false()")

        def at_object_creation(self) -> None:
            super().at_object_creation()
            self.db.maker = "Aladdin"
            self.locks.add("get:all()")
            self.tags.add("light", category="kind")

        def at_drop(self, dropper: Any, **kwargs: Any) -> None:
            super().at_drop(dropper, **kwargs)
            self.ignite()


    class Hero(Flammable, DefaultCharacter): ...


    class Cellar(Flammable, DefaultRoom):
        def return_appearance(self, looker: Any, **kwargs: Any) -> str:
            return super().return_appearance(looker, **kwargs) + self.key


    class Trapdoor(Flammable, DefaultExit): ...


    class Player(Flammable, DefaultAccount): ...


    class Fire(Flammable, DefaultScript):
        def at_repeat(self, **kwargs: Any) -> None:
            self.obj.ignite()


    lamp = create_object(Lamp, key="lamp")
    cellar = create_object(Cellar, key="cellar")
    assert_type(lamp, Lamp)
    assert_type(lamp.oil, int)
    assert_type(lamp.wick, int)
    assert_type(lamp.colour, str | None)
    assert_type(lamp.glow, float)
    assert_type(lamp.fuel, str)
    assert_type(Lamp.oil, AttributeProperty[int])
    lamp.oil += 1
    lamp.wick -= 1
    lamp.flame += 1
    lamp.names.append("brass")
    lamp.owner = cellar
    lamp.maker = "Aladdin"
    lamp.marks["x"] = 1
    lamp.db.price = lamp.db.price or 5
    lamp.ndb.seen = True
    lamp.ignite()
    lamp.key = "brass lamp"
    lamp.location = cellar
    lamp.location = "#2"
    lamp.home = None
    lamp.save()
    lamp.move_to(cellar, quiet=True)
    for each in Lamp.objects.filter_attributes(oil__gt=50).filter(db_key="lamp").order_by("db_key"):
        each.oil -= 1
    dark: Lamp | None = Lamp.objects.filter_attributes(oil=0).first()
    created, reasons = Cellar.create("hall")
    by_path = create_object("typeclasses.objects.Lamp", key="other")
    by_path.polish()
    lamp.delete()
"""

# Each line that a checker must refuse says so.
BAD = """
    from perdure.create import create_object
    from perdure.objects.objects import DefaultObject
    from perdure.typeclasses.attributes import AttributeProperty


    class Bell(DefaultObject):
        weight = AttributeProperty(100)
        tone: int = AttributeProperty(3)


    bell = create_object(Bell, key="bell")
    bell.weight = "heavy"  # refused: assignment
    bell.tone = "low"  # refused: assignment
    bell.rang()  # refused: attr-defined
    create_object(Bell, kee="bell")  # refused: call-overload
    create_object(5)  # refused: call-overload
"""

CONFIGURATIONS = {
    "plain": """
        [mypy]
        strict = True
    """,
    "plugin": """
        [mypy]
        strict = True
        plugins = mypy_django_plugin.main
        [mypy.plugins.django-stubs]
        django_settings_module = game_settings
        strict_settings = False
    """,
}


SETTINGS = """
    from perdure.settings_default import *

    SECRET_KEY = "nobody logs in here"
"""


def _lines(sample: str) -> str:
    return dedent(sample).lstrip()


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says of both samples, a line for each error."""
    folder = tmp_path_factory.mktemp("game")
    (folder / "good.py").write_text(_lines(GOOD))
    (folder / "bad.py").write_text(_lines(BAD))
    (folder / "game_settings.py").write_text(_lines(SETTINGS))
    (folder / "mypy.ini").write_text(_lines(CONFIGURATIONS[request.param]))
    # Django's stubs take long to read; mypy itself finds out what has changed since.
    cache = ROOT / ".mypy_cache" / f"user-code-{request.param}"
    command = [sys.executable, "-m", "mypy", "--config-file", str(folder / "mypy.ini"), "--cache-dir", str(cache)]
    ran = subprocess.run(
        [*command, str(folder / "good.py"), str(folder / "bad.py")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "DJANGO_SETTINGS_MODULE": "game_settings"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return [line for line in ran.stdout.splitlines() if ": error: " in line]


def test_a_games_code_passes(report: list[str]) -> None:
    assert [line for line in report if "bad.py" not in line] == []


def test_mistakes_are_found(report: list[str]) -> None:
    expected = {
        (number, code)
        for number, line in enumerate(_lines(BAD).splitlines(), start=1)
        for code in re.findall(r"# refused: (\S+)", line)
    }
    found = {
        (int(match[1]), match[2])
        for line in report
        if (match := re.search(r"bad\.py:(\d+): error: .*\[([a-z-]+)\]$", line))
    }
    assert found == expected
