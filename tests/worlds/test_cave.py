"""Colossal Cave: what is built is what the data has; again changes nothing; an error leaves nothing."""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest
from adventure import load_advent_dat
from adventure.data import Data
from adventure.model import Room

from perdure.errors import ConfigurationError
from perdure.objects.models import ObjectDB
from perdure.worlds.cave import build, find
from perdure.worlds.cave.building import BuildReport
from perdure.worlds.cave.typeclasses import (
    CaveExit,
    CaveExplorer,
    CaveLamp,
    CaveObject,
    CaveRoom,
    CaveTreasure,
    LitCaveLamp,
    holds,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def data() -> Any:
    """The data as the package reads it, not as we do."""
    data = Data()
    load_advent_dat(data)
    return data


@pytest.fixture
def cave() -> BuildReport:
    return build()


@pytest.fixture
def explorer(cave: BuildReport) -> Any:
    from perdure import create_object

    return create_object(CaveExplorer, key="Plato", location=find("room 1"))


def test_the_counts_are_those_of_the_data(data: Any) -> None:
    ways = [move for room in data.rooms.values() for move in room.travel_table if isinstance(move.action, Room)]
    report = build()
    assert (report.rooms, report.exits, report.objects) == (len(data.rooms), len(ways), len(data.object_list))
    assert (report.rooms, report.exits, report.objects) == (141, 458, 55)
    assert (report.created, report.updated, report.unchanged) == (report.total, 0, 0)
    assert CaveRoom.objects.count() == 141
    assert CaveExit.objects.count() == 458
    assert CaveObject.objects.all_family().count() == 55
    treasures = sum(thing.is_treasure for thing in data.object_list)
    assert CaveTreasure.objects.count() == treasures == 15
    assert ObjectDB.objects.get_by_tag("treasure", category="cave").count() == treasures
    assert str(report) == "141 rooms, 458 exits, 55 objects: 654 created, 0 updated, 0 unchanged"


def test_every_room_has_the_texts_of_the_data(data: Any, cave: BuildReport) -> None:
    built = {room.number: room for room in CaveRoom.objects.all().preload()}
    assert set(built) == set(data.rooms)
    for number, room in data.rooms.items():
        assert built[number].db.desc == room.long_description.strip()
        assert built[number].short_description == room.short_description.strip()
        assert built[number].is_light is bool(room.is_light)
        assert built[number].key.strip()


def test_every_travel_entry_is_an_exit_or_kept_with_its_room(data: Any, cave: BuildReport) -> None:
    exits = {way.cave_id: way for way in CaveExit.objects.all().preload()}
    rooms = {room.number: room for room in CaveRoom.objects.all().preload()}
    for number, room in data.rooms.items():
        others = {other["position"]: other for other in rooms[number].others}
        assert len(rooms[number].exits) + len(others) == len(room.travel_table)
        for position, move in enumerate(room.travel_table):
            words = {synonym.text for verb in move.verbs for synonym in verb.synonyms}
            condition = [] if move.condition[0] is None else list(move.condition)
            if not isinstance(move.action, Room):
                assert set(others[position]["words"]) == words
                assert others[position]["condition"] == condition
                continue
            way = exits[f"exit {number}.{position}"]
            assert way.location is rooms[number]
            assert way.destination is rooms[move.action.n]
            assert {way.key, *way.aliases.all()} == (words or {"onward"})
            assert way.condition == condition
            assert way.forced is move.is_forced


def test_every_object_is_where_the_data_has_it(data: Any, cave: BuildReport) -> None:
    for thing in data.object_list:
        built = find(f"object {thing.n}")
        places = [room.n for room in thing.starting_rooms] or [0]
        assert built.location.number == built.home.number == places[0]
        assert built.messages == {state: text.strip() for state, text in thing.messages.items()}
        assert (built.also_in.number if built.also_in else None) == (places[1] if len(places) > 1 else None)
        assert {built.key, *built.aliases.all()} >= {word.strip('"') for word in thing.names[1:]}


def test_building_again_changes_nothing(cave: BuildReport, django_assert_max_num_queries: Any) -> None:
    before = sorted(ObjectDB.objects.values_list("pk", "db_key", "db_location", "db_version"))
    with django_assert_max_num_queries(20):
        again = build()
    assert (again.created, again.updated, again.unchanged) == (0, 0, cave.total)
    assert sorted(ObjectDB.objects.values_list("pk", "db_key", "db_location", "db_version")) == before


def test_building_again_mends_the_texts_and_leaves_the_world(cave: BuildReport, explorer: Any) -> None:
    room, lamp = find("room 3"), find("object 2")
    room.db.desc = "painted over"
    room.db.graffiti = "Kilroy"
    room.key = "Shed"
    room.aliases.add("hut")
    find("exit 3.0").delete()
    lamp.turns_left = 7
    lamp.move_to(explorer)
    lamp.light()
    again = build()
    assert (again.created, again.updated) == (1, 1)
    assert (room.key, room.db.graffiti, room.aliases.all()) == ("Building", "Kilroy", ["hut"])
    assert room.db.desc.startswith("YOU ARE INSIDE A BUILDING")
    assert find("exit 3.0").location is room
    assert (lamp.turns_left, lamp.location, type(lamp)) == (7, explorer, LitCaveLamp)


@pytest.mark.parametrize("stage", ["rooms", "exits", "objects"])
def test_an_error_midway_leaves_nothing(stage: str) -> None:
    class PowerCut(Exception):
        pass

    before = set(ObjectDB.objects.values_list("pk", flat=True))

    def interrupt(done: int, total: int, what: str) -> None:
        if what == stage:
            raise PowerCut

    with pytest.raises(PowerCut):
        build(progress=interrupt)
    assert set(ObjectDB.objects.values_list("pk", flat=True)) == before
    assert find("room 1") is None
    assert CaveRoom.objects.count() == 0
    assert build().created == 654


def test_progress_tells_how_far_it_is() -> None:
    calls: list[tuple[int, int, str]] = []
    report = build(progress=lambda done, total, what: calls.append((done, total, what)))
    done = [call[0] for call in calls]
    assert done == sorted(set(done))
    assert calls[-1] == (report.total, report.total, "objects")
    assert {call[1] for call in calls} == {report.total}
    assert list(dict.fromkeys(call[2] for call in calls)) == ["rooms", "exits", "objects"]


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adventure", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'perdure\[cave\]'"):
        build()
    assert CaveRoom.objects.count() == 0


# --- the hooks


def test_a_room_counts_visits_of_characters_only(explorer: Any) -> None:
    building = find("room 3")
    assert find("room 1").travel(explorer, "enter")
    assert explorer.location is building
    assert building.visits == 1
    find("object 4").move_to(building)
    assert building.visits == 1
    assert find("exit 1.1").passages == 1


def test_the_lit_lamp_burns_when_it_is_carried_along(explorer: Any) -> None:
    lamp = find("object 2")
    assert explorer.location.travel(explorer, "house")
    assert lamp.move_to(explorer, move_type="get")
    explorer.location.travel(explorer, "out")
    assert lamp.turns_left == 330
    assert lamp.light()
    assert find("object 2") is lamp
    assert isinstance(lamp, LitCaveLamp)
    explorer.location.travel(explorer, "enter")
    assert lamp.turns_left == 329
    lamp.turns_left = 1
    explorer.location.travel(explorer, "xyzzy")
    assert type(lamp) is CaveLamp
    assert "Your lamp has run out of power." in explorer.ndb.heard
    assert not lamp.light()


def test_darkness(explorer: Any) -> None:
    lamp, dark = find("object 2"), find("room 12")
    assert "pitch dark" in dark.return_appearance(explorer)
    lamp.move_to(explorer)
    lamp.light()
    assert "AWKWARD SLOPING" in dark.return_appearance(explorer)
    lamp.put_out()
    assert "pitch dark" in dark.return_appearance(explorer)
    assert "BRICK BUILDING" in find("room 1").return_appearance(explorer)


def test_the_grate_is_locked_until_its_state_changes(explorer: Any) -> None:
    outside, grate = find("room 8"), find("object 3")
    explorer.move_to(outside)
    assert not outside.travel(explorer, "down")
    assert "YOU CAN'T GO THROUGH A LOCKED STEEL GRATE!" in explorer.ndb.heard
    find("exit 8.3").at_traverse(explorer, find("room 9"))
    assert explorer.location is outside
    grate.state = 1
    assert outside.travel(explorer, "down")
    assert explorer.location is find("room 9")


def test_the_nugget_does_not_go_up_the_dome(explorer: Any) -> None:
    hall, nugget = find("room 15"), find("object 50")
    explorer.move_to(hall)
    find("object 2").move_to(hall)
    find("object 2").light()
    nugget.move_to(explorer)
    hall.travel(explorer, "up")
    assert explorer.location is hall, "room 22 sends back at once"
    assert "THE DOME IS UNCLIMBABLE." in explorer.ndb.heard
    assert find("room 22").visits == 1
    nugget.move_to(hall)
    hall.travel(explorer, "up")
    assert explorer.location is find("room 14")


def test_a_word_that_leads_nowhere(explorer: Any) -> None:
    start = explorer.location
    assert not start.travel(explorer, "sideways")
    assert explorer.location is start
    assert explorer.ndb.heard[-1] == "There is no way to go in that direction."


def test_a_way_of_chance(explorer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "randrange", lambda limit: 49)
    assert holds(["%", 50], explorer)
    monkeypatch.setattr(random, "randrange", lambda limit: 50)
    assert not holds(["%", 50], explorer)


def test_conditions_on_things(explorer: Any) -> None:
    thing = find("object 2")
    assert not holds(["carrying", 2], explorer)
    thing.move_to(explorer.location)
    assert holds(["carrying_or_in_room_with", 2], explorer)
    assert not holds(["carrying", 2], explorer)
    thing.move_to(explorer)
    assert holds(["carrying", 2], explorer)
    assert holds(["not_dwarf"], explorer)
    assert not holds(["carrying", 999], explorer)
    assert not holds(["under a spell", 2], explorer)


def test_scenery_stays_and_treasure_remembers_its_finders(explorer: Any) -> None:
    assert not find("object 3").access(explorer, "get")
    assert not find("object 62").access(explorer, "get")
    diamonds = find("object 51")
    assert diamonds.access(explorer, "get")
    diamonds.at_get(explorer)
    diamonds.at_get(explorer)
    assert diamonds.found_by == [explorer]


def test_treasures_by_value(cave: BuildReport) -> None:
    rich = CaveTreasure.objects.filter_attributes(value__gt=12).order_by_attribute("-value")
    values = [treasure.value for treasure in rich]
    assert values == sorted(values, reverse=True)
    assert set(values) == {14, 16}
    assert len(values) == 10
