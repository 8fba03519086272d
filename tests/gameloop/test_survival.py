"""Whatever a unit, a hook or the database does: the loop goes on, and no other unit is lost or done twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from perdure import create_object, on_rollback
from perdure.gameloop import GameLoop, Interrupted
from perdure.gameloop.units import Unit
from perdure.objects.objects import DefaultObject

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chest(transactional_db: None) -> Any:
    return create_object(DefaultObject, key="chest", attributes=[("coins", 1)], nohome=True)


def refused_at_the_end(chest: Any) -> None:
    """What the database refuses only when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999 WHERE id = %s", [chest.pk])


# --- units that are not done are not lost


def test_units_behind_one_that_breaks_the_transaction_are_done(loop: GameLoop, heard: list[Any], chest: Any) -> None:
    def breaks() -> None:
        connection.needs_rollback = True

    loop.submit(lambda: loop.outbox.put("before"))
    loop.submit(breaks)
    loop.submit(lambda: loop.outbox.put("after"))
    loop.run_until_idle()
    assert heard == ["before", "after"]


def test_units_are_done_when_the_transaction_cannot_begin_at_first(
    loop: GameLoop, heard: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    original, refusals = connection.set_autocommit, [1]

    def busy(autocommit: bool, **options: Any) -> None:
        if not autocommit and refusals:
            refusals.pop()
            raise OperationalError("database is locked")
        original(autocommit, **options)

    monkeypatch.setattr(connections["default"], "set_autocommit", busy)
    for number in range(3):
        loop.submit(lambda n=number: loop.outbox.put(n))
    loop.run_until_idle()
    assert heard == [0, 1, 2]


def test_what_the_tick_had_no_time_for_is_done_once_after_a_refused_commit(
    loop: GameLoop, heard: list[Any], chest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perdure.gameloop.ticks.TICK_SECONDS", -1.0)
    loop.submit(lambda: refused_at_the_end(chest))
    loop.submit(lambda: loop.outbox.put("second"))
    loop.submit(lambda: loop.outbox.put("third"))
    loop.run_until_idle()
    assert heard == ["second", "third"]


def test_work_between_ticks_comes_after_all_that_is_done_again(loop: GameLoop, heard: list[Any], chest: Any) -> None:
    """A world that is to stand still must not do a command afterwards."""
    order: list[str] = []

    def asks() -> None:
        loop.between_ticks(lambda: order.append("still"))
        order.append("asks")

    loop.submit(asks)
    loop.submit(lambda: refused_at_the_end(chest))
    loop.submit(lambda: order.append("last"))
    loop.run_until_idle()
    assert order == ["asks", "last", "asks", "last", "still"]


def test_an_error_between_ticks_ends_nothing(loop: GameLoop, heard: list[Any]) -> None:
    def broken() -> None:
        raise ValueError("between")

    loop.between_ticks(broken)
    loop.submit(lambda: loop.outbox.put("on"))
    loop.run_until_idle()
    assert heard == ["on"]


def test_callbacks_of_a_tick_come_once_each_when_the_tick_is_refused(
    loop: GameLoop, heard: list[Any], chest: Any
) -> None:
    called: list[str] = []
    loop.submit(lambda: loop.after_commit(lambda: called.append("first")))
    loop.submit(lambda: refused_at_the_end(chest))
    loop.submit(lambda: loop.after_commit(lambda: called.append("second")))
    loop.run_until_idle()
    assert called == ["first", "second"]


# --- whatever a unit raises


@pytest.mark.parametrize(
    "error",
    [
        SystemExit("enough"),
        GeneratorExit(),
        asyncio.CancelledError(),
        Interrupted("late"),
        RecursionError("deep"),
        MemoryError(),
        ExceptionGroup("several", [ValueError("one")]),
        BaseExceptionGroup("several", [SystemExit(1)]),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.defect("V-14")
def test_whatever_a_unit_raises_undoes_it_alone(
    loop: GameLoop, heard: list[Any], chest: Any, error: BaseException
) -> None:
    told: list[Exception] = []

    def broken() -> None:
        chest.db.coins = 99
        loop.outbox.put("never")
        raise error

    loop.submit(broken, failed=lambda error, error_id: told.append(error))
    loop.submit(lambda: loop.outbox.put("good"))
    loop.run_until_idle()
    assert heard == ["good"]
    assert chest.db.coins == 1
    assert len(told) == 1
    assert isinstance(told[0], Exception)


def test_a_keyboard_interrupt_of_a_command_ends_no_world(loop: GameLoop, heard: list[Any]) -> None:
    """In a world Ctrl-C is not for the game thread, so whoever raises it there is a command."""

    def broken() -> None:
        raise KeyboardInterrupt

    loop.submit(broken)
    loop.submit(lambda: loop.outbox.put("good"))
    loop.submit(loop.stop)
    loop.run_forever()
    assert heard == ["good"]


def test_endless_recursion_through_the_engine_is_undone(loop: GameLoop, heard: list[Any], chest: Any) -> None:
    def deeper(n: int) -> None:
        chest.db.coins = n
        chest.attributes.add(f"n{n}", n)
        deeper(n + 1)

    told: list[str] = []
    loop.submit(lambda: deeper(2), failed=lambda error, error_id: told.append(type(error).__name__))
    loop.submit(lambda: loop.outbox.put(chest.db.coins))
    loop.run_until_idle()
    assert (told, heard) == (["RecursionError"], [1])
    assert chest.attributes.get("n2") is None


class Unspeakable(Exception):
    """Cannot even be written."""

    def __str__(self) -> str:
        raise ValueError("no words")

    __repr__ = __str__


class Nameless:
    """A caller whose name is an error."""

    def __str__(self) -> str:
        raise ValueError("no name")

    __repr__ = __str__


def test_an_error_that_cannot_be_written_ends_nothing(loop: GameLoop, heard: list[Any]) -> None:
    def broken() -> None:
        raise Unspeakable

    told: list[str] = []
    loop.submit(broken, caller=Nameless(), failed=lambda error, error_id: told.append(error_id))
    loop.submit(lambda: loop.outbox.put("good"))
    loop.run_until_idle()
    assert heard == ["good"]
    assert len(told) == 1


def test_a_slow_unit_of_somebody_without_a_name_ends_nothing(loop: GameLoop, heard: list[Any]) -> None:
    loop.slow_seconds = 0.0
    loop.submit(lambda: loop.outbox.put("slow"), caller=Nameless())
    loop.run_until_idle()
    assert heard == ["slow"]
    assert loop.slow[-1].caller


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(1), Interrupted("late")], ids=lambda e: type(e).__name__
)
def test_a_failure_that_cannot_be_told_ends_nothing(loop: GameLoop, heard: list[Any], error: BaseException) -> None:
    def raises(*args: Any) -> None:
        raise error

    loop.submit(raises, failed=raises)
    loop.submit(lambda: loop.outbox.put("good"))
    loop.run_until_idle()
    assert heard == ["good"]


def test_a_callback_of_a_rollback_that_raises_keeps_no_other_from_being_called(
    loop: GameLoop, heard: list[Any], chest: Any
) -> None:
    called: list[str] = []

    def explode() -> None:
        raise ValueError("in a rollback")

    def broken() -> None:
        on_rollback(lambda: called.append("first"))
        on_rollback(explode)
        on_rollback(lambda: called.append("last"))
        raise KeyError

    told: list[str] = []
    loop.submit(broken, failed=lambda error, error_id: told.append(type(error).__name__))
    loop.submit(lambda: loop.outbox.put("good"))
    loop.run_until_idle()
    assert (called, told, heard) == (["last", "first"], ["KeyError"], ["good"])


# --- what surrounds units


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)], ids=lambda e: type(e).__name__)
def test_an_observer_that_raises_ends_nothing_and_undoes_nothing(
    loop: GameLoop, heard: list[Any], chest: Any, error: BaseException
) -> None:
    def observer(report: Any) -> None:
        raise error

    def work() -> None:
        chest.db.coins += 1
        loop.outbox.put(chest.db.coins)

    loop.observers.append(observer)
    loop.submit(work)
    loop.run_until_idle()
    assert (heard, chest.db.coins) == ([2], 2)


def test_an_observer_may_send_even_when_a_unit_is_done_again(loop: GameLoop, heard: list[Any], chest: Any) -> None:
    loop.observers.append(lambda report: loop.outbox.put("observed"))
    loop.submit(lambda: loop.outbox.put("said"))
    loop.submit(lambda: refused_at_the_end(chest))
    loop.run_until_idle()
    assert heard[:2] == ["said", "observed"]


def test_what_cannot_be_delivered_ends_nothing(heard: list[Any], transactional_db: None) -> None:
    called: list[str] = []

    def deliver(items: list[Any]) -> None:
        if "bad" in items:
            raise ValueError("cannot be sent")
        heard.extend(items)

    loop = GameLoop(deliver)

    def work() -> None:
        loop.outbox.put("bad")
        loop.after_commit(lambda: called.append("after"))

    loop.submit(work)
    loop.run_once()
    loop.submit(lambda: loop.outbox.put("good"))
    loop.run_until_idle()
    loop.close()
    assert (heard, called) == (["good"], ["after"])


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)], ids=lambda e: type(e).__name__)
def test_work_after_a_commit_that_raises_ends_nothing(loop: GameLoop, heard: list[Any], error: BaseException) -> None:
    def explode() -> None:
        raise error

    loop.submit(lambda: loop.after_commit(explode))
    loop.submit(lambda: loop.after_commit(lambda: heard.append("after")))
    loop.run_until_idle()
    assert heard == ["after"]


def test_what_is_sent_after_a_commit_leaves(loop: GameLoop, heard: list[Any]) -> None:
    loop.submit(lambda: loop.after_commit(lambda: loop.outbox.put("late")))
    loop.run_until_idle()
    assert heard == ["late"]


def test_nothing_is_sent_from_another_thread(loop: GameLoop, heard: list[Any]) -> None:
    answers: list[Any] = []
    loop.offload(loop.outbox.put, "from elsewhere", then=lambda result, error: answers.append(error))
    loop.run_until_idle()
    assert heard == []
    assert "thread" in str(answers[0])


class _BrokenClock:
    """A source of timers that does not work."""

    def seconds_until_due(self) -> float | None:
        raise OperationalError("no such table")

    def run_due(self) -> None:
        raise AssertionError

    def advance(self, seconds: float) -> None:
        raise OperationalError("no such table")


def test_timers_that_cannot_be_asked_end_nothing(loop: GameLoop, heard: list[Any]) -> None:
    loop.add_source(_BrokenClock())
    loop.submit(lambda: loop.outbox.put("good"))
    loop.run_until_idle()
    assert heard == ["good"]


def test_the_loop_goes_on_when_no_failure_can_be_stored(
    loop: GameLoop, heard: list[Any], chest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: nothing can be committed, until it can again."""
    original, full = connection.commit, [True]

    def commit() -> None:
        if full:
            connection.rollback()
            raise OperationalError("database or disk is full")
        original()

    monkeypatch.setattr(connections["default"], "commit", commit)
    told: list[str] = []

    def work() -> None:
        chest.db.coins = 50
        loop.outbox.put("fifty")

    loop.submit(work, failed=lambda error, error_id: told.append(error_id))
    loop.run_until_idle()
    assert heard == []
    full.clear()
    assert chest.db.coins == 1
    loop.submit(work)
    loop.run_until_idle()
    assert (heard, chest.db.coins) == (["fifty"], 50)


def test_a_tick_inside_a_unit_is_refused(loop: GameLoop, heard: list[Any]) -> None:
    told: list[str] = []
    loop.submit(loop.run_once, failed=lambda error, error_id: told.append(type(error).__name__))
    loop.submit(lambda: loop.outbox.put("good"))
    loop.run_until_idle()
    assert (told, heard) == (["IllegalState"], ["good"])


# --- turns


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perdure.gameloop.loop.TICK_UNITS", 4)


def _say(loop: GameLoop, who: str, number: int) -> Callable[[], None]:
    return lambda: loop.outbox.put((who, number))


@pytest.mark.defect("V-13")
def test_those_who_want_much_take_turns_with_those_who_want_little(loop: GameLoop, heard: list[Any], few: None) -> None:
    for number in range(100):
        loop.submit(_say(loop, "flood", number), turn="flood")
    loop.run_once()
    loop.submit(_say(loop, "anna", 0), turn="anna")
    loop.run_once()
    assert ("anna", 0) in heard
    loop.run_until_idle()
    assert [number for who, number in heard if who == "flood"] == list(range(100))


def test_what_is_given_back_keeps_its_place(loop: GameLoop, heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perdure.gameloop.ticks.TICK_SECONDS", -1.0)
    for number in range(20):
        loop.submit(_say(loop, "flood", number), turn="flood")
    loop.run_once()
    loop.submit(_say(loop, "anna", 0), turn="anna")
    loop.run_once()
    loop.run_once()
    assert ("anna", 0) in heard
    loop.run_until_idle()
    assert [number for who, number in heard if who == "flood"] == list(range(20))


def test_units_without_a_turn_come_in_the_order_of_their_coming(loop: GameLoop, heard: list[Any], few: None) -> None:
    for number in range(30):
        loop.submit(_say(loop, "any", number))
    loop.run_until_idle()
    assert [number for _, number in heard] == list(range(30))


def test_units_from_several_threads_are_all_done_once(loop: GameLoop, heard: list[Any]) -> None:
    def many(name: str) -> None:
        for number in range(200):
            loop.submit(_say(loop, name, number), turn=name)

    threads = [threading.Thread(target=many, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    loop.run_until_idle()
    assert len(heard) == len(set(heard)) == 800
    for name in "0123":
        assert [number for who, number in heard if who == name] == list(range(200))


def test_units_can_be_taken_back_before_they_are_done(loop: GameLoop, heard: list[Any]) -> None:
    loop.submit(_say(loop, "one", 1), about="a line")
    loop.submit(_say(loop, "two", 2))
    taken: list[Unit] = loop.withdraw(lambda unit: unit.about == "a line")
    loop.run_until_idle()
    assert [unit.about for unit in taken] == ["a line"]
    assert heard == [("two", 2)]
