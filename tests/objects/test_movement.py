"""Moving: who is asked, who hears of it, and what the answer says."""

from __future__ import annotations

import pytest
from django.test.utils import override_settings

from perdure.create import create_object
from perdure.errors import Veto
from perdure.objects.objects import DefaultExit, DefaultObject, DefaultRoom
from perdure.signals import SIGNAL_EXIT_TRAVERSED

TRACE: list[tuple] = []


class Mover(DefaultObject):
    """Writes down its hooks; answers what `answer` says."""

    answer: object = True

    def at_pre_move(self, destination, move_type="move", **kwargs):
        TRACE.append(("at_pre_move", destination, move_type, kwargs))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def announce_move_from(self, destination, msg=None, mapping=None, move_type="move", **kwargs):
        TRACE.append(("announce_move_from", destination, move_type, kwargs))

    def announce_move_to(self, source_location, msg=None, mapping=None, move_type="move", **kwargs):
        TRACE.append(("announce_move_to", source_location, move_type, kwargs))

    def at_post_move(self, source_location, move_type="move", **kwargs):
        TRACE.append(("at_post_move", source_location, move_type, kwargs))


class Spot(DefaultRoom):
    """Writes down its hooks; answers what `leave` and `receive` say."""

    leave: object = True
    receive: object = True
    failing = False

    def at_pre_object_leave(self, leaving_object, destination, **kwargs):
        TRACE.append(("at_pre_object_leave", self, leaving_object, destination, kwargs))
        return self.leave

    def at_pre_object_receive(self, arriving_object, source_location, **kwargs):
        TRACE.append(("at_pre_object_receive", self, arriving_object, source_location, kwargs))
        return self.receive

    def at_object_leave(self, moved_obj, target_location, move_type="move", **kwargs):
        TRACE.append(("at_object_leave", self, moved_obj, target_location, move_type))

    def at_object_receive(self, moved_obj, source_location, move_type="move", **kwargs):
        TRACE.append(("at_object_receive", self, moved_obj, source_location, move_type))
        if self.failing:
            raise RuntimeError("the floor gives way")


@pytest.fixture
def here():
    return create_object(Spot, key="Here")


@pytest.fixture
def there():
    return create_object(Spot, key="There")


@pytest.fixture
def mover(here):
    made = create_object(Mover, key="mover", location=here)
    TRACE.clear()
    return made


def names() -> list[str]:
    return [entry[0] for entry in TRACE]


ALL = [
    "at_pre_move",
    "at_pre_object_leave",
    "at_pre_object_receive",
    "at_object_leave",
    "announce_move_from",
    "announce_move_to",
    "at_object_receive",
    "at_post_move",
]


def test_hooks_come_in_order_with_their_arguments(here, there, mover):
    result = mover.move_to(there, move_type="push", colour="red")
    assert result == True  # noqa: E712  (callers compare)
    assert mover.location is there
    extra = {"colour": "red"}
    assert [
        ("at_pre_move", there, "push", extra),
        ("at_pre_object_leave", here, mover, there, {"move_type": "push", **extra}),
        ("at_pre_object_receive", there, mover, here, {"move_type": "push", **extra}),
        ("at_object_leave", here, mover, there, "push"),
        ("announce_move_from", there, "push", extra),
        ("announce_move_to", here, "push", extra),
        ("at_object_receive", there, mover, here, "push"),
        ("at_post_move", here, "push", extra),
    ] == TRACE


def test_quiet_and_without_hooks(here, there, mover):
    mover.move_to(there, quiet=True)
    assert names() == [name for name in ALL if not name.startswith("announce")]
    TRACE.clear()
    mover.move_to(here, move_hooks=False)
    assert names() == ["announce_move_from", "announce_move_to"]
    TRACE.clear()
    assert mover.move_to(there, quiet=True, move_hooks=False)
    assert names() == []


@pytest.mark.parametrize(
    ("who", "stops_at"), [("mover", 1), ("leave", 2), ("receive", 3)], ids=["mover", "source", "target"]
)
def test_false_stops_the_move(here, there, mover, who, stops_at):
    if who == "mover":
        mover.answer = False
    else:
        setattr(here if who == "leave" else there, who, False)
    result = mover.move_to(there)
    assert not result
    assert result.phase == ALL[stops_at - 1]
    assert names() == ALL[:stops_at]
    assert mover.location is here


@pytest.mark.defect("H-23")
def test_none_goes_on_and_a_veto_tells_its_reason(here, there, mover, connect):
    session = connect(mover)
    mover.answer = None
    assert mover.move_to(there)
    mover.answer = Veto("Your feet are stuck.")
    result = mover.move_to(here)
    assert not result
    assert result.reason == "Your feet are stuck."
    assert session.texts == ["Your feet are stuck."]
    assert mover.location is there


@pytest.mark.defect("H-23")
def test_the_older_rule_of_veto_can_be_had(there, mover):
    mover.answer = None
    with override_settings(STRICT_VETO=True):
        assert not mover.move_to(there)


@pytest.mark.defect("H-22")
def test_an_error_after_the_move_does_not_turn_it_into_a_failure(there, mover, caplog, connect):
    session = connect(mover)
    there.failing = True
    result = mover.move_to(there)
    assert result
    assert mover.location is there
    assert [str(error) for error in result.errors] == ["the floor gives way"]
    assert names() == ALL
    assert "the floor gives way" in caplog.text
    assert session.texts == []


@pytest.mark.defect("H-22")
def test_an_error_of_a_pre_hook_stops_the_move_and_names_it(here, there, mover, caplog):
    mover.answer = RuntimeError("cannot decide")
    result = mover.move_to(there)
    assert not result
    assert (result.phase, [str(error) for error in result.errors]) == ("at_pre_move", ["cannot decide"])
    assert mover.location is here
    assert "cannot decide" in caplog.text
    assert f"at_pre_move of {type(mover).__name__} #{mover.pk} failed" in caplog.text


@pytest.mark.defect("H-22")
def test_the_whole_move_can_be_undone_on_an_error(here, there, mover, caplog):
    there.failing = True
    result = mover.move_to(there, rollback=True)
    assert not result
    assert result.phase == "undone"
    assert mover.location is here
    assert here.contents == [mover]
    assert there.contents == []


@pytest.mark.defect("H-24")
def test_moving_to_where_it_is_does_nothing_unless_forced(here, mover):
    result = mover.move_to(here)
    assert result
    assert result.phase == "already there"
    assert names() == []
    assert mover.move_to(here, force=True)
    assert names() == ALL


@pytest.mark.defect("H-24")
def test_destinations_are_objects_ids_or_dbrefs(here, there, mover):
    assert mover.move_to(there.dbref)
    assert mover.location is there
    assert mover.move_to(here.pk)
    assert mover.location is here


def test_no_destination(here, mover, connect):
    session = connect(mover)
    for missing in (None, "#99999"):
        assert not mover.move_to(missing)
    assert session.texts == ["The destination doesn't exist."] * 2
    assert mover.location is here
    assert mover.move_to(None, to_none=True)
    assert mover.location is None
    assert names() == []


def test_exits_lead_on_unless_it_is_meant_otherwise(here, there, mover):
    way = create_object(DefaultExit, key="north", location=here, destination=there)
    assert mover.move_to(way)
    assert mover.location is there
    assert mover.move_to(way, use_destination=False)
    assert mover.location is way


def test_stock_announcements(room, cellar, bob, lamp, connect):
    session = connect(bob)
    way = create_object(DefaultExit, key="down", location=room, destination=cellar)
    lamp.move_to(cellar)
    lamp.move_to(room)
    assert session.texts == ["lamp is leaving Hall, heading for Cellar.", "lamp arrives in Hall from Cellar."]
    assert session.sent[0]["text"][1] == {"type": "move"}
    lamp.announce_move_from(cellar, msg="{object} slips through {exit}: {what}", mapping={"what": "{object}"})
    assert session.texts[-1] == f"lamp slips through {way.key}: {{object}}"


def test_something_given_to_a_player_is_told_to_that_player_only(bob, lamp, connect):
    session = connect(bob)
    lamp.location = None
    lamp.move_to(bob)
    assert session.texts == ["You now have lamp in your possession."]


# --- exits


class Porous(DefaultExit):
    """Writes down its hooks."""

    def at_post_traverse(self, traversing_object, source_location, **kwargs):
        TRACE.append(("at_post_traverse", traversing_object, source_location))

    def at_failed_traverse(self, traversing_object, **kwargs):
        TRACE.append(("at_failed_traverse", traversing_object))


def test_going_through_an_exit(here, there, mover):
    way = create_object(Porous, key="north", location=here, destination=there)
    heard = []

    def receiver(sender, traverser, **kwargs):
        heard.append((sender, traverser))

    TRACE.clear()
    SIGNAL_EXIT_TRAVERSED.connect(receiver)
    try:
        assert way.go_through(mover)
    finally:
        SIGNAL_EXIT_TRAVERSED.disconnect(receiver)
    assert mover.location is there
    assert TRACE[0] == ("at_pre_move", there, "traverse", {"exit_obj": way})
    assert TRACE[-1] == ("at_post_traverse", mover, here)
    assert heard == [(way, mover)]


def test_an_exit_that_is_locked_or_leads_nowhere(here, there, mover, connect):
    session = connect(mover)
    way = create_object(Porous, key="north", location=here, destination=there)
    mover.answer = False
    way.at_traverse(mover, there)
    assert TRACE[-1] == ("at_failed_traverse", mover)
    way.locks.add("traverse:false()")
    TRACE.clear()
    assert not way.go_through(mover)
    assert [("at_failed_traverse", mover)] == TRACE
    way.db.err_traverse = "A wall of ice."
    way.go_through(mover)
    assert session.texts[-1] == "A wall of ice."
    assert [("at_failed_traverse", mover)] == TRACE
    create_object(DefaultExit, key="x", location=here, destination=there).at_failed_traverse(mover)
    assert session.texts[-1] == "You cannot go there."


def test_return_exits(here, there):
    way = create_object(DefaultExit, key="north", location=here, destination=there)
    assert way.get_return_exit() is None
    back = create_object(DefaultExit, key="south", location=there, destination=here)
    other = create_object(DefaultExit, key="stairs", location=there, destination=here)
    assert way.get_return_exit() is back
    assert list(way.get_return_exit(return_all=True)) == [back, other]
