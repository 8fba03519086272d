"""Law 2 in nested blocks of every kind: random programs of writes, questions and failures, against a dict.

A program is a list of steps; a step writes, asks the database, or is a block of steps that ends well or raises. The
model is a dict that a failed block puts back. After each block memory must say what the model says, and so must the
tables, as the open transaction and (at the end) everybody else sees them.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db import transaction as django_transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perdure.objects.creation import create_object
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.transactions import all_or_nothing, on_rollback, transaction, unit_of_work

COUNT = 3


class BlockStone(DefaultObject):
    """One that changes itself when it is told of a new name or made anew."""

    def at_rename(self, oldname, newname):
        self.db.named = newname
        if newname == "bad":
            raise Undo


class BlockChest(DefaultObject):
    def at_object_creation(self):
        self.db.hp = 99
        if self.db.text == "bad":
            raise Undo


class Undo(Exception):
    """Raised to undo a block."""


KINDS = {
    "transaction": transaction,
    "atomic": django_transaction.atomic,
    "engine": lambda: all_or_nothing("default"),
}
objects = st.integers(0, COUNT - 1)
texts = st.sampled_from(["a", "b", "bad"])
steps: Any = st.one_of(
    st.tuples(st.just("hp"), objects, st.integers(0, 3)),
    st.tuples(st.just("text"), objects, st.one_of(texts, st.integers(0, 2))),
    st.tuples(st.just("append"), objects, st.integers(0, 9)),
    st.tuples(st.just("remove"), objects, st.just(None)),
    st.tuples(st.just("key"), objects, texts),
    st.tuples(st.just("db_key"), objects, texts),
    st.tuples(st.just("tag"), objects, texts),
    st.tuples(st.just("swap"), objects, st.booleans()),
    st.tuples(st.just("location"), objects, objects),
    st.tuples(st.just("ask"), objects, st.just(None)),
    st.tuples(st.just("ask elsewhere"), objects, st.just(None)),
)
blocks = st.recursive(
    steps,
    lambda inner: st.tuples(st.sampled_from(sorted(KINDS)), st.booleans(), st.lists(inner, max_size=6)),
    max_leaves=25,
)


class World:
    """The objects, and what they should be."""

    def __init__(self) -> None:
        self.room = create_object(ObjectDB, DefaultObject, key="room", nohome=True)
        self.things = [create_object(ObjectDB, BlockStone, key="a", nohome=True) for _ in range(COUNT)]
        self.model: list[dict[str, Any]] = []
        for thing in self.things:
            thing.db.list = []
            self.model.append(
                {"key": "a", "class": BlockStone, "location": None, "tags": set(), "attributes": {"list": []}}
            )

    def copy(self) -> list[dict[str, Any]]:
        return [
            {
                **one,
                "tags": set(one["tags"]),
                "attributes": {**one["attributes"], "list": list(one["attributes"]["list"])},
            }
            for one in self.model
        ]

    def run(self, step: Any) -> None:
        if isinstance(step[2], list):
            self.block(*step)
        else:
            getattr(self, step[0].replace(" ", "_"))(step[1], step[2])

    def block(self, kind: str, fails: bool, inner: list[Any]) -> None:
        before = self.copy()
        undone: list[bool] = []
        try:
            with KINDS[kind]():
                on_rollback(lambda: undone.append(True))
                for step in inner:
                    self.run(step)
                if fails:
                    raise Undo
        except Undo:
            self.model = before
        assert bool(undone) == fails
        self.compare(self.memory())

    def hp(self, number: int, value: int) -> None:
        self.things[number].db.hp = value
        self.model[number]["attributes"]["hp"] = value

    def text(self, number: int, value: Any) -> None:
        self.things[number].db.text = value
        self.model[number]["attributes"]["text"] = value

    def append(self, number: int, value: int) -> None:
        self.things[number].db.list.append(value)
        self.model[number]["attributes"]["list"].append(value)

    def remove(self, number: int, value: None) -> None:
        del self.things[number].db.hp
        self.model[number]["attributes"].pop("hp", None)

    def key(self, number: int, value: str) -> None:
        thing, known = self.things[number], self.model[number]
        if value == "bad" and known["class"] is BlockStone and known["key"] != "bad":
            with pytest.raises(Undo):
                thing.key = value
            return
        if known["class"] is BlockStone and known["key"] != value:
            known["attributes"]["named"] = value
        thing.key = known["key"] = value

    def db_key(self, number: int, value: str) -> None:
        self.things[number].db_key = self.model[number]["key"] = value
        self.things[number].save()

    def tag(self, number: int, value: str) -> None:
        tags = self.model[number]["tags"]
        (self.things[number].tags.remove if value in tags else self.things[number].tags.add)(value)
        tags ^= {value}

    def swap(self, number: int, with_hooks: bool) -> None:
        thing, known = self.things[number], self.model[number]
        target = BlockChest if known["class"] is BlockStone else BlockStone
        hooks = "at_object_creation" if with_hooks else None
        if target is BlockChest and with_hooks and known["attributes"].get("text") == "bad":
            with pytest.raises(Undo):
                thing.swap_typeclass(target, run_start_hooks=hooks)
            return
        thing.swap_typeclass(target, run_start_hooks=hooks)
        known["class"] = target
        if target is BlockChest and with_hooks:
            known["attributes"]["hp"] = 99

    def location(self, number: int, value: int) -> None:
        self.things[number].location = self.room if value else None
        self.model[number]["location"] = self.room.pk if value else None

    def ask(self, number: int, value: None) -> None:
        mine = ObjectDB.objects.filter(pk__in=[thing.pk for thing in self.things])
        assert mine.filter(db_key="a").count() == sum(one["key"] == "a" for one in self.model)

    def ask_elsewhere(self, number: int, value: None) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    def memory(self) -> list[dict[str, Any]]:
        found = []
        for thing in self.things:
            names = [name for name in ("hp", "text", "named", "list") if thing.attributes.has(name)]
            found.append(
                {
                    "key": thing.key,
                    "class": type(thing),
                    "location": thing.db_location_id,
                    "tags": set(thing.tags.all()),
                    "attributes": {name: getattr(thing.db, name) for name in names},
                }
            )
        return found

    def compare(self, found: list[dict[str, Any]]) -> None:
        assert found == self.model
        here = {thing for thing, one in zip(self.things, self.model, strict=True) if one["location"]}
        assert set(self.room.contents) == here

    def stored(self) -> list[dict[str, Any]]:
        """What the tables say, read into instances that know nothing."""
        for thing in self.things:
            thing.refresh_from_db()
        self.room.contents_cache.clear()
        return self.memory()


@example(program=[("atomic", False, [("tag", 2, "a"), ("key", 2, "bad")])], enclosed=False)
@given(program=st.lists(blocks, max_size=8), enclosed=st.booleans())
@settings(deadline=None)
def test_nested_blocks_of_every_kind(transactional_world, program, enclosed):
    world = World()
    if enclosed:
        world.block("transaction", False, program)
    else:
        for step in program:
            world.run(step)
    world.compare(world.memory())
    unit = unit_of_work()
    assert (unit.pending, unit.deferred, unit.in_transaction, len(unit.frames)) == ({}, 0, False, 1)
    assert connection.savepoint_ids == []
    world.compare(world.stored())


@pytest.fixture
def transactional_world(transactional_db):
    """One database for all programs; each makes objects of its own."""
