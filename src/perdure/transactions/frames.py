"""What the unit of work keeps for each savepoint, and what it asks of those who use it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from perdure.transactions.unit_of_work import UnitOfWork

__all__ = ["Frame", "Mark", "Undoable", "Writer"]


class Undoable(Protocol):
    """A thing whose memory can be undone by expiry."""

    def _undo(self, aspects: set[str]) -> None:
        """Drop what memory holds of `aspects`; must not run SQL."""


class Writer(Protocol):
    """Writes the gathered items of one table with as few statements as it can."""

    order: int  # writers with a lower number go first (rows before what refers to them)

    def write(self, unit: UnitOfWork, items: dict[Any, Any]) -> None:
        """Send `items` (key -> item) to the database."""

    def abandon(self, items: dict[Any, Any]) -> None:
        """Expire the memory of `items`: the database refused them."""


class Mark:
    """Tells one block from another, for those who remember in which they did something, and holds nothing of it."""

    __slots__ = ("unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit


class Frame:
    """What was touched since one savepoint (or since the transaction began).

    Attributes:
        mark: what outlives it.
        sid: the savepoint; None for the transaction itself.
        enclosing: while the savepoint is deferred, what had been gathered when its block began; None once it is set.
        is_lost: the savepoint could not be set, because what encloses it is broken.
    """

    __slots__ = ("callbacks", "enclosing", "is_lost", "mark", "seen", "sid", "touched")

    def __init__(
        self, unit: UnitOfWork, sid: str | None, enclosing: dict[Writer, dict[Any, Any]] | None = None
    ) -> None:
        self.mark = Mark(unit)
        self.sid = sid
        self.enclosing = enclosing
        self.is_lost = False
        self.touched: dict[int, tuple[Undoable, set[str]]] = {}
        self.seen: dict[int, weakref.ref[Any]] = {}
        self.callbacks: list[Callable[[], object]] = []

    def merge(self, inner: Frame) -> None:
        """Take over what a released savepoint had touched."""
        for key, entry in inner.touched.items():
            known = self.touched.setdefault(key, entry)
            if known is not entry:
                known[1].update(entry[1])
        self.seen.update(inner.seen)
        self.callbacks += inner.callbacks
