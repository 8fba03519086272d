"""The code examples of the two documents that Perdure keeps its promise to, run letter for letter.

Where the documents' pages lost a line break, it is back; nothing else is changed. Each test names its promise
(docs/promises.md).
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Model
from django.db.models.base import ModelBase

from perdure.errors import DuplicateTypeclass
from perdure.objects.models import ObjectDB
from perdure.typeclasses import registry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("documented_names")]

FURNITURE = """\
from evennia import DefaultObject

class Furniture(DefaultObject):
    # this defines what 'furniture' is, like
    # storing who sits on it or something.
    pass
"""


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with `typeclasses/furniture.py`; the classes it defines are forgotten afterwards."""
    package = tmp_path / "typeclasses"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "furniture.py").write_text(FURNITURE)
    known = dict(registry._by_path)
    for path in [path for path in known if path.rpartition(".")[2] in ("Furniture", "Sitables", "Stool", "Throne")]:
        del registry._by_path[path]
    others = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "typeclasses"}
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "typeclasses"]:
        del sys.modules[name]
    sys.modules.update(others)
    registry._by_path.clear()
    registry._by_path.update(known)


@pytest.fixture
def shell(game: Path) -> dict[str, Any]:
    """The names that a prompt in the game has, `Furniture` among them."""
    names: dict[str, Any] = {"__name__": "typeclasses.furniture"}
    exec("from typeclasses.furniture import Furniture", names)
    return names


def derived(shell: dict[str, Any], name: str, body: str = "    pass") -> Any:
    exec(f"class {name}(Furniture):\n{body}", shell)
    return shell[name]


# --- typeclasses


@pytest.mark.promise("unique-names")
def test_two_classes_of_one_name() -> None:
    example = """\
from evennia import DefaultObject as BaseObject
class DefaultObject(BaseObject):
    pass
"""
    with pytest.raises(DuplicateTypeclass) as raised:
        exec(example, {"__name__": "typeclasses.objects"})
    assert "perdure.objects.objects" in str(raised.value)
    assert "typeclasses.objects" in str(raised.value)
    from evennia import DefaultObject

    assert registry.find("perdure.objects.objects.DefaultObject", ObjectDB) is DefaultObject
    assert registry.find("typeclasses.objects.DefaultObject", ObjectDB) is None


@pytest.mark.promise("own-init")
def test_an_overridden_init(shell: dict[str, Any]) -> None:
    example = """\
    def __init__(self, **kwargs):
        # my content
        super().__init__(**kwargs)
        # my content
"""
    stool = derived(shell, "Stool", example)
    from evennia import create_object

    made = create_object(stool, key="Stool")
    assert stool.objects.get(db_key="Stool") is made


@pytest.mark.promise("saves-itself")
@pytest.mark.promise("create-by-save")
def test_creating_by_save(shell: dict[str, Any]) -> None:
    example = """\
chair = Furniture(db_key="Chair")
chair.save()
"""
    exec(example, shell)
    row = ObjectDB.objects.filter(db_key="Chair").values("db_typeclass_path").get()
    assert row == {"db_typeclass_path": "typeclasses.furniture.Furniture"}
    assert shell["chair"].pk is not None


@pytest.mark.promise("new-class")
@pytest.mark.promise("create-object")
def test_creating_by_create_object(shell: dict[str, Any]) -> None:
    example = """\
from evennia import create_object
chair = create_object(Furniture, key="Chair")
# or (if your typeclass is in a module furniture.py)
chair = create_object("furniture.Furniture", key="Chair")
"""
    exec(example, shell)
    assert (
        list(ObjectDB.objects.filter(db_key="Chair").values_list("db_typeclass_path", flat=True))
        == ["typeclasses.furniture.Furniture"] * 2
    )
    full = shell["create_object"]("typeclasses.furniture.Furniture", key="Chair")
    assert type(full) is shell["Furniture"] is type(shell["chair"])


@pytest.mark.promise("new-class")
@pytest.mark.promise("create-object")
def test_a_module_that_nobody_has_imported(game: Path) -> None:
    from evennia import create_object

    assert "typeclasses.furniture" not in sys.modules
    chair = create_object("furniture.Furniture", key="Chair")
    assert type(chair).__module__ == "typeclasses.furniture"


@pytest.fixture
def chair(shell: dict[str, Any]) -> Any:
    exec('from evennia import create_object\nchair = create_object(Furniture, key="Chair")', shell)
    return shell["chair"]


@pytest.mark.promise("field-and-save")
def test_updating_a_field(shell: dict[str, Any], chair: Any, capsys: pytest.CaptureFixture[str]) -> None:
    example = """\
chair.db_key = "Table"
chair.save()

print(chair.db_key)
"""
    exec(example, shell)
    assert capsys.readouterr().out == "Table\n"
    assert ObjectDB.objects.filter(pk=chair.pk).values_list("db_key", flat=True).get() == "Table"


@pytest.mark.promise("wrapper-saves")
def test_updating_a_wrapper(shell: dict[str, Any], chair: Any, capsys: pytest.CaptureFixture[str]) -> None:
    example = """\
chair.key = "Table"

print(chair.key)
"""
    exec(example, shell)
    assert capsys.readouterr().out == "Table\n"
    assert ObjectDB.objects.filter(pk=chair.pk).values_list("db_key", flat=True).get() == "Table"


@pytest.mark.promise("shared-fields")
def test_the_shared_fields(chair: Any) -> None:
    assert chair.key == chair.name == chair.db_key == "Chair"
    assert chair.date_created == chair.db_date_created
    assert chair.typeclass_path == "typeclasses.furniture.Furniture"
    assert chair.id == chair.dbid == chair.pk
    assert chair.dbref == f"#{chair.id}"


@pytest.mark.promise("shared-handlers")
def test_the_shared_handlers(chair: Any) -> None:
    chair.tags.add("wooden")
    assert chair.tags.get() == "wooden"
    chair.locks.add("sit:all()")
    assert "sit:all()" in chair.locks.get()
    chair.attributes.add("worth", 10)
    assert chair.db.worth == 10
    chair.db.attrname = "value"
    assert chair.attributes.get("attrname") == "value"
    chair.ndb.sitter = sitter = object()
    assert chair.nattributes.get("sitter") is sitter
    assert not chair.attributes.has("sitter")


@pytest.mark.promise("query-exactly")
def test_querying_exactly(shell: dict[str, Any], chair: Any) -> None:
    derived(shell, "Sitables")
    exec('create_object(Sitables, key="Chair")', shell)
    example = 'matches = Furniture.objects.get(db_key="Chair")'
    exec(example, shell)
    assert shell["matches"] is chair


@pytest.mark.promise("query-family")
def test_querying_a_family(shell: dict[str, Any], chair: Any) -> None:
    derived(shell, "Sitables")
    exec('sofa = create_object(Sitables, key="Chairlong")\ncreate_object(Sitables, key="Bench")', shell)
    example = """\
# search for all furnitures and subclasses of furnitures
# whose names starts with "Chair"
matches = Furniture.objects.filter_family(db_key__startswith="Chair")
"""
    exec(example, shell)
    assert set(shell["matches"]) == {chair, shell["sofa"]}
    assert shell["Furniture"].objects.get_family(db_key="Chairlong") is shell["sofa"]


@pytest.mark.promise("query-model")
def test_querying_the_database_model() -> None:
    from evennia import DefaultScript, create_script

    made = create_script(DefaultScript, key="CombatHandler")
    create_script(DefaultScript, key="Weather")
    names: dict[str, Any] = {}
    example = """\
from evennia import ScriptDB
matches = ScriptDB.objects.filter(db_key__contains="Combat")
"""
    exec(example, names)
    assert list(names["matches"]) == [made]


@pytest.mark.promise("update-all")
def test_updating_all_instances(shell: dict[str, Any], chair: Any) -> None:
    table = shell["create_object"](shell["Furniture"], key="Table")
    example = """\
# add a worth Attribute to all existing Furniture
for obj in Furniture.objects.all():
    # this will loop over all Furniture instances
    obj.db.worth = 100
"""
    exec(example, shell)
    assert (chair.db.worth, table.db.worth) == (100, 100)
    assert shell["Furniture"].objects.filter_attributes(worth=100).count() == 2


@pytest.mark.promise("rerun-hook")
def test_running_the_creation_hook_again(shell: dict[str, Any], chair: Any) -> None:
    chair.db.worth = 5
    calls: list[Any] = []
    shell["Furniture"].at_object_creation = lambda self: calls.append(self)
    without = shell["create_object"](shell["Furniture"], key="Table")
    calls.clear()
    example = """\
# Re-run at_object_creation only on those objects not having the new Attribute
for obj in Furniture.objects.all():
    if not obj.db.worth:
        obj.at_object_creation()
"""
    exec(example, shell)
    assert calls == [without]


@pytest.mark.promise("one-line")
@pytest.mark.promise("in-game-py")
def test_the_same_in_one_line(game: Path) -> None:
    from evennia import create_object

    from typeclasses.furniture import Furniture

    calls: list[Any] = []
    Furniture.at_object_creation = lambda self: calls.append(self)
    chair = create_object(Furniture, key="Chair")
    calls.clear()
    typed = (
        "py from typeclasses.furniture import Furniture; "
        "[obj.at_object_creation() for obj in Furniture.objects.all() if not obj.db.worth]"
    )
    exec(typed.removeprefix("py "), {})
    assert calls == [chair]


@pytest.mark.promise("swap")
@pytest.mark.promise("in-game-typeclass")
def test_swapping(shell: dict[str, Any], chair: Any) -> None:
    derived(shell, "Throne", "    def at_object_creation(self):\n        self.db.gilded = True")
    chair.db.worth = 7
    names = {"obj_to_change": chair, "new_typeclass_path": "furniture.Throne"}
    example = """\
obj_to_change.swap_typeclass(new_typeclass_path, clean_attributes=False,
                   run_start_hooks="all", no_default=True, clean_cmdsets=False)
"""
    exec(example, names)
    assert type(chair) is shell["Throne"]
    assert (chair.db.worth, chair.db.gilded) == (7, True)
    assert ObjectDB.objects.get(pk=chair.pk) is chair


@pytest.mark.promise("search")
def test_search_objects(chair: Any) -> None:
    import evennia

    assert list(evennia.search_objects("Chair")) == [chair]
    assert evennia.search_objects("Chair").get() is chair


@pytest.mark.promise("inheritance-diagram")
def test_the_diagram() -> None:
    import evennia
    from evennia.typeclasses.models import TypedObject

    levels = {
        evennia.AccountDB: (evennia.DefaultAccount,),
        evennia.ScriptDB: (evennia.DefaultScript,),
        evennia.ChannelDB: (evennia.DefaultChannel,),
        evennia.ObjectDB: (evennia.DefaultObject,),
        evennia.DefaultObject: (evennia.DefaultCharacter, evennia.DefaultRoom, evennia.DefaultExit),
    }
    for above, below in levels.items():
        assert issubclass(above, TypedObject)
        for cls in below:
            assert issubclass(cls, above)
            assert cls._meta.db_table == above._meta.db_table
            assert cls._meta.proxy


@pytest.mark.promise("ids-grow")
def test_ids_only_grow(shell: dict[str, Any], chair: Any) -> None:
    gone = chair.id
    chair.delete()
    assert shell["create_object"](shell["Furniture"], key="Next").id > gone


# --- idmapper: its page has no examples, but signatures


def documented(parameters: str) -> list[tuple[str, Any, Any]]:
    names: dict[str, Any] = {}
    exec(f"def example({parameters}): ...", names)
    return described(names["example"])


def described(function: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults; the instance or class that a method is called on left out."""
    parameters = inspect.signature(function).parameters.values()
    found = [(one.name, one.kind, one.default) for one in parameters]
    return [one for one in found if one[0] not in ("self", "cls")]


METHODS = {
    "get_cached_instance": "id",
    "cache_instance": "instance, new=False",
    "get_all_cached_instances": "",
    "flush_cached_instance": "instance, force=True",
    "flush_instance_cache": "force=False",
    "at_idmapper_flush": "",
    "flush_from_cache": "force=False",
    "delete": "*args, **kwargs",
}
FUNCTIONS = {
    "flush_cache": "**kwargs",
    "flush_cached_instance": "sender, instance, **kwargs",
    "update_cached_instance": "sender, instance, **kwargs",
    "conditional_flush": "max_rmem, force=False",
}


@pytest.mark.promise("idmapper-signatures")
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("model", ["SharedMemoryModel", "WeakSharedMemoryModel"])
def test_methods_of_shared_memory_models(model: str, name: str) -> None:
    import evennia.utils.idmapper.models as module

    assert described(getattr(getattr(module, model), name)) == documented(METHODS[name])


@pytest.mark.promise("save-as-django")
def test_save_takes_what_django_documents() -> None:
    from evennia.utils.idmapper.models import SharedMemoryModel

    names = [name for name, _, _ in described(SharedMemoryModel.save)]
    assert names == ["force_insert", "force_update", "using", "update_fields"]


@pytest.mark.promise("idmapper-signatures")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_the_idmapper(name: str) -> None:
    import evennia.utils.idmapper.models as module

    assert described(getattr(module, name)) == documented(FUNCTIONS[name])


@pytest.mark.promise("cache-size")
def test_cache_size(chair: Any) -> None:
    from evennia.utils.idmapper.models import cache_size

    total, counts = cache_size()
    assert counts["ObjectDB"] >= 1
    assert total == sum(counts.values())


@pytest.mark.promise("idmapper-classes")
def test_the_classes_of_the_idmapper() -> None:
    from evennia.utils.idmapper.models import (
        SharedMemoryModel,
        SharedMemoryModelBase,
        WeakSharedMemoryModel,
        WeakSharedMemoryModelBase,
    )

    assert issubclass(SharedMemoryModelBase, ModelBase)
    assert issubclass(SharedMemoryModel, Model)
    assert issubclass(WeakSharedMemoryModelBase, SharedMemoryModelBase)
    assert issubclass(WeakSharedMemoryModel, SharedMemoryModel)
    assert type(SharedMemoryModel) is SharedMemoryModelBase
    assert type(WeakSharedMemoryModel) is WeakSharedMemoryModelBase
    assert SharedMemoryModel.Meta.abstract is False
    assert SharedMemoryModel.typename == "SharedMemoryModelBase"
    assert WeakSharedMemoryModel.typename == "WeakSharedMemoryModelBase"
