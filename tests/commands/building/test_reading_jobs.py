"""`py/thread`: code that only reads, in a process beside the game."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from perdure.commands.default.reading_jobs import MOST_JOBS, MOST_SHOWN, running_jobs
from perdure.commands.running import waiting_runs
from perdure.conf import conf

PATIENCE = 120  # seconds until a test is given up; processes are slow to start where others want the processor too


@pytest.fixture
def olga(world):
    return world.player("olga", superuser=True)


def wait(player: Any, until: Callable[[], Any]) -> str:
    """Let the game go on until something is so; what the player has heard."""
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline, player.text()
        player.world.loop.run_once(0.05)
    player.world.run()
    return str(player.text())


@pytest.mark.defect("V-35")
def test_it_reads_what_is_stored_and_the_game_goes_on(world, olga, caplog):
    world.create("lamp", attributes=[("oil", 5)])
    code = """
print(me.key, here.key, account.key, session)
for thing in search.objects("lamp"): print(thing.db.oil)
sum(n for n in range(10))"""
    with caplog.at_level(logging.INFO, "perdure.audit"):
        told = olga.send(f"py/thread {code}")
        assert "number" in told
        assert "Room" in olga.send("look")
        told = wait(olga, lambda: not running_jobs())
    assert "olga Room olga None\n5\n45" in told
    assert "it is done" in told
    lines = [record.getMessage() for record in caplog.records if record.name == "perdure.audit"]
    assert "py/thread by" in lines[0]
    assert "search.objects" in lines[0]
    assert "No code runs" in olga.send("py/thread")


@pytest.mark.defect("V-35")
@pytest.mark.parametrize(
    "code",
    ["me.db.gold = 5", "here.key = 'x'", "me.__class__.objects.filter(pk=me.pk).update(db_key='x')", "me.delete()"],
)
def test_it_cannot_change_anything(world, olga, code):
    olga.send(f"py/thread {code}")
    told = wait(olga, lambda: not running_jobs())
    assert "can only read" in told
    assert "ended with an error" in told
    olga.character.refresh_from_db()
    assert olga.character.db.gold is None
    assert olga.character.key == "olga"
    assert world.room.key == "Room"


@pytest.mark.defect("V-30")
@pytest.mark.defect("V-35")
def test_it_can_be_stopped_and_ends_when_its_time_is_over(world, olga):
    endless = "py/thread/noecho print('begun')\nwhile True: pass"
    olga.send(endless)
    wait(olga, lambda: "begun" in olga.text())  # what it writes comes while it runs
    process = running_jobs()[0]._process
    assert "no such" in olga.send("py/thread/stop 99999")
    assert "stopped" in olga.send(f"py/thread/stop {running_jobs()[0].number}")
    assert not waiting_runs()
    assert process.wait(PATIENCE) != 0
    olga.send(endless)
    wait(olga, lambda: olga.text().count("begun") == 2)
    process = running_jobs()[0]._process
    world.advance(conf.PY_THREAD_TIME_LIMIT + 1)
    assert "its time was over" in wait(olga, lambda: not running_jobs())
    assert process.wait(PATIENCE) != 0


def test_it_ends_with_a_reload_and_with_the_connection(world, olga):
    olga.send("py/thread import time; time.sleep(1000)")
    wait(olga, lambda: running_jobs()[0]._process)
    process = running_jobs()[0]._process
    world.reload()
    assert "interrupted" in olga.text()
    assert process.wait(PATIENCE) != 0
    olga.send("py/thread import time; time.sleep(1000)")
    wait(olga, lambda: running_jobs()[0]._process)
    process = running_jobs()[0]._process
    olga.disconnect()
    assert process.wait(PATIENCE) != 0
    assert not running_jobs()


def test_too_many_and_too_much(world, olga):
    for _ in range(MOST_JOBS):
        olga.send("py/thread import time; time.sleep(1000)")
    assert "already" in olga.send("py/thread 1")
    assert len(running_jobs()) == MOST_JOBS
    listed = olga.send("py/thread")
    assert listed.count("olga") == listed.count("time.sleep(1000)") == MOST_JOBS
    for job in running_jobs():
        olga.send(f"py/stop {job.number}")
    olga.heard()
    olga.send("py/thread/noecho for _ in range(3000): print('x' * 100)")
    told = wait(olga, lambda: not running_jobs())
    assert 40_000 < told.count("x") <= MOST_SHOWN + 100
    assert "and more" in told
    assert "it is done" in told


def test_what_is_no_python_and_what_awaits(olga):
    olga.send("py/thread 1 +")
    assert "SyntaxError" in wait(olga, lambda: not running_jobs())
    olga.send("py/thread await cmd.sleep(1)")
    assert "await" in wait(olga, lambda: not running_jobs())


def test_one_that_is_asked_for_in_work_that_is_undone_never_runs(world, olga):
    def undone() -> None:
        olga.session.execute_cmd("py/thread print('never')")
        raise ZeroDivisionError

    world.loop.submit(undone)
    world.run()
    assert not running_jobs()
    assert "never" not in olga.text()
