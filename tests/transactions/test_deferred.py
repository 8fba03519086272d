"""Savepoints of the engine's own blocks: when they are set, and what a failure in or around them undoes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from perdure.errors import StaleObject
from perdure.transactions import all_or_nothing, on_commit, on_rollback, unit_of_work
from perdure.transactions import transaction as block
from tests.idmapper_app.models import Item, Versioned

pytestmark = pytest.mark.usefixtures("db")


class Undo(Exception):
    """Raised to undo a block."""


def engine_block():
    return all_or_nothing("default")


def row_of(item):
    with connection.cursor() as cursor:
        cursor.execute("SELECT db_key, db_count FROM idmapper_app_item WHERE id = %s", [item.pk])
        return cursor.fetchone()


def test_a_block_that_sends_nothing_costs_nothing_and_its_writes_go_with_the_rest():
    items = [Item.objects.create(db_key=f"{n}") for n in range(5)]
    with block():
        with CaptureQueriesContext(connection) as queries:
            for item in items:
                with engine_block():
                    item.key = "x"
        assert not queries.captured_queries
        assert len(unit_of_work().pending) == 1
        assert {row_of(item)[0] for item in items} == {"x"}


def test_an_undone_block_that_sent_nothing_costs_nothing_either():
    item, other = Item.objects.create(db_key="a"), Item.objects.create(db_key="b")
    with block():
        other.key = "kept"
        with CaptureQueriesContext(connection) as queries, pytest.raises(Undo), engine_block():
            item.key = "undone"
            raise Undo
        assert not queries.captured_queries
        assert (item.key, other.key) == ("a", "kept")
    assert (row_of(item)[0], row_of(other)[0]) == ("a", "kept")


def test_what_the_enclosing_block_has_gathered_is_sent_before_it_is_changed_inside():
    item = Item.objects.create(db_key="a")
    with block():
        item.key = "outside"
        with pytest.raises(Undo), engine_block():
            item.key = "inside"
            raise Undo
        assert item.key == "outside" == row_of(item)[0]
    assert row_of(item)[0] == "outside"


def test_a_flush_inside_sends_what_the_enclosing_blocks_have_gathered():
    item = Item.objects.create(db_key="a")
    with block():
        item.key = "outside"
        with engine_block():
            with CaptureQueriesContext(connection) as queries:
                unit_of_work().flush()
            assert [query["sql"].split()[0] for query in queries.captured_queries] == ["UPDATE", "SAVEPOINT"]
    assert row_of(item)[0] == "outside"


def test_a_statement_inside_sets_the_savepoints_of_all_blocks_around_it():
    item, other = Item.objects.create(db_key="a"), Item.objects.create(db_key="b")
    with block():
        item.count = 1
        with engine_block():
            item.key = "kept"
            with pytest.raises(Undo), engine_block():
                other.key = "undone"
                assert row_of(other)[0] == "undone"
                assert unit_of_work().deferred == 0
                raise Undo
            assert other.key == "b" == row_of(other)[0]
        assert (item.key, item.count) == ("kept", 1) == row_of(item)


def test_djangos_savepoints_inside_and_around():
    item, other = Item.objects.create(db_key="a"), Item.objects.create(db_key="b")
    with transaction.atomic(), transaction.atomic():
        item.key = "1"
        with pytest.raises(Undo), engine_block():
            other.key = "undone"
            with transaction.atomic():
                item.key = "2"
            assert item.key == "2"
            raise Undo
        assert (item.key, other.key) == ("1", "b")
        with engine_block(), pytest.raises(Undo), transaction.atomic():
            item.key = "3"
            raise Undo
        assert item.key == "1"
    assert row_of(item)[0] == "1"


def test_marked_for_rollback_inside():
    item = Item.objects.create(db_key="a")
    with block():
        item.count = 1
        with engine_block():
            item.key = "undone"
            transaction.set_rollback(True)
        assert (item.key, item.count) == ("a", 1)
        assert not transaction.get_rollback()
    assert row_of(item) == ("a", 1)


def test_an_error_of_the_database_inside_undoes_the_block_alone():
    Item.objects.create(db_key="a", db_code="taken")
    item = Item.objects.create(db_key="b")
    with block():
        item.key = "kept"
        with pytest.raises(IntegrityError), engine_block():
            item.count = 5
            item.code = "taken"
        assert (item.key, item.count, item.code) == ("kept", 0, None)
    assert row_of(item) == ("kept", 0)


def test_what_is_refused_of_the_enclosing_block_undoes_that():
    one, other = Versioned.objects.create(db_key="a"), Item.objects.create(db_key="b")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE idmapper_app_versioned SET db_version = 7")
    with pytest.raises(transaction.TransactionManagementError), block():
        one.key = "stale"
        with pytest.raises(StaleObject), engine_block():
            other.key = "x"
            Item.objects.count()
        assert transaction.get_rollback()
        other.key = "refused"
    assert (other.key, row_of(other)[0]) == ("b", "b")
    assert one.key == "a"


def test_callbacks_of_an_undone_block_are_forgotten(django_capture_on_commit_callbacks):
    called = []
    with django_capture_on_commit_callbacks(execute=True), block():
        with engine_block():
            on_commit(lambda: called.append("kept"))
        with pytest.raises(Undo), engine_block():
            on_commit(lambda: called.append("never"))
            on_rollback(lambda: called.append("undone"))
            raise Undo
        with engine_block():
            on_commit(lambda: called.append("kept too"))
            on_rollback(lambda: called.append("not undone"))
    assert called == ["undone", "kept", "kept too"]


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_it_is_one():
    item = Item.objects.create(db_key="a")
    with pytest.raises(Undo), engine_block():
        assert unit_of_work().in_transaction
        item.key = "undone"
        raise Undo
    assert item.key == "a" == row_of(item)[0]
    with engine_block():
        item.key = "b"
    assert row_of(item)[0] == "b"
