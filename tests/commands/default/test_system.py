"""The server itself: reload and stop, facts, tasks."""

from __future__ import annotations

import time

import pytest

from perdure.commands.delays import TASK_HANDLER, delay
from perdure.commands.repeating import repeat, unrepeat
from perdure.version import __version__


@pytest.fixture
def developer(world):
    return world.player("Dan", permissions="Developer")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("reload new swords", ("reload", "new swords")),
        ("restart", ("reload", "")),
        ("reset", ("reset", "")),
        ("shutdown good night", ("stop", "good night")),
    ],
)
def test_the_gateway_is_asked_with_who_wants_it(world, developer, line, asked):
    developer.send(line)
    assert world.asked == [(*asked, developer.record.sessid)]


def test_only_a_shutdown_is_announced(world, developer):
    anna = world.player("Anna")
    anna.heard()
    developer.send("reload")
    assert anna.heard() == ""
    developer.send("shutdown good night")
    assert "good night" in anna.heard()


def test_others_cannot(world):
    anna = world.player("Anna")
    for line in ("reload", "reset", "shutdown", "server", "tasks"):
        assert "no command" in anna.send(line)
    assert world.asked == []


def test_server(world, developer):
    shown = developer.send("server")
    assert "resident" in shown
    assert "DefaultRoom" in shown
    assert "MB" in developer.send("server/mem")
    assert "before" in developer.send("server/flushmem")
    world.loop.slow.clear()
    assert "Nothing has been slow" in developer.send("server/slow")


def test_slow_things_are_shown(world, developer):
    world.loop.slow_seconds = 0.0
    developer.send("look")
    assert "line" in developer.send("server/slow") or "look" in developer.send("server/slow")


def test_about_and_time(world, settings):
    settings.SERVERNAME = "Lost Valley"
    anna = world.player("Anna")
    about = anna.send("about")
    assert __version__ in about
    assert "Lost Valley" in about
    shown = anna.send("time")
    assert time.strftime("%Y-%m-%d", time.gmtime()) in shown
    assert "World" in shown
    anna.send("style timezone = Asia/Tokyo")
    assert anna.send("uptime") != ""


def test_time_tells_the_time_of_the_game(world, settings):
    settings.TIME_GAME_EPOCH = 0
    settings.TIME_FACTOR = 60
    anna = world.player("Anna")
    assert "60 times as fast" in anna.send("time")
    world.advance(24 * 60)
    shown = anna.send("time")
    assert "1970-01-02" in shown
    assert "1 day" in shown
    assert "24 minutes" in shown
    settings.TIME_GAME_EPOCH = -(10**14)
    settings.TIME_FACTOR = 0
    shown = anna.send("time")
    assert "before 1970" in shown
    assert "stands still" in shown


def test_tickers(world, developer):
    bert = world.player("Bert", permissions="Builder")
    assert "Nothing is repeated" in bert.send("tickers")
    delay(60, later, "once")
    key = repeat(300, later, False, "", False, None, "|rword", loud=True)
    shown = bert.send("tickers")
    assert "5m" in shown
    assert "later" in shown
    assert "'|rword', loud=True" in shown
    assert "once" not in shown
    assert "later" in bert.send("tickers LATE")
    assert "Nothing of that name" in bert.send("tickers x|ry")
    unrepeat(key)
    assert "Nothing is repeated" in bert.send("tickers")
    assert "no command" in world.player("Anna").send("tickers")


def later(word):
    later.said.append(word)


later.said = []


def test_tasks(world, developer):
    later.said.clear()
    assert "Nothing" in developer.send("tasks")
    with_id = delay(60, later, "one")
    delay(60, later, "two")
    shown = developer.send("tasks")
    assert str(with_id.get_id()) in shown
    assert "later" in shown
    assert "'one'" in shown
    developer.send(f"tasks/do_task {with_id.get_id()}", "no")
    assert later.said == []
    developer.send(f"tasks/do_task {with_id.get_id()}", "yes")
    assert later.said == ["one"]
    assert "no such task" in developer.send("tasks/cancel nothing")
    name = TASK_HANDLER.all()[0].name
    developer.send(f"tasks/cancel {name}", "y")
    world.advance(61)
    assert later.said == ["one"]


def test_tasks_wait_and_go_on(world, developer):
    later.said.clear()
    task = delay(10, later, "late")
    developer.send(f"tasks/pause {task.get_id()}", "y")
    world.advance(20)
    assert later.said == []
    developer.send(f"tasks/unpause {task.get_id()}", "y")
    world.advance(11)
    assert later.said == ["late"]
