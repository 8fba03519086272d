"""`dig`, `tunnel`, `open`, `link` and `unlink`."""

from __future__ import annotations

import pytest

from perdure.objects.models import ObjectDB


def named(name, **conditions):
    return ObjectDB.objects.get(db_key=name, **conditions)


def test_dig_makes_a_room_and_the_ways_there_and_back(builder, small_world):
    told = builder.type("dig Attic;loft = hatch;up, ladder;down")
    attic = named("Attic")
    hatch, ladder = named("hatch"), named("ladder")
    assert attic.aliases.all() == ["loft"]
    assert (hatch.location, hatch.destination) == (small_world.hall, attic)
    assert (ladder.location, ladder.destination) == (attic, small_world.hall)
    assert hatch.aliases.all() == ["up"]
    assert told.count("Made") == 3
    assert builder.caller.location is small_world.hall


def test_an_exit_without_a_name_is_left_out(builder, small_world):
    builder.type("dig Attic = , ladder")
    assert named("ladder").location is named("Attic")
    assert small_world.hall.exits == []


@pytest.mark.parametrize("switch", ["tel", "teleport", "te"])
def test_dig_takes_the_digger_along_if_asked(builder, switch):
    builder.type(f"dig/{switch} Attic")
    assert builder.caller.location is named("Attic")


def test_each_part_can_have_its_own_class(builder):
    builder.type("dig Attic:objects.objects.DefaultObject = hatch:objects.objects.DefaultObject")
    assert type(named("Attic")).__name__ == "DefaultObject"
    assert type(named("hatch")).__name__ == "DefaultObject"


def test_nowhere_a_room_can_be_dug_but_no_exit(builder):
    builder.caller.location = None
    told = builder.type("dig Attic = hatch")
    assert named("Attic")
    assert "nowhere" in told
    assert not ObjectDB.objects.filter(db_key="hatch").exists()


@pytest.mark.parametrize(
    ("typed", "there", "back"), [("n", "north", "south"), ("up", "up", "down"), ("sw", "southwest", "northeast")]
)
def test_tunnel_digs_in_a_direction(builder, small_world, typed, there, back):
    builder.type(f"tunnel {typed} = Meadow")
    meadow = named("Meadow")
    assert named(there).destination is meadow
    assert (named(back).location, named(back).destination) == (meadow, small_world.hall)


def test_tunnel_one_way(builder):
    builder.type("tunnel/oneway/tel e")
    assert named("east").destination is builder.caller.location
    assert not ObjectDB.objects.filter(db_key="west").exists()
    assert named("east").aliases.all() == ["e"]


def test_tunnel_knows_no_other_directions(builder):
    before = ObjectDB.objects.count()
    assert "no direction" in builder.type("tunnel sideways = Meadow")
    assert ObjectDB.objects.count() == before


def test_open_makes_an_exit_to_a_place_anywhere_and_back(builder, small_world):
    builder.type("open trapdoor;down, hole = cellar")
    assert (named("trapdoor").location, named("trapdoor").destination) == (small_world.hall, small_world.cellar)
    assert (named("hole").location, named("hole").destination) == (small_world.cellar, small_world.hall)


def test_open_leads_an_exit_of_this_name_elsewhere(builder, small_world):
    builder.type("open trapdoor = cellar")
    told = builder.type(f"open trapdoor;t = {small_world.hall.dbref}")
    assert named("trapdoor").destination is small_world.hall
    assert named("trapdoor").aliases.all() == ["t"]
    assert "there already" in told


def test_open_does_not_make_a_thing_an_exit(owner, small_world):
    assert "is no exit" in owner.type("open lamp = cellar")
    assert small_world.lamp.destination is None


@pytest.mark.defect("V-37")
def test_open_stops_at_a_place_that_there_is_not(builder, small_world):
    assert "Could not find" in builder.type("open trapdoor = no such place")
    assert small_world.hall.exits == []


def test_link_shows_sets_and_clears(builder, small_world):
    builder.type("open gate = cellar")
    gate = named("gate")
    assert "Cellar" in builder.type("link gate")
    builder.type("link gate = hall")
    assert gate.destination is small_world.hall
    builder.type("link gate =")
    assert gate.destination is None
    assert "leads nowhere" in builder.type("unlink gate")


def test_link_two_ways(builder, small_world):
    builder.type("open gate, hole = cellar")
    gate, hole = named("gate"), named("hole")
    gate.destination = hole.destination = None
    builder.type(f"link/twoway gate = {hole.dbref}")
    assert gate.destination is small_world.cellar
    assert hole.destination is small_world.hall


def test_nothing_is_linked_to_itself(builder):
    builder.type("open gate = cellar")
    assert "itself" in builder.type("link gate = gate")


def test_unlink_clears(builder):
    builder.type("open gate = cellar")
    assert "does not lead" in builder.type("unlink gate")
    assert named("gate").destination is None


def test_a_second_exit_of_the_same_name_is_told(small_world):
    owner = small_world.owner
    assert "another" not in owner.type("tunnel n = Meadow")
    assert "another exit of that name" in owner.type("tunnel n = Forest")
