"""What units of work send to players, held until it is true.

Contract: what is put here leaves with the commit of the tick that it was put in. What was put in by a unit, or by a
block inside one, that is undone never leaves. What is put in outside of a transaction is true already, and leaves with
what leaves next.

Owner: the game thread; `IllegalState` for any other.
"""

from __future__ import annotations

import threading
from typing import Any

from perdure.errors import IllegalState
from perdure.transactions import unit_of_work
from perdure.transactions.frames import Frame

__all__ = ["Outbox"]


class Outbox:
    """Messages in order, until they are released.

    Args:
        alias: the database whose blocks decide.
    """

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._items: list[Any] = []
        self._frame: Frame | None = None
        self.thread_id = threading.get_ident()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, message: Any) -> None:
        """Hold `message` until the commit; a block that is undone around this call takes it back."""
        unit = unit_of_work(self._alias)
        frame = unit.frames[-1]
        if threading.get_ident() != self.thread_id:
            raise IllegalState("nothing can be sent to players from another thread: return the text, and send it then")
        if frame is not self._frame and unit.in_transaction:
            # One callback for each block, whatever is sent in it.
            self._frame = frame
            position = len(self._items)
            frame.callbacks.append(lambda: self.rewind(position))
        self._items.append(message)

    def mark(self) -> int:
        """The present end, for `rewind`."""
        return len(self._items)

    def rewind(self, position: int) -> None:
        """Forget what was put in after `position`."""
        del self._items[position:]
        self._frame = None

    def release(self) -> list[Any]:
        """Take out everything."""
        items, self._items = self._items, []
        self._frame = None
        return items
