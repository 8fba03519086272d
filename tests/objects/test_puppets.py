"""Objects that are controlled: sessions, the hooks of characters, command sets, and the hooks that there are."""

from __future__ import annotations

import inspect
import time

import pytest
from django.conf import settings
from django.test.utils import override_settings

from perdure.create import create_object
from perdure.errors import ConfigurationError, InvalidArgument, Veto
from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultObject, set_exit_cmdset_factory
from perdure.sessions import SESSION_HANDLER
from perdure.typeclasses import veto
from perdure.typeclasses.cmdsets import set_cmdset_loader


class StubAccount:
    """Just enough of an account."""

    id = 7
    is_connected = True

    def __init__(self):
        self.told = []

    def msg(self, text, **kwargs):
        self.told.append(text)


# --- sessions


def test_sessions_are_kept_by_id(bob, connect):
    session = connect(bob, 7)
    assert bob.db_sessid == "7"
    assert bob.sessions.all() == bob.sessions.get(7) == [session]
    assert (bob.sessions.get(8), bob.sessions.count(), bob.has_account) == ([], 1, 1)
    SESSION_HANDLER.clear()
    assert (bob.sessions.all(), bob.has_account) == ([], 0)
    SESSION_HANDLER.add(session)
    bob.sessions.remove(session)
    assert bob.db_sessid is None
    with pytest.raises(InvalidArgument):
        bob.sessions.add(99)


@pytest.mark.parametrize(("mode", "capacity"), [(0, 1), (1, 16), (2, 1), (3, 16)])
def test_capacity_depends_on_the_mode(bob, connect, mode, capacity):
    with override_settings(MULTISESSION_MODE=mode):
        for sessid in range(1000, 1020):
            connect(bob, sessid)
        assert bob.sessions.count() == capacity
        bob.sessions.add(1000)
        assert bob.sessions.count() == capacity
        bob.sessions.clear()
        assert bob.sessions.count() == 0


def test_a_controlled_object_stays_in_memory(bob, connect):
    assert bob._pinned() is None
    connect(bob)
    assert bob._pinned() == "connected"


# --- characters


def test_a_character_leaves_the_world_and_comes_back(bob, room, connect):
    other = create_object(DefaultCharacter, key="Ann", location=room)
    session = connect(other)
    bob.at_post_unpuppet(reason="lost link")
    assert bob.location is None
    assert bob.db.prelogout_location is room
    assert session.texts == ["Bob has left the game (lost link)."]
    bob.at_pre_puppet(StubAccount())
    assert bob.location is room
    bobs = connect(bob)
    bob.at_post_puppet()
    assert session.texts[-1] == "Bob has entered the game."
    assert "Bob" in bobs.texts[0]
    assert bobs.texts[1].startswith("|cHall|n")
    assert bobs.sent[1]["text"][1] == {"type": "look"}
    bob.at_post_unpuppet()
    assert bob.location is room, "a session is still there"


def test_a_character_goes_home_when_its_place_is_gone(bob, room, cellar):
    bob.home = cellar
    bob.at_post_unpuppet()
    room.delete()
    bob.at_pre_puppet(StubAccount())
    assert bob.location is cellar


@pytest.mark.defect("H-38")
def test_a_character_with_nowhere_to_go_is_puppeted_without_an_error(connect):
    with override_settings(DEFAULT_HOME="#99999"):
        lost = create_object(DefaultCharacter, key="Lost")
    account = StubAccount()
    session = connect(lost)
    lost.at_pre_puppet(account)
    lost.at_post_puppet()
    assert "no location" in account.told[0]
    assert "Lost" in session.texts[0]


def test_times_of_a_character(bob, connect):
    assert bob.idle_time is None
    assert bob.connection_time is None
    session = connect(bob)
    session.conn_time, session.cmd_last_visible = time.time() - 60, time.time() - 5
    assert bob.connection_time == pytest.approx(60, abs=2)
    assert bob.idle_time == pytest.approx(5, abs=2)


def test_a_character_looks_where_it_comes(bob, cellar, connect):
    session = connect(bob)
    bob.move_to(cellar, quiet=True)
    assert session.texts == ["|cCellar|n\nThis is a room."]
    cellar.locks.add("view:false()")
    bob.move_to(cellar, quiet=True, force=True)
    assert len(session.texts) == 1


def test_an_object_without_an_account(lamp):
    assert (lamp.has_account, lamp.is_connected, lamp.is_superuser) == (0, False, False)
    assert lamp.get_cmdset_providers() == {"object": lamp}


# --- handling


def test_dropping_asks_the_lock(bob, room, connect):
    session = connect(bob)
    coin = create_object(DefaultObject, key="coin", location=bob)
    assert coin.at_pre_drop(bob)
    coin.locks.add("drop:false()")
    assert coin.at_pre_drop(bob) is False
    assert session.texts == ["You cannot drop coin."]
    coin.locks.remove("drop")
    assert coin.at_pre_drop(bob)


class Nosy(DefaultObject):
    """Hears of access checks."""

    def at_access(self, result, accessing_obj, access_type, **kwargs):
        self.ndb.heard = (result, accessing_obj, access_type)
        return not result


def test_access_is_reported(bob):
    nosy = create_object(Nosy, key="nosy")
    assert nosy.access(bob, "get") is True
    assert nosy.ndb.heard == (True, bob, "get")
    assert nosy.access(bob, "no_such_lock") is False
    assert nosy.access(bob, "no_such_lock", default=True) is True


# --- command sets


def test_command_sets_are_a_stack_with_a_default(lamp):
    handler = lamp.cmdset
    assert (handler.all(), handler.current, handler.key) == ([], None, "")
    handler.add_default("a.Base")
    handler.add("b.Extra")
    handler.add("c.Kept", persistent=True)
    assert lamp.cmdset_storage == ["a.Base", "c.Kept"]
    assert handler.cmdset_stack == ["a.Base", "b.Extra", "c.Kept"]
    assert handler.has("Extra")
    assert handler.has_cmdset("c.Kept")
    assert not handler.has("b.Extra", must_be_default=True)
    assert handler.has("base", must_be_default=True)
    handler.remove()
    assert lamp.cmdset_storage == ["a.Base"]
    handler.delete("Extra")
    assert handler.all() == ["a.Base"]
    handler.add("b.Extra")
    handler.clear()
    assert handler.all() == ["a.Base"]
    handler.remove_default()
    assert handler.cmdset_stack == [None]
    assert lamp.cmdset_storage == []


def test_stored_command_sets_come_back(bob):
    assert bob.cmdset_storage == [settings.CMDSET_CHARACTER]
    bob.cmdset.add("b.Temporary")
    bob.cmdset.add_default("a.ForNow", persistent=False)
    assert bob.cmdset_storage == [settings.CMDSET_CHARACTER]
    bob.__dict__.pop("cmdset")
    assert bob.cmdset.all() == [settings.CMDSET_CHARACTER]


def test_command_sets_follow_a_rollback(lamp):
    from perdure.transactions import transaction

    lamp.cmdset.add("a.First", persistent=True)
    with pytest.raises(RuntimeError), transaction():
        lamp.cmdset.add("b.Second", persistent=True)
        raise RuntimeError
    assert lamp.cmdset.all() == ["a.First"]


def test_too_many_command_sets_are_refused_whole(lamp):
    lamp.cmdset.add("a" * 250 + ".A", persistent=True)
    with pytest.raises(InvalidArgument, match="fit"):
        lamp.cmdset.add("b.B", persistent=True)
    assert len(lamp.cmdset.all()) == 1


class Set:
    """Stands for a command set that merges."""

    def __init__(self, *keys):
        self.keys = keys
        self.key = "+".join(keys)

    def __add__(self, other):
        return Set(*self.keys, *other.keys)


def test_the_command_layer_makes_and_merges_the_sets(lamp):
    set_cmdset_loader(lambda source, owner: Set(source.rpartition(".")[2]))
    try:
        lamp.cmdset.add_default("a.Base")
        lamp.cmdset.add("b.Extra")
        assert lamp.cmdset.key == "Base+Extra"
        assert [one.key for one in lamp.get_cmdsets(lamp, None)[1]] == ["Base", "Extra"]
        lamp.cmdset.reset()
        lamp.cmdset.update(init_mode=True)
        assert lamp.cmdset.has("Base")
    finally:
        set_cmdset_loader(None)


def test_exits_make_their_command_anew_when_they_are_called_otherwise(room, cellar, bob):
    made = []
    way = create_object(DefaultExit, key="north", location=room, destination=cellar)
    way.at_cmdset_get(caller=bob)
    set_exit_cmdset_factory(lambda way: made.append(way.key) or f"exits.{way.key}")
    try:
        way.at_init()
        way.at_cmdset_get(caller=bob)
        way.at_cmdset_get(caller=bob)
        assert made == ["north"]
        way.key = "south"
        way.at_cmdset_get(caller=bob)
        way.aliases.add("s")
        way.at_cmdset_get(caller=bob)
        way.at_cmdset_get(caller=bob, force_init=False)
        assert made == ["north", "south", "south", "south"]
        assert way.cmdset.all() == ["exits.south"]
        assert way.cmdset_storage == []
    finally:
        set_exit_cmdset_factory(None)


def test_commands_need_a_command_layer(bob, monkeypatch):
    from perdure.typeclasses import handlers

    with pytest.raises(ConfigurationError, match="command_line"):
        bob.execute_cmd("look")
    done = []
    monkeypatch.setitem(
        handlers._factories, "command_line", lambda obj: lambda text, **kw: done.append((obj, text, kw))
    )
    bob.nicks.add("l", "look")
    bob.execute_cmd("l", session=None, colour="red")
    assert done == [(bob, "look", {"session": None, "colour": "red"})]
    bob.__dict__.pop("_command_line")


# --- rules of hooks


@pytest.mark.defect("H-23")
def test_the_rule_of_veto():
    assert [veto.allowed(answer) for answer in (True, None, 0, "", 1)] == [True] * 5
    assert not veto.allowed(False)
    with override_settings(STRICT_VETO=True):
        assert [veto.allowed(answer) for answer in (True, None, 0, "", False)] == [True, False, False, False, False]

    def refusing():
        raise Veto("because")

    decision = veto.ask(refusing)
    assert (decision.allowed, decision.reason, bool(decision)) == (False, "because", False)
    decision = veto.ask(lambda: "yes")
    assert (decision.allowed, decision.value) == (True, "yes")
    with pytest.raises(KeyError):
        veto.ask({}.__getitem__, 1)


HOOKS = {
    "at_init": [],
    "at_first_save": [],
    "basetype_setup": [],
    "at_object_creation": [],
    "at_object_post_creation": [],
    "basetype_posthook_setup": [],
    "at_object_post_spawn": ["prototype"],
    "at_object_post_copy": ["new_obj"],
    "at_object_delete": [],
    "at_rename": ["oldname", "newname"],
    "at_access": ["result", "accessing_obj", "access_type"],
    "at_cmdset_get": [],
    "get_cmdsets": ["caller", "current"],
    "get_cmdset_providers": [],
    "at_pre_puppet": ["account", "session"],
    "at_post_puppet": [],
    "at_pre_unpuppet": [],
    "at_post_unpuppet": ["account", "session"],
    "at_server_reload": [],
    "at_server_shutdown": [],
    "at_pre_move": ["destination", "move_type"],
    "at_pre_object_leave": ["leaving_object", "destination"],
    "at_pre_object_receive": ["arriving_object", "source_location"],
    "at_object_leave": ["moved_obj", "target_location", "move_type"],
    "announce_move_from": ["destination", "msg", "mapping", "move_type"],
    "announce_move_to": ["source_location", "msg", "mapping", "move_type"],
    "at_object_receive": ["moved_obj", "source_location", "move_type"],
    "at_post_move": ["source_location", "move_type"],
    "at_traverse": ["traversing_object", "target_location"],
    "at_post_traverse": ["traversing_object", "source_location"],
    "at_failed_traverse": ["traversing_object"],
    "at_msg_receive": ["text", "from_obj"],
    "at_msg_send": ["text", "to_obj"],
    "at_look": ["target"],
    "at_desc": ["looker"],
    "return_appearance": ["looker"],
    "format_appearance": ["appearance", "looker"],
    "filter_visible": ["obj_list", "looker"],
    "at_pre_get": ["getter"],
    "at_get": ["getter"],
    "at_pre_give": ["giver", "getter"],
    "at_give": ["giver", "getter"],
    "at_pre_drop": ["dropper"],
    "at_drop": ["dropper"],
    "at_pre_say": ["message"],
    "at_say": ["message", "msg_self", "msg_location", "receivers", "msg_receivers"],
    "get_search_query_replacement": ["searchdata"],
    "get_search_candidates": ["searchdata"],
    "get_search_direct_match": ["searchdata"],
    "get_stacked_results": ["results"],
    "handle_search_results": ["searchdata", "results"],
    "at_db_location_postsave": ["new"],
}


@pytest.mark.parametrize("name", HOOKS)
def test_hooks_have_their_documented_signatures(name):
    parameters = list(inspect.signature(getattr(DefaultObject, name)).parameters.values())[1:]
    named = [parameter.name for parameter in parameters if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    assert named == HOOKS[name]


class Placed(DefaultObject):
    """Hears of saves of its location."""

    heard: list[bool] = []

    def at_db_location_postsave(self, new):
        self.heard.append(new)
        if self.ndb.failing:
            raise RuntimeError


@pytest.mark.django_db(transaction=True)
def test_saves_of_the_location_are_told(room, cellar):
    Placed.heard.clear()
    placed = create_object(Placed, key="p", location=room)
    placed.location = cellar
    assert Placed.heard[0] is True
    assert Placed.heard[-1] is False
    placed.ndb.failing = True
    with pytest.raises(RuntimeError):
        placed.location = room
    assert placed.location is cellar
    assert cellar.contents == [placed]
    assert room.contents == []
