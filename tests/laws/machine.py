"""Random operations on a world of objects, and the one invariant: memory, database and model agree.

Contract: after every step what memory holds of any live instance equals the model, the identity map gives the instance
that the test holds, and outside of transactions so do the tables, read raw through a connection of their own. `audit`
asks each object through its documented interface; at the end a process that has seen nothing does the same.

What memory holds is looked at without loading anything, so that half-loaded objects stay half-loaded.
"""

from __future__ import annotations

import functools
import gc
import pickle
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

from django.db import connection
from django.db import transaction as django_transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test import override_settings
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from perdure.errors import DeletedObject, DetachedContainer, MoveLoop, UnstorableValue
from perdure.idmapper.identity import identity_map
from perdure.idmapper.models import flush_cache
from perdure.idmapper.residency import residents
from perdure.objects.creation import create_object, create_objects
from perdure.objects.models import ObjectDB
from perdure.transactions import transaction
from tests.laws import live
from tests.laws.model import Model
from tests.laws.plain import Pick, Ref, changed, container_paths, containers, follow, hashables, mutate, trees, values
from tests.laws.things import ORDINARY, Bang, LawChest, LawFuse, LawRoom, LawStone

which = st.integers(0, 7)
keys = st.sampled_from(["inv", "hp", "all", "first"])
categories = st.sampled_from(["", "", "lore"])
names = st.sampled_from(["lamp", "key", "Box", "é", "a;b"])
tag_slots = st.tuples(
    st.sampled_from(["", "alias", "permission"]), st.sampled_from(["", "x"]), st.sampled_from(["light", "old", "y"])
)
routes = st.sampled_from(
    [
        "get",
        "filter",
        "iterator",
        "raw",
        "only",
        "in_bulk",
        "contents",
        "related",
        "prefetch",
        "attribute",
        "value",
        "exact",
    ]
)


class UndoThis(Exception):
    """Leaves a block by an exception."""


_changes: list[st.SearchStrategy[tuple[str, dict[str, Any]]]] = []


def change(
    weight: int = 1, when: Callable[[Any], object] = lambda self: True, **arguments: Any
) -> Callable[[Any], Any]:
    """Make a method one of the changes that the rules draw; it does nothing where `when` does not hold.

    They are no rules by themselves: hypothesis leaves most of many rules out of an example, and the changes matter in
    combination with rollbacks.
    """

    def register(method: Any) -> Any:
        _changes.extend([st.tuples(st.just(method.__name__), st.fixed_dictionaries(arguments))] * weight)

        @functools.wraps(method)
        def guarded(self: Any, **drawn: Any) -> None:
            if when(self):
                method(self, **drawn)

        return guarded

    return register


some_changes = st.deferred(lambda: st.lists(st.one_of(_changes), min_size=1, max_size=5))


class WorldMachine(RuleBasedStateMachine):
    witness: ClassVar[Any] = None
    raw_cursor: ClassVar[Any] = None

    def __init__(self) -> None:
        super().__init__()
        live.wipe()
        self.model = Model()
        self.blocks: list[Any] = []
        self.held: dict[int, Any] = {}
        self.aliases: list[tuple[int, tuple[str, str], tuple[Any, ...], Any]] = []
        self.every_pk: set[int] = set()

    # --- names for what is drawn

    @property
    def alive(self) -> list[int]:
        return sorted(self.model.objects)

    def choose(self, index: int) -> int:
        return self.alive[index % len(self.alive)]

    def choose_kind(self, index: int, rooms: bool) -> int | None:
        found = [pk for pk in self.alive if (self.model.objects[pk]["class"] is LawRoom) is rooms]
        return found[index % len(found)] if found else None

    def fetch(self, pk: int) -> Any:
        if pk not in self.held:
            self.held[pk] = ObjectDB.objects.get(pk=pk)
        return self.held[pk]

    def resolved(self, value: Any) -> Any:
        """What was drawn, with `Ref`s to objects that there are."""
        return changed(
            value,
            lambda leaf: leaf if not isinstance(leaf, Pick) else Ref(self.choose(leaf.pick)) if self.alive else None,
        )

    def living(self, value: Any) -> Any:
        """A value of the model with live objects in it."""
        return changed(value, lambda leaf: self.fetch(leaf.ref) if isinstance(leaf, Ref) else leaf)

    # --- creating

    @initialize()
    def begin_with_something(self):
        for index in range(2):
            self.create(LawRoom, f"room{index}", None, None)
        self.create(LawStone, "stone", 0, 0)

    def create(self, cls: Any, key: str, place: int | None, home: int | None, **arguments: Any) -> Any:
        place_pk = None if place is None else self.choose_kind(place, True)
        home_pk = None if home is None else self.choose_kind(home, True)
        made = create_object(
            ObjectDB,
            cls,
            key=key,
            location=None if place_pk is None else self.fetch(place_pk),
            **({"nohome": True} if home_pk is None else {"home": self.fetch(home_pk)}),
            **arguments,
        )
        self.take(made)
        return self.model.create(made.pk, cls, key, place_pk, home_pk)

    def take(self, made: Any) -> None:
        assert made.pk not in self.every_pk, "an id was used again"
        self.every_pk.add(made.pk)
        self.held[made.pk] = made

    @change(
        cls=st.sampled_from([*ORDINARY, LawRoom]),
        key=names,
        place=st.none() | which,
        home=st.none() | which,
        value=values,
    )
    def create_one(self, cls, key, place, home, value):
        if len(self.alive) > 9:
            return
        value = self.resolved(value)
        found = self.create(
            cls,
            key,
            None if cls is LawRoom else place,
            home,
            attributes={"inv": self.living(value)},
            tags=[("light", "x")],
        )
        found["attrs"]["", "inv"] = value
        found["tags"].add(("", "x", "light"))

    @change(count=st.integers(1, 3), place=which, hooks=st.booleans(), value=values)
    def create_many(self, count, place, hooks, value):
        if len(self.alive) > 9:
            return
        place_pk = self.choose_kind(place, True)
        value = self.resolved(value)
        row = {
            "key": "many",
            "location": place_pk,
            "nohome": True,
            "attributes": {"hp": self.living(value)},
            "tags": ["old"],
        }
        for made in create_objects(ObjectDB, LawChest, [row] * count, hooks=hooks):
            self.take(made)
            found = self.model.create(made.pk, LawChest, "many", place_pk, None)
            if not hooks:
                del found["attrs"]["", "first"]
            found["attrs"]["", "hp"] = changed(value, lambda leaf: leaf)
            found["tags"].add(("", "", "old"))

    @change(place=which)
    def create_and_fail(self, place):
        place_pk = self.choose_kind(place, True)
        try:
            create_object(ObjectDB, LawFuse, key="fuse", location=place_pk, nohome=True)
        except Bang:
            return
        raise AssertionError("the hook's error did not arrive")

    # --- fields

    @change(when=lambda self: self.alive, index=which, name=names)
    def rename(self, index, name):
        pk = self.choose(index)
        self.fetch(pk).key = name
        self.model.objects[pk]["key"] = name

    @change(when=lambda self: self.alive, index=which, name=names, home=st.none() | which, fields=st.booleans())
    def save_fields(self, index, name, home, fields):
        pk = self.choose(index)
        home_pk = None if home is None else self.choose_kind(home, True)
        obj = self.fetch(pk)
        obj.db_key = name
        obj.db_home_id = home_pk
        obj.save(**({"update_fields": ["db_key", "db_home"]} if fields else {}))
        self.model.objects[pk].update(key=name, home=home_pk)

    @change(when=lambda self: self.alive, index=which, goal=st.none() | which)
    def set_destination(self, index, goal):
        pk = self.choose_kind(index, False)
        if pk is not None:
            target_pk = None if goal is None else self.choose_kind(goal, True)
            self.fetch(pk).destination = None if target_pk is None else self.fetch(target_pk)
            self.model.objects[pk]["destination"] = target_pk

    @change(
        when=lambda self: self.alive,
        index=which,
        kind=st.sampled_from(["get", "view", "edit"]),
        text=st.sampled_from(["all()", "false()", "id(1) or perm(Admin)"]),
    )
    def lock(self, index, kind, text):
        pk = self.choose(index)
        self.fetch(pk).locks.add(f"{kind}:{text}")
        self.model.objects[pk]["locks"][kind] = f"{kind}:{text}"

    # --- attributes

    @change(weight=3, when=lambda self: self.alive, index=which, key=keys, category=categories, value=values)
    def set_attribute(self, index, key, category, value):
        pk = self.choose(index)
        value = self.resolved(value)
        if category:
            self.fetch(pk).attributes.add(key, self.living(value), category=category)
        else:
            setattr(self.fetch(pk).db, key, self.living(value))
        self.model.objects[pk]["attrs"][category, key] = value

    @change(
        when=lambda self: self.alive,
        index=which,
        key=keys,
        category=categories,
        whole=st.sampled_from([False, False, True]),
    )
    def delete_attribute(self, index, key, category, whole):
        pk = self.choose(index)
        attrs = self.model.objects[pk]["attrs"]
        if whole:
            self.fetch(pk).attributes.clear()
            attrs.clear()
        else:
            self.fetch(pk).attributes.remove(key, category=category or None)
            attrs.pop((category, key), None)

    @change(when=lambda self: self.alive, index=which, value=trees)
    def refuse_value(self, index, value):
        pk = self.choose(index)
        try:
            self.fetch(pk).db.inv = [self.living(self.resolved(value)), {"deep": [object()]}]
        except UnstorableValue:
            return
        raise AssertionError("an unstorable value was taken")

    def containers_in(self) -> list[tuple[int, tuple[str, str], tuple[Any, ...]]]:
        return [
            (pk, slot, path)
            for pk in self.alive
            for slot, value in sorted(self.model.objects[pk]["attrs"].items())
            for path in container_paths(value)
        ]

    def live_at(self, pk: int, slot: tuple[str, str], path: tuple[Any, ...]) -> Any:
        value = self.fetch(pk).attributes.get(slot[1], category=slot[0] or None)
        return follow(value, tuple(self.living(step) for step in path))

    @change(
        weight=4,
        when=lambda self: self.containers_in(),
        where=st.integers(0, 40),
        op=st.integers(0, 40),
        index=which,
        key=hashables,
        item=trees,
        keep=st.booleans(),
    )
    def change_container(self, where, op, index, key, item, keep):
        found = self.containers_in()
        pk, slot, path = found[where % len(found)]
        key, item = self.resolved(key), self.resolved(item)
        container = self.live_at(pk, slot, path)
        assert container is self.live_at(pk, slot, path), "two names of one container differ"
        mutate(container, op, index, self.living(key), self.living(item))
        mutate(follow(self.model.objects[pk]["attrs"][slot], path), op, index, key, changed(item, lambda leaf: leaf))
        if keep:
            self.aliases = [*self.aliases[-5:], (pk, slot, path, container)]

    @change(
        weight=2,
        when=lambda self: self.aliases,
        where=which,
        op=st.integers(0, 40),
        index=which,
        key=hashables,
        item=containers,
    )
    def change_by_old_name(self, where, op, index, key, item):
        """A container that was read long ago: it is the attribute's still, or changing it changes nothing stored."""
        pk, slot, path, container = self.aliases[where % len(self.aliases)]
        key, item = self.resolved(key), self.resolved(item)
        there = None
        if slot in self.model.objects.get(pk, {"attrs": ()})["attrs"]:
            try:
                follow(self.model.objects[pk]["attrs"][slot], path)
                there = self.live_at(pk, slot, path)
            except (LookupError, TypeError):
                there = None
        if there is container:
            mutate(container, op, index, self.living(key), self.living(item))
            mutate(follow(self.model.objects[pk]["attrs"][slot], path), op, index, key, item)
            return
        with suppress(DetachedContainer, DeletedObject):
            mutate(container, op, index, self.living(key), self.living(item))

    @change(when=lambda self: self.containers_in(), where=st.integers(0, 40), index=which, key=keys)
    def store_again(self, where, index, key):
        """A part of one attribute becomes another attribute: a copy, since each has a tree of its own."""
        found = self.containers_in()
        pk, slot, path = found[where % len(found)]
        target = self.choose(index)
        if (target, ("", key)) == (pk, slot):
            return
        setattr(self.fetch(target).db, key, self.live_at(pk, slot, path))
        self.model.objects[target]["attrs"]["", key] = changed(
            follow(self.model.objects[pk]["attrs"][slot], path), lambda leaf: leaf
        )

    @change(when=lambda self: self.alive, index=which, item=trees)
    def change_default(self, index, item):
        found = [pk for pk in self.alive if self.model.objects[pk]["class"] is LawChest]
        if found:
            pk = found[index % len(found)]
            item = self.resolved(item)
            attrs = self.model.objects[pk]["attrs"]
            if not isinstance(attrs.setdefault(("", "weight"), [1]), list):
                return
            self.fetch(pk).weight.append(self.living(item))
            attrs["", "weight"].append(item)

    # --- tags

    @change(weight=2, when=lambda self: self.alive, index=which, slot=tag_slots, add=st.booleans())
    def tag(self, index, slot, add):
        pk = self.choose(index)
        kind, category, key = slot
        obj = self.fetch(pk)
        handler = {"": obj.tags, "alias": obj.aliases, "permission": obj.permissions}[kind]
        (handler.add if add else handler.remove)(key, category=category or None)
        (self.model.objects[pk]["tags"].add if add else self.model.objects[pk]["tags"].discard)(slot)

    @change(when=lambda self: self.alive, index=which)
    def clear_tags(self, index):
        pk = self.choose(index)
        self.fetch(pk).tags.clear()
        self.model.objects[pk]["tags"] = {slot for slot in self.model.objects[pk]["tags"] if slot[0]}

    # --- places

    @change(weight=2, when=lambda self: self.alive, index=which, goal=st.none() | which, into_room=st.booleans())
    def assign_location(self, index, goal, into_room):
        pk = self.choose_kind(index, False)
        place = None if goal is None else self.choose_kind(goal, into_room)
        if pk is None:
            return
        obj = self.fetch(pk)
        try:
            obj.location = None if place is None else self.fetch(place)
        except MoveLoop:
            assert self.model.would_loop(pk, place)
            return
        assert not self.model.would_loop(pk, place)
        self.model.objects[pk]["location"] = place

    @change(when=lambda self: self.alive, index=which, goal=which, into_room=st.booleans(), quiet=st.booleans())
    def move(self, index, goal, into_room, quiet):
        pk, place = self.choose_kind(index, False), self.choose_kind(goal, into_room)
        if pk is None or place is None:
            return
        moved = self.fetch(pk).move_to(self.fetch(place), quiet=quiet)
        place = self.model.objects[place]["destination"] or place
        if moved:
            self.model.objects[pk]["location"] = place
        else:
            assert self.model.would_loop(pk, place)

    # --- classes

    @change(
        when=lambda self: self.alive,
        index=which,
        cls=st.sampled_from([*ORDINARY, LawFuse]),
        hooks=st.booleans(),
        clean=st.booleans(),
    )
    def swap(self, index, cls, hooks, clean):
        pk = self.choose_kind(index, False)
        if pk is None:
            return
        arguments = {"run_start_hooks": "all" if hooks or cls is LawFuse else None, "clean_attributes": clean}
        try:
            self.fetch(pk).swap_typeclass(cls, **arguments)
        except Bang:
            return
        found = self.model.objects[pk]
        found["class"] = cls
        if clean:
            found["attrs"].clear()
        if hooks:
            self.model.creation_hooks(pk)

    # --- the end of objects

    @change(weight=2, when=lambda self: len(self.alive) > 2, index=which)
    def delete(self, index):
        pk = self.choose(index)
        assert bool(self.fetch(pk).delete()) is self.model.delete(pk)

    @change(when=lambda self: len(self.alive) > 3, chosen=st.lists(which, min_size=1, max_size=2))
    def delete_by_queryset(self, chosen):
        pks = {self.choose(index) for index in chosen}
        ObjectDB.objects.filter(pk__in=pks).order_by("pk").delete()
        self.model.delete_all(pks)

    # --- past the instances

    @change(
        when=lambda self: self.alive,
        chosen=st.lists(which, min_size=1, max_size=3),
        name=names,
        how=st.sampled_from(["constant", "expression", "bulk"]),
    )
    def update_keys(self, chosen, name, how):
        pks = {self.choose(index) for index in chosen}
        rows = ObjectDB.objects.filter(pk__in=pks)
        if how == "bulk":
            found = [self.fetch(pk) for pk in sorted(pks)]
            for obj in found:
                obj.db_key = name
            ObjectDB.objects.bulk_update(found, ["db_key"])
        else:
            rows.update(db_key=name if how == "constant" else Concat(F("db_key"), Value(name)))
        for pk in pks:
            found = self.model.objects[pk]
            found["key"] = found["key"] + name if how == "expression" else name

    @change(
        weight=2, when=lambda self: self.alive, chosen=st.lists(which, min_size=1, max_size=3), goal=st.none() | which
    )
    def update_locations(self, chosen, goal):
        pks = {pk for index in chosen if (pk := self.choose_kind(index, False)) is not None}
        place = None if goal is None else self.choose_kind(goal, True)
        ObjectDB.objects.filter(pk__in=pks).update(db_location=place)
        for pk in pks:
            self.model.objects[pk]["location"] = place

    @change(when=lambda self: self.alive, index=which, name=names)
    def raw_sql(self, index, name):
        pk = self.choose(index)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE objects_objectdb SET db_key = %s WHERE id = %s", [name, pk])
        known = identity_map("default", ObjectDB).get(pk)
        if known is not None:
            known.refresh_from_db()
        self.model.objects[pk]["key"] = name

    # --- memory

    @change()
    def flush(self):
        flush_cache()

    @change(weight=2, chosen=st.lists(which, min_size=1, max_size=4))
    def let_go(self, chosen):
        """Drop our own references, and the engine's hold."""
        for index in chosen:
            if self.held:
                self.held.pop(sorted(self.held)[index % len(self.held)])
        flush_cache()

    @change()
    def evict(self):
        with override_settings(IDMAPPER_CACHE_MAXSIZE=0.001):
            residents.evict()

    @change(when=lambda self: self.alive, index=which)
    def forget_beside(self, index):
        obj = self.fetch(self.choose(index))
        obj.attributes.reset_cache()
        obj.tags.reset_cache()

    @change(weight=2, when=lambda self: self.alive, index=which, route=routes)
    def load(self, index, route):
        """Every route gives the instance that there is."""
        pk = self.choose(index)
        before = identity_map("default", ObjectDB).get(pk)
        found = self.by_route(pk, route)
        if found is not None:
            assert found.pk == pk
            assert before is None or found is before, f"{route} gave another instance"
            assert pk not in self.held or found is self.held[pk]
            self.held[pk] = found

    def by_route(self, pk: int, route: str) -> Any:
        rows = ObjectDB.objects.filter(pk=pk)
        if route in ("get", "value"):
            found = ObjectDB.objects.get(pk=pk)
            return pickle.loads(pickle.dumps(found)) if route == "value" else found
        if route == "in_bulk":
            return ObjectDB.objects.in_bulk([pk])[pk]
        if route == "raw":
            return ObjectDB.objects.raw("SELECT id, db_typeclass_path FROM objects_objectdb WHERE id = %s", [pk])[0]
        if route == "exact":
            return self.model.objects[pk]["class"].objects.get(pk=pk)
        if route in ("contents", "related", "prefetch"):
            inside = self.model.contents(pk)
            if not inside:
                return None
            if route == "prefetch":
                return ObjectDB.objects.filter(pk=inside[0]).prefetch_related("db_location")[0].db_location
            found = ObjectDB.objects.filter(pk=inside[0]).select_related("db_location")[0]
            if route == "contents":
                assert any(found is member for member in self.fetch(pk).contents)
            return found.db_location
        if route == "attribute":
            for other, found in self.model.objects.items():
                for (category, key), value in found["attrs"].items():
                    if value == Ref(pk):
                        return self.fetch(other).attributes.get(key, category=category or None)
            return None
        chained = {"filter": rows, "iterator": rows.iterator(), "only": rows.only("db_key")}[route]
        return next(iter(chained))

    # --- transactions

    def do(self, changes: Any) -> None:
        for name, arguments in changes:
            note(f"    {name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})")
            getattr(self, name)(**arguments)
            self.memory_equals_model()

    @rule(changes=some_changes)
    def work(self, changes):
        self.do(changes)

    @rule(changes=some_changes, ours=st.booleans())
    def work_in_block(self, changes, ours):
        self.enter(ours)
        self.do(changes)
        self.commit()

    @rule(before=some_changes, changes=some_changes, ours=st.booleans())
    def work_and_undo(self, before, changes, ours):
        self.do(before)
        self.enter(ours)
        self.do(changes)
        self.roll_back()

    def enter(self, ours: bool) -> None:
        block = transaction() if ours else django_transaction.atomic()
        block.__enter__()
        self.blocks.append(block)
        self.model.begin()

    @precondition(lambda self: len(self.blocks) < 3)
    @rule(ours=st.booleans())
    def begin(self, ours):
        self.enter(ours)

    @precondition(lambda self: self.blocks)
    @rule()
    def commit(self):
        self.blocks.pop().__exit__(None, None, None)
        self.model.commit()

    @precondition(lambda self: self.blocks)
    @rule()
    def roll_back(self):
        error = UndoThis()
        self.blocks.pop().__exit__(UndoThis, error, None)
        self.model.rollback()
        for pk, obj in list(self.held.items()):
            if pk not in self.model.objects and obj._state.adding:
                assert obj.pk is None, "an object whose creation was undone still has an id"
                del self.held[pk]

    # --- the invariant

    @invariant()
    def memory_equals_model(self):
        known = live.live_objects()
        for pk, obj in known.items():
            assert pk in self.model.objects, f"#{pk} is live, but it should not exist"
            assert not obj._is_deleted
            expected = self.model.describe_one(pk)
            expected["attribute names"] = sorted(expected["attrs"])
            for name, value in live.held(obj).items():
                wanted = expected[name]
                if name == "attrs":
                    wanted = {slot: wanted.get(slot, "nothing") for slot in value}
                assert value == wanted, f"{name} of #{pk}"
        for pk, obj in self.held.items():
            if pk in self.model.objects:
                assert known.get(pk) is obj, f"#{pk} has another instance than the one we hold"
            else:
                assert obj._is_deleted, f"#{pk} is gone, but its instance does not know"

    @invariant()
    def tables_equal_model(self):
        if self.blocks:
            return
        expected = self.model.describe()
        found = {str(pk): row for pk, row in live.raw_rows(self.raw_cursor).items()}
        assert set(found) == set(expected)
        for pk, row in found.items():
            wanted = expected[pk]
            assert sorted(row.pop("attrs")) == sorted(wanted["attrs"]), f"attribute rows of #{pk}"
            assert row == {name: wanted[name] for name in row}, f"row of #{pk}"

    @rule()
    def audit(self):
        found = live.describe_all()
        assert found == self.model.describe()
        for pk, obj in self.held.items():
            if pk not in self.model.objects:
                for ask in (
                    lambda obj=obj: obj.key,
                    lambda obj=obj: obj.db,
                    lambda obj=obj: obj.tags,
                    lambda obj=obj: obj.save(),
                ):
                    try:
                        ask()
                    except DeletedObject:
                        continue
                    raise AssertionError("a deleted object answered")

    def teardown(self):
        try:
            while self.blocks:
                self.commit()
            self.held.clear()
            self.aliases.clear()
            self.tables_equal_model()
            assert self.witness.ask("describe") == self.model.describe(), "a new process reads something else"
        finally:
            while self.blocks:
                self.roll_back()
            self.held.clear()
            gc.collect()
