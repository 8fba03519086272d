"""Work that is done again and again: `repeat` and `unrepeat`.

Contract: `repeat(interval, callback)` has the callback called every `interval` seconds, first in one interval, until
`unrepeat` is told the key that it gave. The same callback with the same interval and `idstring` is one repetition:
asking again replaces its arguments and begins its wait anew. Nothing is written while it runs. After a restart a
persistent one goes on in its old rhythm, and what was missed is not made up for; one that is not persistent goes on
after a reload if it could be stored, and else ends with the world.

Failure modes: as of `delay`. A callback that raises is undone and logged; the repetition goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.apps import apps

from perdure.commands.delays import TASK_HANDLER, begin_task, checked
from perdure.errors import InvalidArgument, UnstorableValue
from perdure.scripts.stored_tasks import store_work

__all__ = ["repeat", "unrepeat"]

MAX_KEY = 200


def repeat(
    interval: float,
    callback: Callable[..., Any],
    persistent: bool = True,
    idstring: str = "",
    stop: bool = False,
    store_key: str | None = None,
    *args: Any,
    **kwargs: Any,
) -> str | None:
    """Have `callback(*args, **kwargs)` called every `interval` seconds; gives the key for `unrepeat`.

    Args:
        interval: seconds, more than 0.
        callback: as for `delay`.
        persistent: whether it goes on after the server was stopped.
        idstring: tells several of the same callback and interval apart.
        stop: end it instead; then None comes back.
        store_key: the key that it gave, to end or replace exactly that one.
        args, kwargs: for the callback.

    Raises as `delay` does.
    """
    seconds = checked(interval, callback, "repeat")
    if seconds <= 0:
        raise InvalidArgument(f"repeat({interval!r}, …): the interval must be more than 0")
    key = store_key or _key(seconds, callback, idstring)
    unrepeat(key)
    if stop:
        return None
    stored = persistent or _can_be_stored(callback, args, kwargs)
    fields: dict[str, Any] = {"interval": seconds, "store_key": key, "survives": persistent}
    begin_task(seconds, callback, args, kwargs, stored, **fields)
    return key


def unrepeat(store_key: str) -> bool:
    """End the repetition with this key; whether there was one."""
    task = TASK_HANDLER.of_key(store_key)
    if task is not None:
        return task.remove()
    rows: Any = apps.get_model("scripts", "PersistentTask").objects
    return bool(rows.filter(store_key=store_key).delete()[0])


def _can_be_stored(callback: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    try:
        store_work(callback, args, kwargs)
    except (InvalidArgument, UnstorableValue):
        return False
    return True


def _key(interval: float, callback: Any, idstring: str) -> str:
    """The same for the same callback, interval and idstring; after a restart too, if the callback can be stored."""
    try:
        what = "{callback} {work}".format(**store_work(callback, (), {}))
    except (InvalidArgument, UnstorableValue):
        what = f"{getattr(callback, '__qualname__', '')} {id(callback)} {id(getattr(callback, '__self__', None))}"
    text = f"{what} {interval:g} {idstring}"
    return text if len(text) <= MAX_KEY else hashlib.sha256(text.encode()).hexdigest()
