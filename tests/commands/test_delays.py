"""Delayed work: in time, once, undone with what asked for it, and there again after a restart."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from perdure import create_object, transaction
from perdure.commands import delayed_tasks
from perdure.commands.delays import TASK_HANDLER, TaskState, delay, restore_tasks, run_async
from perdure.commands.repeating import repeat, unrepeat
from perdure.errors import InvalidArgument, MissingCallback, NoGameLoop, StaleObject, UnreadableValue, UnstorableValue
from perdure.gameloop import GameLoop, current_loop, set_current_loop
from perdure.objects.objects import DefaultObject
from perdure.scripts.clock import script_clock
from perdure.scripts.models import PersistentTask
from perdure.scripts.stored_tasks import persistent_task, read_work

pytestmark = pytest.mark.django_db(transaction=True)

heard: list[Any] = []


@persistent_task
def note(*args: Any, **kwargs: Any) -> str:
    """A registered function."""
    heard.append((args, kwargs) if kwargs else args)
    return "noted"


@persistent_task(name="an.older.name")
def moved(*args: Any) -> None:
    heard.append(("moved", *args))


@persistent_task
def fail() -> None:
    heard.append("failing")
    create_object(DefaultObject, key="half done", nohome=True)
    raise ZeroDivisionError("on purpose")


def unregistered() -> None:
    """Not registered."""


class Lamp(DefaultObject):
    """Burns down."""

    def burn(self, seconds: int = 1, **kwargs: Any) -> None:
        self.db.burned = (self.db.burned or 0) + seconds

    def _hidden(self) -> None:
        """Nobody's business."""


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return 1000.0 + self.ahead


class ScriptTime:
    """The wall clock of tests, moved along with the loop."""

    def seconds_until_due(self) -> None:
        return None

    def run_due(self) -> None:
        """Nothing."""

    def advance(self, seconds: float) -> None:
        script_clock._ahead += timedelta(seconds=seconds)


def begin_world() -> GameLoop:
    """A process that has just begun."""
    TASK_HANDLER._tasks.clear()
    loop = GameLoop(lambda items: None, clock=Clock())
    loop.add_source(ScriptTime())
    set_current_loop(loop)
    return loop


@pytest.fixture
def loop(transactional_db: None) -> Any:
    heard.clear()
    script_clock.clear()
    loop = begin_world()
    yield loop
    loop.close()
    set_current_loop(None)
    TASK_HANDLER._tasks.clear()
    script_clock.clear()


def restart(loop: GameLoop, seconds: float, mode: str = "start") -> GameLoop:
    """The process is killed, and `seconds` pass until the next one has begun."""
    loop.close()
    script_clock._ahead += timedelta(seconds=seconds)
    anew = begin_world()
    restore_tasks(mode)
    return anew


def in_unit(loop: GameLoop, function: Any) -> None:
    loop.submit(function)
    loop.run_once()


# --- in time


def test_work_is_done_in_time_and_once(loop: GameLoop) -> None:
    task = delay(5, note, 1, two=2)
    assert (task.active(), task.exists(), task.called, task.persistent) == (True, True, False, False)
    assert TASK_HANDLER.get(task.get_id()) is task
    assert task.due == pytest.approx(time.time() + 5, abs=1)
    loop.advance(4.9)
    assert heard == []
    loop.advance(0.1)
    assert heard == [((1,), {"two": 2})]
    assert (task.active(), task.exists(), task.called) == (False, False, True)
    loop.advance(100)
    assert len(heard) == 1
    assert task.do_task() is False


def test_numbers_only_grow_and_the_order_is_that_of_the_time(loop: GameLoop) -> None:
    tasks = [delay(seconds, note, seconds) for seconds in (3, 1, 2, 1)]
    numbers = [task.get_id() for task in tasks]
    assert numbers == sorted(set(numbers))
    assert TASK_HANDLER.all() == tasks
    loop.advance(10)
    assert heard == [(1,), (1,), (2,), (3,)]
    assert delay(1, note).get_id() > numbers[-1]


def test_a_task_can_be_paused_and_go_on(loop: GameLoop) -> None:
    for persistent in (False, True):
        heard.clear()
        task = delay(10, note, persistent=persistent)
        loop.advance(4)
        task.pause()
        task.pause()
        assert (task.paused, task.active(), task.exists(), task.remaining) == (True, False, True, 6)
        loop.advance(100)
        assert heard == []
        task.unpause()
        loop.advance(5.9)
        assert heard == []
        loop.advance(0.1)
        assert heard == [()]
        task.pause()
        task.unpause()
        assert task.called
    assert not PersistentTask.objects.exists()


def test_a_task_can_be_done_early_called_off_and_forgotten(loop: GameLoop) -> None:
    for persistent in (False, True):
        heard.clear()
        early, also, off, gone = (delay(10, note, n, persistent=persistent) for n in range(4))
        assert early.do_task() == "noted"
        assert also.call() == "noted"
        assert off.cancel()
        assert not off.cancel()
        assert off.do_task() is False
        assert gone.remove()
        assert not gone.remove()
        assert (early.called, also.called) == (True, False)
        assert [task.exists() for task in (early, also, off, gone)] == [False, True, True, False]
        loop.advance(100)
        assert heard == [(0,), (1,), (1,)]
        assert not off.exists()
        assert off.state is TaskState.CANCELLED
    assert not PersistentTask.objects.exists()
    assert len(TASK_HANDLER) == 0


def test_the_handler_does_the_same_by_number(loop: GameLoop) -> None:
    one, two, three = (delay(10, note, n) for n in range(3))
    assert TASK_HANDLER.active(one.get_id())
    assert TASK_HANDLER.do_task(one.get_id()) == "noted"
    assert TASK_HANDLER.cancel(two.get_id())
    assert TASK_HANDLER.remove(two.get_id())
    assert not TASK_HANDLER.exists(two.get_id())
    for missing in (TASK_HANDLER.do_task, TASK_HANDLER.cancel, TASK_HANDLER.remove, TASK_HANDLER.active):
        assert missing(4711) is False
    TASK_HANDLER.clear()
    assert not three.exists()
    loop.advance(20)
    assert heard == [(0,)]


def test_what_makes_no_sense_is_refused_at_the_call(loop: GameLoop) -> None:
    for seconds in (-1, "5", None, True, float("nan"), float("inf"), 10**12):
        for persistent in (False, True):
            with pytest.raises(InvalidArgument):
                delay(seconds, note, persistent=persistent)
    with pytest.raises(InvalidArgument):
        delay(1, "note")
    with pytest.raises(InvalidArgument):
        repeat(0, note)
    assert len(TASK_HANDLER) == 0


def test_what_is_centuries_off_does_not_end_the_loop(loop: GameLoop) -> None:
    """Nobody can wait for so long at once, neither Python nor the system."""
    loop.call_later(1e11, note)
    thread = threading.Thread(target=loop.submit, args=(note,))
    thread.start()
    thread.join()
    assert loop.run_once(None)
    assert heard == [()]


def test_without_a_world_nothing_can_wait(transactional_db: None) -> None:
    with pytest.raises(NoGameLoop):
        delay(1, note)


# --- undone


def test_what_is_undone_has_never_been_asked_for(loop: GameLoop) -> None:
    def broken() -> None:
        delay(1, note, "plain")
        delay(1, note, "stored", persistent=True)
        raise ZeroDivisionError

    in_unit(loop, broken)

    def half() -> None:
        with pytest.raises(ZeroDivisionError), transaction():
            broken()
        delay(1, note, "kept")

    in_unit(loop, half)
    loop.advance(10)
    assert heard == [("kept",)]
    assert not PersistentTask.objects.exists()
    assert len(TASK_HANDLER) == 0


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("change", ["pause", "cancel", "remove", "do_task"])
def test_a_change_that_is_undone_is_none(loop: GameLoop, change: str, persistent: bool) -> None:
    task = delay(10, note, persistent=persistent)
    loop.advance(3)

    def broken() -> None:
        getattr(task, change)()
        raise ZeroDivisionError

    in_unit(loop, broken)
    heard.clear()
    assert (task.active(), task.exists(), task.remaining) == (True, True, 7)
    loop.advance(6.9)
    assert heard == []
    loop.advance(0.1)
    assert heard == [()]
    assert not PersistentTask.objects.exists()


def test_going_on_that_is_undone_leaves_the_task_paused(loop: GameLoop) -> None:
    task = delay(10, note)
    task.pause()

    def broken() -> None:
        task.unpause()
        raise ZeroDivisionError

    in_unit(loop, broken)
    assert task.paused
    loop.advance(100)
    assert heard == []
    task.unpause()
    loop.advance(10)
    assert heard == [()]


def test_a_task_that_fails_is_undone_logged_and_over(loop: GameLoop, caplog: pytest.LogCaptureFixture) -> None:
    for persistent in (False, True):
        heard.clear()
        task = delay(1, fail, persistent=persistent)
        after = delay(1, note)
        loop.advance(100)
        assert heard == ["failing", ()]
        assert (task.called, after.called) == (True, True)
    assert "on purpose" in caplog.text
    assert not DefaultObject.objects.filter(db_key="half done").exists()
    assert not PersistentTask.objects.exists()


def test_a_task_that_read_something_stale_is_done_again(loop: GameLoop) -> None:
    tries = []

    def stale() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise StaleObject("somebody was first")

    task = delay(1, stale)
    loop.advance(1)
    assert len(tries) == 3
    assert task.called


def test_a_task_that_the_database_will_not_let_end_is_not_tried_at_once_again(
    loop: GameLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = delay(1, note, persistent=True)
    refusals = []

    def refuse(self: Any) -> bool:
        refusals.append(1)
        raise ValueError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(delayed_tasks.Task, "_delete_row", refuse)
        loop.advance(1)
        assert len(refusals) == 1
        assert task.active()
        loop.advance(delayed_tasks.RETRY)
        assert len(refusals) == 2
    loop.advance(delayed_tasks.RETRY)
    assert heard == [()]
    assert not PersistentTask.objects.exists()


# --- over restarts


def test_stored_tasks_are_set_again_and_overdue_ones_done_at_once(loop: GameLoop) -> None:
    lamp = create_object(Lamp, key="lamp", nohome=True)
    delay(5, note, "soon", persistent=True)
    delay(60, note, "later", lamp, values=[1, (2, 3)], persistent=True)
    numbers = [task.get_id() for task in (delay(60, lamp.burn, 7, persistent=True), delay(9, moved, persistent=True))]
    delay(1, note, "plain")
    paused = delay(30, note, "paused", persistent=True)
    paused.pause()
    loop = restart(loop, 20)
    assert heard == []
    loop.run_until_idle()
    assert heard == [("soon",), ("moved",)]
    assert TASK_HANDLER.get(numbers[0]).name == ".burn"
    loop.advance(39.9)
    assert len(heard) == 2
    loop.advance(0.1)
    assert heard[2:] == [(("later", lamp), {"values": [1, (2, 3)]})]
    assert lamp.db.burned == 7
    (left,) = TASK_HANDLER.all()
    assert (left.paused, left.remaining, left.args) == (True, 30, ("paused",))
    left.unpause()
    loop = restart(loop, 29)
    loop.advance(1)
    assert heard[-1] == ("paused",)
    assert not PersistentTask.objects.exists()


def test_restoring_twice_sets_nothing_twice(loop: GameLoop) -> None:
    delay(5, note, persistent=True)
    assert restore_tasks() == 0
    loop = restart(loop, 1)
    restore_tasks()
    loop.advance(10)
    assert heard == [()]


def test_a_task_that_another_process_called_off_is_not_done(loop: GameLoop) -> None:
    task = delay(5, note, persistent=True)
    PersistentTask.objects.filter(pk=task.get_id()).delete()
    loop.advance(10)
    assert heard == []
    assert not task.exists()


def test_what_cannot_be_stored_is_refused_at_the_call(loop: GameLoop) -> None:
    lamp = create_object(Lamp, key="lamp", nohome=True)
    for arguments in ((object(),), ({"deep": [lambda: 1]},)):
        with pytest.raises(UnstorableValue):
            delay(1, note, *arguments, persistent=True)
    for callback in (unregistered, lambda: 1, lamp._hidden, lamp.execute_cmd, lamp.tags.add, len, Lamp, heard.append):
        with pytest.raises(InvalidArgument):
            delay(1, callback, persistent=True)
    assert not PersistentTask.objects.exists()
    assert len(TASK_HANDLER) == 0


def test_only_functions_of_modules_are_registered_and_each_under_its_own_name() -> None:
    with pytest.raises(InvalidArgument):
        persistent_task(Lamp)

    def local() -> None:
        """Nobody finds it again."""

    with pytest.raises(InvalidArgument):
        persistent_task(local)
    with pytest.raises(InvalidArgument, match="already"):
        persistent_task(name="an.older.name")(unregistered)
    assert persistent_task(note) is note


def test_stored_rows_run_nothing_that_is_not_registered(loop: GameLoop, caplog: pytest.LogCaptureFixture) -> None:
    """Law 4: whatever is in the table, nothing is imported and nothing called but what said that it may be."""
    lamp = create_object(Lamp, key="lamp", nohome=True)
    delay(1, lamp.burn, persistent=True)
    row = PersistentTask.objects.get()
    hostile = [
        "os.system",
        "subprocess.call",
        "builtins.eval",
        "",
        ".",
        ".__class__",
        "._hidden",
        ".execute_cmd",
        ".no",
    ]
    for callback in hostile:
        row.pk, row.callback = None, callback
        row.save(force_insert=True)
    row.pk, row.callback, row.work = None, f"{__name__}.note", '{"~type":["no.such","x"]}'
    row.save(force_insert=True)
    with pytest.raises(MissingCallback):
        read_work(PersistentTask.objects.get(callback="os.system"))
    loop = restart(loop, 5)
    loop.run_until_idle()
    assert lamp.db.burned == 1
    assert heard == []
    assert PersistentTask.objects.count() == len(hostile) + 1, "they are kept, and wait for their code"
    assert "os.system" in caplog.text
    loop.advance(1000)
    assert PersistentTask.objects.count() == len(hostile) + 1


def test_a_row_that_is_no_task_at_all_harms_nobody(loop: GameLoop) -> None:
    delay(1, note, "fine", persistent=True)
    for number, work in enumerate(("", "{", "null", "[]", "{}", '{"args":5,"kwargs":[],"target":7}')):
        PersistentTask.objects.create(callback=f"{__name__}.note", work=work, due=script_clock.now())
        with pytest.raises(UnreadableValue):
            read_work(PersistentTask.objects.get(work=work))
        assert PersistentTask.objects.count() == number + 2
    loop = restart(loop, 5)
    loop.run_until_idle()
    assert heard == [("fine",)]


def test_a_task_of_an_entity_that_is_gone_is_over(loop: GameLoop) -> None:
    lamp = create_object(Lamp, key="lamp", nohome=True)
    delay(5, lamp.burn, persistent=True)
    delay(5, note, lamp, persistent=True)
    lamp.delete()
    loop = restart(loop, 10)
    loop.run_until_idle()
    assert heard == [(None,)]
    assert not PersistentTask.objects.exists()


# --- what it costs


@pytest.mark.defect("V-29")
def test_a_task_costs_a_statement_to_set_and_one_to_end(
    loop: GameLoop, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):  # those that wait already cost nothing
        delay(1000, note, persistent=True)
    with django_assert_num_queries(10):
        for _ in range(10):
            delay(5, note, persistent=True)
    with django_assert_num_queries(0):
        for _ in range(100):
            delay(5, note).cancel()
            delay(5, note)
    with django_assert_max_num_queries(3 * 10 + 4):  # a savepoint for each, and the transaction of the tick
        loop.advance(5)
    assert len(heard) == 110
    loop.close()
    anew = begin_world()
    with django_assert_num_queries(4):  # what is volatile is deleted, in a transaction; the others are read
        assert restore_tasks() == 20
    anew.close()


@pytest.mark.defect("V-29")
def test_thousands_of_tasks_are_looked_at_when_they_are_due_only(
    loop: GameLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No call walks through the tasks that wait: the handler's dictionary is never iterated."""

    class Untouchable(dict[int, Any]):
        def __iter__(self) -> Any:
            raise AssertionError("walked through all tasks")

        def values(self) -> Any:
            raise AssertionError("walked through all tasks")

        items = values

    monkeypatch.setattr(TASK_HANDLER, "_tasks", Untouchable())
    tasks = [delay(1 + number % 7, note, number) for number in range(3500)]
    for task in tasks[::2]:
        task.cancel()
    for task in tasks[1::4]:
        task.pause()
        task.unpause()
    loop.advance(20)
    assert sorted(number for (number,) in heard) == list(range(1, 3500, 2))
    assert len(TASK_HANDLER) == 0


# --- again and again


def test_a_repetition_goes_on_until_it_is_ended(loop: GameLoop, django_assert_max_num_queries: Any) -> None:
    key = repeat(10, note, True, "tag", False, None, 1)
    assert key
    loop.advance(9)
    assert heard == []
    loop.advance(21)
    assert heard == [(1,)] * 3
    assert repeat(10, note, True, "tag", False, None, 2) == key
    loop.advance(10)
    assert heard[3:] == [(2,)]
    other = repeat(10, note, True, "other")
    assert other != key
    assert unrepeat(key)
    assert not unrepeat(key)
    assert repeat(10, note, idstring="other", stop=True) is None
    loop.advance(100)
    assert len(heard) == 4
    assert not PersistentTask.objects.exists()


def test_a_repetition_is_found_without_looking_at_the_others(loop: GameLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [repeat(10, note, False, f"tag {number}") for number in range(20)]
    monkeypatch.setattr(type(TASK_HANDLER), "all", lambda self: pytest.fail("all tasks are looked at"))
    assert repeat(10, note, False, "tag 3") == keys[3]
    assert all(unrepeat(key) for key in keys if key)
    assert len(TASK_HANDLER) == 0
    assert TASK_HANDLER._by_key == {}


def test_ending_a_repetition_that_is_undone_leaves_it_to_be_found(loop: GameLoop) -> None:
    key = repeat(10, note, False)
    assert key

    def undone() -> None:
        assert unrepeat(key)
        raise ZeroDivisionError

    loop.submit(undone)
    loop.run_until_idle()
    loop.advance(10)
    assert heard == [()]
    assert unrepeat(key)


def test_a_repetition_outlives_errors_and_restarts_in_its_rhythm(loop: GameLoop) -> None:
    repeat(10, fail)
    key = repeat(10, note, idstring="x")
    loop.advance(25)
    assert heard.count("failing") == heard.count(()) == 2
    loop = restart(loop, 38)  # 63 seconds have passed; the next is due at 70
    heard.clear()
    loop.advance(6.9)
    assert heard == []
    loop.advance(0.2)
    assert heard.count(()) == 1
    assert key
    assert unrepeat(key)


def test_repetitions_that_are_not_persistent_outlive_a_reload_only(loop: GameLoop) -> None:
    repeat(10, note, False)
    repeat(10, lambda: heard.append("local"), False)
    loop.advance(10)
    assert heard == [(), "local"]
    assert not any(task.persistent for task in TASK_HANDLER.all())
    loop = restart(loop, 5, mode="reload")
    loop.advance(5)
    assert heard == [(), "local", ()]
    loop = restart(loop, 5, mode="reset")
    loop.advance(100)
    assert len(heard) == 3
    assert not PersistentTask.objects.exists()


def test_a_repetition_can_be_paused(loop: GameLoop) -> None:
    key = repeat(10, note)
    (task,) = TASK_HANDLER.all()
    assert (task.interval, task.store_key) == (10, key)
    task.pause()
    loop.advance(30)
    assert heard == []
    assert task.do_task() == "noted"
    task.unpause()
    loop.advance(10)
    assert len(heard) == 2


# --- elsewhere


def test_work_on_another_thread(loop: GameLoop, caplog: pytest.LogCaptureFixture) -> None:
    def slow(number: int, factor: int = 1) -> tuple[int, int]:
        if number < 0:
            raise ValueError("negative")
        return number * factor, threading.get_ident()

    got: list[Any] = []
    run_async(slow, 2, factor=3, at_return=lambda result, **kw: got.append((result, kw)), at_return_kwargs={"a": 1})
    run_async(slow, -1, at_err=lambda error, **kw: got.append((type(error), kw)), at_err_kwargs={"b": 2})
    run_async(slow, -1)
    loop.run_until_idle()
    results = {str(type(first)): (first, kwargs) for first, kwargs in got}
    (product, thread), kwargs = results["<class 'tuple'>"]
    assert (product, kwargs) == (6, {"a": 1})
    assert thread != threading.get_ident()
    assert results["<class 'type'>"] == (ValueError, {"b": 2})
    assert "negative" in caplog.text
    assert current_loop() is loop
    assert not connection.in_atomic_block
