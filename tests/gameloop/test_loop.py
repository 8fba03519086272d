"""Units, ticks, and what leaves when."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.utils.functional import SimpleLazyObject

from perdure import create_object, on_commit, transaction
from perdure.errors import NoGameLoop, Overloaded, StaleObject
from perdure.gameloop import GameLoop, Interrupted, Watchdog, current_loop
from perdure.gameloop import offloading as offloading_module
from perdure.gameloop.watchdog import describe_stack
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chest(transactional_db: None) -> Any:
    return create_object(DefaultObject, key="chest", attributes=[("coins", 1)], nohome=True)


def coins() -> int:
    """What the database says, past all memory."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT db_number FROM objects_objectattribute WHERE db_key = 'coins'")
        return int(cursor.fetchone()[0])


def test_what_a_unit_sends_leaves_after_the_commit(loop: GameLoop, heard: list[Any], chest: Any) -> None:
    seen: list[Any] = []
    loop._deliver = lambda items: seen.append((items, connection.in_atomic_block))

    def work() -> None:
        chest.db.coins = 5
        loop.outbox.put("five")
        assert not seen

    loop.submit(work)
    loop.run_once()
    assert seen == [(["five"], False)]


def test_a_unit_that_raises_is_undone_with_what_it_sent_and_the_others_stand(
    loop: GameLoop, heard: list[Any], chest: Any
) -> None:
    told: list[tuple[str, str]] = []

    def broken() -> None:
        chest.db.coins = 99
        loop.outbox.put("never")
        raise ValueError("no")

    def good() -> None:
        chest.db.other = 1
        loop.outbox.put("good")

    loop.submit(good)
    loop.submit(broken, failed=lambda error, error_id: told.append((str(error), error_id)))
    loop.submit(good)
    loop.run_once()
    assert heard == ["good", "good"]
    assert chest.db.coins == 1
    assert told[0][0] == "no"
    assert len(told[0][1]) == 8


def test_a_block_inside_a_unit_that_is_undone_takes_back_what_it_sent(loop: GameLoop, heard: list[Any]) -> None:
    def work() -> None:
        loop.outbox.put("before")
        try:
            with transaction():
                loop.outbox.put("inside")
                raise ValueError
        except ValueError:
            loop.outbox.put("after")

    loop.submit(work)
    loop.run_once()
    assert heard == ["before", "after"]


def test_a_tick_that_the_database_refuses_is_done_again_unit_by_unit(
    loop: GameLoop, heard: list[Any], chest: Any
) -> None:
    """What a unit gathered is refused when the tick ends: only that unit fails."""
    failed: list[str] = []
    done: list[int] = []

    def good() -> None:
        done.append(1)
        chest.db.good = len(done)
        loop.outbox.put("good")

    def refused() -> None:
        loop.outbox.put("refused")
        with connection.cursor() as cursor:  # foreign keys are looked at when the transaction ends
            cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999 WHERE id = %s", [chest.pk])

    loop.submit(good)
    loop.submit(refused, failed=lambda error, error_id: failed.append(type(error).__name__))
    loop.submit(good)
    loop.run_once()
    assert heard == ["good", "good"]
    assert failed == ["IntegrityError"]
    assert chest.db.good == 4


def test_a_stale_read_is_decided_again(loop: GameLoop, heard: list[Any]) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        loop.outbox.put(len(tries))
        if len(tries) < 3:
            raise StaleObject("somebody else was first")

    loop.submit(work)
    loop.run_once()
    assert heard == [3]


def test_an_error_after_the_commit_undoes_nothing_and_keeps_nobody_else_from_being_called(
    loop: GameLoop, heard: list[Any], chest: Any
) -> None:
    called: list[str] = []
    times: list[int] = []

    def explode() -> None:
        raise ValueError("too late")

    def work() -> None:
        times.append(1)
        chest.db.coins = 7
        on_commit(explode)
        on_commit(lambda: called.append("second"))
        loop.after_commit(lambda: called.append("after"))
        loop.outbox.put("seven")

    loop.submit(work)
    loop.run_once()
    assert (heard, called, times, chest.db.coins) == (["seven"], ["second", "after"], [1], 7)


def test_what_waits_for_the_commit_of_an_undone_unit_never_happens(loop: GameLoop) -> None:
    called: list[str] = []

    def work() -> None:
        loop.after_commit(lambda: called.append("never"))
        raise ValueError

    loop.submit(work)
    loop.submit(lambda: loop.after_commit(lambda: called.append("yes")))
    loop.run_once()
    assert called == ["yes"]


def test_units_of_one_tick_share_a_commit(loop: GameLoop, chest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    original = connection.commit
    monkeypatch.setattr(connections["default"], "commit", lambda: (commits.append(1), original())[1])
    for number in range(20):
        loop.submit(lambda n=number: chest.attributes.add(f"a{n}", n))
    loop.run_once()
    assert commits == [1]


def test_an_interruption_goes_past_the_excepts_of_a_game(loop: GameLoop, chest: Any) -> None:
    told: list[str] = []

    def stubborn() -> None:
        chest.db.coins = 50
        try:
            raise Interrupted("5 seconds are over")
        except Exception:  # noqa: BLE001
            told.append("swallowed")

    loop.submit(stubborn, failed=lambda error, error_id: told.append(str(error)))
    loop.run_once()
    assert told == ["5 seconds are over"]
    assert chest.db.coins == 1


def test_timers_come_at_their_time_in_order(loop: GameLoop) -> None:
    done: list[str] = []
    loop.call_later(10, done.append, "ten")
    loop.call_later(5, done.append, "five")
    cancelled = loop.call_later(7, done.append, "seven")
    cancelled.cancel()
    loop.advance(4.9)
    assert done == []
    loop.advance(1)
    assert done == ["five"]
    loop.advance(10)
    assert done == ["five", "ten"]
    assert loop.timers == 0


def test_many_cancelled_timers_do_not_stay(loop: GameLoop) -> None:
    for handle in [loop.call_later(1000, print) for _ in range(1000)]:
        handle.cancel()
    assert loop.timers == 0
    assert len(loop._timers._heap) < 200


def test_offloaded_work_is_done_elsewhere_and_answered_here(loop: GameLoop) -> None:
    answers: list[Any] = []
    loop.offload(threading.get_ident, then=lambda result, error: answers.append((result, threading.get_ident())))
    loop.run_until_idle()
    assert answers[0][0] != answers[0][1] == threading.get_ident()


def test_an_error_of_offloaded_work_is_handed_over(loop: GameLoop) -> None:
    answers: list[Any] = []
    loop.offload(int, "x", then=lambda result, error: answers.append(type(error)))
    loop.run_until_idle()
    assert answers == [ValueError]


def test_too_much_offloaded_work_is_refused(loop: GameLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offloading_module, "WAITING", 1)
    gate = threading.Event()
    loop.offload(gate.wait, 10)
    with pytest.raises(Overloaded):
        loop.offload(gate.wait)
    gate.set()
    loop.run_until_idle()


@pytest.mark.defect("V-24")
def test_a_slow_unit_is_named_with_its_place_and_statements(loop: GameLoop, chest: Any) -> None:
    loop.slow_seconds = 0.02
    watchdog = Watchdog(loop, 0.02)
    watchdog.start()
    seen = threading.Event()

    def work() -> None:
        list(ObjectDB.objects.filter(db_key__startswith="c").values_list("pk"))
        for _ in range(1000):
            if loop.unit is not None and loop.unit.sample:
                return
            seen.wait(0.01)

    loop.submit(work, label="ponder", caller="Anna")
    loop.run_once()
    watchdog.stop()
    report = loop.slow[-1]
    assert (report.label, report.caller, report.ok, report.statements) == ("ponder", "Anna", True, 1)
    assert "test_loop.py" in report.where


def test_looking_at_a_unit_asks_nothing_of_what_it_works_with(loop: GameLoop) -> None:
    """Another thread looks; what is evaluated there would read from the database on it."""
    asked: list[str] = []

    def evaluate() -> str:
        asked.append("evaluated")
        return "SELECT 1"

    def work() -> str:
        query = SimpleLazyObject(evaluate)
        return describe_stack(sys._getframe()) if query is not None else ""

    assert "SQL" not in work()
    assert asked == []


@pytest.mark.defect("V-24")
def test_logs_say_which_command_of_which_session_it_was(loop: GameLoop, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise ValueError

    loop.slow_seconds = 0.0
    loop.submit(broken, label="command ponder", turn=7)
    loop.run_once()
    records = [record for record in caplog.records if record.name in ("perdure.gameloop", "perdure.slow")]
    assert len(records) == 2
    for record in records:
        assert (vars(record)["command"], vars(record)["session"]) == ("command ponder", 7)
    assert vars(records[1])["seconds"] >= 0


def test_there_is_no_loop_where_no_world_runs() -> None:
    with pytest.raises(NoGameLoop):
        current_loop()


def test_stop_ends_the_loop_from_another_thread(loop: GameLoop) -> None:
    threading.Timer(0.05, loop.stop).start()
    loop.run_forever()


def test_offloaded_work_lets_the_game_thread_go_first(loop: GameLoop) -> None:
    answers: list[int] = []

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    loop.offload(niceness, then=lambda result, error: answers.append(result))
    loop.run_until_idle()
    assert answers[0] > os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
