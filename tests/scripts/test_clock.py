"""The clock: many timers, what was missed, and starting again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import override_settings

from perdure.create import create_script, create_scripts
from perdure.errors import ConfigurationError, InvalidArgument
from perdure.idmapper.models import flush_cache
from perdure.scripts.clock import script_clock
from perdure.scripts.models import ScriptDB
from perdure.scripts.state_machine import TimerState
from tests.scripts.conftest import NOON
from tests.scripts.things import Counting, Noted

pytestmark = pytest.mark.django_db


def pull_the_plug(seconds):
    """The process is killed, and `seconds` pass until the server starts again."""
    script_clock.clear()
    for instance in ScriptDB.get_all_cached_instances():
        instance.flush_from_cache(force=True)
    flush_cache()
    script_clock._ahead = timedelta(seconds=seconds)
    ScriptDB.objects.update_scripts_after_server_start()


@pytest.mark.defect("H-32")
@pytest.mark.parametrize(("policy", "ticks"), [("once", 1), ("skip", 0), ("all", 3)])
def test_after_a_crash_timers_go_on_as_the_policy_says(clock, policy, ticks):
    pk = create_script(Counting, interval=10, start_delay=True).pk
    with override_settings(SCRIPT_CATCH_UP=policy):
        pull_the_plug(35)
        script = ScriptDB.objects.get(pk=pk)
        assert script.timer is TimerState.RUNNING
        assert clock.run_due() == ticks
        assert script.db.ticks == ticks
        assert script.time_until_next_repeat() == 5
        clock.advance(5)
        assert script.db.ticks == ticks + 1


@pytest.mark.defect("H-32")
def test_a_tick_that_is_a_little_late_is_run_whatever_the_policy(clock):
    pk = create_script(Counting, interval=10, start_delay=True).pk
    with override_settings(SCRIPT_CATCH_UP="skip"):
        pull_the_plug(14)
        assert clock.run_due() == 1
        assert ScriptDB.objects.get(pk=pk).time_until_next_repeat() == 6


def test_an_unknown_policy_is_a_configuration_error(clock):
    create_script(Counting, interval=10, start_delay=True)
    with override_settings(SCRIPT_CATCH_UP="never"), pytest.raises(ConfigurationError, match="SCRIPT_CATCH_UP"):
        from perdure.scripts.clock import catch_up_policy

        catch_up_policy()


def test_a_start_of_the_server_treats_each_as_it_should(clock):
    lasting = create_script(Noted, key="lasting", interval=10, start_delay=True).pk
    passing = create_script(Noted, key="passing", interval=10, start_delay=True, persistent=False).pk
    resting = create_script(Noted, key="resting", interval=10, start_delay=True)
    resting.pause()
    resting = resting.pk
    idle = create_script(Noted, key="idle").pk
    clock.advance(4)
    ScriptDB.objects.pause_for_shutdown()
    Noted.calls.clear()
    pull_the_plug(1000)
    assert Noted.calls.count("server") == 4
    assert Noted.calls.count("start") == 1
    scripts = {pk: ScriptDB.objects.get(pk=pk) for pk in (lasting, passing, resting, idle)}
    assert scripts[lasting].timer is TimerState.RUNNING
    assert scripts[lasting].time_until_next_repeat() == 6
    assert scripts[passing].timer is TimerState.STOPPED
    assert scripts[resting].timer is TimerState.PAUSED
    assert scripts[idle].timer is TimerState.STOPPED


def test_a_broken_script_does_not_keep_the_others_from_starting(clock, monkeypatch, caplog):
    first = create_script(Counting, key="first", interval=10, start_delay=True).pk
    second = create_script(Noted, key="second", interval=10, start_delay=True).pk

    def at_start(self, **kwargs):
        raise ZeroDivisionError("broken start")

    monkeypatch.setattr(Counting, "at_start", at_start)
    pull_the_plug(0)
    assert "broken start" in caplog.text
    assert ScriptDB.objects.get(pk=second).timer is TimerState.RUNNING
    assert ScriptDB.objects.get(pk=first).timer is TimerState.RUNNING


def test_thousands_of_timers_on_one_heap(clock):
    create_scripts(
        Counting,
        [{"key": f"timer{number}", "interval": 10 + number % 7, "start_delay": True} for number in range(300)],
    )
    assert len(clock) == 300
    for _ in range(40):
        for script in list(ScriptDB.get_all_cached_instances())[:20]:
            script.start(interval=10, start_delay=True)
    assert len(clock) == 300
    assert len(clock._heap) <= 2 * 300 + 65
    assert clock.advance(10) >= 20


def test_ticks_run_in_the_order_of_their_times(clock, monkeypatch):
    seen = []
    monkeypatch.setattr(Counting, "at_repeat", lambda self, **kw: seen.append((self.key, clock.now())))
    create_script(Counting, key="slow", interval=7, start_delay=True)
    create_script(Counting, key="fast", interval=3, start_delay=True)
    clock.advance(9)
    assert seen == [
        (key, NOON + timedelta(seconds=at)) for key, at in (("fast", 3), ("fast", 6), ("slow", 7), ("fast", 9))
    ]


def test_time_does_not_go_back(clock):
    with pytest.raises(InvalidArgument, match="forward"):
        clock.advance(-1)


def another_process(script, **columns):
    """Writes the row as another process does, behind the back of this one."""
    sets = ", ".join(f"{name} = %s" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE scripts_scriptdb SET {sets}, db_version = db_version + 1 WHERE id = %s",
            [*columns.values(), script.pk],
        )


def test_a_timer_that_another_process_stopped_does_not_tick(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    another_process(script, db_is_active=False)
    assert clock.advance(10) == 0
    assert script.db.ticks == 0
    assert script.timer is TimerState.STOPPED
    assert len(clock) == 0


def test_a_change_by_another_process_is_not_lost_in_the_tick(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    another_process(script, db_repeats=1)
    assert clock.advance(10) == 1
    assert script.db.ticks == 1
    assert script.timer is TimerState.STOPPED
    assert script.repeats == 1


def test_a_script_that_another_process_deleted_is_forgotten(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM scripts_scriptattribute")
        cursor.execute("DELETE FROM scripts_scriptdb WHERE id = %s", [script.pk])
    assert clock.advance(60) == 0
    assert len(clock) == 0


@pytest.mark.django_db(transaction=True)  # in one transaction the script would stay in memory, with its class
def test_a_script_whose_class_is_missing_keeps_its_timer(clock):
    script = create_script(Counting, interval=10, start_delay=True)
    pk, path = script.pk, script.typeclass_path
    del script
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scripts_scriptdb SET db_typeclass_path = %s WHERE id = %s", ["gone.Away", pk])
    pull_the_plug(0)
    assert clock.advance(30) == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scripts_scriptdb SET db_typeclass_path = %s WHERE id = %s", [path, pk])
    assert clock.advance(30) > 0
