"""Things to do at a time: one heap for all of them.

Contract: `add` and `cancel` cost O(log n) and O(1); what is due is taken in order of due time, then of adding. A
cancelled timer stays in the heap until it would be due, or until half of the heap is cancelled.

Owner: the game thread.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

__all__ = ["TimerHandle", "Timers"]


class TimerHandle:
    """One thing to do at a time.

    Attributes:
        due: when, in seconds of the loop's clock.
        active: whether it is still to come.
    """

    __slots__ = ("_timers", "active", "arguments", "due", "function", "label")

    def __init__(self, timers: Timers, due: float, function: Callable[..., Any], arguments: Any, label: str) -> None:
        self._timers = timers
        self.due = due
        self.function = function
        self.arguments = arguments
        self.label = label
        self.active = True

    def cancel(self) -> None:
        """Do not do it; one that is over or cancelled stays so."""
        if self.active:
            self.active = False
            self._timers._cancelled()


class Timers:
    """All that waits for its time."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, TimerHandle]] = []
        self._serial = count()
        self._dead = 0

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def add(self, due: float, function: Callable[..., Any], arguments: tuple[Any, ...], label: str) -> TimerHandle:
        """Call `function(*arguments)` at `due`."""
        handle = TimerHandle(self, due, function, arguments, label)
        heapq.heappush(self._heap, (due, next(self._serial), handle))
        return handle

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
            handle.active = False
            yield handle

    def _drop_dead(self) -> None:
        while self._heap and not self._heap[0][2].active:
            heapq.heappop(self._heap)
            self._dead -= 1

    def _cancelled(self) -> None:
        self._dead += 1
        if self._dead > 64 and self._dead * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].active]
            heapq.heapify(self._heap)
            self._dead = 0
