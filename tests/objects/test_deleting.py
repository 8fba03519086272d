"""Deleting objects: what goes with them, what is saved, and what it costs."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from perdure.create import create_object, create_objects
from perdure.errors import DeletedObject, Veto
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultExit, DefaultObject, DefaultRoom
from perdure.transactions import transaction
from tests.objects.test_creation import statements


class Rooted(DefaultObject):
    """Does not want to go anywhere, nor away."""

    answer: object = False

    def at_pre_move(self, destination, move_type="move", **kwargs):
        return False

    def at_object_delete(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Landmark(DefaultExit):
    """Stays when its destination goes away."""

    on_target_deleted = "clear"


def test_a_deleted_object_says_so(lamp, room):
    pk = lamp.pk
    assert lamp.delete()
    assert room.contents == []
    assert not ObjectDB.objects.filter(pk=pk).exists()
    with pytest.raises(DeletedObject):
        lamp.delete()
    with pytest.raises(DeletedObject):
        _ = lamp.key
    with pytest.raises(DeletedObject):
        lamp.db.x = 1


@pytest.mark.defect("H-23")
def test_only_false_or_a_veto_keeps_it(room):
    kept = create_object(Rooted, location=room)
    assert kept.delete() == False  # noqa: E712  (callers compare)
    kept.answer = Veto("It is bolted down.")
    refused = kept.delete()
    assert not refused
    assert refused.reason == "It is bolted down."
    assert room.contents == [kept]
    kept.answer = None
    assert kept.delete()


@pytest.mark.defect("H-29")
def test_delete_costs_few_statements(room):
    plain = create_object(
        DefaultObject, key="lamp", location=room, tags=["x", "y", "z"], attributes=[(f"a{n}", n) for n in range(10)]
    )
    assert room.contents == [plain]
    with CaptureQueriesContext(connection) as queries:
        plain.delete()
    assert len(statements(queries)) <= 12, statements(queries)


@pytest.mark.defect("H-29")
def test_a_failing_delete_leaves_everything_as_it_was(room, cellar, monkeypatch):
    place = create_object(DefaultRoom, key="place")
    member = create_object(DefaultObject, key="member", location=place, home=room)
    way = create_object(DefaultExit, key="way", location=cellar, destination=place)
    place.db.note = "kept"

    def failing(self):
        raise RuntimeError("too late")

    monkeypatch.setattr(DefaultObject, "_evacuate", failing)
    with pytest.raises(RuntimeError):
        place.delete()
    monkeypatch.undo()
    assert not place._is_deleted
    assert not way._is_deleted
    assert place.contents == [member]
    assert cellar.contents == [way]
    assert way.destination is place
    assert place.db.note == "kept"
    assert ObjectDB.objects.get(pk=way.pk) is way


@pytest.mark.defect("H-29")
def test_exits_that_lead_here_go_too_unless_they_say_otherwise(room, cellar):
    way = create_object(DefaultExit, key="way", location=cellar, destination=room)
    sign = create_object(Landmark, key="sign", location=cellar, destination=room)
    assert cellar.contents == [way, sign]
    room.delete()
    assert way._is_deleted
    assert sign.destination is None
    assert cellar.contents == [sign]


def test_exits_in_it_go_too_and_what_forbids_that_goes_home(room, cellar):
    hall = create_object(DefaultRoom, key="Hall")
    out = create_object(DefaultExit, key="out", location=room, destination=hall, home=cellar)
    stubborn = create_object(Rooted, key="stubborn", location=room, destination=hall, home=cellar)
    round_trip = create_object(DefaultExit, key="round", location=room, destination=room)
    assert len(room.contents) == 3
    assert room.delete()
    assert (out._is_deleted, round_trip._is_deleted, stubborn._is_deleted) == (True, True, False)
    assert cellar.contents == [stubborn]
    assert stubborn.destination is hall


def test_exits_in_each_other_go_once(room, cellar):
    carriage = create_object(DefaultExit, key="carriage", location=room, destination=cellar)
    door = create_object(DefaultExit, key="door", location=carriage, destination=room)
    back = create_object(DefaultExit, key="back", location=carriage, destination=carriage)
    room.destination = door
    assert room.delete()
    assert all(one._is_deleted for one in (carriage, door, back, room))
    assert not ObjectDB.objects.filter(db_key__in=["carriage", "door", "back"]).exists()
    assert cellar.contents == []


def test_clear_exits_of_exits_in_each_other(room, cellar):
    carriage = create_object(DefaultExit, key="carriage", location=room, destination=cellar)
    second = create_object(DefaultExit, key="second", location=room, destination=carriage)
    room.clear_exits()
    assert (carriage._is_deleted, second._is_deleted, room.contents) == (True, True, [])


@pytest.mark.defect("H-29")
def test_references_to_it_read_as_none(room, lamp):
    keeper = create_object(DefaultObject, key="keeper", home=lamp, attributes={"friend": lamp, "friends": [lamp, room]})
    assert keeper.db.friend is lamp
    lamp.delete()
    assert keeper.home is None
    assert keeper.db.friend is None


@pytest.mark.defect("H-28")
def test_what_is_inside_goes_home_quietly_and_whatever_it_says(room, cellar, connect, bob):
    box = create_object(DefaultObject, key="box", location=room)
    bob.location = cellar
    session = connect(bob)
    at_home = create_object(DefaultObject, key="a", location=box, home=cellar)
    homeless = create_object(DefaultObject, key="b", location=box, nohome=True)
    stubborn = create_object(Rooted, key="c", location=box, home=cellar)
    lives_here = create_object(DefaultObject, key="d", location=box, home=box)
    box.contents  # noqa: B018  (warm)
    with override_settings(DEFAULT_HOME=room.dbref):
        assert box.delete()
    assert at_home.location is cellar
    assert stubborn.location is cellar
    assert homeless.location is room
    assert lives_here.location is room
    assert lives_here.home is room
    assert cellar.contents[-2:] == [at_home, stubborn]
    assert session.texts == []


@pytest.mark.defect("H-28")
def test_without_any_home_things_are_nowhere(room, caplog):
    inside = [create_object(DefaultObject, key=f"t{n}", location=room, nohome=True) for n in range(3)]
    with override_settings(DEFAULT_HOME="#99999"):
        room.delete()
    assert [thing.location for thing in inside] == [None] * 3
    assert "no home" in caplog.text


@pytest.mark.defect("H-28")
def test_a_home_that_is_itself_inside_makes_no_loop(room, cellar):
    box = create_object(DefaultObject, key="box", location=room)
    inner = create_object(DefaultObject, key="inner", location=box, home=cellar)
    thing = create_object(DefaultObject, key="thing", location=box, home=inner)
    inner.home = thing
    with override_settings(DEFAULT_HOME=room.dbref):
        box.delete()
    assert thing.location is room
    assert inner.location is room
    with override_settings(DEFAULT_HOME=thing.dbref):
        crate = create_object(DefaultObject, key="crate", nohome=True)
        for one in (thing, inner):
            one.location = crate
            one.home = None
        crate.delete()
    assert (thing.location, inner.location) == (None, None)


@pytest.mark.defect("H-28")
def test_emptying_a_big_container_is_a_matter_of_a_few_statements(cellar):
    box = create_object(DefaultRoom, key="warehouse")
    create_objects(DefaultObject, [{"key": f"t{n}", "location": box, "home": cellar} for n in range(300)], hooks=False)
    box.contents  # noqa: B018
    with CaptureQueriesContext(connection) as queries:
        box.delete()
    assert len(statements(queries)) <= 20, statements(queries)
    assert len(cellar.contents) == 300


def test_deletion_can_be_announced_to_those_who_are_moved(room, cellar, bob, connect):
    box = create_object(DefaultObject, key="box", location=room)
    create_object(DefaultObject, key="toy", location=box, home=cellar)
    bob.location = cellar
    session = connect(bob)
    box.delete(announce=True)
    assert session.texts == ["toy arrives in Cellar from box."]


def test_clear_contents_asks_and_announces(room, cellar, bob, connect):
    stubborn = create_object(Rooted, key="rock", location=room, home=cellar)
    toy = create_object(DefaultObject, key="toy", location=room, home=cellar)
    lost = create_object(DefaultObject, key="lost", location=room, nohome=True)
    bob.home = cellar
    session = connect(bob)
    with override_settings(DEFAULT_HOME="#99999"):
        room.clear_contents()
    assert stubborn.location is room
    assert toy.location is cellar
    assert lost.location is None
    assert bob.location is cellar
    assert any("being moved" in text for text in session.texts)


def test_clear_exits(room, cellar):
    out = create_object(DefaultExit, key="out", location=room, destination=cellar)
    back = create_object(DefaultExit, key="back", location=cellar, destination=room)
    thing = create_object(DefaultObject, key="thing", location=room)
    room.clear_exits()
    assert out._is_deleted
    assert back._is_deleted
    assert not thing._is_deleted


@pytest.mark.defect("H-3")
def test_queryset_delete_asks_and_evacuates(room, cellar):
    box = create_object(DefaultObject, key="box", location=room)
    toy = create_object(DefaultObject, key="toy", location=box, home=cellar)
    stubborn = create_object(Rooted, key="box", location=room)
    count, _ = ObjectDB.objects.filter(db_key="box").delete()
    assert count == 1
    assert box._is_deleted
    assert not stubborn._is_deleted
    assert toy.location is cellar
    assert room.contents == [stubborn]


def test_a_puppet_is_told_before_it_goes(bob, connect):
    session = connect(bob)
    bob.delete()
    assert session.texts == ["Your character has been destroyed."]


def test_a_delete_that_is_rolled_back_brings_all_back(room, cellar):
    box = create_object(DefaultObject, key="box", location=room, tags=["t"], attributes={"a": [1]})
    toy = create_object(DefaultObject, key="toy", location=box, home=cellar)
    way = create_object(DefaultExit, key="way", location=cellar, destination=box)
    with pytest.raises(RuntimeError), transaction():
        box.delete()
        assert toy.location is cellar
        raise RuntimeError
    assert box.contents == [toy]
    assert toy.location is box
    assert way.destination is box
    assert box.tags.all() == ["t"]
    assert box.db.a == [1]
    assert set(cellar.contents) == {way}


@pytest.mark.parametrize("column", ["location", "home", "destination"])
def test_what_was_made_to_refer_to_it_in_the_open_transaction_counts(room, cellar, column):
    """The write that makes it refer is still gathered, outside of the block that the deletion opens."""
    sign = create_object(DefaultObject, key="sign", location=cellar, home=cellar)
    with transaction():
        setattr(sign, column, room)
        room.delete()
    assert ObjectDB.objects.filter(pk=room.pk).count() == 0
    if column == "destination":
        assert sign._is_deleted
    else:
        assert getattr(sign, column) is not room
