"""Work that is to be done later or elsewhere: `delay` and `run_async`. (Again and again: `repeating`.)

Contract: `delay(seconds, callback, …)` has the callback called as a unit of the game loop in that time and gives a
`Task`. What is asked for, called off or changed inside work that is undone never happened. With `persistent=True` the
task is a row, written with what asked for it; after a restart `restore_tasks` sets it again, and one that is overdue is
done at once. A task is done once: its row goes in the same transaction as what it did.

Invariants: nothing is written for a task that is not persistent, a row is made and deleted for one that is.

Owner thread: that of the game; `run_async` takes the work itself elsewhere.

Failure modes: `NoGameLoop` where no world runs, `InvalidArgument` and `UnstorableValue` for what cannot be waited for
or stored (at the call). A callback that raises is undone and logged, and the task is over. A stored task whose function
is not there is left in its table until it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from perdure.commands.delayed_tasks import TASK_HANDLER, Task, TaskHandler, TaskState, stored_tasks, wall_time
from perdure.errors import InvalidArgument
from perdure.gameloop import current_loop
from perdure.scripts.clock import script_clock
from perdure.scripts.stored_tasks import Work, store_work

__all__ = [
    "TASK_HANDLER",
    "Task",
    "TaskHandler",
    "TaskState",
    "begin_task",
    "checked",
    "delay",
    "restore_tasks",
    "run_async",
]

logger = logging.getLogger("perdure.tasks")

#: What can be waited for at most: times that are further off are no dates.
MOST_SECONDS = 100 * 365 * 86400


def delay(seconds: float, callback: Callable[..., Any], *args: Any, persistent: bool = False, **kwargs: Any) -> Task:
    """Have `callback(*args, **kwargs)` called in `seconds`.

    Args:
        seconds: 0 or more; with 0 it is done right after what is being done now.
        callback: any function; for a persistent task one that `@persistent_task` registers, or a method of an entity.
        args, kwargs: for the callback; plain data and entities for a persistent task.
        persistent: whether it is done even if the server is restarted meanwhile.

    Raises `NoGameLoop` where no world runs, `InvalidArgument` for seconds or a callback that make no sense,
    `UnstorableValue` for arguments that cannot be stored.
    """
    return begin_task(checked(seconds, callback, "delay"), callback, args, kwargs, persistent)


def begin_task(
    seconds: float,
    callback: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    persistent: bool,
    **fields: Any,
) -> Task:
    """Make and set a task; `fields` go to its row (`interval`, `store_key`, `survives`)."""
    loop = current_loop()
    work = Work(getattr(callback, "__qualname__", repr(callback)), callback, args, kwargs)
    row = None
    if persistent:
        row = stored_tasks().create(due=wall_time(seconds), **store_work(callback, args, kwargs), **fields)
    task = Task(loop, row.pk if row is not None else TASK_HANDLER._next_number(), work, row)
    task.interval, task.store_key = fields.get("interval"), fields.get("store_key")
    task._set(seconds)
    return task


def restore_tasks(mode: str = "start") -> int:
    """Set the stored tasks, when a world begins; how many there are. Those that are overdue are done at once.

    Args:
        mode: after anything but "reload", repetitions that are not persistent are forgotten.
    """
    loop = current_loop()
    TASK_HANDLER._forget_other_worlds(loop)
    if mode != "reload":
        stored_tasks().filter(survives=False).delete()
    now, count = script_clock.now(), 0
    for row in stored_tasks().order_by("due", "pk"):
        if TASK_HANDLER.exists(row.pk):
            continue
        task = Task(loop, row.pk, None, row)
        task.interval, task.store_key = row.interval, row.store_key
        if row.due is None:
            task._paused_with, task.state = row.remaining or 0.0, TaskState.PAUSED
            TASK_HANDLER._add(task)
        else:
            task._set(_seconds_until(row, now))
        count += 1
    return count


def _seconds_until(row: Any, now: datetime) -> float:
    """Until a stored task is due; a repetition keeps its rhythm."""
    left = float((row.due - now).total_seconds())
    if row.interval is not None and left < 0:
        return float(left % row.interval)
    return max(0.0, left)


def run_async(
    to_execute: Callable[..., Any],
    *args: Any,
    at_return: Callable[..., Any] | None = None,
    at_return_kwargs: dict[str, Any] | None = None,
    at_err: Callable[..., Any] | None = None,
    at_err_kwargs: dict[str, Any] | None = None,
    **kwargs: Any,
) -> None:
    """Call `to_execute(*args, **kwargs)` on another thread. It must not touch objects of the game.

    Args:
        to_execute: what takes long.
        at_return: called on the game's thread with what came of it, and `at_return_kwargs`.
        at_err: called with the exception, if it raised, and `at_err_kwargs`; without it the error is logged.

    Raises `NoGameLoop` where no world runs, `Overloaded` when too much waits already.
    """

    def then(result: Any, error: BaseException | None) -> None:
        if error is None:
            if at_return is not None:
                at_return(result, **(at_return_kwargs or {}))
        elif at_err is not None:
            at_err(error, **(at_err_kwargs or {}))
        else:
            logger.error("error in %r, on another thread", to_execute, exc_info=error)

    current_loop().offload(partial(to_execute, *args, **kwargs), then=then)


def checked(seconds: Any, callback: Any, what: str) -> float:
    """The seconds as a float. Raises `InvalidArgument` for arguments of `what` that make no sense."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MOST_SECONDS:
        raise InvalidArgument(f"{what}({seconds!r}, …): give seconds, 0 or more and no more than a century of them")
    if not callable(callback):
        raise InvalidArgument(f"{what}({seconds!r}, {callback!r}): the callback must be something to call")
    return float(seconds)
