"""Queries that memory answers: the database is asked for ids alone, and whatever it may know better is read."""

from __future__ import annotations

import sqlite3

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from perdure.idmapper import recalling
from perdure.idmapper.identity import identity_map
from perdure.idmapper.models import flush_cache
from perdure.transactions import outside
from tests.idmapper_app.models import Car, Item, Mark, Ticket

pytestmark = [
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite counts the commits of others"),
    pytest.mark.django_db(transaction=True),
]


class Undo(Exception):
    """Raised to undo a block."""


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """One row that was in memory is enough for a query to ask for ids."""
    monkeypatch.setattr(recalling, "WARM", 1)


@pytest.fixture
def items():
    """Items in memory, each known to agree with its row."""
    made = [Item.objects.create(db_key=f"i{number}", db_count=number) for number in range(5)]
    read()
    read()
    assert asks_for_ids()
    return made


def read(queryset=None):
    """The results of a query and its statements."""
    with CaptureQueriesContext(connection) as statements:
        found = list(Item.objects.order_by("pk") if queryset is None else queryset)
    return found, [query["sql"] for query in statements if query["sql"].startswith("SELECT")]


def asks_for_ids(queryset=None):
    """Whether a query is answered by ids alone."""
    _, statements = read(queryset)
    return len(statements) == 1 and "db_note" not in statements[0]


def test_ids_are_asked_for_when_everything_is_known(items):
    found, statements = read()
    assert found == items
    assert all(one is other for one, other in zip(found, items, strict=True))
    assert statements == ['SELECT "idmapper_app_item"."id" FROM "idmapper_app_item"']
    assert Item.objects.order_by("-pk")[1] is items[3]
    assert list(Item.objects.order_by("-pk")) == items[::-1]
    assert [item.db_count for item in Item.objects.filter(db_count__gt=1).order_by("-db_count")] == [4, 3, 2]


def test_nobody_is_asked_in_a_world_that_is_loaded_in_part(items, monkeypatch):
    monkeypatch.setattr(recalling, "WARM", 500)
    assert not asks_for_ids()


def test_one_that_has_left_memory_is_read():
    made = [Item.objects.create(db_key=f"i{number}") for number in range(5)]
    read(), read()
    del made[0]
    flush_cache()
    assert identity_map("default", Item).found_in_memory == 0
    found, statements = read()
    assert len(found) == 5
    assert len(statements) == 1
    assert "db_note" in statements[0]


def test_a_write_of_the_engine_needs_no_reading(items):
    items[1].key = "renamed"
    items[2].db_count = 40
    items[2].save()
    with transaction.atomic():
        items[3].key = "in a transaction"
        assert asks_for_ids(Item.objects.filter(db_key="in a transaction"))
    assert asks_for_ids()
    assert list(Item.objects.filter(db_key="renamed")) == [items[1]]


@pytest.mark.defect("I-6")
def test_raw_sql_on_this_connection_is_seen(items, elsewhere):
    elsewhere.set(items[0], db_key="raw")
    assert [item.key for item in read()[0]] == ["raw", "i1", "i2", "i3", "i4"]
    read()
    assert asks_for_ids()
    with connection.cursor() as cursor:
        cursor.execute("/* a comment */ UPDATE idmapper_app_item SET db_key = 'raw again'")
    assert {item.key for item in read()[0]} == {"raw again"}
    read()
    elsewhere.execute("WITH one AS (SELECT 1) UPDATE idmapper_app_item SET db_key = 'by a table expression'")
    assert {item.key for item in read()[0]} == {"by a table expression"}
    read()
    columns = ", ".join(field.column for field in Item._meta.concrete_fields if not field.generated)
    elsewhere.execute(f"REPLACE INTO idmapper_app_item ({columns}) SELECT {columns} FROM idmapper_app_item")
    assert not asks_for_ids()


def test_writes_to_other_tables_make_no_difference(items, elsewhere):
    mark = Mark.objects.create(db_key="m")
    elsewhere.set(mark, db_key="other")
    Item.objects.bulk_create([])
    assert asks_for_ids()


@pytest.mark.parametrize("commits", ["update", "update and back"])
def test_a_commit_of_another_connection_is_seen(items, commits):
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=20)
    with other:
        other.execute("UPDATE idmapper_app_item SET db_key = 'theirs' WHERE id = ?", (items[4].pk,))
    if commits == "update and back":
        with other:
            other.execute("UPDATE idmapper_app_item SET db_key = 'i4' WHERE id = ?", (items[4].pk,))
    other.close()
    assert items[4].key == "i4"
    assert read()[0][4].key == ("theirs" if commits == "update" else "i4")
    read()
    assert asks_for_ids()


def test_rows_of_others_come_and_go(items):
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=20)
    with other:
        other.execute("DELETE FROM idmapper_app_item WHERE id = ?", (items[0].pk,))
        other.execute(
            "INSERT INTO idmapper_app_item (db_key, db_count, db_data, db_serial) VALUES ('theirs', 9, '{}', 7)"
        )
    other.close()
    assert [item.key for item in read()[0]] == ["i1", "i2", "i3", "i4", "theirs"]


def test_querysets_that_write_are_followed(items):
    Item.objects.filter(pk=items[0].pk).update(db_key="updated")
    Item.objects.filter(pk=items[1].pk).update(db_count=F("db_count") + 10)
    items[2].db_key = "bulk"
    Item.objects.bulk_update([items[2]], ["db_key"])
    found = read()[0]
    assert [(item.key, item.count) for item in found[:3]] == [("updated", 0), ("i1", 11), ("bulk", 2)]


def test_what_is_undone_is_read(items):
    with pytest.raises(Undo), transaction.atomic():
        items[0].key = "inside"
        items[0].save()
        Item.objects.create(db_key="new")
        assert [item.key for item in read()[0]] == ["inside", "i1", "i2", "i3", "i4", "new"]
        raise Undo
    assert [item.key for item in read()[0]] == ["i0", "i1", "i2", "i3", "i4"]
    with pytest.raises(Undo), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE idmapper_app_item SET db_key = 'raw'")
        assert {item.key for item in read()[0]} == {"raw"}
        raise Undo
    assert [item.key for item in read()[0]] == ["i0", "i1", "i2", "i3", "i4"]


def test_a_cascade_that_nulls_is_seen(items):
    items[1].home = items[0]
    read()
    items[0].delete()
    assert [item.home for item in read()[0]] == [None] * 4


def test_a_trigger_ends_it(items):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER tell AFTER UPDATE OF db_key ON idmapper_app_item "
            "BEGIN UPDATE idmapper_app_item SET db_note = 'told' WHERE id = new.id; END"
        )
    try:
        read()
        items[0].key = "heard"
        assert not asks_for_ids()
        assert items[0].note == "told"
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER tell")
    outside.stamp(connection, "idmapper_app_item")


def test_annotations_come_with_the_ids(items):
    found, statements = read(Item.objects.annotate(more=F("db_count") + 1).order_by("pk"))
    assert [item.more for item in found] == [1, 2, 3, 4, 5]
    assert "db_note" not in statements[0]
    assert not hasattr(read()[0][0], "more")


@pytest.mark.parametrize(
    "queryset",
    [
        lambda: Item.objects.select_related("db_home"),
        lambda: Item.objects.only("db_key"),
        lambda: Item.objects.select_for_update(),
        lambda: Item.objects.filter(pk__gt=0).union(Item.objects.filter(pk__lt=0)),
        lambda: Item.objects.extra(select={"one": "1"}),
    ],
    ids=["select_related", "only", "select_for_update", "union", "extra"],
)
def test_queries_for_more_than_rows_are_made_as_they_are(items, queryset):
    with transaction.atomic():
        found, statements = read(queryset())
    assert sorted(item.pk for item in found) == [item.pk for item in items]
    assert len(statements) == 1


def test_results_are_the_same_for_any_kind_of_key():
    tickets = [Ticket.objects.create() for _ in range(3)]
    cars = [Car.objects.create(db_key=f"c{number}") for number in range(3)]
    for _ in range(4):
        assert list(Ticket.objects.order_by("pk")) == sorted(tickets, key=lambda ticket: ticket.pk)
        assert list(Car.objects.order_by("pk")) == cars
        assert len(Car.objects.all()) == 3
