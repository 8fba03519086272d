"""Law 5: what stays in memory, within a budget; and honest figures about it."""

from __future__ import annotations

import contextlib
import gc
import logging
import weakref

import pytest
from django.db import transaction

from perdure.idmapper import models as idmapper
from perdure.idmapper.models import cache_size, cache_stats, conditional_flush, flush_cache
from perdure.idmapper.residency import residents
from tests.idmapper_app.models import Car, Childless, Fleeting, Item, Mark, SpecialItem, Vehicle, Watched

pytestmark = pytest.mark.usefixtures("db")

PADDING = "x" * 20_000


@pytest.fixture
def budget(settings):
    """`budget(bytes)` sets the budget of the resident set."""

    def set_budget(size):
        settings.IDMAPPER_CACHE_MAXSIZE = size / 1024 / 1024

    return set_budget


# --- eviction


@pytest.mark.defect("I-29")
@pytest.mark.parametrize("block", [transaction.atomic, contextlib.nullcontext], ids=["transaction", "autocommit"])
def test_the_budget_is_kept_over_ten_times_as_many_objects(budget, block):
    Item.objects.bulk_create([Item(db_key=f"i{n}", db_note=PADDING) for n in range(600)])
    flush_cache()
    size = 60 * len(PADDING)
    budget(size)
    before = residents.evictions
    peak = 0
    with block():
        for number, item in enumerate(Item.objects.order_by("pk").iterator()):
            assert item.note == PADDING
            peak = max(peak, residents.bytes)
            assert len(residents) <= number + 1
    residents.measure()
    assert residents.bytes <= size
    assert peak <= size + 5 * len(PADDING)
    assert residents.evictions - before >= 500
    assert 30 <= len(residents) <= 60
    gc.collect()
    assert sum(1 for one in gc.get_objects() if type(one) is Item) <= len(residents) + 1


@pytest.mark.defect("I-29")
def test_the_coldest_go_first_and_one_at_a_time(budget):
    made = [Item.objects.create(db_key=f"i{n}", db_note=PADDING + str(n)) for n in range(20)]
    hot, seen = made[0].pk, [weakref.ref(item) for item in made]
    del made
    residents.measure()
    Item.objects.get(pk=hot)
    budget(residents.bytes - 1)
    gone = residents.evict()
    assert gone == 1
    gc.collect()
    assert [ref() is None for ref in seen] == [False, True] + [False] * 18


@pytest.mark.defect("I-29")
def test_an_evicted_instance_that_is_held_keeps_its_identity(budget):
    held = Item.objects.create(db_key="a", db_note=PADDING)
    budget(1)
    residents.evict()
    assert held not in residents
    assert Item.objects.get(db_key="a") is held
    held.key = "b"
    assert Item.objects.filter(db_key="b").get() is held


@pytest.mark.defect("I-30")
def test_plain_python_attributes_stay_as_long_as_anybody_holds_the_instance(budget):
    held = Item.objects.create(db_key="a")
    held.mood = "sunny"
    budget(1)
    residents.evict()
    gc.collect()
    assert Item.objects.get(db_key="a").mood == "sunny"


@pytest.mark.defect("I-30")
def test_an_instance_that_says_no_keeps_what_it_has_in_memory(budget):
    watched = Watched.objects.create(db_key="w")
    watched.may_go = False
    watched.mood = "sunny"
    number = watched.pk
    del watched
    budget(1)
    residents.evict()
    flush_cache()
    assert Watched.objects.get(pk=number).mood == "sunny"
    assert cache_stats().pinned == {"at_idmapper_flush said no": 1}


def test_what_is_pinned_is_reported_with_its_reason(budget):
    dirty, stubborn = Item.objects.create(db_key="a"), Watched.objects.create(db_key="w")
    loose = Item.objects.create(db_key="b")
    dirty.db_key = "unsaved"
    stubborn.may_go = False
    budget(1)
    residents.evict()
    assert dirty in residents
    assert stubborn in residents
    assert loose not in residents
    assert cache_stats().pinned == {"unsaved changes": 1, "at_idmapper_flush said no": 1}
    dirty.save()
    stubborn.may_go = True
    residents.evict()
    assert len(residents) == 0
    assert cache_stats().pinned == {}


def test_gathered_writes_survive_eviction(budget, stored):
    budget(1)
    with transaction.atomic():
        for number in range(10):
            Item.objects.create(db_key=f"i{number}")
        for number in range(10):
            Item.objects.get(db_key=f"i{number}").count = number
        residents.evict()
        gc.collect()
    assert list(Item.objects.order_by("pk").values_list("db_count", flat=True)) == list(range(10))


def test_no_budget_means_no_eviction(settings):
    settings.IDMAPPER_CACHE_MAXSIZE = None
    made = [Item.objects.create(db_key=f"i{n}").pk for n in range(100)]
    assert residents.evict() == 0
    assert len(residents) == len(made)
    assert cache_stats().budget_bytes is None


def test_a_deleted_instance_is_not_kept():
    item = Item.objects.create(db_key="a")
    seen = weakref.ref(item)
    item.delete()
    assert item not in residents
    del item
    gc.collect()
    assert seen() is None


# --- flush_cache and its hook


@pytest.mark.defect("I-14")
def test_each_object_is_asked_once_by_a_flush():
    stays, goes = Watched.objects.create(db_key="s"), Watched.objects.create(db_key="g")
    stays.may_go = False
    Watched.events.clear()
    flush_cache()
    asked = [pk for hook, pk, *_ in Watched.events if hook == "at_idmapper_flush"]
    assert sorted(asked) == [stays.pk, goes.pk]
    assert (stays in residents, goes in residents) == (True, False)
    Watched.flush_instance_cache(force=True)
    assert stays not in residents
    assert Watched.objects.get(db_key="s") is stays


def test_flushing_one_instance_asks_it_unless_forced():
    watched = Watched.objects.create(db_key="w")
    watched.may_go = False
    Watched.flush_cached_instance(watched, force=False)
    assert watched in residents
    watched.flush_from_cache()
    assert watched in residents
    watched.flush_from_cache(force=True)
    assert watched not in residents
    Watched.cache_instance(watched)
    assert watched in residents
    idmapper.flush_cached_instance(Watched, watched)
    assert watched not in residents
    idmapper.update_cached_instance(Watched, watched)
    assert watched in residents


def test_an_unsaved_change_survives_a_flush():
    number = Item.objects.create(db_key="a").pk
    Item.objects.get(pk=number).db_key = "unsaved"
    flush_cache()
    assert Item.objects.get(pk=number).key == "unsaved"


@pytest.mark.defect("I-17")
def test_an_abstract_model_without_children_harms_nobody():
    assert Childless._meta.abstract
    Item.objects.create(db_key="a")
    flush_cache()
    assert cache_size() == (0, {})


@pytest.mark.defect("I-18")
def test_a_flush_empties_parents_and_children_of_an_inheritance():
    Car.objects.create(db_key="c")
    Vehicle.objects.create(db_key="v")
    assert len(list(Vehicle.objects.all())) == 2
    flush_cache()
    assert cache_size() == (0, {})


# --- figures


@pytest.mark.defect("I-16")
def test_cache_size_counts_each_instance_once():
    held = [Item.objects.create(db_key="a"), SpecialItem.objects.create(db_key="b"), Mark.objects.create(db_key="m")]
    held.append(Fleeting.objects.create(db_key="f"))
    assert cache_size() == cache_size(mb=False) == (4, {"Item": 2, "Mark": 1, "Fleeting": 1})
    held.pop()
    held[0].delete()
    held.pop(0)
    gc.collect()
    assert cache_size() == (2, {"Item": 1, "Mark": 1})


def test_cache_stats_are_exact_where_they_can_be():
    before = cache_stats()
    held = Item.objects.create(db_key="a", db_note=PADDING)
    weak = Fleeting.objects.create(db_key="f")
    Item.objects.get(pk=held.pk)
    Item.objects.get(pk=held.pk)
    stats = cache_stats()
    assert stats.live == {Item.path: 1, Fleeting.path: 1}
    assert stats.resident == {Item.path: 1}
    assert stats.total == 2
    assert stats.hits - before.hits == 2
    assert stats.misses == before.misses
    assert len(PADDING) < stats.estimated_bytes < len(PADDING) + 20_000
    assert stats.error == 0
    assert "mean deep size" in stats.method
    number = held.pk
    del held, weak
    flush_cache()
    Item.objects.get(pk=number)
    assert cache_stats().misses - stats.misses == 1


def test_the_estimate_states_its_error():
    for number in range(40):
        Item.objects.create(db_key="a", db_note="x" * (number % 2) * 100_000)
    stats = cache_stats()
    true = 20 * 100_000
    assert stats.error > 0
    assert abs(stats.estimated_bytes - true) < 5 * stats.error * stats.estimated_bytes + 40 * 4000


# --- conditional_flush


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told."""

    class Clock:
        now = 1_000_000.0

        def monotonic(self):
            return self.now

    made = Clock()
    monkeypatch.setattr(idmapper, "time", made)
    monkeypatch.setattr(idmapper._FlushClock, "last", made.now - 2 * idmapper.AUTO_FLUSH_MIN_INTERVAL)
    return made


def fill():
    for number in range(5):
        Item.objects.create(db_key=f"i{number}", db_note=PADDING + str(number))


@pytest.mark.defect("I-39")
def test_conditional_flush_flushes_over_its_limit_at_most_once_in_five_minutes(clock, caplog):
    limit = 2 * len(PADDING) / 1024 / 1024
    fill()
    conditional_flush(50)
    assert len(residents) == 5
    conditional_flush(limit)
    assert len(residents) == 0
    fill()
    clock.now += idmapper.AUTO_FLUSH_MIN_INTERVAL - 1
    with caplog.at_level(logging.WARNING, "perdure.idmapper"):
        conditional_flush(limit)
    assert len(residents) == 5
    assert "flushed less than 300 s ago" in caplog.text
    clock.now += 1
    conditional_flush(limit)
    assert len(residents) == 0
    assert idmapper.AUTO_FLUSH_MIN_INTERVAL == 300.0


@pytest.mark.defect("I-39")
@pytest.mark.parametrize("limit", [None, 0, 1000])
def test_conditional_flush_with_force_flushes_whatever_the_limit_and_the_clock(clock, limit):
    conditional_flush(None, force=True)
    fill()
    conditional_flush(limit)
    assert len(residents) == 5
    conditional_flush(limit, force=True)
    assert len(residents) == 0
