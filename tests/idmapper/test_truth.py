"""Law 2 where memory and database used to part: rollbacks, refreshes, deferred fields, bulk writes, failed saves."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Value, signals
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from perdure.errors import DeletedObject, InvalidArgument
from perdure.idmapper.models import flush_cache
from perdure.idmapper.states import State, state_of
from tests.idmapper_app.models import Car, Item, Mark, Named, SpecialItem, Ticket, Versioned, Watched

pytestmark = pytest.mark.usefixtures("db")


class Undo(Exception):
    """Raised to undo a block."""


# --- rollbacks


@pytest.mark.defect("I-1")
@pytest.mark.parametrize("gathered", [True, False])
def test_a_rolled_back_update_is_not_in_memory(stored, gathered):
    item, home = Item.objects.create(db_key="old"), Item.objects.create(db_key="home")
    with pytest.raises(Undo), transaction.atomic():
        item.key = "inside"
        item.db_count = 5
        item.home = home
        item.db_data["deep"] = [1]
        item.save()
        if not gathered:
            assert stored(item, "db_key") == "inside"
        raise Undo
    assert (item.key, item.count, item.home, item.data) == ("old", 0, None, {})
    assert stored(item, "db_key", "db_count", "db_home_id") == ("old", 0, None)


@pytest.mark.defect("I-1")
def test_an_assignment_that_was_never_saved_goes_too_when_its_row_is_undone():
    item = Item.objects.create(db_key="old")
    with pytest.raises(Undo), transaction.atomic():
        item.key = "inside"
        item.db_count = 9
        raise Undo
    assert item.count == 0
    assert state_of(item) is State.CLEAN or state_of(item) is State.EXPIRED


@pytest.mark.defect("I-1")
def test_bulk_writes_are_undone_in_memory():
    item = Item.objects.create(db_key="old", db_count=1)
    with pytest.raises(Undo), transaction.atomic():
        Item.objects.update(db_count=2)
        assert item.count == 2
        item.db_key = "bulk"
        Item.objects.bulk_update([item], ["db_key"])
        raise Undo
    assert (item.key, item.count) == ("old", 1)


@pytest.mark.defect("I-2")
def test_a_rolled_back_creation_leaves_no_ghost():
    with pytest.raises(Undo), transaction.atomic():
        ghost = Item.objects.create(db_key="ghost")
        number = ghost.pk
        raise Undo
    assert ghost.pk is None
    assert state_of(ghost) is State.NEW
    assert Item.get_cached_instance(number) is None
    with pytest.raises(Item.DoesNotExist):
        Item.objects.get(pk=number)
    other = Item.objects.create(db_key="throne")
    assert other.pk != number
    ghost.key = "zombie"  # inserts: a ghost is a new object again
    assert ghost.pk not in (number, other.pk)
    assert other.key == "throne"
    other.refresh_from_db()
    assert other.key == "throne"
    assert Item.objects.get(pk=ghost.pk) is ghost


@pytest.mark.defect("I-2")
@pytest.mark.parametrize("hook", ["at_init", "at_db_key_postsave", "post_save"])
def test_a_creation_whose_hook_raises_leaves_no_row_and_no_ghost(hook):
    def refuse(instance, **kwargs):
        raise RuntimeError("post_save said no")

    if hook == "post_save":
        signals.post_save.connect(refuse, sender=Watched)
    else:
        Watched.failing.add(hook)
    ghost = Watched(db_key="ghost")
    try:
        with pytest.raises(RuntimeError, match="said no"):
            ghost.save()
    finally:
        signals.post_save.disconnect(refuse, sender=Watched)
    assert ghost.pk is None
    assert Watched.get_all_cached_instances() == []
    assert not Watched.objects.exists()


@pytest.mark.defect("I-3")
def test_a_rolled_back_deletion_brings_the_same_instance_back():
    item = Item.objects.create(db_key="alive")
    number, digest = item.pk, hash(item)
    with pytest.raises(Undo), transaction.atomic():
        item.delete()
        assert state_of(item) is State.DELETED
        with pytest.raises(DeletedObject):
            _ = item.key
        raise Undo
    assert (item.pk, hash(item), item.key) == (number, digest, "alive")
    assert Item.objects.get(pk=number) is item
    item.key = "still"
    item.refresh_from_db()
    assert item.key == "still"
    item.delete()
    assert not Item.objects.exists()


@pytest.mark.defect("I-3")
@pytest.mark.parametrize("signal", [signals.pre_delete, signals.post_delete], ids=["pre_delete", "post_delete"])
def test_a_vetoed_deletion_leaves_a_live_instance(signal):
    item = Item.objects.create(db_key="alive")
    child = Item.objects.create(db_key="child", db_owner=item)

    def refuse(instance, **kwargs):
        if instance is item:
            raise Undo

    signal.connect(refuse, sender=Item)
    try:
        with pytest.raises(Undo):
            item.delete()
    finally:
        signal.disconnect(refuse, sender=Item)
    assert (item.key, child.key, child.owner) == ("alive", "child", item)
    assert Item.objects.count() == 2
    item.delete()
    assert Item.objects.count() == 0


@pytest.mark.defect("I-3")
def test_text_keys_deleted_and_made_again_inside_an_undone_block():
    first = Named.objects.create(db_slug="gate", db_title="first")
    with pytest.raises(Undo), transaction.atomic():
        first.delete()
        second = Named.objects.create(db_slug="gate", db_title="second")
        assert Named.objects.get(pk="gate") is second
        raise Undo
    assert Named.objects.get(pk="gate") is first
    assert first.title == "first"
    assert state_of(second) is State.NEW


# --- refresh_from_db, F(), deferred fields


@pytest.mark.defect("I-4")
@pytest.mark.usefixtures("mode")
def test_refresh_from_db_reads_the_row(elsewhere):
    item = Item.objects.create(db_key="old", db_count=1)
    elsewhere.set(item, db_key="new", db_count=2)
    item.refresh_from_db(fields=["db_count"])
    assert (item.__dict__["db_key"], item.count) == ("old", 2)
    item.db_note = "unsaved"
    item.refresh_from_db()
    assert (item.key, item.note) == ("new", None)
    item.save()
    item.refresh_from_db()
    assert (item.key, item.note) == ("new", None)


@pytest.mark.defect("I-4")
@pytest.mark.usefixtures("mode")
def test_expressions_become_values(stored):
    item = Item.objects.create(db_key="a", db_count=1)
    item.count = F("db_count") + 4
    assert item.count == 5
    item.db_count = F("db_count") * 2
    item.db_key = Concat(F("db_key"), Value("bc"))
    item.save()
    assert (item.count, item.key) == (10, "abc")
    assert stored(item, "db_count", "db_key") == (10, "abc")


@pytest.mark.usefixtures("mode")
def test_refreshing_a_row_that_is_gone_says_so(elsewhere):
    item = Item.objects.create(db_key="gone")
    elsewhere.delete(item)
    with pytest.raises(DeletedObject, match="gone from the database"):
        item.refresh_from_db()
    assert state_of(item) is State.DELETED


@pytest.mark.defect("I-5")
@pytest.mark.parametrize(
    "queryset",
    [lambda: Item.objects.only("db_key"), lambda: Item.objects.defer("db_count", "db_note"), lambda: raw_ids()],
    ids=["only", "defer", "raw"],
)
def test_deferred_fields_load_on_demand_into_the_one_instance(queryset):
    made = Item.objects.create(db_key="a", db_count=3, db_note="n")
    number = made.pk
    del made
    flush_cache()
    assert Item.get_cached_instance(number) is None
    (item,) = queryset()
    assert (item.key, item.count, item.note) == ("a", 3, "n")
    assert Item.objects.get(pk=number) is item
    item.count = 4
    item.refresh_from_db()
    assert (item.count, item.note) == (4, "n")


def raw_ids():
    return Item.objects.raw("SELECT id FROM idmapper_app_item")


@pytest.mark.defect("I-5")
def test_a_later_full_row_fills_the_gaps_without_a_query_each():
    Item.objects.bulk_create([Item(db_key=f"i{n}", db_count=n) for n in range(5)])
    flush_cache()
    partial = list(Item.objects.only("db_key").order_by("pk"))
    whole = list(Item.objects.order_by("pk"))
    assert all(a is b for a, b in zip(partial, whole, strict=True))
    with CaptureQueriesContext(connection) as queries:
        assert [item.count for item in partial] == [0, 1, 2, 3, 4]
    assert len(queries) == 0


@pytest.mark.defect("I-5")
def test_at_init_runs_once_for_a_partly_loaded_instance():
    made = Watched.objects.create(db_key="w")
    del made
    flush_cache()
    Watched.events.clear()
    (partial,) = Watched.objects.only("id")
    assert partial.key == "w"
    assert Watched.objects.get(db_key="w") is partial
    assert [event[0] for event in Watched.events] == ["at_init"]


# --- writes past the instance


@pytest.mark.defect("I-6")
@pytest.mark.usefixtures("mode")
def test_queryset_update_reaches_memory():
    item, other = Item.objects.create(db_key="a", db_count=1), Item.objects.create(db_key="b")
    home = Item.objects.create(db_key="home")
    assert Item.objects.filter(pk=item.pk).update(db_count=2, db_note="n", db_home=home) == 1
    assert (item.count, item.note, item.home) == (2, "n", home)
    Item.objects.exclude(pk=home.pk).update(db_count=F("db_count") + 1, db_home=other.pk)
    assert (item.count, item.home, other.count) == (3, other, 1)
    item.key = "saved later"
    item.refresh_from_db()
    assert (item.count, item.note) == (3, "n")


@pytest.mark.defect("I-6")
@pytest.mark.usefixtures("mode")
def test_update_through_a_filter_on_what_it_changes():
    item = Item.objects.create(db_key="a", db_count=1)
    assert Item.objects.filter(db_count=1).order_by("db_key").update(db_count=2) == 1
    assert item.count == 2
    assert Item.objects.filter(db_count=1).update(db_count=9) == 0
    assert item.count == 2


@pytest.mark.defect("I-6")
@pytest.mark.usefixtures("mode")
def test_update_of_values_that_can_change_in_place_shares_nothing(stored):
    first, second = Item.objects.create(db_key="a"), Item.objects.create(db_key="b")
    given = {"seen": [1], "pair": (1, 2)}
    Item.objects.update(db_data=given)
    assert first.data == {"seen": [1], "pair": [1, 2]}
    first.data["seen"].append(2)
    assert second.data["seen"] == [1]
    assert given == {"seen": [1], "pair": (1, 2)}
    assert stored(second, "db_data") == {"seen": [1], "pair": [1, 2]}


@pytest.mark.defect("I-6")
@pytest.mark.usefixtures("mode")
def test_what_the_database_makes_of_a_value_is_what_memory_says(stored):
    item = Item.objects.create(db_key="a", db_count="3", db_price="1.5")
    assert (item.count, item.price, item.doubled) == (3, Decimal("1.50"), 6)
    item.count = "4"
    item.price = Decimal("2.239")
    assert (item.count, item.price, item.doubled) == (4, Decimal("2.24"), 8)
    assert stored(item, "db_count", "db_price", "db_doubled") == (4, Decimal("2.24"), 8)
    Item.objects.update(db_count="5", db_price=Decimal("3.339"))
    assert (item.count, item.price, item.doubled) == (5, Decimal("3.34"), 10)


@pytest.mark.defect("I-6")
@pytest.mark.usefixtures("mode")
def test_bulk_update_reaches_the_live_instance_and_the_row(stored):
    items = [Item.objects.create(db_key=f"i{n}") for n in range(3)]
    for item in items:
        item.db_key, item.db_count = item.db_key.upper(), 7
    assert Item.objects.bulk_update(items, ["db_key"]) == 3
    assert [item.key for item in items] == ["I0", "I1", "I2"]
    assert [stored(item, "db_key") for item in items] == ["I0", "I1", "I2"]
    assert [stored(item, "db_count") for item in items] == [0, 0, 0]
    items[0].save()  # what was not in `fields` is still an unsaved change
    assert stored(items[0], "db_count") == 7


@pytest.mark.defect("I-6")
@pytest.mark.usefixtures("mode")
def test_bulk_update_with_an_expression():
    item = Item.objects.create(db_key="a", db_count=2)
    item.db_count = F("db_count") + 1
    Item.objects.bulk_update([item], ["db_count"])
    assert item.count == 3


@pytest.mark.defect("I-6")
@pytest.mark.parametrize(
    "read",
    [
        lambda pk: Item.objects.filter(pk=pk)[0],
        lambda pk: Item.objects.all().get(pk=pk),
        lambda pk: Item.objects.raw("SELECT * FROM idmapper_app_item WHERE id = %s", [pk])[0],
        lambda pk: Item.objects.select_related("db_owner").get(db_key="child").owner,
        lambda pk: Item.objects.in_bulk([pk])[pk],
        lambda pk: next(Item.objects.filter(pk=pk).iterator()),
        lambda pk: select_for_update(pk),
    ],
    ids=["filter", "get", "raw", "select_related", "in_bulk", "iterator", "select_for_update"],
)
def test_a_query_brings_memory_what_others_have_written(elsewhere, read):
    item = Item.objects.create(db_key="a", db_count=1)
    child = Item.objects.create(db_key="child", db_owner=item)
    item.db_note = "mine, unsaved"
    elsewhere.set(item, db_count=2, db_note="theirs")
    assert read(item.pk) is item
    assert item.count == 2
    assert item.note == "mine, unsaved"
    assert child.owner is item


def select_for_update(pk):
    with transaction.atomic():
        return Item.objects.select_for_update().get(pk=pk)


@pytest.mark.defect("I-6")
@pytest.mark.usefixtures("mode")
def test_a_full_save_writes_only_what_was_assigned(elsewhere, stored):
    item = Item.objects.create(db_key="a", db_count=1)
    elsewhere.set(item, db_count=2)
    item.db_key = "b"
    item.save()
    assert stored(item, "db_key", "db_count") == ("b", 2)


@pytest.mark.usefixtures("mode")
def test_update_or_create_and_get_or_create():
    item, made = Item.objects.get_or_create(db_key="a", defaults={"db_count": 1})
    assert made
    again, made = Item.objects.update_or_create(db_key="a", defaults={"db_count": 2})
    assert (again is item, made, item.count) == (True, False, 2)
    item.refresh_from_db()
    assert item.count == 2


@pytest.mark.usefixtures("mode")
def test_a_query_sees_what_has_been_assigned():
    item = Item.objects.create(db_key="a")
    item.key = "b"
    assert list(Item.objects.filter(db_key="b")) == [item]
    assert not Item.objects.filter(db_key="a").exists()
    assert list(Item.objects.values_list("db_key", flat=True)) == ["b"]


@pytest.mark.usefixtures("mode")
@pytest.mark.parametrize("how", ["assign", "update"])
def test_the_primary_key_of_a_live_instance_cannot_be_changed(how):
    item, other = Item.objects.create(db_key="a"), Item.objects.create(db_key="b")
    number = item.pk
    with pytest.raises(InvalidArgument, match="primary key"):
        if how == "assign":
            item.pk = other.pk
        else:
            Item.objects.filter(pk=number).update(id=number + 1000)
    item.key = "c"
    other.refresh_from_db()
    assert (item.pk, other.key, Item.objects.get(pk=number).key) == (number, "b", "c")


# --- deletion


@pytest.mark.defect("I-7")
@pytest.mark.usefixtures("mode")
@pytest.mark.parametrize("how", ["instance", "queryset", "cascade", "proxy", "parent"])
def test_every_victim_of_a_deletion_says_so(how):
    if how == "parent":
        victim = Car.objects.create(db_key="v")
        act = victim.vehicle_ptr.delete
    elif how == "cascade":
        owner = Item.objects.create(db_key="owner")
        victim = Item.objects.create(db_key="v", db_owner=owner)
        act = owner.delete
    else:
        victim = (SpecialItem if how == "proxy" else Item).objects.create(db_key="v")
        act = victim.delete if how == "instance" else type(victim).objects.filter(db_key="v").delete
    number, digest = victim.pk, hash(victim)
    act()
    assert state_of(victim) is State.DELETED
    assert (victim.pk, hash(victim)) == (number, digest)
    for forbidden in (
        lambda: victim.key,
        lambda: setattr(victim, "key", "x"),
        lambda: setattr(victim, "db_key", "x"),
        lambda: delattr(victim, "key"),
        victim.save,
        victim.delete,
        victim.refresh_from_db,
        lambda: setattr(victim, "note" if how != "parent" else "wheels", None),
    ):
        with pytest.raises(DeletedObject):
            forbidden()
    assert type(victim).get_cached_instance(number) is None
    assert not type(victim).objects.filter(pk=number).exists()


def test_delete_returns_what_djangos_does():
    owner = Item.objects.create(db_key="owner")
    Item.objects.create(db_key="child", db_owner=owner)
    assert owner.delete() == (2, {"idmapper_app.Item": 2})


@pytest.mark.defect("I-8")
@pytest.mark.parametrize("gathered", [True, False])
@pytest.mark.parametrize("act", ["wrapper", "clear", "save", "update_fields"])
def test_a_row_deleted_elsewhere_is_never_inserted_again(elsewhere, act, gathered):
    item = Item.objects.create(db_key="a", db_note="n")
    number = item.pk
    elsewhere.delete(item)

    def write():
        if act == "wrapper":
            item.key = "x"
        elif act == "clear":
            del item.note
        elif act == "save":
            item.db_key = "x"
            item.save()
        else:
            item.db_key = "x"
            item.save(update_fields=["db_key"])

    with pytest.raises(DeletedObject):
        if gathered:
            with transaction.atomic():
                write()
        else:
            write()
    assert not Item.objects.filter(pk=number).exists()
    with pytest.raises(DeletedObject):
        _ = item.note
    assert Item.get_cached_instance(number) is None


@pytest.mark.defect("I-8")
def test_deleting_a_row_that_is_gone_already_is_found_out_at_the_latest_at_the_next_read(elsewhere):
    item = Item.objects.create(db_key="a")
    elsewhere.delete(item)
    assert item.delete()[0] == 0
    assert state_of(item) is State.DELETED


# --- saves that fail


@pytest.mark.defect("I-9")
def test_a_refused_assignment_leaves_memory_as_it_was(stored):
    taken = Item.objects.create(db_key="a", db_code="taken")
    item = Item.objects.create(db_key="b", db_code="mine")
    with pytest.raises(IntegrityError):
        item.code = "taken"
    with pytest.raises(InvalidArgument):
        item.key = None
    with pytest.raises(InvalidArgument):
        item.key = "x" * 41
    assert (item.code, item.key, state_of(item)) == ("mine", "b", State.CLEAN)
    item.count = 1
    assert stored(item, "db_code", "db_key", "db_count") == ("mine", "b", 1)
    assert taken.code == "taken"


@pytest.mark.defect("I-9")
def test_a_refused_full_save_leaves_memory_as_the_row():
    Item.objects.create(db_key="a", db_code="taken")
    item = Item.objects.create(db_key="b", db_code="mine")
    item.db_code, item.db_count = "taken", 5
    with pytest.raises(IntegrityError):
        item.save()
    assert (item.code, item.count) == ("mine", 0)
    item.db_key = None
    with pytest.raises(IntegrityError):
        item.save()
    assert item.key == "b"


@pytest.mark.defect("I-9")
def test_a_value_of_the_wrong_kind_is_refused_and_taken_back():
    item = Item.objects.create(db_key="b", db_count=1)
    for value in ("many", object()):
        with pytest.raises((ValueError, TypeError)):
            item.count = value
        assert item.count == 1
    with transaction.atomic():
        with pytest.raises((ValueError, TypeError)):
            item.count = "many"
        assert item.count == 1
    with pytest.raises(TypeError):
        item.data = {"x": object()}
    assert item.data == {}
    item.key = "fine"
    assert item.key == "fine"


@pytest.mark.defect("I-9")
def test_a_gathered_write_that_is_refused_undoes_its_transaction():
    item = Item.objects.create(db_key="b", db_count=1)
    with pytest.raises((DatabaseError, OverflowError)), transaction.atomic():
        item.count = 2**70
    assert item.count == 1


# --- hooks


@pytest.mark.defect("I-10")
@pytest.mark.parametrize("how", ["wrapper", "save", "create", "bulk_create"])
def test_post_save_hooks_run_inside_the_transaction_and_can_undo_it(how):
    kept = Watched.objects.create(db_key="old")
    Watched.failing.add("at_db_key_postsave")
    with pytest.raises(RuntimeError, match="said no"):
        if how == "wrapper":
            kept.key = "new"
        elif how == "save":
            kept.db_key = "new"
            kept.save()
        elif how == "create":
            Watched.objects.create(db_key="second")
        else:
            Watched.objects.bulk_create([Watched(db_key="second")])
    assert kept.key == "old"
    assert list(Watched.objects.values_list("db_key", flat=True)) == ["old"]


@pytest.mark.defect("I-10")
@pytest.mark.usefixtures("mode")
def test_new_means_that_the_row_was_inserted_and_only_written_fields_are_told():
    made = Watched(db_key="a")
    made.save()
    calls = [(name, new) for name, _, *rest in Watched.events if name.endswith("postsave") for new in rest]
    assert calls == [("at_db_key_postsave", True), ("at_db_other_postsave", True)]
    Watched.events.clear()
    made.key = "b"
    made.db_other = "c"
    made.save()
    made.save()
    made.other = "c"  # the same value again: nothing is written
    assert Watched.events == [("at_db_key_postsave", made.pk, False), ("at_db_other_postsave", made.pk, False)]


@pytest.mark.defect("I-28")
@pytest.mark.parametrize("error", [AttributeError, RuntimeError])
def test_an_error_in_at_init_reaches_the_caller(error):
    made = Watched.objects.create(db_key="a")
    number = made.pk
    del made
    flush_cache()
    Watched.error = error
    Watched.failing.add("at_init")
    with pytest.raises(error, match="at_init said no"):
        Watched.objects.get(pk=number)
    assert Watched.get_cached_instance(number) is None
    Watched.failing.clear()
    assert Watched.objects.get(pk=number).key == "a"


@pytest.mark.usefixtures("mode")
def test_at_init_sees_a_whole_saved_row_on_creation_and_on_loading():
    made = Watched.objects.create(db_key="a")
    number = made.pk
    assert Watched.events[0] == ("at_init", number, "a", False, "default")


def test_at_init_runs_again_when_an_instance_comes_back_to_memory():
    number = Watched.objects.create(db_key="a").pk
    flush_cache()
    Watched.events.clear()
    found = Watched.objects.get(pk=number)
    assert Watched.events == [("at_init", number, "a", False, "default")]
    assert Watched.objects.get(pk=number) is found
    assert len(Watched.events) == 1


# --- fixtures


@pytest.mark.defect("I-11")
def test_loaddata_reaches_the_live_instance(tmp_path, stored):
    item = Item.objects.create(db_key="old", db_count=1)
    mark = Mark.objects.create(db_key="m")
    path = tmp_path / "rows.json"
    fields = {"db_key": "new", "db_count": 8, "db_marks": [mark.pk]}
    path.write_text(json.dumps([{"model": "idmapper_app.item", "pk": item.pk, "fields": fields}]))
    call_command("loaddata", str(path), verbosity=0)
    assert stored(item, "db_key", "db_count") == ("new", 8)
    assert (item.key, item.count, list(item.db_marks.all())) == ("new", 8, [mark])
    assert Item.objects.get(db_key="new") is item
    item.note = "after"
    assert stored(item, "db_key", "db_note") == ("new", "after")


@pytest.mark.defect("I-11")
def test_loaddata_that_is_undone_leaves_memory_as_it_was(tmp_path):
    item = Item.objects.create(db_key="old")
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"model": "idmapper_app.item", "pk": item.pk, "fields": {"db_key": "new"}}]))
    with pytest.raises(Undo), transaction.atomic():
        call_command("loaddata", str(path), verbosity=0)
        assert item.key == "new"
        raise Undo
    assert item.key == "old"


@pytest.mark.defect("I-11")
def test_dumpdata_and_loaddata_round_trip(tmp_path, stored):
    owner = Item.objects.create(db_key="owner", db_data={"a": [1]})
    ticket = Ticket.objects.create(db_title="t")
    named = Named.objects.create(db_slug="s", db_title="title")
    car = Car.objects.create(db_key="car", db_doors=5)
    path = tmp_path / "all.json"
    call_command("dumpdata", "idmapper_app", output=str(path), verbosity=0)
    for instance, name in ((owner, "key"), (ticket, "title"), (named, "title"), (car, "key")):
        setattr(instance, name, "changed")
    car.doors = 1
    call_command("loaddata", str(path), verbosity=0)
    assert (owner.key, owner.data, ticket.title, named.title) == ("owner", {"a": [1]}, "t", "title")
    assert (car.key, car.doors, stored(car, "db_key", "db_doors")) == ("car", 5, ("car", 5))


# --- generated and automatic columns


@pytest.mark.usefixtures("mode")
def test_a_time_that_moves_with_each_save(stored):
    ticket = Ticket.objects.create(db_title="a")
    before = ticket.changed
    ticket.db_title = "b"
    ticket.save()
    assert ticket.changed > before
    assert stored(ticket, "db_changed") == ticket.changed


def test_versions_move_with_every_kind_of_write(stored):
    row = Versioned.objects.create(db_key="a")
    row.key = "b"
    with transaction.atomic():
        row.key = "c"
        row.count = 1
    Versioned.objects.update(db_count=2)
    row.db_key = "d"
    Versioned.objects.bulk_update([row], ["db_key"])
    assert row.version == stored(row, "db_version") == 4
    row.key = "e"
    assert stored(row, "db_key", "db_version") == ("e", 5)
