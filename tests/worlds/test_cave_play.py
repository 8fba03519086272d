"""Colossal Cave, played: well-known paths, typed by one or two players through the real pipeline."""

from __future__ import annotations

import random
from typing import Any

import pytest

from perdure.worlds.cave import build, find
from perdure.worlds.cave.keeper import ROUND, CaveKeeper
from perdure.worlds.cave.puzzles import perish, points

pytestmark = pytest.mark.sqlite


@pytest.fixture
def cave(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The cave, with a way to it from where players begin, and with the same chances each time."""
    monkeypatch.setattr(random, "randrange", random.Random(1977).randrange)
    build()
    return world


@pytest.fixture
def anna(cave: Any) -> Any:
    player = cave.player("Anna")
    player.send("cave")
    return player


def thing(number: int) -> Any:
    return find(f"object {number}")


def put(player: Any, room: int, *numbers: int, lit: bool = True) -> None:
    """Set somebody down somewhere, with things."""
    for number in (*numbers, *([2] if lit else [])):
        thing(number).move_to(player.character, quiet=True)
    if lit and not thing(2).is_lit:
        thing(2).light()
    player.character.move_to(find(f"room {room}"), quiet=True)
    player.send("look")


def test_from_the_road_through_the_grate_to_the_hall_of_mists(anna: Any) -> None:
    assert "WELL HOUSE" in anna.send("in")
    assert "THERE IS A SHINY BRASS LAMP NEARBY." in anna.send("look")
    anna.send("get lamp", "get keys", "out")
    assert "STEEL GRATE" in anna.send("south", "south", "south")
    assert "THE GRATE IS LOCKED." in anna.send("look")
    assert "LOCKED STEEL GRATE" in anna.send("down")
    assert "unlocked" in anna.send("unlock grate")
    assert "THE GRATE IS OPEN." in anna.send("look")
    assert "THE GRATE IS OPEN." in anna.send("down")
    assert "pitch dark" not in anna.send("west")
    assert "pitch dark" in anna.send("west")
    assert "lamp is now on" in anna.send("on")
    assert "THREE FOOT BLACK ROD" in anna.send("look")
    assert "BIRD CHAMBER" in anna.send("west", "west").upper()
    put(anna, 14)
    assert "HALL OF MISTS" in anna.send("down").upper()


def test_bird_and_snake(anna: Any) -> None:
    put(anna, 13, 5)
    assert "CHEERFUL LITTLE BIRD" in anna.send("look")
    anna.send("drop rod")
    assert "cannot carry it" in anna.send("get bird")
    thing(5).move_to(anna.character)
    thing(4).move_to(anna.character)
    assert "disturbed" in anna.send("get bird")
    anna.send("drop rod", "get bird")
    assert (thing(8).location, thing(8).state) == (anna.character, 1)
    put(anna, 19)
    assert "SNAKE BARS THE WAY" in anna.send("look")
    assert "CAN'T GET BY THE SNAKE" in anna.send("north")
    assert "drives the snake away" in anna.send("free bird")
    assert "SNAKE" not in anna.send("look")
    anna.send("north")
    assert anna.character.location is find("room 28")


def test_the_rod_makes_a_bridge(anna: Any) -> None:
    put(anna, 17, 5)
    assert anna.send("west").strip()
    assert anna.character.location is find("room 17")
    assert "CRYSTAL BRIDGE NOW SPANS" in anna.send("wave rod")
    anna.send("west")
    assert anna.character.location is find("room 27")
    assert "VANISHED" in anna.send("wave rod")
    assert "Nothing happens" in anna.send("wave lamp")


def test_plant_door_and_bottle(anna: Any) -> None:
    put(anna, 25, 20)
    assert "WATER, WATER" in anna.send("look")
    assert "12-FOOT-TALL" in anna.send("pour water")
    assert thing(20).state == 1
    assert "nothing to pour" in anna.send("pour water")
    put(anna, 3)
    assert "full of water" in anna.send("fill bottle")
    put(anna, 25)
    assert "GIGANTIC BEANSTALK" in anna.send("water plant")
    anna.send("climb")
    assert anna.character.location is find("room 88")
    put(anna, 94)
    assert "extremely rusty" in anna.send("open door")
    thing(20).state = 2
    assert "hinges" in anna.send("pour oil")
    assert "It is open." in anna.send("open door")
    anna.send("north")
    assert anna.character.location is find("room 95")


def test_the_dragon_the_troll_the_bear_and_the_clam(anna: Any) -> None:
    put(anna, 119)
    assert "DRAGON" in anna.send("look")
    assert "cannot take" in anna.send("get rug")
    assert "bare hands" in anna.send("attack dragon")
    assert "VANQUISHED" in anna.send("yes")
    assert "worth 16 points" in anna.send("get rug")
    assert "RUG" not in find("room 121").return_appearance(anna.character).replace("RUGGED", "")
    put(anna, 117)
    assert "REFUSES" in anna.send("cross").upper()
    assert "scurries away" in anna.send("throw rug")
    anna.send("cross")
    assert anna.character.location is find("room 122")
    assert "BURLY TROLL" not in anna.send("look")
    assert "blocks the way" in anna.send("cross")
    put(anna, 130, 1, 19)
    assert "no way to get past the bear" in anna.send("unlock chain")
    assert "wolfs down" in anna.send("feed bear")
    assert "now unlocked" in anna.send("unlock chain")
    anna.send("get chain")
    assert thing(64).location is anna.character
    put(anna, 103)
    assert "strong enough" in anna.send("open clam")
    thing(57).move_to(anna.character)
    assert "pearl" in anna.send("open clam")
    assert thing(61).location is find("room 105")
    assert thing(15).location is find("room 103")


def test_a_treasure_that_is_brought_home_counts_for_who_brought_it(cave: Any, anna: Any) -> None:
    bert = cave.player("Bert")
    put(bert, 3)
    put(anna, 27)
    anna.send("get diamonds")
    assert "found 1 of 15 treasures and brought 0" in anna.send("score")
    put(anna, 3)
    assert "brought 1 of them home: 12 of" in anna.send("drop diamonds")
    anna.send("get diamonds", "drop diamonds")
    assert "12 of" in anna.send("score")
    assert "found 0 of" in bert.send("score")


def test_a_vase_breaks_unless_there_is_a_pillow(anna: Any) -> None:
    put(anna, 3, 58, 10)
    anna.send("drop pillow", "drop vase")
    assert thing(58).state == 1
    anna.send("get vase", "get pillow")
    assert "delicate crash" in anna.send("drop vase")
    assert "SHARDS" in anna.send("look")
    assert "cannot take" in anna.send("get vase")


def test_darkness_hides_everything_and_a_lamp_is_for_all_who_are_there(cave: Any, anna: Any) -> None:
    bert = cave.player("Bert")
    put(bert, 11, lit=False)
    dark = bert.send("look")
    assert "pitch dark" in dark
    assert "ROD" not in dark
    assert "Exits" not in dark
    put(anna, 11)
    assert "ROD" in bert.send("look")
    anna.send("off")
    assert "pitch dark" in bert.send("look")


def test_who_walks_in_the_dark_falls_and_lives(anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(anna, 12, 1, lit=False)
    monkeypatch.setattr(random, "randrange", lambda limit: 34)
    assert "fell into a pit" in anna.send("west")
    assert anna.character.location is find("room 3")
    assert thing(1).location is find("room 12")
    put(anna, 12, lit=False)
    monkeypatch.setattr(random, "randrange", lambda limit: 35)
    anna.send("west")
    assert anna.character.location is find("room 13")


def test_nobody_is_lost_where_the_data_has_no_way_on(anna: Any) -> None:
    put(anna, 14, 50)
    assert "BROKEN NECK" in anna.send("down")
    assert anna.character.location is find("room 3")
    assert thing(50).location is find("room 14")
    assert thing(2).location is thing(2).home, "or nobody could ever fetch the gold"
    assert not thing(2).is_lit
    for room in (20, 21):
        assert find(f"room {room}").contents_get(content_type="character") == []


def test_the_plover_passage_is_narrow(anna: Any) -> None:
    put(anna, 99, 59)
    assert "won't fit" in anna.send("east")
    thing(2).move_to(find("room 99"))
    anna.send("east")
    assert anna.character.location is find("room 100")
    assert thing(59).location is anna.character


def test_exits_are_those_of_the_compass_and_magic_words_are_not_told(anna: Any) -> None:
    seen = anna.send("look")
    assert "Exits: north, east, south, west, up, down, and in" in seen
    seen = anna.send("in")
    assert "xyzzy" not in seen.lower()
    assert "Exits: west and out" in seen
    anna.send("xyzzy")
    assert anna.character.location is find("room 11")


def test_a_way_that_leads_back_shows_where_one_is(anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "randrange", lambda number: 0)  # one of them leads back half of the time
    put(anna, 5, lit=False)
    loops = [way for way in find("room 5").exits if way.destination is way.location]
    assert loops
    for way in loops:
        assert "OPEN FOREST" in anna.send(way.key)
        assert anna.character.location is way.location


def test_what_is_carried_is_not_called_lying_around(anna: Any) -> None:
    put(anna, 3, 1, 20)
    held = anna.send("inventory")
    assert "a set of keys" in held
    assert "GROUND" not in held
    assert "It is lit." in held
    assert "It is full of water." in held


def test_every_room_can_be_looked_at_and_left(anna: Any) -> None:
    for number in range(1, 141):
        room = find(f"room {number}")
        assert room.return_appearance(anna.character).strip()
        if number not in (20, 21):
            assert room.travel_words() or any(way.forced for way in room.exits), number


# --- a world that goes on


def test_what_somebody_holds_who_went_away_goes_home(cave: Any, anna: Any) -> None:
    bert = cave.player("Bert")
    put(bert, 1, lit=False)
    put(anna, 11, 1)
    assert CaveKeeper.objects.count() == 1
    anna.disconnect()
    cave.advance(ROUND)
    assert thing(1).location.key == "Anna"
    cave.advance(ROUND)
    assert thing(1).location is find("room 3")
    assert (thing(2).location, thing(2).is_lit) == (find("room 3"), False)


def test_the_cave_begins_anew_when_nobody_is_there(cave: Any, anna: Any) -> None:
    put(anna, 19, 1, 8, 51)
    thing(2).turns_left = 5
    thing(3).state = thing(11).state = 1
    anna.send("drop diamonds")
    cave.advance(3 * ROUND)
    assert (thing(3).state, thing(11).state) == (1, 1), "somebody is there"
    anna.character.move_to(cave.room, quiet=True)
    cave.advance(2 * ROUND)
    assert (thing(3).state, thing(11).state) == (0, 0)
    assert thing(51).location is find("room 27")
    assert thing(1).location is find("room 3")
    assert "The set of keys is gone" in anna.heard()
    assert (thing(2).location, thing(2).is_lit, thing(2).turns_left) == (find("room 3"), False, 330)
    assert thing(62).state == thing(64).state == 1


def test_a_death_leaves_other_things_alone(cave: Any, anna: Any) -> None:
    letter = cave.create("letter")
    letter.move_to(anna.character, quiet=True)
    perish(anna.character, find("room 12"), "Ouch.")
    assert letter.location is find("room 12")
    assert "found 0" in points(anna.character)
