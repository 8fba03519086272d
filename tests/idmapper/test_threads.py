"""Threads: one instance per row whoever loads it, one owner who writes, or writers that wait for each other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from perdure.errors import WrongThread
from perdure.idmapper import ownership
from perdure.idmapper.models import flush_cache
from tests.idmapper_app.models import Item, Place, Watched

pytestmark = pytest.mark.usefixtures("db")

LONG = 30  # seconds; only how long a test that fails hangs


def in_thread(function, *args):
    """What `function` gives or raises in a thread of its own, with a connection of its own."""

    def run():
        try:
            return function(*args)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result(LONG)


# --- identity


@pytest.mark.defect("I-35")
@pytest.mark.parametrize("route", ["get", "filter", "foreign_key"])
def test_threads_that_load_a_row_at_once_get_the_same_instance(route, monkeypatch):
    home = Place.objects.create(db_key="home")
    number = Item.objects.create(db_key="a", db_place=home).pk
    Item.objects.create(db_key="pointer", db_home_id=number)
    del home
    count = 8
    together = threading.Barrier(count, timeout=LONG)

    def load():
        try:
            together.wait()
            if route == "get":
                return Item.objects.get(pk=number)
            if route == "filter":
                return Item.objects.filter(db_key="a")[0]
            return Item.objects.get(db_key="pointer").home
        finally:
            connection.close()

    for _ in range(5):
        flush_cache()
        assert Item.get_cached_instance(number) is None
        with ThreadPoolExecutor(count) as pool:
            found = [future.result(LONG) for future in [pool.submit(load) for _ in range(count)]]
        assert len({id(one) for one in found}) == 1
        found.clear()


@pytest.mark.defect("I-35")
def test_two_threads_meet_between_the_look_up_and_the_registration(monkeypatch):
    number = Watched.objects.create(db_key="a").pk
    flush_cache()
    Watched.events.clear()
    inside, go_on = threading.Event(), threading.Event()
    original = Watched._class_for_row.__func__

    def slow(cls, *args):
        inside.set()
        assert go_on.wait(LONG)
        return original(cls, *args)

    monkeypatch.setattr(Watched, "_class_for_row", classmethod(slow))

    def load():
        try:
            return Watched.objects.get(pk=number)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(load)
        assert inside.wait(LONG)
        second = pool.submit(load)
        go_on.set()
        assert first.result(LONG) is second.result(LONG)
    assert [event[0] for event in Watched.events] == ["at_init"]


# --- an owner


@pytest.mark.defect("I-36")
@pytest.mark.parametrize(
    "write",
    [
        lambda item: setattr(item, "key", "theirs"),
        lambda item: setattr(item, "db_key", "theirs"),
        lambda item: delattr(item, "note"),
        lambda item: item.delete(),
        lambda item: Item.objects.update(db_key="theirs"),
        lambda item: item.save(),
        lambda item: Item.objects.bulk_update([item], ["db_key"]),
    ],
    ids=["assign", "assign_field", "clear", "delete", "update", "save", "bulk_update"],
)
def test_another_thread_may_not_write_to_the_owners_objects(write, stored):
    item = Item.objects.create(db_key="mine", db_note="n")
    ownership.claim()
    assert ownership.owner() == threading.get_ident()
    with pytest.raises(WrongThread, match="PERDURE_THREADS"):
        in_thread(write, item)
    assert (item.key, item.note) == ("mine", "n")
    assert stored(item, "db_key", "db_note") == ("mine", "n")
    item.key = "still mine"


def test_another_thread_may_not_create_either():
    ownership.claim()
    with pytest.raises(WrongThread):
        in_thread(lambda: Item.objects.create(db_key="theirs"))
    assert not Item.objects.exists()


def test_another_thread_loads_the_same_instance_and_changes_nothing(elsewhere):
    item = Item.objects.create(db_key="mine")
    ownership.claim()
    assert in_thread(lambda: Item.objects.get(db_key="mine")) is item
    elsewhere.set(item, db_count=5)
    assert in_thread(lambda: Item.objects.filter(db_count=5)[0]) is item
    assert item.__dict__["db_count"] == 0  # only the owner moves memory
    assert Item.objects.get(db_key="mine").count == 5


@pytest.mark.defect("I-36")
def test_a_reading_thread_does_not_undo_what_the_owner_has_not_committed():
    item = Item.objects.create(db_key="old")
    for claim in (True, False):
        if claim:
            ownership.claim()
        else:
            ownership.release()
        with transaction.atomic():
            item.key = "new"
            assert in_thread(lambda: list(Item.objects.all())) == [item]
            assert item.key == "new"
        assert item.key == "new"
        item.key = "old"


# --- threads that share


@pytest.mark.defect("I-36")
@pytest.mark.parametrize("undo", [True, False], ids=["rolled_back", "committed"])
def test_a_second_writer_waits_for_the_first_ones_transaction(settings, stored, undo):
    settings.PERDURE_THREADS = "shared"
    ownership.claim()
    assert ownership.owner() is None
    item = Item.objects.create(db_key="start", db_count=0)
    written, started, order = threading.Event(), threading.Event(), []

    def first():
        try:
            with transaction.atomic():
                item.count = 1
                written.set()
                assert started.wait(LONG)
                order.append("first ends")
                if undo:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        finally:
            connection.close()

    def second():
        try:
            assert written.wait(LONG)
            started.set()
            item.key = "second"
            order.append("second has written")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(first), pool.submit(second)]:
            future.result(LONG)
    assert order == ["first ends", "second has written"]
    assert stored(item, "db_key", "db_count") == ("second", 0 if undo else 1)
    assert (item.key, item.count) == ("second", 0 if undo else 1)


def test_a_wait_that_does_not_end_says_so(settings, monkeypatch):
    settings.PERDURE_THREADS = "shared"
    monkeypatch.setattr(ownership, "WAIT_LIMIT", 0.0)
    item = Item.objects.create(db_key="start")
    with transaction.atomic():
        item.key = "first"
        with pytest.raises(WrongThread, match="did not end"):
            in_thread(setattr, item, "key", "second")
    assert item.key == "first"


def test_each_of_many_writers_is_heard(settings):
    settings.PERDURE_THREADS = "shared"
    items = [Item.objects.create(db_key=f"i{n}") for n in range(4)]

    def write(number):
        try:
            for turn in range(5):
                with transaction.atomic():
                    Item.objects.select_for_update().get(pk=items[number].pk)
                    items[number].count = items[number].count + 1
                    items[number].note = f"turn {turn}"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(write, n) for n in range(4)]:
            future.result(LONG)
    assert [item.count for item in items] == [5, 5, 5, 5]
    for item in items:
        item.refresh_from_db()
    assert [(item.count, item.note) for item in items] == [(5, "turn 4")] * 4


# --- which thread imported what


@pytest.mark.defect("I-37")
def test_a_save_in_a_worker_thread_has_happened_when_it_returns(stored):
    def work():
        item = Item.objects.create(db_key="worker")
        item.key = "worked"
        return item

    item = in_thread(work)
    assert item.pk is not None
    assert Item.objects.get(db_key="worked") is item
    assert stored(item, "db_key") == "worked"
