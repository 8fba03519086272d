"""The adapter to Django's connections: fails when a Django version stops calling what we listen to."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction

from perdure.idmapper.states import State, state_of
from perdure.transactions import unit_of_work
from perdure.transactions.connection import _HEARD, attach
from perdure.transactions.unit_of_work import UnitOfWork
from tests.idmapper_app.models import Item

pytestmark = pytest.mark.usefixtures("db")


class Undo(Exception):
    """Raised to undo a block."""


@pytest.fixture
def calls(monkeypatch):
    """The names of the connection's methods that Django calls, in order."""
    unit_of_work()
    heard = []

    def listen(name, original):
        def call(*args, **kwargs):
            heard.append(name)
            return original(*args, **kwargs)

        return call

    for name in _HEARD:
        monkeypatch.setattr(connection._connections[connection._alias], name, listen(name, getattr(connection, name)))
    return heard


def test_the_methods_that_are_wrapped_are_those_there_are():
    unit_of_work()
    assert set(_HEARD) == {
        "commit",
        "rollback",
        "savepoint",
        "savepoint_commit",
        "savepoint_rollback",
        "set_autocommit",
        "close",
    }
    for name in _HEARD:
        wrapped = getattr(connection, name)
        assert name in connections["default"].__dict__
        assert wrapped.__wrapped__.__func__ is getattr(type(connections["default"]), name)


def test_django_calls_them_for_its_blocks(calls):
    with transaction.atomic():
        with transaction.atomic():
            pass
        with pytest.raises(Undo), transaction.atomic():
            raise Undo
    assert calls == [
        "set_autocommit",
        "savepoint",
        "savepoint_commit",
        "savepoint",
        "savepoint_rollback",
        "savepoint_commit",
        "commit",
        "set_autocommit",
    ]
    calls.clear()
    with pytest.raises(Undo), transaction.atomic():
        raise Undo
    assert calls == ["set_autocommit", "rollback", "set_autocommit"]


def test_django_calls_them_for_what_is_done_by_hand(calls):
    transaction.set_autocommit(False)
    transaction.commit()
    transaction.rollback()
    transaction.set_autocommit(True)
    with transaction.atomic():
        sid = transaction.savepoint()
        transaction.savepoint_rollback(sid)
        transaction.savepoint_commit(sid)
    assert calls == [
        "set_autocommit",
        "commit",
        "rollback",
        "set_autocommit",
        "set_autocommit",
        "savepoint",
        "savepoint_rollback",
        "savepoint_commit",
        "commit",
        "set_autocommit",
    ]


def test_every_connection_has_one_unit_of_its_own():
    unit = unit_of_work()
    assert isinstance(unit, UnitOfWork)
    assert unit is unit_of_work("default") is attach(connections["default"])
    found = []

    def other_thread():
        found.append(unit_of_work())
        connection.close()

    thread = threading.Thread(target=other_thread)
    thread.start()
    thread.join()
    assert found[0] is not unit


# --- autocommit off


def test_without_autocommit_memory_follows_commit_and_rollback():
    item = Item.objects.create(db_key="0")
    transaction.set_autocommit(False)
    try:
        item.key = "1"
        made = Item.objects.create(db_key="made")
        assert unit_of_work().in_transaction
        transaction.rollback()
        assert (item.key, state_of(made)) == ("0", State.NEW)
        item.key = "2"
        transaction.commit()
        transaction.rollback()
        assert item.key == "2"
        with pytest.raises(Undo), transaction.atomic():
            item.key = "3"
            raise Undo
        assert item.key == "2"
        item.key = "4"
        transaction.commit()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert not unit_of_work().in_transaction
    item.refresh_from_db()
    assert item.key == "4"


def test_gathered_writes_leave_when_autocommit_is_turned_on_after_a_commit():
    item = Item.objects.create(db_key="0")
    transaction.set_autocommit(False)
    item.key = "1"
    transaction.commit()
    transaction.set_autocommit(True)
    assert list(Item.objects.values_list("db_key", flat=True)) == ["1"]


# --- closing


def test_closing_the_connection_inside_a_transaction_undoes_it():
    item = Item.objects.create(db_key="0")
    with transaction.atomic():
        item.key = "1"
        Item.objects.count()
        item.count = 5
        made = Item.objects.create(db_key="made")
        connection.close()
        assert not unit_of_work().pending
    assert (item.key, item.count, state_of(made)) == ("0", 0, State.NEW)
    with transaction.atomic():
        item.key = "2"
    assert list(Item.objects.values_list("db_key", "db_count")) == [("2", 0)]


def test_what_is_written_after_the_connection_was_closed_is_refused():
    item = Item.objects.create(db_key="0")
    with transaction.atomic():
        item.key = "1"
        connection.close()
        with pytest.raises(transaction.TransactionManagementError):
            item.key = "2"
    assert item.key == "0"
    assert not unit_of_work().pending
    with transaction.atomic():
        item.count = 1
    assert list(Item.objects.values_list("db_key", "db_count")) == [("0", 1)]


def test_a_new_connection_finds_the_same_instances():
    item = Item.objects.create(db_key="0")
    connection.close()
    assert Item.objects.get(db_key="0") is item
    item.key = "1"
    connection.close()
    with transaction.atomic():
        item.count = 2
    assert list(Item.objects.values_list("db_key", "db_count")) == [("1", 2)]


def test_a_connection_that_breaks_at_the_commit_undoes_memory(monkeypatch):
    item = Item.objects.create(db_key="0")
    real = connections["default"]

    def broken():
        raise real.Database.OperationalError("the line is dead")

    monkeypatch.setattr(real, "_commit", broken)
    with pytest.raises(real.Database.OperationalError), transaction.atomic():
        item.key = "1"
    monkeypatch.undo()
    assert item.key == "0"
    item.refresh_from_db()
    assert item.key == "0"


def test_the_error_for_which_a_block_was_undone_is_let_go_of():
    """Django keeps it with its traceback, and so everything that those frames refer to."""
    from django.db import IntegrityError, connections

    from perdure.transactions import transaction

    def refused() -> None:
        with transaction(), connections["default"].cursor() as cursor:
            cursor.execute("INSERT INTO django_content_type (id, app_label, model) VALUES (1, 'a', 'b')")
            cursor.execute("INSERT INTO django_content_type (id, app_label, model) VALUES (1, 'a', 'b')")

    with pytest.raises(IntegrityError):
        refused()
    assert connections["default"].rollback_exc is None
    with transaction(), pytest.raises(IntegrityError):
        refused()
    assert connections["default"].rollback_exc is None
