"""What writing costs in Python: a ceiling on the number of calls made by one hot operation.

The ceilings are a quarter above what was counted on CPython 3.11 and leave room for other versions. They hold where
nobody watches the connection, as in a game; a ceiling that is passed means that a check, a look-up or a layer has come
into a path that runs for every write.
"""

from __future__ import annotations

import sys

import pytest
from django.db import connection

from perdure.objects.creation import create_object
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject, DefaultRoom
from perdure.transactions import transaction

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the short way to the database is SQLite's"),
]


class CostlyWriter(DefaultObject):
    """A plain thing, so that the counts are those of the engine."""


class CostlyOther(DefaultObject):
    """What it is swapped to."""


@pytest.fixture
def rooms(settings):
    settings.DEFAULT_HOME = "#999999999"
    found = [create_object(ObjectDB, DefaultRoom, key=f"room {n}", nohome=True) for n in range(2)]
    assert [room.contents for room in found] == [[], []]
    return found


@pytest.fixture
def thing(rooms):
    made = create_object(ObjectDB, CostlyWriter, key="thing", location=rooms[0], nohome=True)
    made.db.hp = 1
    made.db.inv = {"sword": 1, "potion": 3}
    return made


def calls(operation):
    """How many functions, in Python and in C, `operation(n)` calls; it is run twice to warm it up."""
    operation(1)
    operation(2)
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        operation(3)
    finally:
        sys.setprofile(None)
    return count


def set_hp(thing):
    return lambda n: setattr(thing.db, "hp", n)


def change_item(thing):
    def change(n):
        thing.db.inv["sword"] += 1

    return change


def set_key(thing):
    return lambda n: setattr(thing, "key", f"key {n}")


def swap(thing):
    return lambda n: thing.swap_typeclass(CostlyOther if type(thing) is CostlyWriter else CostlyWriter)


@pytest.mark.parametrize(("operation", "ceiling"), [(set_hp, 65), (change_item, 130), (set_key, 130), (swap, 390)])
def test_a_write_of_its_own(thing, operation, ceiling):
    assert calls(operation(thing)) <= ceiling


@pytest.mark.parametrize(("operation", "ceiling"), [(set_hp, 20), (change_item, 30), (set_key, 120), (swap, 290)])
def test_a_write_that_is_gathered(thing, operation, ceiling):
    with transaction():
        assert calls(operation(thing)) <= ceiling


def test_a_move(thing, rooms):
    assert calls(lambda n: thing.move_to(rooms[n % 2], quiet=True)) <= 240


def test_what_gathered_writes_cost_when_they_leave(thing):
    def write(n):
        with transaction():
            thing.db.hp = n

    assert calls(write) <= 250


def test_what_is_remembered_of_a_block_ends_with_it(thing):
    """A store remembers in which block it gathered last, and must not keep what that block had touched."""
    import gc
    import weakref

    other = create_object(ObjectDB, CostlyWriter, key="other", nohome=True)
    with transaction():
        thing.db.hp = 50
        other.db.hp = 50
    gone = weakref.ref(other)
    other.flush_from_cache(force=True)
    del other
    gc.collect()
    assert gone() is None
