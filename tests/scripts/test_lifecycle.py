"""Scripts over the end of one server and the beginning of the next."""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import ClassVar

import pytest

from perdure import transaction
from perdure.create import create_object, create_script, create_scripts
from perdure.idmapper.models import flush_cache
from perdure.scripts.clock import script_clock
from perdure.scripts.global_scripts import GLOBAL_SCRIPTS
from perdure.scripts.lifecycle import go_on, pause_for, resume_after
from perdure.scripts.models import ScriptDB
from perdure.scripts.scripts import DefaultScript
from perdure.scripts.state_machine import TimerState
from tests.scripts.things import Counting

pytestmark = pytest.mark.django_db


class Hearing(DefaultScript):
    """Notes what it is told, by the key of the script."""

    heard: ClassVar[list[str]] = []

    def _note(self, what):
        self.heard.append(f"{self.db_key}: {what}")

    def at_start(self, **kwargs):
        self._note("start")

    def at_pause(self, manual_pause=True, auto_pause=False, **kwargs):
        self._note(f"pause {manual_pause} {auto_pause}")

    def at_stop(self, **kwargs):
        self._note("stop")

    def at_server_reload(self):
        self._note("reload")

    def at_server_shutdown(self):
        self._note("shutdown")

    def at_server_start(self):
        self._note("server")


class Broken(DefaultScript):
    def at_pause(self, **kwargs):
        raise ZeroDivisionError("at_pause")

    def at_start(self, **kwargs):
        if self.db.started:
            raise ZeroDivisionError("at_start")
        self.db.started = True

    def at_server_start(self):
        raise ZeroDivisionError("at_server_start")


@pytest.fixture
def heard():
    Hearing.heard.clear()
    return Hearing.heard


def another_server(seconds):
    """The process ends, and `seconds` pass until the next one begins."""
    ahead = script_clock._ahead
    script_clock.clear()
    for instance in ScriptDB.get_all_cached_instances():
        instance.flush_from_cache(force=True)
    flush_cache()
    gc.collect()
    script_clock._ahead = ahead + timedelta(seconds=seconds)


@pytest.mark.parametrize("mode", ["reload", "shutdown"])
def test_timers_go_on_with_exactly_what_remained(clock, mode):
    pk = create_script(Counting, interval=10, start_delay=True, repeats=3).pk
    clock.advance(13.25)
    pause_for(mode)
    assert len(clock) == 0
    another_server(1000)
    resume_after(mode)
    script = ScriptDB.objects.get(pk=pk)
    assert (script.timer, script.callcount) == (TimerState.RUNNING, 1)
    assert script.next_due - clock.now() == timedelta(seconds=6.75)
    clock.advance(6.74)
    assert script.db.ticks == 1
    clock.advance(0.01)
    assert script.db.ticks == 2


def test_who_hears_what_over_a_reload(clock, heard):
    room = create_object(key="hall")
    for key, arguments in {
        "running": {"interval": 10, "start_delay": True, "obj": room},
        "mortal": {"interval": 10, "start_delay": True, "persistent": False},
        "by hand": {"interval": 10, "start_delay": True},
        "idle": {},
    }.items():
        create_script(Hearing, key=key, **arguments)
    by_hand = ScriptDB.objects.get(db_key="by hand")
    by_hand.pause()
    kept = list(ScriptDB.objects.all())  # what is in memory hears of the end
    heard.clear()
    pause_for("reload")
    assert heard[:2] == ["running: pause False True", "mortal: pause False True"]
    assert sorted(heard[2:]) == ["by hand: reload", "idle: reload", "mortal: reload", "running: reload"]
    del kept, by_hand
    another_server(5)
    heard.clear()
    resume_after("reload")
    assert heard == ["running: start", "running: server", "mortal: server", "by hand: server", "idle: server"]
    states = {script.db_key: script.timer for script in ScriptDB.objects.all()}
    assert states == {
        "running": TimerState.RUNNING,
        "mortal": TimerState.STOPPED,
        "by hand": TimerState.PAUSED,
        "idle": TimerState.STOPPED,
    }


def test_a_shutdown_is_told_to_those_with_a_timer(clock, heard):
    active = create_script(Hearing, key="active", interval=10, start_delay=True)
    idle = create_script(Hearing, key="idle")
    heard.clear()
    pause_for("shutdown")
    assert heard == ["active: pause False True", "active: shutdown"]
    assert (active.timer, idle.timer) == (TimerState.PAUSED, TimerState.STOPPED)


@pytest.mark.defect("H-32")
def test_after_a_crash_timers_go_on_from_where_they_were_due(clock, heard):
    ticking = create_script(Counting, interval=10, start_delay=True).pk
    create_script(Hearing, key="mortal", interval=10, start_delay=True, persistent=False)
    create_script(Hearing, key="hearing", interval=10, start_delay=True)
    clock.advance(4)
    heard.clear()
    another_server(3)
    resume_after("crash")
    assert heard == ["mortal: stop", "mortal: server", "hearing: start", "hearing: server"]
    script = ScriptDB.objects.get(pk=ticking)
    assert script.time_until_next_repeat() == 3
    clock.advance(3)
    assert script.db.ticks == 1


def test_a_server_that_stays_after_all(clock, heard):
    mortal = create_script(Hearing, key="mortal", interval=10, start_delay=True, persistent=False)
    by_hand = create_script(Counting, interval=10, start_delay=True)
    by_hand.pause()
    clock.advance(4)
    pause_for("reload")
    heard.clear()
    go_on()
    assert heard == ["mortal: start"]
    assert (mortal.timer, by_hand.timer) == (TimerState.RUNNING, TimerState.PAUSED)
    assert mortal.time_until_next_repeat() == 6


def test_one_broken_script_keeps_nobody_from_anything(clock, caplog):
    broken = create_script(Broken, interval=10, start_delay=True)
    fine = create_script(Counting, interval=10, start_delay=True)
    pause_for("reload")
    assert "at_pause" in caplog.text
    assert (broken.timer, fine.timer) == (TimerState.RUNNING, TimerState.PAUSED)
    caplog.clear()
    resume_after("reload")
    assert "at_start" in caplog.text
    assert "at_server_start" in caplog.text
    assert (broken.timer, fine.timer) == (TimerState.RUNNING, TimerState.RUNNING)


@pytest.mark.defect("V-29")
@pytest.mark.django_db(transaction=True)
def test_thousands_of_timers_take_a_few_statements(clock, django_assert_max_num_queries):
    create_scripts(Counting, [{"key": f"c{n}", "interval": 60, "start_delay": True} for n in range(2_000)])
    create_scripts(Hearing, [{"key": f"h{n}", "interval": 60, "start_delay": True} for n in range(50)])
    idle = create_scripts(Counting, [{"key": f"i{n}"} for n in range(500)])
    keys = {script.pk for script in idle}
    del idle
    another_server(0)
    clock.rescan()
    with django_assert_max_num_queries(25):
        pause_for("reload")
    another_server(10)
    with django_assert_max_num_queries(25):
        resume_after("reload")
    assert clock.next_due() - clock.now() == timedelta(seconds=60)
    assert len(clock) == 2_050
    assert keys.isdisjoint(script.pk for script in ScriptDB.get_all_cached_instances()), "nothing to do for them"
    # After a crash nothing is written and only those are loaded that want to hear of it.
    another_server(10)
    with django_assert_max_num_queries(10):
        resume_after("crash")
    assert sum(isinstance(script, Counting) for script in ScriptDB.get_all_cached_instances()) == 0
    assert len(clock) == 0
    assert clock.next_due() is not None
    assert len(clock) == 2_050


@pytest.mark.defect("H-33")
def test_global_scripts_that_begin_with_the_server_begin_once(clock, heard, settings):
    settings.GLOBAL_SCRIPTS = {"weather": {"typeclass": Hearing, "interval": 10, "start_delay": True}}
    GLOBAL_SCRIPTS.start()
    resume_after("start")
    assert heard == ["weather: start", "weather: server"]
    heard.clear()
    pause_for("reload")
    another_server(1)
    GLOBAL_SCRIPTS.start()
    resume_after("reload")
    assert [what for what in heard if "start" in what] == ["weather: start"]


def test_what_is_undone_is_undone_for_the_clock(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    with pytest.raises(ZeroDivisionError), transaction():
        pause_for("reload")
        raise ZeroDivisionError
    assert script.timer is TimerState.RUNNING
    assert clock.advance(10) == 1
