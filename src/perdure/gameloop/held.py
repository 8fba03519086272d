"""What counts only if the block in which it was said stands: messages to players, and work that was asked for.

Contract: `put` holds an item until it is taken, which is after the commit. A block (a transaction, a savepoint, a unit)
that is undone around the call takes it out again, and `dropped` hears of it, the latest first. What is put in outside
of a transaction is true already.

Invariants: one callback for each block, however much is put in inside of it; a block that says nothing pays nothing.

Owner: the game thread; `IllegalState` for any other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from perdure.errors import IllegalState
from perdure.transactions import unit_of_work
from perdure.transactions.frames import Frame

__all__ = ["Held"]

T = TypeVar("T")


class Held(Generic[T]):
    """Items in order, until they are taken.

    Args:
        alias: the database whose blocks decide.
        dropped: called with an item that is undone; must not raise.
    """

    def __init__(self, alias: str, dropped: Callable[[T], object] | None = None) -> None:
        self._alias = alias
        self._dropped = dropped
        self._items: list[T] = []
        self._frame: Frame | None = None
        self.thread_id = threading.get_ident()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Hold `item` until the commit."""
        if threading.get_ident() != self.thread_id:
            raise IllegalState("nothing can be sent to players from another thread: return the text, and send it then")
        unit = unit_of_work(self._alias)
        frame = unit.frames[-1]
        # Not `in_transaction`: a connection that is lost in a block has undone it, and what is said afterwards is no
        # truer; and what is said while the whole transaction is being undone belongs to nothing that could be.
        if frame is not self._frame and unit.connection.in_atomic_block:
            self._frame = frame
            frame.callbacks.append(partial(self.rewind, len(self._items)))
        self._items.append(item)

    def mark(self) -> int:
        """The present end, for `rewind`."""
        return len(self._items)

    def rewind(self, position: int) -> None:
        """Drop what was put in after `position`."""
        undone = self._items[position:]
        del self._items[position:]
        self._frame = None
        if self._dropped is not None:
            for item in reversed(undone):
                self._dropped(item)

    def take(self) -> list[T]:
        """Take out everything."""
        items, self._items = self._items, []
        self._frame = None
        return items
