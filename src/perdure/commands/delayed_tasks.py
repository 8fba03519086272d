"""The tasks of `delay` and `repeat`: what waits, what becomes of it, and all of them by number.

Contract: a task is done once, as a unit of the game loop; its row, if it has one, goes in the same transaction as what
it did. Whatever changes a task (pausing, calling off, doing it early) is undone with the work that asked for it.

Invariants: setting, changing and ending a task costs the same however many there are. Numbers are not given again while
the process runs; the number of a stored task is the id of its row.

Owner thread: that of the game.
Failure modes: a callback that raises is undone and logged, and the task is over. If it is the database that will not
let a task end, it is tried again after `RETRY` seconds. A stored task whose function is not there is left in its table.
"""

from __future__ import annotations

import enum
import itertools
import logging
import math
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

from perdure.errors import MissingCallback, StaleObject, UnreadableValue
from perdure.gameloop import GameLoop, TimerHandle
from perdure.scripts.clock import script_clock
from perdure.scripts.stored_tasks import Work, read_work
from perdure.transactions import all_or_nothing, on_rollback

__all__ = ["RETRY", "TASK_HANDLER", "Task", "TaskHandler", "TaskState", "stored_tasks", "wall_time"]

logger = logging.getLogger("perdure.tasks")

#: Numbers of tasks that are not stored begin here; those of stored ones are the ids of their rows.
FIRST_NUMBER = 1 << 40
#: Seconds until a task is tried again that the database did not let end.
RETRY = 10.0


class TaskState(enum.Enum):
    """What has become of a task."""

    WAITING = "waiting"
    PAUSED = "paused"
    CANCELLED = "cancelled"  # it is listed until it would have been due
    DONE = "done"
    REMOVED = "removed"


class Task:
    """One thing to be done later.

    Attributes:
        interval: seconds between calls, if it is done again and again.
        store_key: what such a one is called.
        state: what has become of it.
    """

    __slots__ = (
        "_handle",
        "_loop",
        "_number",
        "_paused_with",
        "_row",
        "_when",
        "_work",
        "interval",
        "state",
        "store_key",
    )

    def __init__(self, loop: GameLoop, number: int, work: Work | None, row: Any = None) -> None:
        self._loop = loop
        self._number = number
        self._work = work
        self._row = row
        self._when = 0.0
        self._paused_with: float | None = None
        self._handle: TimerHandle | None = None
        self.interval: float | None = None
        self.store_key: str | None = None
        self.state = TaskState.WAITING

    def __repr__(self) -> str:
        return f"<task {self._number} {self.name}: {self.state.value}>"

    # --- facts

    def get_id(self) -> int:
        """Its number."""
        return self._number

    @property
    def persistent(self) -> bool:
        """Whether it outlives a restart."""
        return self._row is not None and bool(self._row.survives)

    @property
    def called(self) -> bool:
        """Whether it has been done."""
        return self.state is TaskState.DONE

    @property
    def paused(self) -> bool:
        """Whether it does not wait at present."""
        return self.state is TaskState.PAUSED

    @property
    def name(self) -> str:
        """What it calls."""
        return self._work.name if self._work is not None else str(self._row.callback)

    @property
    def args(self) -> tuple[Any, ...]:
        """The arguments of the call."""
        work = self._readable()
        return () if work is None else work.args

    @property
    def kwargs(self) -> dict[str, Any]:
        """The keyword arguments of the call."""
        work = self._readable()
        return {} if work is None else work.kwargs

    @property
    def remaining(self) -> float:
        """Seconds until it is due."""
        return self._paused_with if self._paused_with is not None else max(0.0, self._when - self._loop.time())

    @property
    def due(self) -> float:
        """When it is due, in seconds since 1970; of a paused one, if it went on now."""
        return time.time() + self.remaining

    def active(self) -> bool:
        """Whether it waits."""
        return self.state is TaskState.WAITING

    def exists(self) -> bool:
        """Whether it is listed: it waits, is paused, or has been cancelled a while ago."""
        return TASK_HANDLER.exists(self._number)

    # --- changing

    def pause(self) -> None:
        """Wait for longer: what remains of the time is kept."""
        if self.state is not TaskState.WAITING:
            return
        left = self.remaining
        self._change(state=TaskState.PAUSED, paused_with=left)
        self._write(due=None, remaining=left)

    def unpause(self) -> None:
        """Go on waiting."""
        if self.state is not TaskState.PAUSED:
            return
        left = self.remaining
        self._change(state=TaskState.WAITING, paused_with=None, when=self._loop.time() + left)
        self._write(due=wall_time(left), remaining=None)

    def do_task(self) -> Any:
        """Do it now instead of later; what its callback gives, False if it is over already."""
        if self.state not in (TaskState.WAITING, TaskState.PAUSED):
            return False
        if self.interval is not None:
            return self.call()
        with all_or_nothing(DEFAULT_DB_ALIAS):
            work = self._current_work()
            self._forget(TaskState.DONE)
            return None if work is None else work.function(*work.args, **work.kwargs)

    def call(self) -> Any:
        """Do it now, and later as well; what its callback gives."""
        work = self._current_work()
        return None if work is None else work.function(*work.args, **work.kwargs)

    def cancel(self) -> bool:
        """Do not do it; it stays listed until it would have been due. False if it is over already."""
        if self.state not in (TaskState.WAITING, TaskState.PAUSED):
            return False
        left = self.remaining
        self._delete_row()
        self._change(state=TaskState.CANCELLED, paused_with=None, when=self._loop.time() + left)
        return True

    def remove(self) -> bool:
        """Do not do it, and forget it. False if it is over already."""
        if not self.exists():
            return False
        self._forget(TaskState.REMOVED)
        return True

    # --- inner

    def _readable(self) -> Work | None:
        """What it calls, for those who only want to see it."""
        try:
            return self._current_work()
        except (MissingCallback, UnreadableValue):
            return None

    def _current_work(self) -> Work | None:
        if self._work is None:
            self._work = read_work(self._row)
        return self._work

    def _set(self, seconds: float) -> None:
        """Begin to wait; undone with what asked for it."""
        TASK_HANDLER._add(self)
        self._when = self._loop.time() + seconds
        self._schedule()
        on_rollback(self._revoke)

    def _revoke(self) -> None:
        self.state = TaskState.REMOVED
        TASK_HANDLER._drop(self)

    def _change(self, **changes: Any) -> None:
        """Change fields of the task and set its timer anew; undone with what asked for it."""
        before = {name: getattr(self, f"_{name}" if name != "state" else name) for name in changes}
        on_rollback(partial(self._put_back, before, self._handle))
        self._assign(changes)
        self._unschedule()
        if self.state in (TaskState.WAITING, TaskState.CANCELLED):
            self._schedule()

    def _put_back(self, before: dict[str, Any], handle: TimerHandle | None) -> None:
        """What asked for the change is undone; timers, the loop puts back."""
        self._handle = handle
        self._assign(before)

    def _assign(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(self, f"_{name}" if name != "state" else name, value)
        if self.state in (TaskState.DONE, TaskState.REMOVED):
            TASK_HANDLER._drop(self)
        else:
            TASK_HANDLER._add(self)

    def _schedule(self) -> None:
        self._handle = self._loop.call_later(
            self._when - self._loop.time(), self._fire, label=f"task {self._number} {self.name}"
        )

    def _unschedule(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _forget(self, state: TaskState) -> None:
        self._delete_row()
        self._change(state=state)

    def _fire(self) -> None:
        """What the timer does. It may be done again if this is undone, so nothing is left outside of rollbacks."""
        if self.state is TaskState.CANCELLED:
            TASK_HANDLER._drop(self)
            return
        if self.state is not TaskState.WAITING:
            return
        on_rollback(self._try_later)
        try:
            work = self._current_work()
        except (MissingCallback, UnreadableValue) as error:
            logger.warning("%s; it stays in its table", error)
            TASK_HANDLER._drop(self)
            return
        if not self._take_row():
            self._change(state=TaskState.DONE)
            return
        if work is not None:
            _contained(self, work)

    def _try_later(self) -> None:
        """The unit could not be done, for a reason that is not the callback's: not at once again."""
        if self.state is TaskState.WAITING:
            self._unschedule()
            self._handle = self._loop.call_later(RETRY, self._fire, label=f"task {self._number} {self.name}")

    def _take_row(self) -> bool:
        """This time is used up; False if another process has used it, or called the task off."""
        if self.interval is not None:
            self._change(when=self._next_time())
            return self._row is None or stored_tasks().filter(pk=self._number).exists()
        self._change(state=TaskState.DONE)
        return self._delete_row()

    def _next_time(self) -> float:
        """The next time of a repetition after now; what was missed is not made up for."""
        assert self.interval is not None
        missed = max(0, math.floor((self._loop.time() - self._when) / self.interval))
        return self._when + self.interval * (missed + 1)

    def _write(self, **fields: Any) -> None:
        if self._row is not None:
            stored_tasks().filter(pk=self._number).update(**fields)

    def _delete_row(self) -> bool:
        """Whether there was a row to delete, or none is needed."""
        if self._row is None or self.state is TaskState.CANCELLED:
            return True
        return bool(stored_tasks().filter(pk=self._number).delete()[0])


def _contained(task: Task, work: Work) -> None:
    try:
        with all_or_nothing(DEFAULT_DB_ALIAS):
            work.function(*work.args, **work.kwargs)
    except StaleObject:
        raise  # another process wrote first: the whole unit is undone and done again
    except Exception:  # boundary of user code: a task that fails is over, and what it did is undone
        logger.exception("error in task %s (%s)", task.get_id(), work.name)


class TaskHandler:
    """All tasks that are listed, by number. One instance: `TASK_HANDLER`."""

    def __init__(self) -> None:
        self._tasks: dict[int, Task] = {}
        self._by_key: dict[str, Task] = {}
        self._numbers = itertools.count(FIRST_NUMBER)

    def __len__(self) -> int:
        return len(self._tasks)

    def all(self) -> list[Task]:
        """The tasks, by number."""
        return [self._tasks[number] for number in sorted(self._tasks)]

    def get(self, task_id: int) -> Task | None:
        """The task with this number, or None."""
        return self._tasks.get(task_id)

    def of_key(self, store_key: str) -> Task | None:
        """The repetition with this key, or None."""
        return self._by_key.get(store_key)

    def exists(self, task_id: int) -> bool:
        """Whether a task with this number is listed."""
        return task_id in self._tasks

    def active(self, task_id: int) -> bool:
        """Whether a task with this number waits."""
        task = self.get(task_id)
        return task is not None and task.active()

    def cancel(self, task_id: int) -> bool:
        """See `Task.cancel`."""
        task = self.get(task_id)
        return task is not None and task.cancel()

    def remove(self, task_id: int) -> bool:
        """See `Task.remove`."""
        task = self.get(task_id)
        return task is not None and task.remove()

    def do_task(self, task_id: int) -> Any:
        """See `Task.do_task`; False if there is no such task."""
        task = self.get(task_id)
        return task is not None and task.do_task()

    def clear(self) -> None:
        """Call all tasks off and forget them."""
        for task in self.all():
            task.remove()

    # --- inner

    def _add(self, task: Task) -> None:
        self._tasks[task._number] = task
        if task.store_key is not None:
            self._by_key[task.store_key] = task

    def _drop(self, task: Task) -> None:
        self._tasks.pop(task._number, None)
        if task.store_key is not None and self._by_key.get(task.store_key) is task:
            del self._by_key[task.store_key]

    def _next_number(self) -> int:
        return next(self._numbers)

    def _forget_other_worlds(self, loop: GameLoop) -> None:
        """Tasks of a world that was in this process before (tests)."""
        for task in [task for task in self._tasks.values() if task._loop is not loop]:
            self._drop(task)


TASK_HANDLER = TaskHandler()


def wall_time(seconds: float) -> datetime:
    """The time of day in so many seconds, by the clock of the world."""
    return script_clock.now() + timedelta(seconds=seconds)


def stored_tasks() -> Any:
    """The rows of tasks that are stored."""
    return apps.get_model("scripts", "PersistentTask").objects
