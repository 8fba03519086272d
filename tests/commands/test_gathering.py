"""Gathering: whose commands count, what is merged when, what is kept."""

from __future__ import annotations

import gc
import weakref

import pytest
from django.test import override_settings

from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command
from perdure.commands.gathering import MergeCache, gather, gather_for, merge_cache
from perdure.create import create_object
from perdure.errors import IllegalState
from perdure.objects.objects import DefaultExit, DefaultObject
from perdure.transactions import transaction


def make(*keys, **options):
    cls = type("Made", (CmdSet,), {"key": options.pop("key", "Made"), **options})
    made = cls()
    made.add([Command(key=key) for key in keys], allow_duplicates=True)
    return made


def button(place, *keys, **options):
    thing = create_object(key="button", location=place)
    thing.cmdset.add(make(*keys, **options))
    return thing


def names(player):
    return {name for name in gather(player.session).index if not name.startswith("ooc")}


# --- who


def test_a_session_has_what_it_its_account_and_its_puppet_have(anna):
    anna.session.cmdset.add(make("sessions", priority=-20))
    found = gather_for(anna.session)
    assert {"sessions", "ooc", "look", "get"} <= set(found.cmdset.index)
    assert found.caller is anna.character
    assert found.error_to is anna.character
    assert set(found.providers) == {"session", "account", "object"}


def test_without_a_puppet_the_account_acts_and_the_session_is_told(anna):
    anna.session.puppet = None
    found = gather_for(anna.session)
    assert found.caller is anna.account
    assert found.error_to is anna.session
    assert "get" not in found.cmdset


def test_accounts_and_objects(anna, hall):
    anna.session.cmdset.add(make("sessions"))
    assert "sessions" not in gather(anna.account)
    assert "sessions" in gather(anna.account, anna.session)
    assert "get" not in gather(anna.account)
    assert {"ooc", "get"} <= set(gather(anna.character).index)
    npc = create_object(key="Crow", location=hall)
    npc.cmdset.add(make("caw"))
    assert set(gather(npc).index) == {"caw"}
    nowhere = create_object(key="Ghost")
    nowhere.location = None
    assert len(gather(nowhere)) == 0


def test_what_is_around(anna, hall):
    button(hall, "press")
    button(anna.character, "wind")
    hall.cmdset.add(make("dig"))
    far = button(create_object(key="Far"), "far")
    assert {"press", "wind", "dig", "look"} <= names(anna)
    assert "far" not in names(anna)
    far.move_to(hall, quiet=True)
    assert "far" in names(anna)


def test_the_call_lock_decides_and_nobody_bypasses_it(person, hall):
    thing = button(hall, "press")
    thing.locks.add("call:false()")
    assert "press" not in names(person("Anna"))
    assert "press" not in names(person("Eva", superuser=True))
    thing.locks.add("call:true()")
    assert "press" in names(person("Bea"))


def test_characters_keep_their_commands_to_themselves(person):
    one, two = person("Anna"), person("Bea")
    one.character.cmdset.add(make("mine"))
    assert "mine" in names(one)
    assert "mine" not in names(two)


def test_two_things_with_the_same_command_are_told_apart(anna, hall):
    one, two = button(hall, "press"), button(hall, "press")
    found = [command.obj for command in gather(anna.session).index.named("press")]
    assert set(found) == {one, two} or found == [None, None]
    assert len(found) == 2


# --- flags


@pytest.mark.defect("V-39")
@pytest.mark.parametrize("who", ["session", "account", "character"])
@pytest.mark.parametrize(("flag", "gone"), [("no_objs", {"press", "down"}), ("no_exits", {"down"})])
def test_flags_silence_things_and_exits_whoever_has_them(anna, hall, cellar, who, flag, gone):
    button(hall, "press")
    create_object(DefaultExit, key="down", location=hall, destination=cellar)
    assert {"press", "down", "look"} <= names(anna)
    getattr(anna, who).cmdset.add(make(**{flag: True}, key="Silence", priority=-50))
    assert names(anna) & {"press", "down", "look"} == {"press", "down", "look"} - gone
    anna.character.cmdset.add(make(**{flag: False}, key="Loud", priority=1))
    assert {"press", "down", "look"} <= names(anna)


def test_a_room_may_close_its_exits(anna, hall, cellar):
    create_object(DefaultExit, key="down", location=hall, destination=cellar)
    hall.cmdset.add(make(no_exits=True))
    assert "down" not in names(anna)


def test_priorities_and_types(anna, hall):
    hall.cmdset.add(make("look", key="Dark", priority=5, mergetype="Replace"))
    assert names(anna) == {"look"}
    (look,) = gather(anna.session).index.named("look")
    assert look.key == "look"
    hall.cmdset.remove("Dark")
    assert "get" in names(anna)


# --- what is merged when


@pytest.mark.defect("V-28")
def test_an_unchanged_room_merges_nothing(anna, hall, cellar):
    button(hall, "press")
    for way in ("north", "south", "east"):
        create_object(DefaultExit, key=way, location=hall, destination=cellar)
    first = gather(anna.session)
    before = merge_cache.merges
    for _ in range(5):
        assert gather(anna.session) is first
    assert merge_cache.merges == before


@pytest.mark.defect("V-28")
def test_looking_again_asks_the_database_nothing(anna, hall, cellar, django_assert_num_queries):
    button(hall, "press")
    create_object(DefaultExit, key="down", location=hall, destination=cellar)
    gather(anna.session)
    with django_assert_num_queries(0):
        gather(anna.session)


@pytest.mark.defect("V-28")
def test_walking_merges_only_what_is_new(person, hall, cellar):
    anna, bea = person("Anna"), person("Bea")
    for way in ("north", "south", "east"):
        create_object(DefaultExit, key=way, location=hall, destination=cellar)
    gather(anna.session)
    before = merge_cache.merges
    gather(bea.session)
    # Her own sets, and those with the exits, which are merged already.
    assert merge_cache.merges - before <= 2


@pytest.mark.defect("V-3")
def test_changes_act_at_once(anna, hall, cellar):
    """Whatever is kept: a changed lock, set, name or place is seen by the next line."""
    thing = button(hall, "press")
    way = create_object(DefaultExit, key="down", location=hall, destination=cellar)
    assert {"press", "down"} <= names(anna)
    thing.cmdset.all()[0].add(Command(key="pull"))
    assert "pull" in names(anna)
    thing.cmdset.all()[0].get("pull").set_key("twist")
    assert "twist" in names(anna)
    assert "pull" not in names(anna)
    thing.locks.add("call:false()")
    assert "press" not in names(anna)
    way.key = "below"
    assert "below" in names(anna)
    assert "down" not in names(anna)
    way.aliases.add("b")
    assert "b" in names(anna)
    way.aliases.clear()
    assert "b" not in names(anna)
    way.delete()
    assert "below" not in names(anna)
    anna.character.cmdset.add(make("dance"))
    assert "dance" in names(anna)
    anna.character.move_to(cellar, quiet=True, move_hooks=False)
    assert "press" not in names(anna)


@pytest.mark.defect("V-3")
def test_a_changed_lock_of_an_exit_acts_at_once(anna, hall, cellar):
    way = create_object(DefaultExit, key="down", location=hall, destination=cellar)
    (command,) = gather(anna.session).index.named("down")
    assert command.access(anna.character, "cmd")
    way.locks.add("cmd:false()")
    assert gather(anna.session).index.named("down") == (command,)
    assert not command.access(anna.character, "cmd")


def test_what_is_undone_is_not_seen(anna, hall, cellar):
    way = create_object(DefaultExit, key="down", location=hall, destination=cellar)
    thing = button(create_object(key="Far"), "press")
    with pytest.raises(RuntimeError), transaction():
        way.key = "below"
        thing.move_to(hall, quiet=True)
        anna.character.cmdset.add(make("dance"))
        assert {"below", "press", "dance"} <= names(anna)
        raise RuntimeError
    assert "down" in names(anna)
    assert not names(anna) & {"below", "press", "dance"}


@pytest.mark.defect("V-3")
def test_what_was_merged_cannot_be_changed(anna):
    merged = gather(anna.session)
    with pytest.raises(IllegalState):
        merged.make_unique(anna.character)
    with pytest.raises(IllegalState):
        merged.add(Command(key="x"))


@pytest.mark.defect("V-3")
def test_what_is_kept_keeps_no_entity_alive():
    class Thing:
        pass

    thing = Thing()
    cmdset, other = CmdSet(thing), make("b", priority=1)
    cmdset.add(Command(key="a"))
    cache = MergeCache()
    merged = cache.merged([(cmdset, True), (other, False)])
    gone = weakref.ref(thing)
    del thing, cmdset
    gc.collect()
    assert gone() is None
    assert merged.get("a").obj is None


def test_what_is_kept_is_bounded():
    cache = MergeCache()
    with override_settings(CMDSET_MERGE_CACHE_MAXSIZE=5):
        for number in range(20):
            cache.merged([(make(f"a{number}"), False)])
        assert len(cache) == 5


def test_hooks_are_called(anna, hall):
    class Shy(DefaultObject):
        def at_cmdset_get(self, **kwargs):
            asked.append(kwargs["caller"])
            if not self.cmdset.all():
                self.cmdset.add(make("tickle"))

    asked = []
    create_object(Shy, key="cat", location=hall)
    assert "tickle" in names(anna)
    assert asked == [anna.character]


def test_a_class_of_its_own_for_an_exit(anna, hall, cellar):
    class Climb(Command):
        key = "climb"

        def func(self):
            self.msg(f"climbing {self.obj.key}")

    class Ladder(DefaultExit):
        exit_command = Climb
        priority = 50

    create_object(Ladder, key="ladder", location=hall, destination=cellar)
    assert anna.send("ladder up") == "climbing ladder"


# --- what is broken


@pytest.mark.parametrize("hook", ["at_cmdset_get", "get_cmdsets"])
def test_a_broken_class_leaves_its_players_their_commands(anna, hook, monkeypatch, caplog):
    def broken(self, *args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(type(anna.character), hook, broken)
    assert "looked" in anna.send("look")
    assert not anna.errors
    assert "ZeroDivisionError" in caplog.text


def test_a_broken_thing_takes_nobodys_commands_away(anna, hall, cellar, caplog):
    class Broken(DefaultObject):
        def at_cmdset_get(self, **kwargs):
            self.db.half = 1
            raise ZeroDivisionError

    class Closed(DefaultObject):
        def access(self, accessing_obj, access_type="read", default=False, **kwargs):
            raise KeyError("lock")

    class BrokenExit(DefaultExit):
        def create_exit_cmdset(self, exidbobj):
            raise RuntimeError("exit")

    broken = create_object(Broken, key="broken", location=hall)
    closed = create_object(Closed, key="closed", location=hall)
    closed.cmdset.add(make("press"))
    create_object(BrokenExit, key="down", location=hall, destination=cellar)
    create_object(DefaultExit, key="up", location=hall, destination=cellar)
    button(hall, "pull")
    assert {"look", "up", "pull"} <= names(anna)
    assert {"press", "down"} & names(anna) == set()
    assert broken.db.half is None
    assert "Broken #" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    anna.send("up")
    assert anna.character.location is cellar
