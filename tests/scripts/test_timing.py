"""The timer of a script."""

from __future__ import annotations

import pytest

from perdure.create import create_object, create_script
from perdure.errors import DeletedObject, IllegalState, InvalidArgument
from perdure.scripts.models import ScriptDB
from perdure.scripts.state_machine import TimerState
from perdure.transactions import transaction
from tests.scripts.things import Counting, FailingAtStart, Noted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def calls():
    Noted.calls.clear()
    return Noted.calls


def row(script):
    """What the database says of the timer."""
    return ScriptDB.objects.filter(pk=script.pk).values("db_is_active", "db_next_due", "db_callcount").get()


def test_ticks_come_at_the_interval(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    assert script.timer is TimerState.RUNNING
    assert clock.advance(9) == 0
    assert clock.advance(1) == 1
    assert clock.advance(25) == 2
    assert script.db.ticks == 3
    assert row(script)["db_callcount"] == 3


@pytest.mark.defect("H-33")
def test_start_is_heard_once_and_before_any_tick(clock, calls):
    create_script(Noted, interval=10)
    assert calls == ["start"]
    assert clock.run_due() == 1
    assert calls == ["start", "repeat"]


@pytest.mark.defect("H-33")
def test_resuming_is_heard_once(clock, calls):
    script = create_script(Noted, interval=10, start_delay=True)
    script.pause()
    calls.clear()
    script.start()
    assert calls == ["start"]


@pytest.mark.defect("H-33")
@pytest.mark.parametrize(("delay", "first"), [(True, 10), (False, 0), (1, 1), (25, 25), (0, 0)])
def test_a_delay_means_the_same_at_creation_and_at_start(clock, delay, first):
    created = create_script(Counting, key="a", interval=10, start_delay=delay)
    started = create_script(Counting, key="b", interval=10, autostart=False)
    started.start(start_delay=delay)
    for script in (created, started):
        assert script.time_until_next_repeat() == first
    if first:
        clock.advance(first - 1)
        assert created.db.ticks == started.db.ticks == 0
        clock.advance(1)
    else:
        clock.run_due()
    assert created.db.ticks == started.db.ticks == 1


@pytest.mark.defect("H-33")
def test_an_interval_of_0_stops(clock, calls):
    script = create_script(Noted, interval=10, start_delay=True)
    script.start(interval=0)
    assert script.timer is TimerState.STOPPED
    assert not script.is_active
    assert calls == ["start", "stop"]
    assert clock.advance(100) == 0


def test_assigning_an_interval_of_0_stops(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    script.interval = 0
    assert script.timer is TimerState.STOPPED
    assert clock.advance(100) == 0


@pytest.mark.defect("H-31")
def test_a_restart_leaves_the_timer_active(clock, calls):
    script = create_script(Noted, interval=10, start_delay=True)
    script.start(interval=5)
    assert calls == ["start", "stop", "start"]
    assert script.is_active
    assert row(script)["db_is_active"] is True
    ScriptDB.objects.pause_for_shutdown()
    assert script.timer is TimerState.PAUSED
    ScriptDB.objects.update_scripts_after_server_start()
    assert script.timer is TimerState.RUNNING


def test_starting_a_running_timer_with_nothing_new_changes_nothing(clock, calls):
    script = create_script(Noted, interval=10, start_delay=True)
    clock.advance(4)
    script.start()
    assert calls == ["start"]
    assert script.time_until_next_repeat() == 6


def test_repeats_end_the_timer(clock, calls):
    script = create_script(Noted, interval=10, repeats=2, start_delay=True)
    assert script.remaining_repeats() == 2
    clock.advance(10)
    assert script.remaining_repeats() == 1
    clock.advance(100)
    assert calls == ["start", "repeat", "repeat", "stop"]
    assert script.timer is TimerState.STOPPED
    assert ScriptDB.objects.filter(pk=script.pk).exists()


@pytest.mark.defect("H-34")
def test_without_end_nothing_is_left_to_count():
    assert create_script(Counting, interval=10).remaining_repeats() is None
    assert create_script(Counting, key="idle").remaining_repeats() is None


def test_a_pause_keeps_what_remains(clock, calls):
    script = create_script(Noted, interval=10, repeats=5, start_delay=True)
    clock.advance(14)
    script.pause()
    assert calls[-1] == "pause manual=True"
    assert script.is_active
    assert script.timer is TimerState.PAUSED
    assert script.time_until_next_repeat() is None
    assert clock.advance(1000) == 0
    script.unpause()
    assert script.time_until_next_repeat() == 6
    assert script.remaining_repeats() == 4


@pytest.mark.parametrize(("new", "wait"), [(20, 15), (3, 0), (10, 5)])
def test_resuming_with_another_interval(clock, new, wait):
    script = create_script(Counting, interval=10, start_delay=True)
    clock.advance(5)
    script.pause()
    script.start(interval=new)
    assert script.time_until_next_repeat() == wait
    assert script.interval == new


def test_resuming_with_a_delay_waits_exactly_that(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    script.pause()
    script.start(start_delay=3)
    assert script.time_until_next_repeat() == 3


def test_force_repeat_counts_and_begins_the_wait_anew(clock):
    script = create_script(Counting, interval=10, repeats=3, start_delay=True)
    clock.advance(7)
    script.force_repeat()
    assert script.db.ticks == 1
    assert script.time_until_next_repeat() == 10
    assert script.remaining_repeats() == 2


@pytest.mark.parametrize("operation", ["pause", "unpause", "force_repeat"])
def test_what_the_state_does_not_allow_names_both(operation):
    script = create_script(Counting, key="idle")
    with pytest.raises(IllegalState, match=r"stopped.*running"):
        getattr(script, operation)()


def test_a_deleted_script_cannot_be_started():
    script = create_script(Counting, interval=10)
    script.delete()
    with pytest.raises(DeletedObject):
        script.start()


@pytest.mark.parametrize(
    "arguments", [{"interval": 1.5}, {"interval": "10"}, {"start_delay": -1}, {"repeats": 1.5}, {"interval": True}]
)
def test_values_that_make_no_sense_are_refused(arguments):
    script = create_script(Counting, interval=10, start_delay=True)
    before = row(script)
    with pytest.raises(InvalidArgument):
        script.start(**arguments)
    assert row(script) == before


def test_a_tick_that_raises_is_undone_and_the_timer_goes_on(clock, caplog):
    script = create_script(Counting, interval=10, start_delay=True)
    script.db.explode = True
    clock.advance(10)
    assert script.db.ticks == 0
    assert "boom" in caplog.text
    script.db.explode = False
    clock.advance(10)
    assert script.db.ticks == 1
    assert row(script)["db_callcount"] == 2


def test_is_valid_ends_the_timer_only_with_false(clock, monkeypatch):
    script = create_script(Counting, interval=10, start_delay=True)
    monkeypatch.setattr(Counting, "is_valid", lambda self: None)
    clock.advance(10)
    assert script.db.ticks == 1
    monkeypatch.setattr(Counting, "is_valid", lambda self: False)
    clock.advance(10)
    assert script.db.ticks == 1
    assert script.timer is TimerState.STOPPED


def test_a_tick_may_stop_restart_or_delete_its_script(clock, monkeypatch):
    scripts = [create_script(Counting, key=key, interval=10, start_delay=True) for key in ("stop", "faster", "delete")]

    def at_repeat(self, **kwargs):
        {"stop": self.stop, "faster": lambda: self.start(interval=3, start_delay=True), "delete": self.delete}[
            self.key
        ]()

    monkeypatch.setattr(Counting, "at_repeat", at_repeat)
    assert clock.advance(10) == 3
    stopped, faster, deleted = scripts
    assert stopped.timer is TimerState.STOPPED
    assert (faster.timer, faster.time_until_next_repeat()) == (TimerState.RUNNING, 3)
    assert not ScriptDB.objects.filter(pk=deleted.pk).exists()
    assert len(clock) == 1


def test_a_start_that_raises_leaves_no_script_and_no_timer(clock):
    with pytest.raises(RuntimeError, match="no start"):
        create_script(FailingAtStart, interval=10)
    assert not ScriptDB.objects.exists()
    assert clock.advance(100) == 0
    assert len(clock) == 0


def test_a_rollback_takes_the_timer_back(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    with pytest.raises(ZeroDivisionError), transaction():
        script.stop()
        raise ZeroDivisionError
    assert script.timer is TimerState.RUNNING
    assert clock.advance(10) == 1
    with pytest.raises(ZeroDivisionError), transaction():
        script.start(interval=2, start_delay=True)
        raise ZeroDivisionError
    assert clock.advance(9) == 0
    assert clock.advance(1) == 1


def test_a_rolled_back_delete_keeps_the_timer(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    with pytest.raises(ZeroDivisionError), transaction():
        script.delete()
        raise ZeroDivisionError
    assert clock.advance(10) == 1
    assert script.db.ticks == 1


def test_a_script_goes_with_its_host(clock):
    host = create_object(key="host")
    create_script(Counting, obj=host, interval=10, start_delay=True)
    host.delete()
    assert clock.advance(100) == 0
    assert len(clock) == 0


def test_a_bulk_update_is_heard(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    ScriptDB.objects.filter(pk=script.pk).update(db_is_active=False, db_next_due=None)
    assert script.timer is TimerState.STOPPED
    assert clock.advance(100) == 0


def test_a_running_timer_keeps_its_script_in_memory():
    script = create_script(Counting, interval=10)
    assert script._pinned() == "running timer"
    script.stop()
    assert script._pinned() is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 10**10, 10**400, 1e300])
def test_times_that_no_clock_reaches_are_refused(clock, value):
    script = create_script(Counting, interval=10, start_delay=True)
    due = script.db_next_due
    for arguments in ({"interval": value}, {"start_delay": value}, {"repeats": value}):
        with pytest.raises(InvalidArgument):
            script.start(**arguments)
        with pytest.raises(InvalidArgument):
            create_script(Counting, **{"interval": 10, **arguments})
    with pytest.raises(InvalidArgument):
        script.interval = value
    assert (script.db_interval, script.db_repeats, script.db_next_due) == (10, 0, due)
    assert ScriptDB.objects.count() == 1
    script.start(interval=2_147_483_647, start_delay=True)
    assert script.db_next_due > due


def test_how_many_ticks_there_have_been_can_be_said(clock):
    script = create_script(Counting, interval=10, start_delay=True, repeats=3)
    clock.advance(20)
    assert script.remaining_repeats() == 1
    script.reset_callcount()
    assert script.remaining_repeats() == 3
    script.reset_callcount(2)
    clock.advance(10)
    assert (script.timer, script.db.ticks) == (TimerState.STOPPED, 3)
