"""Things to do at a time: one heap for all of them.

Contract: `add` and `cancel` cost O(log n) and O(1); what is due is taken in order of due time, then of adding. A
cancelled timer stays in the heap until it would be due, or until half of the heap is cancelled. What is asked for in a
block that is undone has not been: a timer that was set there is cancelled, one that was cancelled there is not.

Invariants: `_dead` counts the entries of the heap that are not active. A timer that is undone or taken is never active
again.

Owner: the game thread.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

from perdure.transactions import on_rollback

__all__ = ["TimerHandle", "Timers"]

AfterCommit = Callable[[Callable[[], object], Callable[[], object]], object]


class TimerHandle:
    """One thing to do at a time.

    Attributes:
        due: when, in seconds of the loop's clock.
        active: whether it is still to come.
    """

    __slots__ = ("_is_set", "_is_undone", "_timers", "active", "arguments", "due", "function", "label")

    def __init__(self, timers: Timers, due: float, function: Callable[..., Any], arguments: Any, label: str) -> None:
        self._timers = timers
        self._is_set = self._is_undone = False
        self.due = due
        self.function = function
        self.arguments = arguments
        self.label = label
        self.active = True

    def cancel(self) -> None:
        """Do not do it; one that is over or cancelled stays so."""
        if self.active:
            self._timers._cancel(self)


class Timers:
    """All that waits for its time.

    Args:
        after_commit: calls a function when what is being done is committed, or another if it is undone.
        alias: the database whose blocks decide.
    """

    def __init__(self, after_commit: AfterCommit, alias: str) -> None:
        self._after_commit = after_commit
        self._alias = alias
        self._heap: list[tuple[float, int, TimerHandle]] = []
        self._serial = count()
        self._dead = 0

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def add(self, due: float, function: Callable[..., Any], arguments: tuple[Any, ...], label: str) -> TimerHandle:
        """Call `function(*arguments)` at `due`."""
        handle = TimerHandle(self, due, function, arguments, label)
        self._after_commit(partial(self._set, handle), partial(self._undo, handle))
        return handle

    def _set(self, handle: TimerHandle) -> None:
        if handle.active and not handle._is_set:
            handle._is_set = True
            heapq.heappush(self._heap, (handle.due, next(self._serial), handle))

    def _undo(self, handle: TimerHandle) -> None:
        handle._is_undone = True
        self._deactivate(handle)

    def _cancel(self, handle: TimerHandle) -> None:
        on_rollback(partial(self._restore, handle), using=self._alias)
        self._deactivate(handle)

    def _restore(self, handle: TimerHandle) -> None:
        """The block that cancelled it is undone."""
        if handle._is_undone:
            return
        handle.active = True
        if handle._is_set:
            self._dead -= 1
        else:
            self._set(handle)

    def _deactivate(self, handle: TimerHandle) -> None:
        if not handle.active:
            return
        handle.active = False
        if handle._is_set:
            self._dead += 1
            self._shrink()

    def _shrink(self) -> None:
        """Let go of the cancelled ones, once they are more than half."""
        if self._dead <= 64 or self._dead * 2 <= len(self._heap):
            return
        for _, _, handle in self._heap:
            handle._is_set = handle.active
        self._heap = [entry for entry in self._heap if entry[2].active]
        heapq.heapify(self._heap)
        self._dead = 0

    def next_due(self) -> float | None:
        """When the first one is due, or None."""
        self._drop_dead()
        return self._heap[0][0] if self._heap else None

    def take_due(self, now: float) -> Iterator[TimerHandle]:
        """Take out what is due at `now`, the earliest first."""
        while True:
            self._drop_dead()
            if not self._heap or self._heap[0][0] > now:
                return
            handle = heapq.heappop(self._heap)[2]
            handle.active = handle._is_set = False
            yield handle

    def _drop_dead(self) -> None:
        while self._heap and not self._heap[0][2].active:
            heapq.heappop(self._heap)[2]._is_set = False
            self._dead -= 1
