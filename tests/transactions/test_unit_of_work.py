"""The unit of work: what is gathered, when it leaves, and what a rollback undoes in memory."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from perdure.errors import DeletedObject, StaleObject
from perdure.idmapper.states import State, state_of
from perdure.transactions import on_commit, on_rollback, unit_of_work
from perdure.transactions import transaction as block
from tests.idmapper_app.models import Item, Mark, Versioned, Watched

pytestmark = pytest.mark.usefixtures("db")


class Undo(Exception):
    """Raised to undo a block."""


def statements(queries):
    """What was sent, apart from what only opens and closes transactions."""
    control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    return [query["sql"] for query in queries if not query["sql"].startswith(control)]


def row_of(item):
    """The row, by a cursor of its own: nothing of the engine between."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT db_key, db_count FROM idmapper_app_item WHERE id = %s", [item.pk])
        return cursor.fetchone()


# --- gathering


def test_outside_a_transaction_each_assignment_is_one_statement():
    item = Item.objects.create(db_key="a")
    with CaptureQueriesContext(connection) as queries:
        item.key = "b"
        item.count = 1
        item.count = 1
    assert len(statements(queries)) == len(queries) == 2
    assert row_of(item) == ("b", 1)


def test_inside_writes_leave_as_one_statement_per_table(django_assert_num_queries):
    items = [Item.objects.create(db_key=f"i{n}") for n in range(20)]
    marks = [Mark.objects.create(db_key=f"m{n}") for n in range(20)]
    with CaptureQueriesContext(connection) as queries, block():
        for turn in range(5):
            for item, mark in zip(items, marks, strict=True):
                item.count = turn
                mark.key = f"turn {turn}"
    sent = statements(queries)
    # psycopg sends the rows of an executemany one by one, but it is one statement all the same.
    assert len({sql.split(" SET ")[0] for sql in sent}) == 2
    assert len(sent) == 2
    assert {row_of(item)[1] for item in items} == {4}
    assert set(Mark.objects.values_list("db_key", flat=True)) == {"turn 4"}


def test_nothing_leaves_before_it_has_to():
    item = Item.objects.create(db_key="a")
    with CaptureQueriesContext(connection) as queries:
        with block():
            item.key = "b"
            assert statements(queries) == []
            assert unit_of_work().pending
            assert item.key == "b"
        assert len(statements(queries)) == 1
    assert not unit_of_work().pending


def test_gathered_writes_leave_before_a_statement_that_could_see_them():
    item = Item.objects.create(db_key="a")
    with block():
        item.key = "b"
        assert row_of(item) == ("b", 0)
        item.count = 3
        assert list(Item.objects.filter(db_count=3)) == [item]


def test_a_write_that_was_taken_back_by_another_is_sent_with_the_last_value():
    item = Item.objects.create(db_key="a")
    with block():
        item.key = "b"
        item.key = "c"
        item.key = "a"
    assert row_of(item) == ("a", 0)


def test_gathered_writes_of_a_deleted_instance_do_no_harm():
    item = Item.objects.create(db_key="a")
    with block():
        item.key = "b"
        item.delete()
    assert state_of(item) is State.DELETED
    assert not Item.objects.exists()


def test_a_unique_value_may_move_from_one_row_to_another():
    first, second = Item.objects.create(db_key="a", db_code="x"), Item.objects.create(db_key="b")
    with block():
        first.code = None
        second.code = "x"
    assert (first.code, second.code) == (None, "x")


# --- undoing


def test_memory_is_the_database_after_each_savepoint():
    item = Item.objects.create(db_key="0", db_count=0)
    other = Item.objects.create(db_key="other")
    with block():
        item.key = "1"
        with pytest.raises(Undo), block():
            item.key = "2"
            item.count = 2
            other.delete()
            raise Undo
        assert (item.key, item.count, other.key) == ("1", 0, "other") == (*row_of(item), row_of(other)[0])
        with block():
            item.count = 3
            with pytest.raises(Undo), block():
                item.key = "4"
                with block():
                    item.count = 5
                raise Undo
            assert (item.key, item.count) == ("1", 3) == row_of(item)
        assert (item.key, item.count) == ("1", 3) == row_of(item)
    assert (item.key, item.count) == ("1", 3) == row_of(item)


def test_undoing_the_whole_undoes_what_its_savepoints_had_kept():
    item = Item.objects.create(db_key="0")
    with pytest.raises(Undo), block():
        with block():
            item.key = "1"
            made = Item.objects.create(db_key="made")
        with block():
            item.count = 1
        raise Undo
    assert (item.key, item.count, state_of(made)) == ("0", 0, State.NEW)
    assert row_of(item) == ("0", 0)


def test_a_block_without_a_savepoint_undoes_what_encloses_it():
    item = Item.objects.create(db_key="0")
    with pytest.raises(TransactionManagementError), block():
        item.key = "1"
        with pytest.raises(Undo), block(savepoint=False):
            item.count = 2
            raise Undo
        item.key = "refused: the block can only be undone"
    assert (item.key, item.count) == ("0", 0) == row_of(item)


def test_an_instance_made_and_deleted_in_savepoints():
    with block():
        with pytest.raises(Undo), block():
            made = Item.objects.create(db_key="made")
            made.delete()
            raise Undo
        assert state_of(made) is State.NEW
        made.save()
        with pytest.raises(Undo), block():
            made.delete()
            raise Undo
        assert made.key == "made"
        assert Item.objects.get() is made
    assert row_of(made) == ("made", 0)


def test_plain_atomic_blocks_obey_too():
    item = Item.objects.create(db_key="0")
    with pytest.raises(Undo), transaction.atomic():
        item.key = "1"
        with transaction.atomic():
            item.count = 1
        raise Undo
    assert (item.key, item.count) == ("0", 0)
    with transaction.atomic():
        item.key = "1"
        transaction.set_rollback(True)
    assert item.key == "0"


def test_savepoints_by_hand():
    item = Item.objects.create(db_key="0")
    with transaction.atomic():
        item.key = "1"
        sid = transaction.savepoint()
        item.key = "2"
        transaction.savepoint_rollback(sid)
        assert item.key == "1" == row_of(item)[0]
        sid = transaction.savepoint()
        item.key = "3"
        transaction.savepoint_commit(sid)
        outer, inner = transaction.savepoint(), transaction.savepoint()
        item.key = "4"
        transaction.savepoint_rollback(outer)
        assert item.key == "3" == row_of(item)[0]
        assert inner != outer
    assert item.key == "3" == row_of(item)[0]


def test_as_a_decorator_with_and_without_parentheses():
    item = Item.objects.create(db_key="0")

    @block
    def plain(value):
        item.key = value
        raise Undo

    @block(savepoint=False)
    def called(value):
        item.key = value
        return "result"

    with pytest.raises(Undo):
        plain("1")
    assert item.key == "0"
    assert called("2") == "result"
    assert row_of(item)[0] == "2"


# --- callbacks


def test_on_commit_runs_after_the_commit_and_sees_it():
    item = Item.objects.create(db_key="0")
    seen = []
    on_commit(lambda: seen.append("at once"))
    assert seen == ["at once"]
    with block():
        on_commit(lambda: seen.append(("outer", row_of(item)[0], connection.in_atomic_block)))
        with pytest.raises(Undo), block():
            on_commit(lambda: seen.append("never"))
            raise Undo
        with block():
            on_commit(lambda: seen.append("inner"))
        item.key = "1"
        assert seen == ["at once"]
    assert seen == ["at once", ("outer", "1", False), "inner"]


def test_on_commit_work_may_open_a_transaction_of_its_own():
    item = Item.objects.create(db_key="0")

    def later():
        with block():
            item.count = 7
        with pytest.raises(Undo), block():
            item.key = "undone"
            raise Undo

    with block():
        item.key = "1"
        on_commit(later)
    assert (item.key, item.count) == ("1", 7) == row_of(item)


def test_on_rollback_runs_the_latest_first_when_memory_has_gone_back():
    item = Item.objects.create(db_key="0")
    seen = []
    on_rollback(lambda: seen.append("outside: never"))
    with block():
        on_rollback(lambda: seen.append("committed: never"))
    with pytest.raises(Undo), block():
        on_rollback(lambda: seen.append(("first", item.key)))
        item.key = "1"
        with block():
            on_rollback(lambda: seen.append(("second", item.key)))
        with pytest.raises(Undo), block():
            item.key = "2"
            on_rollback(lambda: seen.append(("inner", item.key)))
            raise Undo
        assert seen == [("inner", "1")]
        on_commit(lambda: seen.append("never"))
        raise Undo
    assert seen == [("inner", "1"), ("second", "0"), ("first", "0")]


# --- flushes that fail


def refuse_negative(monkeypatch):
    """The database refuses a negative count, as a check constraint would."""

    def check(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and any(-1 in row for row in (params if many else [params])):
            raise IntegrityError("count must not be negative")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(check)


@pytest.mark.parametrize("when", ["commit", "query", "savepoint"])
def test_a_refused_flush_undoes_the_transaction(monkeypatch, when):
    item, other = Item.objects.create(db_key="0"), Item.objects.create(db_key="other")
    with refuse_negative(monkeypatch), pytest.raises(IntegrityError, match="negative"), block():
        other.key = "also undone"
        item.count = -1
        if when == "query":
            Item.objects.count()
        elif when == "savepoint":
            with block():
                pass
    assert (item.count, other.key) == (0, "other")
    assert (row_of(item), row_of(other)) == (("0", 0), ("other", 0))
    item.count = 2
    assert row_of(item) == ("0", 2)


def test_after_a_refused_flush_the_block_can_only_be_undone(monkeypatch):
    item = Item.objects.create(db_key="0")
    with refuse_negative(monkeypatch), block():
        item.count = -1
        with pytest.raises(IntegrityError):
            Item.objects.count()
        with pytest.raises(TransactionManagementError):
            Item.objects.count()
        with pytest.raises(TransactionManagementError):
            item.key = "too late"
        assert connection.needs_rollback
    assert (item.key, item.count) == ("0", 0) == row_of(item)


def test_a_refused_flush_inside_a_savepoint_undoes_that_alone(monkeypatch):
    item = Item.objects.create(db_key="0")
    with refuse_negative(monkeypatch), block():
        item.key = "kept"
        with pytest.raises(IntegrityError), block():
            item.count = -1
            Item.objects.count()
        assert (item.key, item.count) == ("kept", 0)
        item.count = 5
    assert (item.key, item.count) == ("kept", 5) == row_of(item)


def test_a_row_that_is_gone_is_found_out_at_the_flush():
    item, other = Item.objects.create(db_key="0"), Item.objects.create(db_key="other")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM idmapper_app_item WHERE id = %s", [item.pk])
    with pytest.raises(DeletedObject), block():
        other.key = "undone"
        item.key = "1"
    assert other.key == "other"
    with pytest.raises(DeletedObject):
        _ = item.key
    assert state_of(item) is State.DELETED


@pytest.mark.parametrize("gathered", [True, False])
def test_a_write_built_on_a_stale_read_is_found_out(gathered):
    rows = [Versioned.objects.create(db_key=f"v{n}") for n in range(3)]
    stale = rows[1]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE idmapper_app_versioned SET db_key = 'theirs', db_version = db_version + 1 WHERE id = %s", [stale.pk]
        )
    with pytest.raises(StaleObject):
        if gathered:
            with block():
                for row in rows:
                    row.count = 1
        else:
            stale.count = 1
    assert (stale.key, stale.count) == ("theirs", 0)
    assert [row.count for row in rows] == [0, 0, 0]
    for row in rows:
        row.count = 2
    assert list(Versioned.objects.order_by("pk").values_list("db_count", "db_version")) == [(2, 1), (2, 2), (2, 1)]


def test_versions_go_back_with_their_transaction():
    row = Versioned.objects.create(db_key="v")
    with pytest.raises(Undo), block():
        row.count = 1
        assert Versioned.objects.filter(db_count=1).exists()
        row.count = 2
        raise Undo
    row.count = 3
    assert (row.count, row.version) == (3, 1)


# --- hooks


def test_hooks_run_inside_the_transaction_of_the_write():
    watched = Watched.objects.create(db_key="old")
    Watched.failing.add("at_db_key_postsave")
    with block():
        with pytest.raises(RuntimeError), block():
            watched.key = "new"
        assert watched.key == "old"
        watched.other = "kept"
    assert (watched.key, watched.other) == ("old", "kept")


# --- errors of the database


def test_an_error_of_a_users_statement_keeps_memory_in_step():
    item = Item.objects.create(db_key="0")
    with pytest.raises(DatabaseError), block():
        item.key = "1"
        with connection.cursor() as cursor:
            cursor.execute("SELECT nonsense FROM nowhere")
    assert item.key == "0" == row_of(item)[0]


def test_a_write_refused_where_a_savepoint_ends_undoes_that_block_alone():
    item, other = Item.objects.create(db_key="a"), Watched.objects.create(db_key="w")
    with block():
        other.key = "kept"
        with pytest.raises(IntegrityError), block():
            item.db_key = None
            item.save()
        assert (item.key, other.key) == ("a", "kept")
        item.key = "after"
    assert (row_of(item), other.key) == (("after", 0), "kept")


def test_an_error_of_another_kind_where_a_savepoint_ends_undoes_that_block_alone(elsewhere):
    item, gone = Item.objects.create(db_key="a"), Item.objects.create(db_key="gone")
    with block():
        with pytest.raises(DeletedObject), block():
            item.key = "undone"
            elsewhere.delete(gone)
            gone.key = "never"
        assert item.key == "a"
        item.key = "after"
    assert row_of(item) == ("after", 0)


def test_an_assignment_that_was_never_saved_goes_with_the_rollback():
    item = Item.objects.create(db_key="a")
    with pytest.raises(Undo), block():
        item.db_key = "unsaved"
        raise Undo
    assert item.db_key == "a"
    item.save()
    assert row_of(item) == ("a", 0)
