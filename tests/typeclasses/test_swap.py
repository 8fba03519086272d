from __future__ import annotations

from functools import cached_property

import pytest

from perdure.accounts.accounts import DefaultAccount
from perdure.channels.channels import DefaultChannel
from perdure.create import create_account, create_channel
from perdure.errors import DeletedObject, InvalidArgument, TypeclassNotFound, UnsavedObject, WrongFamily
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject, DefaultRoom
from perdure.scripts.scripts import DefaultScript
from perdure.transactions import transaction
from perdure.typeclasses.handlers import lazy_handler
from tests.typeclasses.making import forget, make

pytestmark = pytest.mark.django_db


class Broken(Exception):
    pass


class SwpBefore(DefaultObject):
    chest = lazy_handler(lambda obj: ("chest of", "SwpBefore"))

    @cached_property
    def motto(self):
        return "before"


class SwpAfter(DefaultObject):
    typeclass_version = 3
    chest = lazy_handler(lambda obj: ("chest of", "SwpAfter"))
    log = []

    @cached_property
    def motto(self):
        return "after"

    def at_init(self):
        self.log.append("init")

    def at_typeclass_swap(self, old_class, new_class):
        self.log.append(("swap", old_class, new_class, type(self)))

    def at_object_creation(self):
        self.log.append("creation")
        self.db.made_by = "SwpAfter"

    def first(self):
        self.log.append("first")

    def second(self):
        self.log.append("second")
        self.db.second = True

    def broken(self):
        self.db.half = True
        self.tags.add("half")
        self.key = "half"
        raise Broken


class SwpFragile(DefaultObject):
    def at_object_creation(self):
        self.db.half = True
        raise Broken


class SwpScript(DefaultScript):
    pass


@pytest.fixture
def thing(db):
    SwpAfter.log.clear()
    obj = make(SwpBefore, "thing", {"a": 1, "b": [1], "c": 3}, tags=["old"], aliases=["it"], permissions=["builder"])
    obj.attributes.add("a", "filed", category="cabinet")
    obj.ndb.a = "in memory"
    obj.ndb.n = "in memory"
    obj.locks.add("edit:false()")
    return obj


def stored(obj):
    """The class columns of the row."""
    return ObjectDB.objects.filter(pk=obj.pk).values_list("db_typeclass_path", "db_typeclass_version").get()


def check_unchanged(obj):
    assert type(obj) is SwpBefore
    assert stored(obj) == (SwpBefore.path, 0)
    assert obj.db_typeclass_path == SwpBefore.path
    assert obj.db_typeclass_version == 0
    assert (obj.key, obj.db.a, obj.db.b, obj.db.c) == ("thing", 1, [1], 3)
    assert obj.attributes.get("a", category="cabinet") == "filed"
    assert obj.db.half is None
    assert obj.tags.all() == ["old"]
    assert (obj.ndb.a, obj.ndb.n) == ("in memory", "in memory")
    assert obj.chest == ("chest of", "SwpBefore")
    assert list(SwpBefore.objects.all()) == [obj]


def test_a_swap_changes_memory_and_row(thing):
    assert thing.swap_typeclass(SwpAfter) is None
    assert type(thing) is SwpAfter
    assert stored(thing) == (SwpAfter.path, 3)
    assert ObjectDB.objects.get(pk=thing.pk) is thing
    assert list(SwpAfter.objects.all()) == [thing]
    assert not SwpBefore.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_swap_is_there_after_a_cold_load():
    obj = make(SwpBefore, "thing", {"a": 1})
    pk = obj.pk
    obj.swap_typeclass(SwpAfter)
    del obj
    forget(ObjectDB)
    found = ObjectDB.objects.get(pk=pk)
    assert type(found) is SwpAfter
    assert (found.db.a, found.db.made_by) == (1, "SwpAfter")


def test_a_swap_takes_a_path(thing):
    thing.swap_typeclass(f"  {SwpAfter.path} ")
    assert type(thing) is SwpAfter


def test_a_swap_to_its_own_class_runs_the_hooks(thing):
    thing.swap_typeclass(SwpAfter)
    SwpAfter.log.clear()
    thing.swap_typeclass(SwpAfter)
    assert SwpAfter.log == [("swap", SwpAfter, SwpAfter, SwpAfter), "init", "creation"]


# --- what is refused


@pytest.mark.defect("T-4")
@pytest.mark.parametrize("target", [SwpScript, SwpScript.path, ObjectDB, dict, len, 5, None])
def test_what_is_no_typeclass_of_the_family_is_refused(thing, target):
    with pytest.raises(WrongFamily) as refused:
        thing.swap_typeclass(target)
    assert isinstance(refused.value, TypeError)
    check_unchanged(thing)


def test_a_bad_path_is_refused(thing):
    for no_default in (True,):
        with pytest.raises(TypeclassNotFound) as refused:
            thing.swap_typeclass("typeclasses.nothing.Nothing", no_default=no_default)
        assert isinstance(refused.value, ImportError)
    check_unchanged(thing)


def test_without_no_default_a_bad_path_gives_the_default_class(thing, settings):
    settings.BASE_OBJECT_TYPECLASS = SwpAfter.path
    thing.swap_typeclass("typeclasses.nothing.Nothing", no_default=False)
    assert type(thing) is SwpAfter


def test_without_no_default_another_family_is_still_refused(thing):
    with pytest.raises(WrongFamily):
        thing.swap_typeclass(SwpScript, no_default=False)
    check_unchanged(thing)


def test_deleted_and_unsaved_objects_cannot_be_swapped(thing):
    with pytest.raises(UnsavedObject):
        SwpBefore(db_key="new").swap_typeclass(SwpAfter)
    thing.delete()
    with pytest.raises(DeletedObject):
        thing.swap_typeclass(SwpAfter)


def test_an_entity_can_refuse_a_swap(thing, monkeypatch):
    def refuse(self, new_class):
        raise RuntimeError(f"not to {new_class.__name__}")

    monkeypatch.setattr(SwpBefore, "_check_swap", refuse)
    with pytest.raises(RuntimeError, match="not to SwpAfter"):
        thing.swap_typeclass(SwpAfter)
    check_unchanged(thing)


# --- start hooks


@pytest.mark.defect("H-11")
@pytest.mark.defect("T-5")
@pytest.mark.parametrize(
    ("hooks", "expected"),
    [
        ("all", ["creation"]),
        ("first", ["first"]),
        ("first second", ["first", "second"]),
        ("second  first", ["second", "first"]),
        (["first", "second"], ["first", "second"]),
        (("second",), ["second"]),
        ("at_object_creation", ["creation"]),
        (None, []),
        ("", []),
        ([], []),
        (False, []),
    ],
)
def test_start_hooks(thing, hooks, expected):
    thing.swap_typeclass(SwpAfter, run_start_hooks=hooks)
    assert SwpAfter.log[2:] == expected
    assert SwpAfter.log[:2] == [("swap", SwpBefore, SwpAfter, SwpAfter), "init"]


@pytest.mark.defect("T-5")
@pytest.mark.parametrize("hooks", ["nonesuch", "first nonesuch", ["nonesuch"], "typeclass_version"])
def test_an_unknown_start_hook_is_refused_before_anything_happens(thing, hooks):
    with pytest.raises(InvalidArgument, match="run_start_hooks"):
        thing.swap_typeclass(SwpAfter, run_start_hooks=hooks, clean_attributes=True)
    check_unchanged(thing)
    assert SwpAfter.log == []


@pytest.mark.defect("H-11")
@pytest.mark.defect("T-6")
@pytest.mark.parametrize(
    ("target", "hooks"), [(SwpAfter, "broken"), (SwpAfter, "second broken"), (SwpFragile, "all")], ids=str
)
@pytest.mark.parametrize("clean", [False, True, "a", ["a", "n"]], ids=str)
def test_a_start_hook_that_raises_undoes_everything(thing, target, hooks, clean):
    bag = thing.db.b
    assert bag == [1]
    with pytest.raises(Broken):
        thing.swap_typeclass(target, run_start_hooks=hooks, clean_attributes=clean)
    check_unchanged(thing)


@pytest.mark.defect("T-6")
@pytest.mark.django_db(transaction=True)
def test_a_failed_swap_leaves_the_row_as_it_was_outside_of_a_transaction():
    obj = make(SwpBefore, "thing", {"a": 1})
    with pytest.raises(Broken):
        obj.swap_typeclass(SwpAfter, run_start_hooks="broken", clean_attributes=True)
    assert type(obj) is SwpBefore
    assert stored(obj) == (SwpBefore.path, 0)
    assert (obj.key, obj.db.a, obj.db.half, obj.tags.all()) == ("thing", 1, None, [])
    pk = obj.pk
    del obj
    forget(ObjectDB)
    found = ObjectDB.objects.get(pk=pk)
    assert (type(found), found.key, found.db.a, found.db.half) == (SwpBefore, "thing", 1, None)


@pytest.mark.defect("T-6")
def test_a_rollback_around_a_swap_undoes_it(thing):
    with pytest.raises(Broken), transaction():
        thing.swap_typeclass(SwpAfter)
        assert thing.db.made_by == "SwpAfter"
        thing.swap_typeclass(DefaultObject)
        raise Broken
    check_unchanged(thing)


# --- attributes


def everything(obj):
    return {(a.db_key, a.db_category) for a in obj.attributes.all()}


@pytest.mark.parametrize("clean", [False, None, [], ""])
def test_attributes_stay(thing, clean):
    thing.swap_typeclass(SwpAfter, clean_attributes=clean, run_start_hooks=None)
    assert everything(thing) == {("a", None), ("b", None), ("c", None), ("a", "cabinet")}
    assert (thing.ndb.a, thing.ndb.n) == ("in memory", "in memory")


def test_all_attributes_are_removed(thing):
    thing.swap_typeclass(SwpAfter, clean_attributes=True)
    assert everything(thing) == {("made_by", None)}
    assert (thing.ndb.a, thing.ndb.n) == (None, None)


@pytest.mark.parametrize("clean", ["a", ["a"], ("a", "nonesuch"), {"a"}])
def test_named_attributes_are_removed(thing, clean):
    thing.swap_typeclass(SwpAfter, clean_attributes=clean, run_start_hooks=None)
    assert everything(thing) == {("b", None), ("c", None), ("a", "cabinet")}
    assert (thing.ndb.a, thing.ndb.n) == (None, "in memory")


@pytest.mark.defect("H-11")
@pytest.mark.parametrize("clean", [True, "a"])
def test_tags_aliases_permissions_and_locks_stay(thing, clean):
    thing.swap_typeclass(SwpAfter, clean_attributes=clean, run_start_hooks=None)
    assert (thing.tags.all(), thing.aliases.all(), thing.permissions.all()) == (["old"], ["it"], ["builder"])
    assert "edit:false()" in thing.locks.all()


# --- what the class made


@pytest.mark.defect("H-11")
@pytest.mark.defect("T-7")
def test_what_the_old_class_cached_does_not_survive(thing):
    assert (thing.chest, thing.motto) == (("chest of", "SwpBefore"), "before")
    thing.swap_typeclass(SwpAfter)
    assert (thing.chest, thing.motto) == (("chest of", "SwpAfter"), "after")


@pytest.mark.defect("T-7")
def test_what_the_new_class_cached_does_not_survive_a_failed_swap(thing):
    class SwpCaching(DefaultObject):
        chest = lazy_handler(lambda obj: ("chest of", "SwpCaching"))

        @cached_property
        def motto(self):
            return "caching"

        def at_object_creation(self):
            assert self.chest
            assert self.motto == "caching"
            raise Broken

    assert thing.motto == "before"
    with pytest.raises(Broken):
        thing.swap_typeclass(SwpCaching)
    assert (thing.chest, thing.motto) == (("chest of", "SwpBefore"), "before")


@pytest.mark.defect("T-7")
def test_handlers_of_data_go_on_working(thing):
    attributes, tags, bag = thing.attributes, thing.tags, thing.db.b
    thing.swap_typeclass(SwpAfter)
    attributes.add("x", 1)
    tags.add("new")
    bag.append(2)
    assert (thing.db.x, thing.db.b) == (1, [1, 2])
    assert thing.tags.has("new")


@pytest.mark.defect("H-11")
def test_running_all_start_hooks_leaves_locks_that_somebody_has_set(thing):
    thing.locks.add("get:perm(Builder);edit:perm(Admin);own:pid(1)")
    thing.swap_typeclass(DefaultRoom, run_start_hooks="all")
    locks = dict(lock.split(":", 1) for lock in thing.locks.all())
    assert (locks["get"], locks["own"]) == ("perm(Builder)", "pid(1)")
    assert (locks["teleport"], locks["puppet"]) == ("false()", "false()"), "a default that nobody changed follows"


@pytest.mark.defect("H-11")
def test_locks_of_a_channel_and_an_account_stay_too(db):
    channel = create_channel("swp", locks="listen:perm(Admin)")
    channel.swap_typeclass(DefaultChannel, run_start_hooks="all")
    assert "listen:perm(Admin)" in channel.locks.all()
    account = create_account("swp", None, "x7dj2hsK1", locks="boot:false()")
    account.swap_typeclass(DefaultAccount, run_start_hooks="all")
    assert "boot:false()" in account.locks.all()


def test_command_sets_are_cleaned_when_asked(thing):
    thing.cmdset.add_default("world.sets.Stock")
    thing.cmdset.add("world.sets.Extra", persistent=True)
    thing.swap_typeclass(SwpAfter)
    assert thing.cmdset_storage == ["world.sets.Stock", "world.sets.Extra"]
    thing.swap_typeclass(SwpAfter, clean_cmdsets=True)
    assert [path for path in thing.cmdset_storage if path] == []


def test_a_swap_by_somebody_else_is_seen(thing):
    ObjectDB.objects.filter(pk=thing.pk).update(db_typeclass_path=SwpAfter.path)
    assert type(thing) is SwpAfter
    assert SwpAfter.log == ["init"]
