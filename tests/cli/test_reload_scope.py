"""Why a reload replaces the whole process: what reading one module anew leaves behind (docs/decisions/reload-scope.md).

Should one of these ever hold, the decision is to be looked at again.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

pytestmark = pytest.mark.sqlite

PATCHING = """
import importlib, json, sys
import typeclasses.characters
import typeclasses.objects as module

before = module.Object
thing = create_object(before, key="thing", location=me)
importlib.reload(module)
after = module.Object
print(json.dumps({
    "the class is the same": after is before,
    "a live object is an instance": isinstance(thing, after),
    "the same row loads as the new class": type(after.objects.get(pk=thing.pk)) is after,
    "names copied by other modules follow": typeclasses.characters.ObjectParent is module.ObjectParent,
    "classes of other modules follow": issubclass(typeclasses.characters.Character, module.ObjectParent),
}))
"""

HALF = """
import importlib
import typeclasses.objects as module

with open(module.__file__, "a") as file:
    file.write("NEW = 1\\nraise RuntimeError\\n")
try:
    importlib.reload(module)
except RuntimeError:
    print("NEW" in vars(module))
"""


def test_reading_a_module_anew_splits_its_classes_in_two(run: Run, game: Path) -> None:
    done = run("shell", "-c", PATCHING, cwd=game)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 5
    assert not any(found.values()), found


def test_a_module_that_raises_has_been_read_by_half(run: Run, game: Path) -> None:
    done = run("shell", "-c", HALF, cwd=game)
    assert done.stdout == "True\n", done.stderr
