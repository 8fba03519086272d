"""What the identity map's page promises, sentence by sentence, on plain models."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from django.db.models.signals import post_delete, post_save

from perdure.idmapper import models as idmapper
from perdure.idmapper.models import SharedMemoryModel, WeakSharedMemoryModel
from perdure.idmapper.residency import residents
from tests.idmapper_app.models import Fleeting, Item, Watched

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(db: None) -> Iterator[None]:
    Watched.events.clear()
    yield
    Watched.events.clear()
    for model in (Item, Watched):
        model.flush_instance_cache(force=True)


@pytest.fixture
def item(db: None) -> Item:
    return Item.objects.create(db_key="item")


def hooks(name: str) -> list[tuple]:
    return [event for event in Watched.events if event[0] == name]


@pytest.mark.promise("strong-cache")
@pytest.mark.django_db(transaction=True)
def test_an_instance_that_nobody_refers_to_stays_with_what_was_set_on_it() -> None:
    pk = Item.objects.create(db_key="item").pk
    Item.objects.get(pk=pk).only_in_memory = ["kept"]
    gc.collect()
    assert Item.objects.get(pk=pk).only_in_memory == ["kept"]
    assert Item.objects.filter(db_key="item")[0].only_in_memory == ["kept"]


@pytest.mark.promise("inherit-from-this")
def test_whatever_route_leads_to_a_row_the_instance_is_one(item: Item) -> None:
    home = Item.objects.create(db_key="home")
    item.home = home
    assert Item.objects.get(pk=item.pk) is item
    assert Item.objects.filter(db_key="item").first() is item
    assert list(home.residents.all()) == [item]
    assert home.residents.get() is item
    assert Item.objects.select_related("db_home").get(pk=item.pk).db_home is home


@pytest.mark.promise("get-cached-instance")
def test_get_cached_instance(item: Item, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert Item.get_cached_instance(item.pk) is item
        assert Item.get_cached_instance(str(item.pk)) is item
        assert Item.get_cached_instance(item.pk + 1000) is None


@pytest.mark.promise("lookup-always")
@pytest.mark.django_db(transaction=True)
def test_the_lookup_is_made_for_classes_that_are_not_held_too() -> None:
    fleeting = Fleeting.objects.create(db_key="fleeting")
    pk = fleeting.pk
    assert Fleeting.get_cached_instance(pk) is fleeting
    del fleeting
    gc.collect()
    assert Fleeting.get_cached_instance(pk) is None


@pytest.mark.promise("cache-instance")
def test_cache_instance_holds_it_and_tells_it_when_it_is_new() -> None:
    watched = Watched.objects.create(db_key="watched")
    Watched.flush_cached_instance(watched)
    assert watched not in residents
    Watched.events.clear()
    Watched.cache_instance(watched)
    assert watched in residents
    assert hooks("at_init") == []
    Watched.cache_instance(watched, new=True)
    assert len(hooks("at_init")) == 1


@pytest.mark.promise("all-cached-instances")
def test_get_all_cached_instances(item: Item) -> None:
    other = Item.objects.create(db_key="other")
    cached = Item.get_all_cached_instances()
    assert item in cached
    assert other in cached
    assert all(isinstance(one, Item) for one in cached)


@pytest.mark.promise("flush-one")
def test_flushing_one_always_lets_it_go() -> None:
    watched = Watched.objects.create(db_key="watched")
    watched.may_go = False
    Watched.flush_cached_instance(watched, force=False)
    assert watched in residents
    Watched.flush_cached_instance(watched)
    assert watched not in residents
    watched.delete()
    assert Watched.get_cached_instance(watched.pk) is None


@pytest.mark.promise("flush-class")
def test_flushing_a_class_lets_go_of_what_is_safe_and_of_everything_by_force(item: Item) -> None:
    safe, unsafe = Watched.objects.create(db_key="safe"), Watched.objects.create(db_key="unsafe")
    unsafe.may_go = False
    Watched.flush_instance_cache()
    assert (safe in residents, unsafe in residents, item in residents) == (False, True, True)
    Watched.flush_instance_cache(force=True)
    assert (unsafe in residents, item in residents) == (False, True)


@pytest.mark.promise("flush-hook")
@pytest.mark.promise("flush-cache")
def test_flushing_the_cache_asks_each_instance_once() -> None:
    goes, stays = Watched.objects.create(db_key="goes"), Watched.objects.create(db_key="stays")
    stays.may_go = False
    Watched.events.clear()
    idmapper.flush_cache()
    assert sorted(hooks("at_idmapper_flush")) == [("at_idmapper_flush", goes.pk), ("at_idmapper_flush", stays.pk)]
    assert (goes in residents, stays in residents) == (False, True)


@pytest.mark.promise("flush-self")
def test_an_instance_flushes_itself() -> None:
    watched = Watched.objects.create(db_key="watched")
    watched.may_go = False
    watched.flush_from_cache()
    assert watched in residents
    watched.flush_from_cache(force=True)
    assert watched not in residents


@pytest.mark.promise("delete-clears")
def test_deleting_clears_the_cache(item: Item) -> None:
    pk = item.pk
    item.delete()
    assert Item.get_cached_instance(pk) is None
    assert item not in residents
    assert not Item.objects.filter(pk=pk).exists()


@pytest.mark.promise("save-as-django")
def test_save_takes_djangos_arguments(item: Item) -> None:
    item.db_key, item.db_count = "new", 5
    item.save(update_fields=["db_key"])
    assert Item.objects.filter(pk=item.pk).values_list("db_key", "db_count").get() == ("new", 0)
    item.save()
    assert Item.objects.filter(pk=item.pk).values_list("db_count", flat=True).get() == 5
    made = Item(db_key="made")
    made.save(force_insert=True, using="default")
    assert Item.objects.get(db_key="made") is made


@pytest.mark.promise("postsave-hook")
def test_saving_calls_the_hook_of_each_field_written() -> None:
    watched = Watched(db_key="watched")
    watched.save()
    assert hooks("at_db_key_postsave") == [("at_db_key_postsave", watched.pk, True)]
    Watched.events.clear()
    watched.key = "other"
    assert hooks("at_db_key_postsave") == [("at_db_key_postsave", watched.pk, False)]
    assert hooks("at_db_other_postsave") == []


@pytest.mark.promise("path-and-typename")
def test_path_and_typename() -> None:
    assert SharedMemoryModel.path == "perdure.idmapper.models.SharedMemoryModel"
    assert SharedMemoryModel.typename == "SharedMemoryModelBase"
    assert WeakSharedMemoryModel.path == "perdure.idmapper.models.WeakSharedMemoryModel"
    assert WeakSharedMemoryModel.typename == "WeakSharedMemoryModelBase"
    assert Item.path == "tests.idmapper_app.models.Item"


@pytest.mark.promise("weak-cache")
@pytest.mark.django_db(transaction=True)
def test_a_weak_instance_goes_with_the_last_that_refers_to_it() -> None:
    fleeting = Fleeting.objects.create(db_key="fleeting")
    pk = fleeting.pk
    assert Fleeting.objects.get(pk=pk) is fleeting
    fleeting.only_in_memory = True
    del fleeting
    gc.collect()
    assert pk not in [one.pk for one in Fleeting.get_all_cached_instances()]
    assert not hasattr(Fleeting.objects.get(pk=pk), "only_in_memory")


@pytest.mark.promise("cascades")
def test_cascades_are_caught(item: Item) -> None:
    owned = Item.objects.create(db_key="owned", db_owner=item)
    pk = owned.pk
    item.delete()
    assert Item.get_cached_instance(pk) is None
    assert owned not in residents


@pytest.mark.promise("flush-receiver")
@pytest.mark.promise("update-receiver")
def test_the_functions_that_have_the_shape_of_receivers(item: Item) -> None:
    other = Item.objects.create(db_key="other")
    idmapper.flush_cached_instance(Item, item)
    assert (item in residents, other in residents) == (False, True)
    idmapper.update_cached_instance(Item, item)
    assert item in residents
    post_save.connect(idmapper.flush_cached_instance, sender=Item)
    post_delete.connect(idmapper.flush_cached_instance, sender=Item)
    try:
        other.save()
        assert other not in residents
        other.delete()
    finally:
        post_save.disconnect(idmapper.flush_cached_instance, sender=Item)
        post_delete.disconnect(idmapper.flush_cached_instance, sender=Item)


@pytest.mark.promise("conditional-flush")
def test_a_conditional_flush_waits_for_its_limit_and_its_time(item: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(idmapper.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(idmapper._FlushClock, "last", -idmapper.AUTO_FLUSH_MIN_INTERVAL)
    idmapper.conditional_flush(10_000)
    assert item in residents, "under the limit"
    tiny = 1 / 1024 / 1024
    idmapper.conditional_flush(tiny)
    assert item not in residents, "over the limit"
    Item.cache_instance(item)
    now[0] += idmapper.AUTO_FLUSH_MIN_INTERVAL - 1
    idmapper.conditional_flush(tiny)
    assert item in residents, "too soon after the last"
    idmapper.conditional_flush(tiny, force=True)
    assert item not in residents, "forced"
    Item.cache_instance(item)
    now[0] += idmapper.AUTO_FLUSH_MIN_INTERVAL + 1
    idmapper.conditional_flush(tiny)
    assert item not in residents, "late enough"
