"""Equality, deletion, and what every entity has: the defects of typed objects that have no page of their own."""

from __future__ import annotations

import pytest
from django.db.models.signals import post_delete, pre_delete

from perdure.errors import DeletedObject, ReadOnlyProperty
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.scripts.models import ScriptDB
from perdure.scripts.scripts import DefaultScript
from perdure.transactions import transaction
from tests.typeclasses.making import forget, make, statements

pytestmark = pytest.mark.django_db


class TypThing(DefaultObject):
    pass


class TypBag(DefaultObject):
    """Yields what is in it."""

    def __iter__(self):
        return iter(self.db.items or ())

    def __len__(self):
        return len(self.db.items or ())


class TypScript(DefaultScript):
    pass


# --- equality


@pytest.mark.defect("T-1")
def test_unsaved_objects_equal_only_themselves():
    first, second, script = TypThing(db_key="a"), TypThing(db_key="a"), TypScript(db_key="a")
    assert first == first
    assert first != second
    assert first != script
    assert first not in [second, script]


@pytest.mark.defect("T-1")
def test_deleted_objects_equal_only_themselves():
    first, second = make(TypThing, "a"), make(TypThing, "b")
    first.delete()
    second.delete()
    assert first == first
    assert first != second


@pytest.mark.defect("T-1")
def test_objects_of_two_kinds_with_one_id_differ():
    thing = make(TypThing, "a")
    script = TypScript(db_key="a")
    script.pk = thing.pk
    assert thing != script
    assert thing != thing.pk


@pytest.mark.defect("T-2")
def test_the_hash_and_the_id_survive_deletion():
    thing = make(TypThing, "a")
    held = {thing: "alive"}
    pk, hashed = thing.pk, hash(thing)
    thing.delete()
    assert held.pop(thing) == "alive"
    assert (thing.pk, thing.dbref, hash(thing)) == (pk, f"#{pk}", hashed)


@pytest.mark.defect("T-2")
def test_the_hash_never_changes():
    thing = TypThing(db_key="a")
    with pytest.raises(TypeError, match="save"):
        hash(thing)
    thing.save()
    before = hash(thing)
    thing.swap_typeclass(TypBag)
    assert hash(thing) == before


# --- deleted ones


READS = ["attributes", "tags", "aliases", "permissions", "locks", "db", "nattributes", "ndb"]


@pytest.mark.defect("T-3")
@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("used_before", [False, True])
def test_every_handler_of_a_deleted_object_says_so(name, used_before):
    thing = make(TypThing, "thing", {"a": 1})
    if used_before:
        getattr(thing, name)
    thing.delete()
    with pytest.raises(DeletedObject, match=str(thing.pk)):
        getattr(thing, name)


@pytest.mark.defect("T-3")
@pytest.mark.parametrize(
    "write",
    [
        lambda obj: setattr(obj, "key", "new"),
        lambda obj: setattr(obj, "name", "new"),
        lambda obj: setattr(obj, "lock_storage", ""),
        lambda obj: setattr(obj, "typeclass_path", TypBag.path),
        lambda obj: setattr(obj.db, "a", 1),
        lambda obj: obj.save(),
        lambda obj: obj.delete(),
        lambda obj: obj.refresh_from_db(),
    ],
)
def test_every_write_of_a_deleted_object_says_so(write):
    thing = make(TypThing, "thing")
    thing.delete()
    with pytest.raises(DeletedObject):
        write(thing)
    assert not ObjectDB.objects.filter(pk=thing.pk).exists()


@pytest.mark.defect("T-3")
def test_holders_and_containers_kept_past_the_deletion_refuse_writes():
    thing = make(TypThing, "thing", {"bag": [1]})
    db, tags, bag = thing.db, thing.tags, thing.db.bag
    thing.delete()
    with pytest.raises(DeletedObject):
        db.x = 1
    with pytest.raises(DeletedObject):
        tags.add("x")
    with pytest.raises((DeletedObject, RuntimeError)):
        bag.append(2)


@pytest.mark.defect("T-3")
def test_the_text_of_a_deleted_object_says_so():
    thing = make(TypThing, "thing")
    thing.delete()
    assert repr(thing) == f"<deleted TypThing #{thing.pk}>"


# --- on every kind


@pytest.mark.defect("T-11")
@pytest.mark.parametrize("cls", [TypThing, TypScript])
def test_permissions_and_extra_info_on_every_kind(cls):
    entity, looker = make(cls, "entity"), make(TypThing, "looker")
    assert entity.check_permstring("Builder") is False
    entity.permissions.add("Builder")
    assert entity.check_permstring("builder") is True
    assert entity.check_permstring("") is False
    assert entity.get_extra_info(looker) == ""
    assert isinstance(entity.get_display_name(looker), str)


@pytest.mark.parametrize("name", [*READS[:5], "db", "ndb"])
def test_handlers_cannot_be_replaced(name):
    thing = make(TypThing, "thing")
    with pytest.raises(ReadOnlyProperty, match=name):
        setattr(thing, name, 1)
    with pytest.raises(ReadOnlyProperty, match=name):
        delattr(thing, name)


# --- references


@pytest.mark.defect("T-19")
@pytest.mark.django_db(transaction=True)
def test_a_class_that_can_be_iterated_is_stored_as_a_reference():
    bag = make(TypBag, "bag", {"items": [1, 2]})
    owner = make(TypThing, "owner", {"bag": bag, "bags": [bag, {"in": bag}]})
    assert owner.db.bag is bag
    assert owner.db.bags == [bag, {"in": bag}]
    pks = owner.pk, bag.pk
    del owner, bag
    forget(ObjectDB)
    owner = ObjectDB.objects.get(pk=pks[0])
    bag = owner.db.bag
    assert (type(bag), bag.pk, list(bag)) == (TypBag, pks[1], [1, 2])
    assert owner.db.bags[1]["in"] is bag


# --- deleting


@pytest.mark.defect("T-20")
@pytest.mark.parametrize("signal", [pre_delete, post_delete], ids=["pre_delete", "post_delete"])
def test_a_delete_that_fails_leaves_everything(signal):
    thing = make(TypThing, "thing", {"a": 1}, tags=["t"], aliases=["it"], permissions=["builder"])
    inside = make(TypThing, "inside", db_location=thing)

    class Refused(Exception):
        pass

    def refuse(sender, instance, **kwargs):
        if instance is thing:
            raise Refused

    signal.connect(refuse)
    try:
        with pytest.raises(Refused):
            thing.delete()
    finally:
        signal.disconnect(refuse)
    assert (thing.db.a, thing.tags.all(), thing.aliases.all()) == (1, ["t"], ["it"])
    assert thing.permissions.all() == ["builder"]
    assert inside.db_location is thing
    assert ObjectDB.objects.get(pk=thing.pk) is thing
    thing.db.a = 2
    assert ObjectDB.objects.get_by_attribute("a", value=2).get() is thing


@pytest.mark.defect("T-20")
@pytest.mark.django_db(transaction=True)
def test_a_delete_that_is_rolled_back_leaves_everything():
    thing = make(TypThing, "thing", {"a": 1}, tags=["t"])
    with pytest.raises(ZeroDivisionError), transaction():
        thing.delete()
        raise ZeroDivisionError
    assert (thing.key, thing.db.a, thing.tags.all()) == ("thing", 1, ["t"])
    thing.db.a = 2
    pk = thing.pk
    del thing
    forget(ObjectDB)
    assert ObjectDB.objects.get(pk=pk).db.a == 2


@pytest.mark.defect("T-20")
@pytest.mark.django_db(transaction=True)
def test_a_delete_leaves_no_rows_and_takes_few_statements():
    thing = make(TypThing, "thing", {f"a{n}": n for n in range(5)}, tags=[f"t{n}" for n in range(5)], aliases=["it"])
    pk = thing.pk
    with statements() as queries:
        assert thing.delete()
    assert len(queries) < 38 / 2, [query["sql"] for query in queries]
    assert not ObjectDB.objects.get_attribute().filter(owner_id=pk).exists()
    assert not ObjectDB.db_tags.through.objects.filter(objectdb_id=pk).exists()


def test_the_kinds_keep_apart():
    thing, script = make(TypThing, "x"), make(TypScript, "x")
    assert thing.__dbclass__ is ObjectDB
    assert script.__dbclass__ is ScriptDB
