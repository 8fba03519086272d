"""Making, hosting, finding, copying and deleting scripts."""

from __future__ import annotations

import pytest

from perdure import signals
from perdure.create import create_account, create_object, create_script, create_scripts
from perdure.errors import EntityNotFound, InvalidArgument, TypeclassNotFound, WrongFamily
from perdure.objects.objects import DefaultObject
from perdure.scripts.models import ScriptDB
from perdure.scripts.scripts import DefaultScript, DoNothing, Store
from perdure.search import search_script
from tests.scripts.things import Counting, Noted, Preset, SelfDestroying, Stubborn

pytestmark = pytest.mark.django_db


# --- creation


def test_what_is_made_is_there():
    heard = []

    def receiver(sender, **kwargs):
        heard.append(sender)

    signals.SIGNAL_SCRIPT_POST_CREATE.connect(receiver)
    try:
        script = create_script(
            Store,
            key="vault",
            locks="edit:false()",
            desc="gold",
            tags=[("rich", "mood")],
            attributes={"gold": 5},
            persistent=True,
        )
    finally:
        signals.SIGNAL_SCRIPT_POST_CREATE.disconnect(receiver)
    assert heard == [script]
    assert ScriptDB.objects.get(pk=script.pk) is script
    assert (script.key, script.desc, script.db.gold) == ("vault", "gold", 5)
    assert script.tags.has("rich", category="mood")
    assert script.locks.get("edit") == "edit:false()"
    assert str(script) == "<Store vault>"
    assert script.obj is None


def test_ready_made_scripts_name_themselves():
    assert create_script(DoNothing).key == "sys_do_nothing"
    assert create_script(Store).key == "sys_storage"


@pytest.mark.defect("H-8")
def test_what_is_given_wins_over_the_hook_falsy_or_not():
    left = create_script(Preset)
    assert (left.interval, left.repeats, left.start_delay, left.persistent, left.desc) == (
        30,
        7,
        True,
        True,
        "from the hook",
    )
    given = create_script(Preset, interval=0, repeats=0, start_delay=False, persistent=False, desc="")
    assert (given.interval, given.repeats, given.start_delay, given.persistent, given.desc) == (0, 0, False, False, "")
    assert not given.is_active
    assert ScriptDB.objects.filter(pk=given.pk, db_persistent=False, db_interval=0, db_repeats=0).exists()


@pytest.mark.defect("H-34")
def test_scripts_without_a_name_get_one_of_their_own():
    first, second = create_script(DefaultScript), create_script(DefaultScript)
    assert first.key
    assert first.key != second.key
    assert list(search_script(first.key)) == [first]


@pytest.mark.defect("H-1")
def test_a_hook_that_raises_leaves_nothing(monkeypatch):
    made = []

    def at_script_creation(self):
        made.append(self.pk)
        self.db.half = True
        raise ZeroDivisionError

    monkeypatch.setattr(Counting, "at_script_creation", at_script_creation)
    with pytest.raises(ZeroDivisionError):
        create_script(Counting, interval=5)
    assert ScriptDB.get_cached_instance(made[0]) is None
    monkeypatch.undo()
    assert create_script(Counting).pk > made[0]


def test_a_script_that_deletes_itself_when_made_is_none():
    assert create_script(SelfDestroying) is None
    assert not ScriptDB.objects.exists()


@pytest.mark.defect("H-9")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"interval": "often"}, "interval"),
        ({"tags": 5.5}, "tags"),
        ({"attributes": [("only-a-key",)]}, "attributes"),
        ({"obj": object()}, "host"),
        ({"account": "#999"}, "account"),
        ({"obj": "#999"}, "host"),
    ],
)
def test_arguments_that_cannot_be_are_named(arguments, named):
    with pytest.raises(InvalidArgument, match=named):
        create_script(Counting, key="x", **arguments)
    assert not ScriptDB.objects.exists()


@pytest.mark.defect("H-10")
def test_a_class_of_another_kind_is_refused():
    with pytest.raises(WrongFamily):
        create_script(DefaultObject)
    with pytest.raises(TypeclassNotFound):
        create_script("nowhere.Nothing")


def test_the_class_method_tells_instead_of_raising():
    script, errors = Store.create("vault", desc="gold")
    assert (type(script), script.desc, errors) == (Store, "gold", [])
    assert Store.create("vault", obj=object())[0] is None
    assert "host" in Store.create("vault", obj=object())[1][0]


def test_many_at_once(django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        scripts = create_scripts(Noted, [{"key": f"s{number}"} for number in range(40)], hooks=False)
    assert [script.key for script in scripts] == [f"s{number}" for number in range(40)]
    assert ScriptDB.objects.count() == 40
    with pytest.raises(InvalidArgument, match="interval"):
        create_scripts(Noted, [{"key": "good"}, {"interval": "bad"}])
    assert not ScriptDB.objects.filter(db_key="good").exists()


# --- hosts


@pytest.fixture
def account():
    return create_account("Anna", "", None)


@pytest.fixture
def box():
    return create_object(key="box")


def test_the_host_is_an_object_or_an_account(account, box):
    on_box, on_account = create_script(Counting, obj=box), create_script(Counting, account=account)
    assert (on_box.obj, on_box.account) == (box, None)
    assert (on_account.obj, on_account.account) == (account, account)
    assert create_script(Counting, obj=account).account is account
    assert create_script(Counting, obj=box.dbref).obj is box
    assert create_script(Counting, obj=box.pk).obj is box


def test_assigning_a_host_takes_the_other_away(account, box):
    script = create_script(Counting, obj=box)
    script.obj = account
    assert (script.obj, script.db_obj) == (account, None)
    script.obj = box.dbref
    assert (script.obj, script.db_account) == (box, None)
    script.account = account.pk
    assert script.obj is account
    del script.obj
    assert script.obj is None
    assert ScriptDB.objects.filter(db_obj=None, db_account=None).get() is script


def test_two_hosts_are_refused(account, box):
    with pytest.raises(InvalidArgument, match="one host"):
        create_script(Counting, obj=box, account=account)
    script = create_script(Counting, obj=box)
    with pytest.raises(InvalidArgument):
        script.account = box
    with pytest.raises(EntityNotFound):
        script.obj = "#999"
    assert script.obj is box


# --- the handler


@pytest.mark.parametrize("kind", ["object", "account"])
def test_the_handler_of_a_host(kind, account, box):
    host = account if kind == "account" else box
    script = host.scripts.add(Counting, key="tick")
    assert list(host.scripts.all()) == list(host.scripts.get("tick")) == [script]
    assert host.scripts.has("tick")
    assert host.scripts.has(script.dbref)
    assert not host.scripts.has("TICK")
    assert not host.scripts.has("")
    free = create_script(Counting, key="free")
    assert host.scripts.add(free) is free
    assert free.obj is host
    assert host.scripts.add("tests.scripts.things.Noted", key="noted").key == "noted"
    assert host.scripts.start("noted") == 1
    assert "tick" in str(host.scripts)
    assert host.scripts.remove("tick") == 1
    assert host.scripts.remove("tests.scripts.things.Noted") == 1
    assert host.scripts.remove("nothing like it") == 0
    assert host.scripts.delete() == 1
    assert host.scripts.stop() == 0
    assert not ScriptDB.objects.exists()


def test_a_script_of_somebody_else_is_not_taken(box, account):
    script = box.scripts.add(Counting)
    assert account.scripts.add(script) is None
    assert script.obj is box


@pytest.mark.django_db(transaction=True)
def test_the_handler_makes_no_cycle():
    import gc
    import weakref

    box = create_object(key="fleeting")
    box.scripts.all()
    ref = weakref.ref(box)
    box.flush_from_cache(force=True)
    gc.disable()
    try:
        del box
        assert ref() is None
    finally:
        gc.enable()


# --- finding


def test_searching(account, box):
    weather = create_script(Store, key="Weather")
    timed = create_script(Counting, key="weather", obj=box, interval=5)
    assert set(search_script("WEATHER")) == {weather, timed}
    assert (
        list(search_script(weather.dbref))
        == list(search_script(weather.pk))
        == list(search_script(weather))
        == [weather]
    )
    assert list(search_script("weather", obj=box)) == [timed]
    assert list(search_script("weather", only_timed=True)) == [timed]
    assert list(search_script("weather", typeclass=Store)) == [weather]
    assert set(search_script("weather", typeclass="scripts.scripts.DefaultScript")) == {weather, timed}
    for nothing in ("", "  ", None, "weath", "#99999"):
        assert not search_script(nothing)
    objects = ScriptDB.objects
    assert list(objects.get_all_scripts("Weather")) == [weather]
    assert set(objects.get_all_scripts()) == {weather, timed}
    assert list(objects.get_all_scripts_on_obj(box)) == [timed]
    assert not objects.get_all_scripts_on_obj(None)


def test_a_typeclass_finds_its_own_kind_only():
    store, counting = create_script(Store, key="a"), create_script(Counting, key="a")
    assert list(Store.objects.all()) == [store]
    assert list(Counting.objects.search_script("a")) == [counting]
    assert set(DefaultScript.objects.all_family()) == {store, counting}
    assert type(Store.objects.create_script(key="b")) is Store


@pytest.mark.defect("H-20")
def test_extra_info_is_safe():
    assert create_script(Store).get_extra_info(create_object(key="looker")) == ""


# --- copying and deleting


@pytest.mark.defect("H-30")
def test_a_copy_is_like_the_original(box):
    original = create_script(
        Counting, key="pulse", obj=box, interval=10, start_delay=True, repeats=3, persistent=False, desc="thump"
    )
    original.db.strength = [1, {2}]
    original.attributes.add("hidden", 1, category="deep", lockstring="attrread:false()")
    original.tags.add("red", category="color")
    original.aliases.add("beat")
    copy = ScriptDB.objects.copy_script(original, new_key="echo")
    assert (copy.key, copy.obj, copy.interval, copy.start_delay) == ("echo", box, 10, True)
    assert (copy.repeats, copy.persistent, copy.desc, copy.timer) == (3, False, "thump", original.timer)
    assert copy.db.strength == [1, {2}]
    assert copy.db.strength is not original.db.strength
    assert copy.attributes.get("hidden", category="deep") == 1
    assert copy.tags.has("red", category="color")
    assert copy.aliases.all() == ["beat"]


@pytest.mark.defect("H-23")
def test_only_false_keeps_a_script():
    forgetful, staying = create_script(Stubborn), create_script(Stubborn)
    staying.db.stay = True
    assert forgetful.delete() is True
    assert staying.delete() is False
    assert ScriptDB.objects.get() is staying
    assert ScriptDB.objects.delete_script(staying.dbref) is False
    staying.db.stay = False
    assert ScriptDB.objects.delete_script(staying.dbref) is True
    assert ScriptDB.objects.delete_script("#12345") is False


def test_deleting_stops_first():
    Noted.calls.clear()
    create_script(Noted, interval=5).delete()
    assert Noted.calls == ["start", "stop"]
