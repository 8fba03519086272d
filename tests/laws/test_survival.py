"""Law 6: classes come and go; the data of their objects stays as it was, and is refused no change it should take."""

from __future__ import annotations

import gc
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from perdure.errors import TypeclassNotFound, TypeclassUnavailable
from perdure.objects.creation import create_object
from perdure.objects.models import ObjectDB
from perdure.typeclasses import registry
from perdure.typeclasses.missing import MissingTypeclass, missing_instances
from tests.laws import live
from tests.laws.plain import Pick, canonical, changed, trees
from tests.laws.things import LawThing

MODULE = "tests.laws.coming_and_going"
NAMES = ("LawMayfly", "LawSwift", "LawComet")
which = st.integers(0, 5)
values = trees.map(lambda value: changed(value, lambda leaf: "object" if isinstance(leaf, Pick) else leaf))


def define(name: str, version: int, alias: str | None = None) -> Any:
    """What importing the module of a class does."""
    body: dict[str, Any] = {"__module__": MODULE, "__qualname__": name, "generation": version}
    if alias is not None:
        body["typeclass_aliases"] = (f"{MODULE}.{alias}",)
    return type(LawThing)(name, (LawThing,), body)


def undefine(path: str) -> None:
    """What a module that was renamed, removed or broken is like after a restart."""
    for known in (registry._by_path, registry._aliases):
        for name in [name for name, cls in known.items() if cls.path == path]:
            del known[name]
    registry._version += 1


class SurvivalMachine(RuleBasedStateMachine):
    raw_cursor: ClassVar[Any] = None
    witness: ClassVar[Any] = None

    def __init__(self) -> None:
        super().__init__()
        live.wipe()
        self.classes: dict[str, Any] = {}
        self.generation = 0
        self.objects: dict[int, dict[str, Any]] = {}

    @initialize()
    def begin_with_all(self):
        for name in NAMES:
            self.come_back(name, None)
        for name in NAMES:
            self.create(name, [1, {"a": {2}}])

    def means(self, name: str) -> Any:
        """The class that the path of `name` means now, by itself or as an alias."""
        return registry.find(f"{MODULE}.{name}", ObjectDB)

    @rule(name=st.sampled_from(NAMES), alias=st.none() | st.sampled_from(NAMES))
    def come_back(self, name, alias):
        if self.means(name) or (alias is not None and (alias == name or self.means(alias))):
            return
        self.generation += 1
        self.classes[name] = define(name, self.generation, alias)
        for pk, obj in self.objects.items():
            placeholder = [found for found in missing_instances() if found.pk == pk]
            assert not placeholder or obj["name"] not in (name, alias), "a live placeholder was not healed"

    @rule(name=st.sampled_from(NAMES))
    def go(self, name):
        """The class is gone, and so is the process that knew it: nothing of its objects is in memory."""
        if self.classes.pop(name, None) is None:
            return
        undefine(f"{MODULE}.{name}")
        self.restart()

    @rule(name=st.sampled_from(NAMES), value=values)
    def create(self, name, value):
        cls = self.classes.get(name)
        if cls is None:
            if self.means(name) is None:
                try:
                    create_object(ObjectDB, f"{MODULE}.{name}", key="never")
                except TypeclassNotFound:
                    return
                raise AssertionError("an object of a class that is not there was made")
            return
        made = create_object(ObjectDB, cls, key=name, nohome=True, attributes={"inv": value}, tags=["t"])
        self.objects[made.pk] = {"name": name, "key": name, "value": value, "location": None}

    def choose(self, index: int) -> int:
        return sorted(self.objects)[index % len(self.objects)]

    @precondition(lambda self: self.objects)
    @rule(
        index=which,
        value=values,
        how=st.sampled_from(
            ["attribute", "nested", "key", "save", "tag", "untag", "lock", "move", "swap", "remove", "delete"]
        ),
    )
    def write(self, index, value, how):
        pk = self.choose(index)
        found = self.objects[pk]
        obj = ObjectDB.objects.get(pk=pk)
        if self.means(found["name"]) is not None:
            assert type(obj) is self.means(found["name"])
            if how == "attribute":
                obj.db.inv = value
                found["value"] = value
            elif how == "key":
                obj.key = found["key"] = "renamed"
            elif how == "delete":
                obj.delete()
                del self.objects[pk]
                for other in self.objects.values():
                    if other["location"] == pk:
                        other["location"] = None
            return
        assert isinstance(obj, MissingTypeclass)
        assert obj.missing_path == f"{MODULE}.{found['name']}"
        if how == "swap":
            self.swap(obj, found)
            return
        with pytest.raises(TypeclassUnavailable, match=found["name"]):
            self.attempt(obj, how, value)

    def swap(self, obj: Any, found: dict[str, Any]) -> None:
        """The one change that a placeholder takes: to be given a class that there is."""
        name = next(iter(self.classes), None)
        if name is None:
            with pytest.raises(TypeclassNotFound):
                obj.swap_typeclass(f"{MODULE}.LawNever", run_start_hooks=None)
            return
        obj.swap_typeclass(self.classes[name], run_start_hooks=None)
        found["name"] = name

    @staticmethod
    def attempt(obj: Any, how: str, value: Any) -> None:
        if how == "attribute":
            obj.db.inv = value
        elif how == "nested":
            inv = obj.db.inv
            if not isinstance(inv, list):
                obj.attributes.add("other", value)
            inv.append(value)
        elif how == "key":
            obj.key = "other"
        elif how == "save":
            obj.db_key = "other"
            try:
                obj.save()
            finally:
                obj.refresh_from_db()
        elif how == "tag":
            obj.tags.add("other")
        elif how == "untag":
            obj.tags.remove("t")
        elif how == "lock":
            obj.locks.add("get:false()")
        elif how == "move":
            obj.location = None if obj.db_location_id else ObjectDB.objects.exclude(pk=obj.pk).first() or obj
        elif how == "remove":
            obj.attributes.remove("inv")
        else:
            obj.delete()

    @precondition(lambda self: len(self.objects) > 1)
    @rule(index=which, place=which)
    def move(self, index, place):
        """Things may be put into, and be in, what is only a placeholder now."""
        pk, place_pk = self.choose(index), self.choose(place)
        inside = place_pk
        while inside is not None and inside != pk:
            inside = self.objects[inside]["location"]
        if inside == pk or self.means(self.objects[pk]["name"]) is None:
            return
        ObjectDB.objects.get(pk=pk).location = ObjectDB.objects.get(pk=place_pk)
        self.objects[pk]["location"] = place_pk

    @rule()
    def restart(self):
        for known in live.live_objects().values():
            known.flush_from_cache(force=True)
        gc.collect()

    @invariant()
    def nothing_is_lost(self):
        assert sorted(self.objects) == sorted(ObjectDB.objects.values_list("pk", flat=True))
        for obj in ObjectDB.objects.all():
            found = self.objects[obj.pk]
            cls = self.means(found["name"])
            assert isinstance(obj, MissingTypeclass) if cls is None else type(obj) is cls
            assert obj.key == found["key"]
            assert obj.db_typeclass_path == f"{MODULE}.{found['name']}"
            assert canonical(live.to_plain(obj.db.inv)) == canonical(found["value"])
            assert obj.tags.all() == ["t"]
            assert live.locks_of(obj.lock_storage) == ["view:all()"]
            assert (obj.location.pk if obj.location else None) == found["location"]
            assert sorted(member.pk for member in obj.contents) == sorted(
                pk for pk, other in self.objects.items() if other["location"] == obj.pk
            )

    def teardown(self):
        try:
            paths = {pk: row["class"] for pk, row in live.raw_rows(self.raw_cursor).items()}
            assert paths == {pk: found["name"] for pk, found in self.objects.items()}
            # A process that knows none of these classes reads the same data.
            for pk, read in self.witness.ask("describe").items():
                found = self.objects[int(pk)]
                assert read["class"].startswith("Missing")
                assert (read["key"], read["location"]) == (found["key"], found["location"])
                assert read["attrs"] == {"/inv": canonical(found["value"])}
        finally:
            for name in NAMES:
                undefine(f"{MODULE}.{name}")
            live.wipe()


def test_data_outlives_classes(witness, raw_cursor):
    class Machine(SurvivalMachine):
        pass

    Machine.raw_cursor, Machine.witness = raw_cursor, witness
    run_state_machine_as_test(Machine, settings=settings())
