"""`scripts`."""

from __future__ import annotations

import pytest

from perdure.create import create_script
from perdure.scripts.models import ScriptDB
from perdure.scripts.scripts import DefaultScript
from perdure.scripts.state_machine import TimerState


class Ticker(DefaultScript):
    """Ticks."""

    def at_script_creation(self):
        self.interval = 60
        self.persistent = True


@pytest.fixture(autouse=True)
def _paths(settings):
    settings.TYPECLASS_PATHS = (__name__.rpartition(".")[0], "perdure")


PATH = "test_scripts.Ticker"


def test_all_scripts_are_listed(owner, small_world):
    assert "no scripts" in owner.type("scripts")
    create_script(Ticker, key="clock")
    create_script(Ticker, key="wick", obj=small_world.lamp)
    told = owner.type("scripts")
    assert "2 scripts" in told
    assert "lamp(#" in told
    assert "60 s" in told


def test_a_global_one_is_made_or_shown(owner):
    told = owner.type(f"script clock:{PATH}")
    clock = ScriptDB.objects.get(db_key="clock")
    assert clock.timer is TimerState.RUNNING
    assert "global" in told
    assert "every 60 s" in owner.type(f"script {PATH}")
    assert "every 60 s" in owner.type("script clock")
    assert "every 60 s" in owner.type(f"script {clock.dbref}")
    assert ScriptDB.objects.count() == 1


@pytest.mark.defect("V-37")
@pytest.mark.parametrize(
    "line",
    [
        f"script no such thing = {PATH}",
        "script no such thing =",
        "script/stop no such thing =",
        "script nonsense",
        "script #999",
        "script lamp = no.such.Class",
    ],
)
def test_a_failed_search_stops(owner, small_world, line):
    told = owner.type(line)
    assert told
    assert ScriptDB.objects.count() == 0


def test_on_a_thing(owner, small_world):
    owner.type(f"script lamp = wick:{PATH}")
    (script,) = small_world.lamp.scripts.all()
    assert (script.key, script.timer) == ("wick", TimerState.RUNNING)
    assert "wick" in owner.type("script lamp =")
    owner.type("script/pause lamp = wick")
    assert script.timer is TimerState.PAUSED
    owner.type("script/start lamp = wick")
    assert script.timer is TimerState.RUNNING
    owner.type(f"script/stop lamp = {script.dbref}")
    assert script.timer is TimerState.STOPPED
    assert "cannot be paused" in owner.type("script/pause lamp =")
    assert "has no script" in owner.type("script/stop lamp = other")
    owner.type("script/delete lamp = wick")
    assert not small_world.lamp.scripts.all().exists()


def test_on_an_account(owner, builder):
    owner.type(f"script *Bert = {PATH}")
    assert builder.account.scripts.all().count() == 1


@pytest.mark.defect("V-36")
def test_acting_on_several_asks(owner, small_world):
    first = create_script(Ticker, key="one", obj=small_world.lamp)
    last = create_script(Ticker, key="two", obj=small_world.lamp)
    told = owner.type("script/delete lamp =", answers=[False])
    assert "2 scripts" in told.questions[0]
    assert ScriptDB.objects.count() == 2
    told = owner.type(f"script/stop {first.dbref}-{last.dbref}", answers=[True])
    assert told.count("is stopped") == 2
    owner.type("script/delete lamp =", answers=[True])
    assert ScriptDB.objects.count() == 0


def test_a_builder_manages_what_it_made(builder):
    builder.type(f"script clock:{PATH}")
    assert "stopped" in builder.type("script/stop clock")


@pytest.mark.defect("V-37")
def test_one_line_for_each(owner, monkeypatch, small_world):
    create_script(Ticker, key="one", obj=small_world.lamp)
    create_script(Ticker, key="two", obj=small_world.lamp)
    monkeypatch.setattr(Ticker, "at_script_delete", lambda self: self.key != "one")
    told = owner.type("script/delete lamp =", answers=[True])
    assert "one(#" in told
    assert "refuses" in told
    assert "is deleted" in told
    assert [script.key for script in ScriptDB.objects.all()] == ["one"]


def test_who_may_not_examine_a_script_sees_a_line_about_it(builder, small_world):
    create_script(Ticker, key="clock").db.secret = 5
    told = builder.type("script clock")
    assert "60 s" in told
    assert "secret" not in told
