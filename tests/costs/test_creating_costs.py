"""What creating and deleting cost: statements, and a ceiling on calls in Python.

The ceilings are a quarter above what was counted on CPython 3.11, as in `test_writing_costs`.
"""

from __future__ import annotations

import sys

import pytest
from django.db import connection

from perdure import create
from perdure.objects.creation import create_object, create_objects
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject, DefaultRoom
from perdure.transactions import transaction

TAGS = ["costly one", "costly two", "costly three"]


class CostlyMade(DefaultObject):
    """A plain thing, so that the counts are those of the engine."""


@pytest.fixture
def room(transactional_db, settings):
    settings.DEFAULT_HOME = "#999999999"
    made = create_object(ObjectDB, DefaultRoom, key="room", nohome=True)
    create_object(ObjectDB, CostlyMade, key="first", nohome=True, tags=TAGS)
    return made


def row(room, number):
    """An object with ten attributes and three tags."""
    attributes = {f"number{each}": number + each for each in range(4)}
    attributes |= {f"text{each}": f"text {number}" for each in range(3)}
    attributes |= {"skills": ["climb", number], "inv": {"sword": number}, "target": room}
    return {"key": f"thing {number}", "location": room, "nohome": True, "attributes": attributes, "tags": TAGS}


def calls(operation):
    """How many functions, in Python and in C, `operation()` calls."""
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


# --- statements


def test_an_object_with_attributes_and_known_tags_is_three_statements(room, counted):
    with counted() as statements:
        made = create.create_object(CostlyMade, **row(room, 1))
    assert [sql.split()[2] for sql in statements.all] == [
        '"objects_objectdb"',
        '"objects_objectattribute"',
        '"objects_objectdb_db_tags"',
    ]
    assert (len(made.attributes.all()), len(made.tags.all())) == (10, 3)


def test_new_tags_are_one_more(room, counted):
    with counted() as statements:
        create.create_object(CostlyMade, key="tagged", nohome=True, tags=["brand new here", ("and", "another")])
    assert len(statements) == 3, statements.all


@pytest.mark.parametrize("count", [10, 450])
def test_many_objects_share_their_statements(room, counted, count):
    with counted() as statements:
        made = create_objects(ObjectDB, CostlyMade, [row(room, number) for number in range(count)])
    assert len(statements) <= 3 + count // 100 + count * 10 // 1500 + count * 3 // 1000, len(statements)
    assert [thing.db.number0 for thing in made] == list(range(count))


def test_a_deletion_asks_once_what_refers_to_the_object(room, counted):
    plain = create_object(ObjectDB, CostlyMade, key="plain", location=room, nohome=True)
    tagged = create_object(ObjectDB, CostlyMade, **row(room, 2))
    with counted() as statements:
        assert plain.delete()
    assert len(statements) == 4, statements.all
    with counted() as statements:
        assert tagged.delete()
    assert len(statements) == 5, statements.all


# --- calls

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the short way to the database is SQLite's")


@on_sqlite
def test_calls_of_creating_one(room):
    for number in range(2):
        create.create_object(CostlyMade, **row(room, number))
    arguments = row(room, 3)
    assert calls(lambda: create.create_object(CostlyMade, **arguments)) < 1330


@on_sqlite
def test_calls_of_creating_many(room):
    create_objects(ObjectDB, CostlyMade, [row(room, number) for number in range(200)])
    rows = [row(room, number) for number in range(200)]
    assert calls(lambda: create_objects(ObjectDB, CostlyMade, rows)) / 200 < 985


@on_sqlite
def test_calls_of_deleting(room):
    made = create_objects(ObjectDB, CostlyMade, [row(room, number) for number in range(22)])
    with transaction():
        made.pop().delete()
    with transaction():
        assert calls(lambda: [thing.delete() for thing in made[:20]]) / 20 < 295
