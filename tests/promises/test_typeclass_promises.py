"""What the page on typeclasses promises, sentence by sentence, where no example of the page proves it."""

from __future__ import annotations

import gc
import types
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DataError, connection

import perdure
from perdure.accounts.accounts import DefaultAccount
from perdure.accounts.logins import login
from perdure.accounts.models import AccountDB
from perdure.channels.channels import DefaultChannel
from perdure.channels.models import ChannelDB
from perdure.create import create_account, create_channel, create_object, create_script
from perdure.errors import DuplicateTypeclass, InvalidArgument
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultObject, DefaultRoom
from perdure.scripts.clock import script_clock
from perdure.scripts.models import ScriptDB
from perdure.scripts.scripts import DefaultScript
from perdure.typeclasses.models import TypedObject
from tests.typeclasses.making import forget

pytestmark = pytest.mark.django_db

PASSWORD = "a-clew-of-thread"


class PrmCounting(DefaultObject):
    """Counts the calls of its hooks."""

    created = 0
    loaded = 0

    def at_object_creation(self) -> None:
        type(self).created += 1

    def at_init(self) -> None:
        type(self).loaded += 1


class PrmChair(DefaultObject):
    """Has what any class has."""

    legs = 4

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def __len__(self) -> int:
        return self.legs

    @property
    def description(self) -> str:
        return f"{self.key} on {self.legs} legs"

    @classmethod
    def named(cls, name: str) -> Any:
        return create_object(cls, key=name)

    @staticmethod
    def twice(number: int) -> int:
        return 2 * number


class PrmStool(PrmChair):
    legs = 3

    @property
    def description(self) -> str:
        return "small: " + super().description


class PrmLiquid:
    """An ordinary mixin."""

    def pour(self) -> str:
        return f"{self.key} pours"  # type: ignore[attr-defined]


class PrmVessel(DefaultObject):
    pass


class PrmLight(DefaultObject):
    def shine(self) -> str:
        return f"{self.key} shines"


class PrmOilLamp(PrmLiquid, PrmVessel, PrmLight):
    """Two typeclasses and a mixin."""


def make_all() -> dict[type, Any]:
    return {
        ObjectDB: create_object(DefaultObject, key="thing"),
        AccountDB: create_account("Ariadne", None, PASSWORD),
        ScriptDB: create_script(DefaultScript, key="timer"),
        ChannelDB: create_channel("public"),
    }


# --- what a typeclass is


@pytest.mark.promise("four-kinds")
@pytest.mark.promise("own-properties")
def test_all_four_kinds_are_typed_objects_with_the_same_handlers_and_properties_of_their_own() -> None:
    for model, made in make_all().items():
        assert isinstance(made, (TypedObject, model))
        made.db.worth, made.ndb.worth = 5, 6
        made.tags.add("tag")
        made.locks.add("edit:false()")
        assert (made.attributes.get("worth"), made.nattributes.get("worth")) == (5, 6)
        assert (made.tags.has("tag"), "edit:false()" in made.locks.all()) == (True, True)
    own = {ObjectDB: "location", AccountDB: "username", ScriptDB: "interval", ChannelDB: "subscriptions"}
    for model, name in own.items():
        assert [other for other in own if hasattr(other, name)] == [model]


@pytest.mark.promise("no-schema-change")
def test_a_new_class_changes_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    before = connection.introspection.table_names()
    tables = {ObjectDB, AccountDB, ScriptDB, ChannelDB}

    class PrmBrandNew(DefaultObject):
        worth = perdure.AttributeProperty(5)

    made = create_object(PrmBrandNew, key="new")
    assert made.worth == 5
    assert connection.introspection.table_names() == before
    assert PrmBrandNew._meta.concrete_model in tables
    call_command("makemigrations", "--check", "--dry-run")
    assert "No changes detected" in capsys.readouterr().out


@pytest.mark.promise("level-1")
@pytest.mark.promise("level-2")
def test_tables_are_on_the_first_level_and_hooks_on_the_second() -> None:
    hooks = {
        (ObjectDB, DefaultObject): ["at_object_creation", "at_pre_move", "at_look", "return_appearance"],
        (AccountDB, DefaultAccount): ["at_account_creation", "at_login", "at_disconnect"],
        (ScriptDB, DefaultScript): ["at_script_creation", "at_start", "at_repeat", "at_stop"],
        (ChannelDB, DefaultChannel): ["at_channel_creation", "at_pre_msg", "at_post_msg"],
    }
    for (model, default), names in hooks.items():
        assert model._meta.db_table in connection.introspection.table_names()
        assert [field.name for field in default._meta.local_fields] == []
        for name in names:
            assert callable(getattr(default, name))
            assert not hasattr(model, name)


@pytest.mark.promise("db-field-names")
def test_fields_are_called_db_something_by_kind() -> None:
    own = {
        ObjectDB: {"db_location", "db_home", "db_destination"},
        ScriptDB: {"db_interval", "db_repeats", "db_persistent"},
    }
    shared = {"db_key", "db_date_created", "db_typeclass_path"}
    for model in (ObjectDB, AccountDB, ScriptDB, ChannelDB):
        names = {field.name for field in model._meta.concrete_fields}
        assert shared | own.get(model, set()) <= names
    made = DefaultObject(db_key="thing", db_location=create_object(DefaultRoom, key="room", location=None))
    made.save()
    assert (made.key, made.location.key) == ("thing", "room")


@pytest.mark.promise("fields-hold-their-type")
def test_a_field_takes_only_what_it_can_hold() -> None:
    made = create_object(DefaultObject, key="thing")
    for wrong in (5, None, ["a"]):
        with pytest.raises(InvalidArgument, match="key"):
            made.key = wrong
    with pytest.raises((TypeError, ValueError, DataError)):
        made.location = "no such place"
    assert (made.key, made.location) == ("thing", None)


@pytest.mark.promise("unique-names")
def test_a_second_class_of_a_name_is_an_error_that_names_both() -> None:
    with pytest.raises(DuplicateTypeclass, match=r"PrmLight.*test_typeclass_promises.*elsewhere"):
        types.new_class("PrmLight", (DefaultObject,), exec_body=lambda body: body.update(__module__="elsewhere"))
    assert type(create_object(f"{__name__}.PrmLight", key="light")) is PrmLight


@pytest.mark.promise("normal-class")
@pytest.mark.promise("own-init")
def test_otherwise_a_typeclass_is_a_normal_class() -> None:
    stool = PrmStool.named("stool")
    assert (len(stool), PrmChair.twice(4), stool.built) == (3, 8, True)
    assert stool.description == "small: stool on 3 legs"
    assert isinstance(stool, PrmChair)
    stool.legs = 2
    assert (len(stool), PrmStool.legs) == (2, 3)
    assert [cls.__name__ for cls in PrmStool.__mro__[:3]] == ["PrmStool", "PrmChair", "DefaultObject"]


@pytest.mark.promise("own-init")
@pytest.mark.django_db(transaction=True)
def test_an_own_init_runs_for_rows_that_are_loaded_too() -> None:
    pk = PrmStool.named("stool").pk
    forget(ObjectDB)
    assert ObjectDB.objects.get(pk=pk).built is True


@pytest.mark.promise("no-boilerplate")
def test_a_class_statement_is_enough() -> None:
    assert PrmOilLamp._meta.proxy
    assert "Meta" not in vars(PrmOilLamp)
    assert PrmOilLamp._meta.concrete_model is ObjectDB
    assert PrmOilLamp.objects.model is PrmOilLamp


@pytest.mark.promise("multiple-inheritance")
def test_several_bases() -> None:
    lamp = create_object(PrmOilLamp, key="lamp")
    assert (lamp.pour(), lamp.shine()) == ("lamp pours", "lamp shines")
    assert list(PrmLight.objects.all_family()) == list(PrmVessel.objects.all_family()) == [lamp]


@pytest.mark.promise("proxies")
def test_the_four_tables_and_their_proxies() -> None:
    for model, default in (
        (AccountDB, DefaultAccount),
        (ObjectDB, DefaultCharacter),
        (ScriptDB, DefaultScript),
        (ChannelDB, DefaultChannel),
    ):
        assert not model._meta.proxy
        assert default._meta.proxy
        assert default._meta.db_table == model._meta.db_table


# --- hooks


@pytest.mark.promise("creation-hook-once")
@pytest.mark.promise("at-init-each-load")
@pytest.mark.django_db(transaction=True)
def test_the_creation_hook_runs_once_and_at_init_at_each_load() -> None:
    PrmCounting.created = PrmCounting.loaded = 0
    made = create_object(PrmCounting, key="counted")
    pk = made.pk
    assert (PrmCounting.created, PrmCounting.loaded) == (1, 1)
    made.key = "renamed"
    made.save()
    assert ObjectDB.objects.get(pk=pk) is made
    assert (PrmCounting.created, PrmCounting.loaded) == (1, 1)
    del made
    forget(ObjectDB)
    ObjectDB.objects.get(pk=pk)
    assert (PrmCounting.created, PrmCounting.loaded) == (1, 2)
    saved = PrmCounting(db_key="by hand")
    assert PrmCounting.created == 1
    saved.save()
    saved.save()
    assert PrmCounting.created == 2


@pytest.mark.promise("at-login")
def test_at_login_is_called_when_an_account_comes_in() -> None:
    class PrmAccount(DefaultAccount):
        entered: list[Any] = []

        def at_login(self, session: Any = None, **kwargs: Any) -> None:
            self.entered.append(session)

    account = create_account("Theseus", None, PASSWORD, typeclass=PrmAccount)
    session = types.SimpleNamespace(sessid=1, account=None, puppet=None, protocol_flags={}, address="", logged_in=False)
    session.data_out = session.disconnect = lambda *args, **kwargs: None
    login(account, session)
    assert PrmAccount.entered == [session]


@pytest.mark.promise("at-repeat")
def test_at_repeat_is_called_at_each_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    class PrmTicker(DefaultScript):
        def at_repeat(self, **kwargs: Any) -> None:
            self.db.ticks = (self.db.ticks or 0) + 1

    script_clock.clear()
    monkeypatch.setattr(script_clock, "_time_source", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    script = create_script(PrmTicker, key="ticker", interval=10, start_delay=True)
    script_clock.advance(35)
    assert script.db.ticks == 3
    script_clock.clear()


# --- creating


@pytest.mark.promise("create-extras")
def test_one_call_gives_a_saved_instance_with_attributes_and_tags() -> None:
    room = create_object(DefaultRoom, key="room", location=None)
    made = create_object(
        DefaultObject,
        key="lamp",
        location=room,
        attributes=[("oil", 100), ("maker", "smith", "history")],
        tags=["light", ("brass", "metal")],
        aliases=["lantern"],
        locks="get:all()",
    )
    row = ObjectDB.objects.filter(pk=made.pk).values_list("db_key", "db_location_id").get()
    assert row == ("lamp", room.pk)
    made.attributes.reset_cache()
    made.tags.reset_cache()
    assert (made.db.oil, made.attributes.get("maker", category="history")) == (100, "smith")
    assert made.tags.all(return_key_and_category=True) == [("brass", "metal"), ("light", None)]
    assert made.aliases.all() == ["lantern"]


@pytest.mark.promise("wrappers")
def test_wrappers_are_called_like_the_fields_without_the_prefix() -> None:
    made = create_object(DefaultObject, key="thing")
    for field in ObjectDB._meta.concrete_fields:
        if not field.name.startswith("db_"):
            continue
        name = field.name.removeprefix("db_")
        if name in ("version", "typeclass_version"):
            continue  # the engine's own book-keeping
        assert hasattr(made, name), name
    assert (made.key, made.location, made.home) == (made.db_key, made.db_location, made.db_home)


@pytest.mark.promise("not-persistent")
@pytest.mark.django_db(transaction=True)
def test_ndb_is_not_saved_to_the_database() -> None:
    made = create_object(DefaultObject, key="thing")
    made.ndb.visitor, made.db.worth = object(), 5
    pk = made.pk
    assert list(made.db_attributes.values_list("db_key", flat=True)) == ["worth"]
    made.nattributes.clear()
    del made
    forget(ObjectDB)
    found = ObjectDB.objects.get(pk=pk)
    assert (found.ndb.visitor, found.db.worth) == (None, 5)


@pytest.mark.promise("locks-restrict")
def test_locks_restrict_access() -> None:
    made, somebody = create_object(DefaultObject, key="thing"), create_object(DefaultObject, key="somebody")
    made.locks.add("get:false();look:all()")
    assert (made.access(somebody, "get"), made.access(somebody, "look")) == (False, True)


@pytest.mark.promise("flat-api")
def test_the_flat_api_has_all_entities() -> None:
    kinds = ["Account", "Object", "Character", "Room", "Exit", "Script", "Channel"]
    assert {f"Default{kind}" for kind in kinds} <= set(perdure.__all__)
    for kind in ("account", "object", "script", "channel"):
        assert f"create_{kind}" in perdure.__all__
        assert f"search_{kind}" in perdure.__all__


# --- finding


@pytest.mark.promise("search")
def test_searching_from_an_object_and_from_anywhere() -> None:
    room = create_object(DefaultRoom, key="room", location=None)
    hero = create_object(DefaultCharacter, key="hero", location=room)
    lamp = create_object(DefaultObject, key="lamp", location=room)
    assert hero.search("lamp") is lamp
    assert list(perdure.search_object("lamp")) == list(perdure.search_objects("lamp")) == [lamp]


@pytest.mark.promise("managers")
def test_each_typeclass_has_a_manager_for_its_kind() -> None:
    made = make_all()
    for default, model in (
        (DefaultObject, ObjectDB),
        (DefaultAccount, AccountDB),
        (DefaultScript, ScriptDB),
        (DefaultChannel, ChannelDB),
    ):
        assert default.objects.filter(db_key__isnull=False).count() == 1
        assert default.objects.get(pk=made[model].pk) is made[model]


# --- code changes, data stays


@pytest.mark.promise("code-changes")
def test_changed_code_serves_existing_instances() -> None:
    made = PrmStool.named("stool")
    try:
        PrmChair.creak = lambda self: f"{self.key} creaks"  # type: ignore[attr-defined]
        assert made.creak() == "stool creaks"
    finally:
        del PrmChair.creak  # type: ignore[attr-defined]


@pytest.mark.promise("data-stays")
def test_data_that_is_stored_does_not_change_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    made = create_object(PrmCounting, key="old")

    def create_with_worth(self: Any) -> None:
        self.db.worth = 100

    monkeypatch.setattr(PrmCounting, "at_object_creation", create_with_worth)
    assert ObjectDB.objects.get(pk=made.pk).db.worth is None
    assert create_object(PrmCounting, key="new").db.worth == 100
    made.at_object_creation()
    assert made.db.worth == 100


# --- changing the class


@pytest.mark.promise("swap-reset")
def test_a_swap_that_resets_leaves_an_object_of_the_new_class_only() -> None:
    class PrmGilded(DefaultObject):
        def at_object_creation(self) -> None:
            self.db.gilded = True

    made = create_object(PrmChair, key="chair", attributes=[("worth", 5), ("maker", "smith", "history")])
    made.ndb.sitter = "somebody"
    made.swap_typeclass(PrmGilded, clean_attributes=True, clean_cmdsets=True)
    assert type(made) is PrmGilded
    assert {(one.db_key, one.db_category) for one in made.attributes.all()} == {("gilded", None)}
    assert made.ndb.sitter is None


@pytest.mark.promise("swap-same-class")
def test_a_swap_to_the_class_it_has_runs_the_creation_hook_again() -> None:
    PrmCounting.created = 0
    made = create_object(PrmCounting, key="counted", attributes=[("worth", 5)])
    made.swap_typeclass(PrmCounting, clean_attributes=True)
    assert (type(made), PrmCounting.created, made.db.worth) == (PrmCounting, 2, None)


# --- instances


@pytest.mark.promise("one-instance")
def test_each_search_gives_the_same_instance() -> None:
    made = create_object(PrmChair, key="chair")
    made.scratch = "not in the database"
    assert PrmChair.objects.get(db_key="chair") is made
    assert ObjectDB.objects.filter(db_key="chair")[0].scratch == "not in the database"
    assert perdure.search_object("chair")[0] is made


@pytest.mark.promise("kept-on-instance")
@pytest.mark.django_db(transaction=True)
def test_what_is_kept_on_an_instance_stays_while_the_process_runs() -> None:
    made = create_object(PrmChair, key="chair")
    made.scratch, pk = [1], made.pk
    handler = id(made.attributes)
    del made
    gc.collect()
    found = ObjectDB.objects.get(pk=pk)
    assert (found.scratch, id(found.attributes)) == ([1], handler)


@pytest.mark.promise("no-stale-relations")
def test_a_relation_changed_by_other_means_is_seen_everywhere() -> None:
    first, second = (create_object(DefaultRoom, key=key, location=None) for key in ("first", "second"))
    made = create_object(DefaultObject, key="thing", location=first)
    assert made.location is first
    ObjectDB.objects.filter(pk=made.pk).update(db_location=second)
    assert made.location is second
    assert (first.contents, second.contents) == ([], [made])
    second.key = "renamed"
    assert made.location.key == "renamed"
    made.home = second
    second.delete()
    assert made.home is not second


# --- ids


@pytest.mark.promise("ids-grow")
@pytest.mark.promise("room-for-ids")
@pytest.mark.django_db(transaction=True)
def test_ids_are_never_used_again_and_there_is_room_for_more() -> None:
    ids = []
    for _ in range(3):
        made = create_object(DefaultObject, key="thing")
        ids.append(made.id)
        assert made.dbref == f"#{made.id}"
        made.delete()
    assert ids == sorted(set(ids))
    for model in (ObjectDB, AccountDB, ScriptDB, ChannelDB):
        _, highest = connection.ops.integer_field_range(model._meta.pk.get_internal_type())
        assert highest == 2**63 - 1
        assert highest // (10_000 * 60 * 60 * 24 * 365) > 29_000_000, "years, at ten thousand objects a second"
