"""The engine's own statements: who sees them, and what they rely on in Django's connections."""

from __future__ import annotations

import logging
import sqlite3

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections
from django.test.utils import CaptureQueriesContext, override_settings

from perdure.transactions import Statement, send, send_many, statements, unit_of_work
from tests.idmapper_app.models import Item

pytestmark = pytest.mark.django_db(transaction=True)

UPDATE = Statement("UPDATE idmapper_app_item SET db_key = %s WHERE id = %s")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="the short way is SQLite's")


def goes_straight() -> bool:
    """Whether a statement would go to the driver now."""
    return statements._driver(unit_of_work().connection) is not None


def test_rows_are_counted_and_gathered_writes_stay_gathered():
    one, other = Item.objects.create(db_key="a"), Item.objects.create(db_key="b")
    unit = unit_of_work()
    assert send(unit, UPDATE, ["x", one.pk]) == 1
    assert send_many(unit, UPDATE, [["y", one.pk], ["z", other.pk], ["none", 0]]) == 2
    assert send_many(unit, UPDATE, [["y", 0]]) == 0
    with unit.connection.cursor() as cursor:
        cursor.execute("SELECT db_key FROM idmapper_app_item ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == ["y", "z"]


def test_marks_and_percent_signs():
    statement = Statement("SELECT '100%%', %s")
    assert statement.native == "SELECT '100%', ?"


@on_sqlite
def test_the_driver_is_called_where_nobody_watches():
    unit_of_work()
    connection.ensure_connection()
    assert isinstance(connection.connection, sqlite3.Connection)
    assert goes_straight()


def test_the_query_log_sees_them():
    item = Item.objects.create(db_key="a")
    with CaptureQueriesContext(connection) as queries:
        assert not goes_straight()
        item.key = "b"
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["UPDATE"]
    with override_settings(DEBUG=True):
        assert not goes_straight()
        connections["default"].queries_log.clear()
        item.key = "c"
        assert len(connection.queries) == 1


def test_execute_wrappers_see_them_and_can_refuse_them():
    item = Item.objects.create(db_key="a")
    seen = []

    def refuse(execute, sql, params, many, context):
        seen.append(sql)
        raise DatabaseError("not now")

    with connection.execute_wrapper(refuse):
        assert not goes_straight()
        with pytest.raises(DatabaseError, match="not now"):
            item.key = "b"
    assert len(seen) == 1
    assert item.key == "a"


def test_sql_is_logged_when_django_logs_it(caplog):
    item = Item.objects.create(db_key="a")
    with caplog.at_level(logging.DEBUG, "django.db.backends"), override_settings(DEBUG=True):
        item.key = "b"
    assert any("UPDATE" in record.getMessage() for record in caplog.records)


@on_sqlite
def test_errors_are_djangos():
    one = Item.objects.create(db_key="a", db_code="x")
    other = Item.objects.create(db_key="b")
    assert goes_straight()
    with pytest.raises(IntegrityError) as caught:
        other.code = one.code
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
    assert other.code is None


@on_sqlite
def test_a_lost_connection_is_opened_again():
    item = Item.objects.create(db_key="a")
    connection.close()
    item.key = "b"
    assert connection.connection is not None
    assert Item.objects.filter(db_key="b").exists()
