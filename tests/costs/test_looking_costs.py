"""What finding and reading costs: statements for each query, and a ceiling on the functions that are called.

The ceilings are about a quarter above what was counted on CPython 3.11. One that is passed means that something
has come into a path that runs for every object found, or for every read.
"""

from __future__ import annotations

import sys

import pytest
from django.db import connection

from perdure.idmapper import recalling
from perdure.objects.creation import create_object, create_objects
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject, DefaultRoom
from perdure.typeclasses.properties import AttributeProperty

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite counts the commits of others")

HITS = 60


class FoundThing(DefaultObject):
    """What is looked for."""

    strength = AttributeProperty(1)


class FoundSword(FoundThing):
    """One of the family."""


@pytest.fixture
def room(counted):
    return create_object(ObjectDB, DefaultRoom, key="room", nohome=True)


@pytest.fixture
def found(room, monkeypatch):
    """Objects in memory that every query below finds, each known to agree with its row."""
    monkeypatch.setattr(recalling, "WARM", 1)
    rows = [
        {
            "key": f"t{n}",
            "location": room,
            "nohome": True,
            "tags": ["shard"],
            "attributes": [("worth", 7), ("w", "text")],
        }
        for n in range(HITS)
    ]
    made = create_objects(ObjectDB, FoundSword, rows)
    for obj in made:
        obj.db.inv = {"sword": 1}
        obj.db.target = room
    for _ in range(3):
        assert list(FoundThing.objects.all_family()) == made
    return made


QUERIES = {
    "family": lambda: FoundThing.objects.all_family(),
    "class": lambda: FoundSword.objects.all(),
    "tag": lambda: ObjectDB.objects.get_by_tag("shard"),
    "number": lambda: ObjectDB.objects.filter_attributes(worth=7),
    "range": lambda: ObjectDB.objects.filter_attributes(worth__gte=5, worth__lt=9),
    "text": lambda: ObjectDB.objects.get_by_attribute("w", value="text"),
}


def calls(operation):
    """How many functions, in Python and in C, `operation()` calls; it is run before, to warm it up."""
    operation()
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        operation()
    finally:
        sys.setprofile(None)
    return count


# --- queries


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_one_statement(counted, found, name):
    with counted() as statements:
        assert len(list(QUERIES[name]())) == HITS
    assert len(statements) == 1, statements.all


@on_sqlite
@pytest.mark.parametrize("name", QUERIES)
def test_in_memory_only_ids_are_asked_for(counted, found, name):
    with counted() as statements:
        assert list(QUERIES[name]()) == found
    assert "db_key" not in statements.all[0].split(" FROM ")[0]


def test_a_query_is_one_statement_when_all_is_cold(counted, found, forget_everything, monkeypatch):
    monkeypatch.setattr(recalling, "WARM", 500)
    pks = [obj.pk for obj in found]
    found.clear()
    forget_everything()
    with counted() as statements:
        assert [obj.pk for obj in FoundThing.objects.all_family()] == pks
    assert len(statements) == 1, statements.all


def test_lookups_of_one_attribute_are_one_condition(counted, found):
    with counted() as statements:
        list(ObjectDB.objects.filter_attributes(worth__gte=5, worth__lt=9, worth__in=[7, 8], w__startswith="t"))
    conditions = statements.all[0]
    # Three look-ups of one attribute, and one of another: two sources of rows, on SQLite in one sub-query.
    assert conditions.count("IN (SELECT") == (1 if connection.vendor == "sqlite" else 2)
    assert conditions.count('FROM "objects_objectattribute"') + conditions.count('JOIN "objects_objectattribute"') == 2


@on_sqlite
@pytest.mark.parametrize(
    ("name", "each", "once"), [("family", 12, 620), ("tag", 16, 780), ("number", 12, 560), ("range", 12, 600)]
)
def test_calls_of_a_query_in_memory(counted, found, name, each, once):
    assert calls(lambda: list(QUERIES[name]())) <= each * HITS + once


def test_calls_of_rows_that_tell_nothing_new(counted, found, monkeypatch):
    monkeypatch.setattr(recalling, "WARM", float("inf"))
    assert calls(lambda: list(FoundThing.objects.all_family())) <= 30 * HITS + 640


# --- what is in memory


def test_calls_of_getting_what_is_in_memory(counted, found):
    obj = found[0]
    nothing = calls(lambda: obj.pk)
    assert calls(lambda: ObjectDB.get_cached_instance(obj.pk)) - nothing <= 4
    assert calls(lambda: ObjectDB.objects.get(pk=obj.pk)) - nothing <= 11
    assert calls(lambda: FoundSword.objects.get(pk=obj.pk)) - nothing <= 13
    with counted() as statements:
        assert FoundSword.objects.get(pk=obj.pk) is obj
        assert ObjectDB.objects.get(id=obj.pk) is obj
    assert statements.all == []


@pytest.mark.parametrize(
    ("read", "ceiling"),
    [
        (lambda obj: obj.db.worth, 0),
        (lambda obj: obj.db.inv["sword"], 0),
        (lambda obj: obj.db.target, 0),
        (lambda obj: obj.strength, 1),
        (lambda obj: obj.key, 1),
        (lambda obj: obj.db_key, 0),
        (lambda obj: obj.db.target.contents, 6),
    ],
    ids=["attribute", "item", "reference", "declared", "key", "field", "contents"],
)
def test_calls_of_reading(counted, found, read, ceiling):
    """Beside the call of `read` itself and the end of the count."""
    obj = found[0]
    assert calls(lambda: read(obj)) - calls(lambda: plain(obj)) <= ceiling
    with counted() as statements:
        read(obj)
    assert statements.all == []


def plain(obj):
    """A function that does nothing."""
