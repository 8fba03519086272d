"""Law 1: one live instance per row, whatever route led to it."""

from __future__ import annotations

import copy
import gc
import pickle
import uuid
import weakref

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, models, router, transaction
from django.db.models import Count, F, Prefetch, Q, prefetch_related_objects
from django.test.utils import CaptureQueriesContext

from perdure.errors import DeletedObject, DuplicateInstance, UnsavedObject
from perdure.idmapper.models import flush_cache
from perdure.idmapper.states import State, state_of
from tests.idmapper_app.models import (
    Awkward,
    Car,
    Custom,
    Fleeting,
    FleetingProxy,
    Item,
    Mark,
    Named,
    Place,
    Plain,
    SpecialItem,
    Ticket,
    Vehicle,
    Versioned,
    Watched,
)

usual = pytest.mark.usefixtures("db")
both = pytest.mark.usefixtures("mode")


def cold(instance):
    """The pk of `instance`, whose last reference the caller gives up."""
    return instance.pk


# --- routes

ROUTES = {
    "get_pk": lambda pk: Item.objects.get(pk=pk),
    "get_id_text": lambda pk: Item.objects.get(id=str(pk)),
    "get_field": lambda pk: Item.objects.get(db_key="a"),
    "filter": lambda pk: Item.objects.filter(db_key="a")[0],
    "exclude": lambda pk: Item.objects.exclude(db_key__in=["child", "plain"]).get(),
    "first": lambda pk: Item.objects.order_by("pk").first(),
    "earliest": lambda pk: Item.objects.earliest("pk"),
    "iteration": lambda pk: next(item for item in Item.objects.all() if item.pk == pk),
    "iterator": lambda pk: next(Item.objects.filter(pk=pk).iterator()),
    "iterator_chunks": lambda pk: next(Item.objects.filter(pk=pk).prefetch_related("db_marks").iterator(chunk_size=2)),
    "raw": lambda pk: Item.objects.raw("SELECT * FROM idmapper_app_item WHERE id = %s", [pk])[0],
    "raw_partial": lambda pk: Item.objects.raw("SELECT id, db_key FROM idmapper_app_item WHERE id = %s", [pk])[0],
    "only": lambda pk: Item.objects.only("db_count").get(db_key="a"),
    "defer": lambda pk: Item.objects.defer("db_key").get(db_key="a"),
    "in_bulk": lambda pk: Item.objects.in_bulk([pk])[pk],
    "in_bulk_field": lambda pk: Item.objects.in_bulk(["code"], field_name="db_code")["code"],
    "annotate": lambda pk: Item.objects.annotate(n=Count("belongings")).get(db_key="a"),
    "alias_extra": lambda pk: Item.objects.alias(n=F("db_count")).extra(select={"one": "1"}).get(db_key="a"),
    "distinct_union": lambda pk: Item.objects.filter(pk=pk).union(Item.objects.filter(pk=pk))[0],
    "reverse_values": lambda pk: Item.objects.filter(pk__in=Item.objects.filter(pk=pk).values("pk")).get(),
    "get_or_create": lambda pk: Item.objects.get_or_create(db_key="a")[0],
    "update_or_create": lambda pk: Item.objects.update_or_create(db_key="a", defaults={"db_note": "n"})[0],
    "foreign_key": lambda pk: Item.objects.get(db_key="child").db_owner,
    "wrapper": lambda pk: Item.objects.get(db_key="child").owner,
    "select_related": lambda pk: Item.objects.select_related("db_owner").get(db_key="child").owner,
    "prefetch_forward": lambda pk: Item.objects.prefetch_related("db_owner").get(db_key="child").owner,
    "prefetch_reverse": lambda pk: Plain.objects.prefetch_related("items").get().items.all()[0].owner,
    "reverse_manager": lambda pk: Mark.objects.get().items.get(pk=pk),
    "many_to_many": lambda pk: Mark.objects.get().items.all()[0],
    "prefetch_many": lambda pk: Mark.objects.prefetch_related("items").get().items.all()[0],
    "one_to_one": lambda pk: Place.objects.get().keeper,
    "select_one_to_one": lambda pk: Place.objects.select_related("db_keeper").get().db_keeper,
    "from_plain": lambda pk: Plain.objects.get().favourite,
    "from_plain_select_related": lambda pk: Plain.objects.select_related("favourite").get().favourite,
    "related_filter": lambda pk: Item.objects.get(belongings__db_key="child"),
    "proxy": lambda pk: SpecialItem.objects.filter(pk=pk).first(),
    "cached": lambda pk: Item.get_cached_instance(pk) or Item.objects.get(pk=pk),
    "base_manager": lambda pk: Item._base_manager.get(pk=pk),
}


@both
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("start", ["held", "flushed", "cold"])
def test_every_route_gives_the_one_instance(route, start):
    item = Item.objects.create(db_key="a", db_code="code")
    child = Item.objects.create(db_key="child", db_owner=item)
    plain = Plain.objects.create(name="p", favourite=item)
    Item.objects.create(db_key="plain", db_plain=plain, db_owner=item)
    mark = Mark.objects.create(db_key="m")
    mark.items.add(item)
    Place.objects.create(db_key="place", db_keeper=item)
    number, digest = item.pk, id(item)
    seen = weakref.ref(item)
    if start != "held":
        if start == "cold":
            del item
        del child, plain, mark
        flush_cache()
        gc.collect()
    found = ROUTES[route](number)
    again = ROUTES[route](number)
    assert found is again is Item.get_cached_instance(number)
    assert (found.key, found.pk) == ("a", number)
    if start != "cold":
        assert found is seen()
        assert id(found) == digest
    assert ROUTES["get_field"](number) is found


@usual
def test_a_get_of_a_live_row_needs_no_query(django_assert_num_queries):
    item = Item.objects.create(db_key="a")
    named = Named.objects.create(db_slug="s")
    with django_assert_num_queries(0):
        assert Item.objects.get(pk=item.pk) is item
        assert Item.objects.get(id=item.pk) is item
        assert Item.objects.get(pk__exact=item.pk) is item
        assert Named.objects.get(db_slug="s") is named
        assert Item.get_cached_instance(item.pk) is item
        assert Item.get_cached_instance(str(item.pk)) is item
        assert Item.get_cached_instance("no number") is None


@usual
def test_more_conditions_than_the_key_are_obeyed():
    item = Item.objects.create(db_key="a")
    with pytest.raises(Item.DoesNotExist):
        Item.objects.get(Q(db_key="nope"), pk=item.pk)
    with pytest.raises(Item.DoesNotExist):
        Item.objects.get(pk=item.pk, db_key="nope")
    with pytest.raises(Item.DoesNotExist):
        Item.objects.filter(db_key="nope").get(pk=item.pk)


@usual
@pytest.mark.defect("I-24")
def test_managers_of_relations_find_only_what_is_related():
    first, second = Item.objects.create(db_key="a"), Item.objects.create(db_key="b")
    mark = Mark.objects.create(db_key="m")
    first.db_marks.add(mark)
    child = Item.objects.create(db_key="child", db_owner=first)
    assert first.db_marks.get(pk=mark.pk) is mark
    assert first.belongings.get(pk=child.pk) is child
    with pytest.raises(Mark.DoesNotExist):
        second.db_marks.get(pk=mark.pk)
    with pytest.raises(Item.DoesNotExist):
        second.belongings.get(pk=child.pk)
    with pytest.raises(Item.DoesNotExist):
        mark.items.get(pk=second.pk)


# --- flushing


@usual
@pytest.mark.defect("I-12")
@pytest.mark.parametrize("force", [True, False])
def test_flushing_one_instance_keeps_its_identity(force):
    item = Item.objects.create(db_key="a")
    number, seen = item.pk, weakref.ref(item)
    Item.flush_cached_instance(item, force=force)
    assert Item.objects.get(db_key="a") is item
    Item.flush_cached_instance(item, force=force)
    del item
    gc.collect()
    assert seen() is None
    assert Item.get_cached_instance(number) is None
    assert Item.objects.get(pk=number).key == "a"


@usual
@pytest.mark.defect("I-13")
@pytest.mark.parametrize("flush", [flush_cache, lambda: Item.flush_instance_cache(force=True)])
def test_a_held_reference_survives_a_flush_as_the_same_instance(elsewhere, stored, flush):
    held = Item.objects.create(db_key="a", db_count=1)
    held.aside = "kept"
    flush()
    elsewhere.set(held, db_count=2)
    again = Item.objects.get(db_key="a")
    assert again is held
    assert again.aside == "kept"
    held.key = "b"
    assert stored(held, "db_key", "db_count") == ("b", 2)


@usual
@pytest.mark.defect("I-22")
def test_unsaved_instances_are_not_in_the_map():
    phantom = Item(id=999_999, db_key="phantom")
    with pytest.raises(Item.DoesNotExist):
        Item.objects.get(id=999_999)
    assert Item.get_cached_instance(999_999) is None
    with pytest.raises(UnsavedObject):
        Item.cache_instance(phantom)
    assert state_of(phantom) is State.NEW


@usual
@pytest.mark.defect("I-22")
def test_a_text_key_means_the_same_row():
    item = Item.objects.create(db_key="a")
    twin = Item(id=str(item.pk), db_key="twin")
    with pytest.raises(DuplicateInstance, match="is live"):
        twin.save()
    assert (item.key, Item.objects.count()) == ("a", 1)
    later = Item(id="123456", db_key="later")
    later.save()
    assert later.pk == 123456
    assert Item.objects.get(pk=123456) is later is Item.objects.get(id="123456")


@usual
def test_a_known_row_is_not_inserted_twice():
    item = Item.objects.create(db_key="a")
    with pytest.raises(DuplicateInstance):
        item.save(force_insert=True)
    with pytest.raises(IntegrityError):
        number = cold(item)
        del item
        flush_cache()
        Item(id=number, db_key="twin").save(force_insert=True)


@usual
def test_saving_a_draft_with_the_key_of_a_cold_row_makes_it_the_instance(stored):
    number = cold(Item.objects.create(db_key="a"))
    flush_cache()
    draft = Item(id=number, db_key="b")
    draft.save()
    assert Item.objects.get(pk=number) is draft
    assert stored(draft, "db_key") == "b"


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
@pytest.mark.defect("I-23")
def test_the_database_is_part_of_the_key(stored):
    item = Item.objects.create(db_key="here")
    twin = Item(pk=item.pk, db_key="there")
    twin.save(using="other")
    assert Item.objects.using("other").get(pk=item.pk) is twin
    assert Item.objects.get(pk=item.pk) is item
    assert Item.objects.db_manager("other").get(pk=item.pk) is twin
    assert (item._state.db, twin._state.db) == ("default", "other")
    item.key, twin.key = "here still", "there still"
    assert (stored(item, "db_key"), stored(twin, "db_key")) == ("here still", "there still")
    with pytest.raises(ZeroDivisionError), transaction.atomic(using="other"):
        twin.key = "undone"
        item.key = "stays"
        _ = 1 / 0
    assert (item.key, twin.key) == ("stays", "there still")
    item.save(using="other")
    assert (twin.key, item._state.db) == ("stays", "default")
    child = Item(db_key="child", db_owner_id=item.pk)
    child.save(using="other")
    assert child.owner is twin
    twin.delete()
    assert item.key == "stays"
    assert state_of(child) is State.DELETED


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
@pytest.mark.defect("I-23")
def test_a_routed_model_is_looked_up_where_the_router_says(monkeypatch):
    here = Item.objects.create(db_key="here")
    there = Item(pk=here.pk, db_key="there")
    there.save(using="other")

    class ToOther:
        def db_for_read(self, model, **hints):
            return "other" if model is Item else None

    monkeypatch.setattr(router, "routers", [ToOther()])
    assert Item.objects.get(pk=here.pk) is there
    assert Item.objects.get(db_key="there") is there


# --- copies


@both
@pytest.mark.defect("I-25")
@pytest.mark.parametrize(
    "clone",
    [copy.copy, copy.deepcopy, lambda item: pickle.loads(pickle.dumps(item)), lambda item: copy.deepcopy([item])[0]],
    ids=["copy", "deepcopy", "pickle", "deepcopy_inside"],
)
def test_a_copy_is_the_instance_itself(clone):
    item = Item.objects.create(db_key="a")
    assert clone(item) is item


@usual
@pytest.mark.defect("I-25")
def test_a_pickle_finds_a_cold_row_and_refuses_one_without():
    item = Item.objects.create(db_key="a")
    text = pickle.dumps(item)
    assert b"db_key" not in text
    del item
    flush_cache()
    assert pickle.loads(text) is Item.objects.get(db_key="a")
    with pytest.raises(UnsavedObject):
        pickle.dumps(Item(db_key="new"))
    Item.objects.all().delete()
    with pytest.raises(Item.DoesNotExist):
        pickle.loads(text)


# --- annotations and prefetched relations


@both
@pytest.mark.defect("I-26")
def test_annotations_do_not_stick():
    item = Item.objects.create(db_key="a", db_count=2)
    assert Item.objects.annotate(twice=F("db_count") * 2).get().twice == 4
    assert Item.objects.annotate(thrice=F("db_count") * 3).get().thrice == 6
    assert not hasattr(item, "twice")
    assert Item.objects.get(db_key="a") is item
    assert not hasattr(item, "thrice")
    (found,) = Item.objects.raw("SELECT id, 7 AS seven FROM idmapper_app_item")
    assert found.seven == 7
    Item.objects.get(pk=item.pk)
    assert not hasattr(item, "seven")


@both
@pytest.mark.defect("I-26")
def test_a_prefetched_relation_is_fresh_after_a_write(django_assert_num_queries):
    item = Item.objects.create(db_key="a")
    child = Item.objects.create(db_key="c", db_owner=item)
    assert Item.objects.filter(pk=item.pk).prefetch_related("belongings")[0] is item
    with django_assert_num_queries(0):
        assert list(item.belongings.all()) == [child]
    other = Item.objects.create(db_key="d", db_owner=item)
    assert set(item.belongings.all()) == {child, other}
    Item.objects.filter(pk=item.pk).prefetch_related("belongings")[0]
    other.owner = None
    assert set(item.belongings.all()) == {child}


@both
@pytest.mark.defect("I-26")
def test_a_prefetch_is_fetched_again_by_each_query(elsewhere):
    item = Item.objects.create(db_key="a")
    child = Item.objects.create(db_key="c", db_owner=item)
    some = Prefetch("belongings", Item.objects.filter(db_key="nothing"))
    Item.objects.filter(pk=item.pk).prefetch_related(some)[0]
    assert list(item.belongings.all()) == []
    Item.objects.filter(pk=item.pk).prefetch_related("belongings")[0]
    assert list(item.belongings.all()) == [child]
    Item.objects.filter(pk=item.pk).prefetch_related(some)[0]
    Item.objects.get(pk=item.pk)
    assert list(item.belongings.all()) == [child]


@both
@pytest.mark.defect("I-26")
@pytest.mark.parametrize("chunked", [False, True])
def test_prefetched_lists_with_a_name_of_their_own_do_not_stick(chunked):
    item = Item.objects.create(db_key="a")
    child = Item.objects.create(db_key="c", db_owner=item)
    named = Prefetch("belongings", Item.objects.filter(db_key="c"), to_attr="found")

    def query():
        queryset = Item.objects.filter(pk=item.pk).prefetch_related(named)
        return next(queryset.iterator(chunk_size=5)) if chunked else queryset[0]

    assert query().found == [child]
    child.key = "d"
    assert query().found == []
    Item.objects.get(pk=item.pk)
    assert not hasattr(item, "found")


@both
@pytest.mark.defect("I-26")
def test_nested_prefetched_lists_do_not_stick():
    item = Item.objects.create(db_key="a")
    child = Item.objects.create(db_key="c", db_owner=item)
    grandchild = Item.objects.create(db_key="g", db_owner=child)
    nested = Prefetch("belongings__belongings", Item.objects.filter(db_key="g"), to_attr="found")
    Item.objects.filter(pk=item.pk).prefetch_related(nested)[0]
    assert child.found == [grandchild]
    grandchild.key = "h"
    Item.objects.filter(pk=item.pk).prefetch_related(nested)[0]
    assert child.found == []
    Item.objects.get(pk=child.pk)
    assert not hasattr(child, "found")


@both
def test_prefetching_for_instances_one_has(django_assert_num_queries):
    item = Item.objects.create(db_key="a")
    child = Item.objects.create(db_key="c", db_owner=item)
    prefetch_related_objects([item], "belongings")
    with django_assert_num_queries(0):
        assert list(item.belongings.all()) == [child]


# --- bulk creation


@both
@pytest.mark.defect("I-27")
def test_bulk_create_makes_live_instances_and_runs_their_hooks():
    made = [Watched(db_key=f"w{n}") for n in range(3)]
    assert Watched.objects.bulk_create(made) == made
    assert all(a is b for a, b in zip(made, Watched.objects.order_by("pk"), strict=True))
    assert [Watched.objects.get(pk=one.pk) for one in made] == made
    assert [event[0] for event in Watched.events].count("at_init") == 3
    assert [event for event in Watched.events if event[0] == "at_db_key_postsave"] == [
        ("at_db_key_postsave", one.pk, True) for one in made
    ]


@usual
@pytest.mark.defect("I-27")
def test_an_undone_bulk_create_leaves_nothing():
    made = [Item(db_key="a", db_code="x"), Item(db_key="b", db_code="x")]
    with pytest.raises(IntegrityError):
        Item.objects.bulk_create(made)
    assert Item.get_all_cached_instances() == []
    assert [state_of(one) for one in made] == [State.NEW, State.NEW]
    made[1].code = "y"
    assert Item.objects.get() is made[1]


@both
@pytest.mark.defect("I-27")
@pytest.mark.parametrize("option", ["ignore", "update"])
def test_bulk_create_over_rows_that_exist_splits_no_identity(option):
    live = Named.objects.create(db_slug="a", db_title="old")
    options = (
        {"ignore_conflicts": True}
        if option == "ignore"
        else {"update_conflicts": True, "update_fields": ["db_title"], "unique_fields": ["db_slug"]}
    )
    Named.objects.bulk_create([Named(db_slug="a", db_title="new"), Named(db_slug="b", db_title="b")], **options)
    assert Named.objects.get(pk="a") is live
    assert live.title == ("old" if option == "ignore" else "new")
    assert Named.objects.filter(pk="b").get() is Named.objects.get(pk="b")
    assert Named.objects.get(pk="b").title == "b"
    live.title = "newest"
    assert Named.objects.filter(db_title="newest").get() is live


# --- kinds of keys and of models


@both
@pytest.mark.parametrize(
    ("model", "values"),
    [(Named, {"db_slug": "s"}), (Ticket, {}), (Versioned, {"db_key": "v"}), (Custom, {"db_key": "c"})],
    ids=["text", "uuid", "versioned", "custom_init"],
)
def test_other_keys_and_models_obey_too(model, values, stored):
    made = model.objects.create(**values)
    number = made.pk
    assert model.objects.get(pk=number) is made is model.objects.filter(pk=str(number)).get()
    flush_cache()
    assert model.objects.get(pk=number) is made
    name = model._meta.concrete_fields[1].name
    setattr(made, name.removeprefix("db_"), 5 if name == "db_size" else "changed")
    assert stored(made, name) == getattr(made, name)
    made.delete()
    assert (made.pk, state_of(made)) == (number, State.DELETED)
    with pytest.raises(DeletedObject):
        getattr(made, name)


@usual
def test_a_uuid_key_is_found_in_each_of_its_spellings(django_assert_num_queries):
    ticket = Ticket.objects.create(db_title="t")
    with django_assert_num_queries(0):
        assert Ticket.get_cached_instance(str(ticket.pk)) is ticket
        assert Ticket.get_cached_instance(ticket.pk.hex) is ticket
        assert Ticket.get_cached_instance(uuid.uuid4()) is None


@usual
def test_an_overridden_init_runs_with_the_row():
    number = cold(Custom.objects.create(db_key="c", db_size=3))
    flush_cache()
    found = Custom.objects.get(pk=number)
    assert found.built == ("with", "c")
    assert (found.size, state_of(found)) == (3, State.CLEAN)
    del found
    flush_cache()
    (partial,) = Custom.objects.only("db_key")
    assert partial.get_deferred_fields() == {"db_size"}
    assert partial.size == 3


@both
@pytest.mark.defect("I-18")
def test_tables_of_an_inheritance_have_maps_of_their_own():
    plain = Vehicle.objects.create(db_key="cart")
    car = Car.objects.create(db_key="car", db_doors=5)
    with pytest.raises(Car.DoesNotExist):
        Car.objects.get(pk=plain.pk)
    assert Car.get_cached_instance(plain.pk) is None
    parent = Vehicle.objects.get(pk=car.pk)
    assert type(parent) is Vehicle
    assert parent is car.vehicle_ptr
    assert parent.car is car
    assert {type(one) for one in Vehicle.objects.all()} == {Vehicle}
    car.key = "limousine"
    assert parent.key == "limousine"
    parent.wheels = 6
    assert car.wheels == 6
    Vehicle.objects.filter(pk=car.pk).update(db_wheels=8)
    assert (car.wheels, parent.wheels) == (8, 8)
    Car.objects.filter(pk=car.pk).update(db_wheels=10, db_doors=1)
    assert (car.wheels, parent.wheels, car.doors) == (10, 10, 1)
    flush_cache()
    assert Vehicle.objects.get(pk=car.pk) is parent
    assert Car.objects.get(pk=car.pk) is car


@usual
@pytest.mark.defect("I-18")
def test_an_undone_write_of_an_inherited_row_is_undone_in_both():
    car = Car.objects.create(db_key="car", db_doors=5)
    parent = car.vehicle_ptr
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        car.key = "x"
        car.doors = 1
        assert parent.key == "x"
        _ = 1 / 0
    assert (car.key, car.doors, parent.key) == ("car", 5, "car")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        parent.key = "x"
        assert car.key == "x"
        _ = 1 / 0
    assert (car.key, parent.key) == ("car", "car")


@usual
@pytest.mark.defect("I-18")
def test_deleting_one_half_of_an_inherited_row_deletes_both():
    car = Car.objects.create(db_key="car")
    parent = car.vehicle_ptr
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        car.delete()
        assert (state_of(car), state_of(parent)) == (State.DELETED, State.DELETED)
        _ = 1 / 0
    assert (car.key, parent.key, car.vehicle_ptr) == ("car", "car", parent)
    car.delete()
    assert (state_of(car), state_of(parent)) == (State.DELETED, State.DELETED)


@both
def test_proxies_share_the_instances_of_their_table():
    special = SpecialItem.objects.create(db_key="s")
    assert Item.objects.get(pk=special.pk) is special
    assert SpecialItem.get_cached_instance(special.pk) is special
    assert Item.get_all_cached_instances() == SpecialItem.get_all_cached_instances() == [special]
    assert SpecialItem.__dbclass__ is Item


@usual
@pytest.mark.defect("I-21")
def test_weak_models_stay_weak():
    made = Fleeting.objects.create(db_key="f")
    number = made.pk
    assert Fleeting.objects.get(pk=number) is made
    flush_cache()
    assert Fleeting.objects.get(pk=number) is made
    assert FleetingProxy.objects.get(pk=number).pk == number
    assert Fleeting.get_all_cached_instances() == [made]

    class Later(Fleeting):
        class Meta:
            proxy = True
            app_label = "idmapper_app"

    try:
        assert Later.get_cached_instance(number) is made
    finally:
        del Item._meta.apps.all_models["idmapper_app"]["later"]
        Item._meta.apps.clear_cache()
    seen = weakref.ref(made)
    del made
    gc.collect()
    assert seen() is None
    assert Fleeting.get_cached_instance(number) is None
    with transaction.atomic():
        Fleeting.objects.get(pk=number).key = "written though nobody holds it"
    assert Fleeting.objects.get(pk=number).key == "written though nobody holds it"


@pytest.mark.defect("I-20")
def test_field_wrappers_hide_no_method(db):
    made = Awkward(db_save="s", db_delete="d", db_plain_name="p")
    made.save()
    assert callable(made.save)
    assert callable(made.delete)
    assert made.plain_name == "by hand"
    made.refresh_from_db()
    assert (made.db_save, made.db_delete, made.db_plain_name) == ("s", "d", "p")
    made.delete()
    assert not Awkward.objects.exists()


def test_documented_class_attributes():
    assert Item.path == "tests.idmapper_app.models.Item"
    assert Item.typename == "SharedMemoryModelBase"
    assert Fleeting.typename == "WeakSharedMemoryModelBase"
    assert Item.__dbclass__ is Item


@usual
def test_a_column_that_cannot_be_edited_is_read_only():
    item = Item.objects.create(db_key="a")
    for write in (lambda: setattr(item, "serial", 8), lambda: delattr(item, "serial")):
        with pytest.raises(FieldError, match="db_serial"):
            write()
    assert item.serial == 7


@usual
def test_wrapper_names_are_no_query_names_but_constructor_names():
    with pytest.raises(FieldError):
        Item.objects.filter(key="a")
    item = Item(key="a")
    assert (item.pk is not None, item.db_key) == (True, "a")


# --- equality


@usual
def test_equality_and_hash():
    first, second = Item.objects.create(db_key="a"), Item.objects.create(db_key="b")
    new = Item(db_key="n")
    assert first != second
    assert new == new
    assert new != Item(db_key="n")
    assert first != Place(pk=first.pk)
    assert first != "text"
    digest = hash(first)
    first.delete()
    assert hash(first) == digest
    assert first == first
    assert first != second
    with pytest.raises(TypeError):
        hash(new)


def test_only_our_own_models_are_listened_to():
    assert isinstance(Item._meta.get_field("db_owner"), models.ForeignKey)
    for signal in (models.signals.pre_delete, models.signals.post_save, models.signals.pre_save):
        assert not signal.has_listeners(Plain)
        assert not signal.has_listeners(Item)
    assert not models.signals.post_delete.has_listeners(Plain)


@usual
@pytest.mark.defect("I-40")
def test_plain_models_keep_their_fast_deletes():
    from django.db.models.deletion import Collector

    plain = Plain.objects.create(name="p")
    plain.parts.create()
    plain.parts.create()
    assert Collector(using="default").can_fast_delete(plain.parts.all())
    with CaptureQueriesContext(connection) as queries:
        plain.parts.all().delete()
    statements = [query["sql"] for query in queries if not query["sql"].startswith(("BEGIN", "COMMIT"))]
    assert len(statements) == 1
    assert statements[0].startswith("DELETE")
