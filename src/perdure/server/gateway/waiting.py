"""What clients send while no world takes it: kept in order, bounded, and handed to the next world.

Contract: `add` keeps a message, or says no when the session or the gateway keeps as much as it may; `take` gives
everything in the order it came, leftovers of the world before first. That somebody has come or gone is never
refused; it is bounded by the number of connections. Who came and went meanwhile leaves nothing.
Changed flags are put together, so that a client that changes them all the time costs no more than one that does not.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

import msgspec

from perdure.server.messages import Connected, Disconnected, Flags, Line, Oob

__all__ = ["Waiting"]


class Waiting:
    """The messages that wait.

    Args:
        per_session: how many lines and named messages of one session.
        total: how many of all together.
        total_bytes: how much text of all together.
    """

    def __init__(self, per_session: int = 200, total: int = 20_000, total_bytes: int = 32 * 1024 * 1024) -> None:
        self.per_session = per_session
        self.total = total
        self.total_bytes = total_bytes
        self._messages: deque[Any] = deque()
        self._flags: dict[int, Flags] = {}
        self._counts: Counter[int] = Counter()
        self._count = 0
        self._bytes = 0
        self._new: set[int] = set()

    def __len__(self) -> int:
        return len(self._messages) + len(self._flags)

    def add(self, message: Any) -> bool:
        """Keep a message; False if it is refused."""
        if isinstance(message, Flags):
            before = self._flags.get(message.sessid)
            self._flags[message.sessid] = Flags(message.sessid, {**(before.flags if before else {}), **message.flags})
            return True
        if isinstance(message, Connected):
            self._new.add(message.session.sessid)
        elif isinstance(message, Disconnected) and message.sessid in self._new:
            self._forget(message.sessid)
            return True
        elif isinstance(message, Line | Oob) and not self._counted(message):
            return False
        self._messages.append(message)
        return True

    def put_before(self, lines: Iterable[Line]) -> None:
        """Lines that an earlier world had, and did not begin, come before everything. They are never refused."""
        kept = list(lines)
        self._messages.extendleft(reversed(kept))
        for line in kept:
            self._counts[line.sessid] += 1
            self._count += 1
            self._bytes += _size(line)

    def take(self) -> list[Any]:
        """Everything, in order; nothing waits afterwards."""
        messages = [*self._messages, *self._flags.values()]
        self._messages.clear()
        self._flags.clear()
        self._counts.clear()
        self._count = self._bytes = 0
        self._new.clear()
        return messages

    def newcomers(self) -> set[int]:
        """The sessions that no world has heard of yet."""
        return set(self._new)

    def departed(self) -> set[int]:
        """The sessions that have gone, and that the next world is still to hear of."""
        return {message.sessid for message in self._messages if isinstance(message, Disconnected)}

    def lines(self) -> set[tuple[int, int]]:
        """`(sessid, seq)` of the lines that wait: they are not lost when a world dies."""
        return {(message.sessid, message.seq) for message in self._messages if isinstance(message, Line)}

    def _counted(self, message: Line | Oob) -> bool:
        size = _size(message)
        if self._counts[message.sessid] >= self.per_session:
            return False
        if self._count >= self.total or self._bytes + size > self.total_bytes:
            return False
        self._counts[message.sessid] += 1
        self._count += 1
        self._bytes += size
        return True

    def _forget(self, sessid: int) -> None:
        gone = [message for message in self._messages if _sessid(message) == sessid]
        for message in gone:
            if isinstance(message, Line | Oob):
                self._count -= 1
                self._bytes -= _size(message)
        self._messages = deque(message for message in self._messages if _sessid(message) != sessid)
        self._flags.pop(sessid, None)
        self._counts.pop(sessid, None)
        self._new.discard(sessid)


def _size(message: Line | Oob) -> int:
    """About how much of memory it holds."""
    if isinstance(message, Line):
        return len(message.text)
    return len(msgspec.msgpack.encode((message.args, message.kwargs)))


def _sessid(message: Any) -> int:
    return int(message.session.sessid if isinstance(message, Connected) else message.sessid)
