"""The unit of work: what one database connection has gathered and touched since its transaction began.

Contract
    Inside a transaction writes are gathered here and leave as one statement per table: at commit, before
    a savepoint is set, and before any statement of others that could see them. Whatever was touched since
    a savepoint is known, and a rollback to it undoes exactly that in memory.

Invariants
    - The database at a savepoint equals memory at that savepoint: gathered writes go out before it is set.
    - Undo is expiry: an undone target drops what memory holds and reads the row again when asked. No copies
      of values are kept.
    - What was read after the transaction had written may show what is undone, so it is expired too.
    - Nothing is gathered outside a transaction.

Owner: the thread of the connection; no other thread may touch this object.

Failure modes: a gathered write that the database refuses raises where it leaves (not where it was
assigned); its targets are expired and the transaction is marked so that it can only be rolled back.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from django.db.backends.base.base import BaseDatabaseWrapper

from perdure.transactions.clock import write_clock

__all__ = ["Frame", "Undoable", "UnitOfWork", "Writer", "commit_listeners", "rollback_listeners"]


class Undoable(Protocol):
    """A thing whose memory can be undone by expiry."""

    def _undo(self, aspects: set[str]) -> None:
        """Drop what memory holds of `aspects`; must not run SQL."""


class Writer(Protocol):
    """Writes the gathered items of one table with as few statements as it can."""

    order: int  # writers with a lower number go first (rows before what refers to them)

    def write(self, connection: BaseDatabaseWrapper, items: dict[Any, Any]) -> None:
        """Send `items` (key -> item) to the database."""

    def abandon(self, items: dict[Any, Any]) -> None:
        """Expire the memory of `items`: the database refused them."""


# Called with the unit of work after each rollback, when statements can run again; and after each commit.
rollback_listeners: list[Callable[[UnitOfWork], None]] = []
commit_listeners: list[Callable[[UnitOfWork], None]] = []


class Frame:
    """What was touched since one savepoint (or since the transaction began)."""

    __slots__ = ("callbacks", "seen", "sid", "touched")

    def __init__(self, sid: str | None) -> None:
        self.sid = sid
        self.touched: dict[int, tuple[Undoable, set[str]]] = {}
        self.seen: dict[int, weakref.ref[Any]] = {}
        self.callbacks: list[Callable[[], object]] = []

    def merge(self, inner: Frame) -> None:
        """Take over what a released savepoint had touched."""
        for key, (target, aspects) in inner.touched.items():
            if key in self.touched:
                self.touched[key][1].update(aspects)
            else:
                self.touched[key] = (target, aspects)
        self.seen.update(inner.seen)
        self.callbacks += inner.callbacks


class UnitOfWork:
    """Gathers writes and remembers what was touched, for one connection."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.frames = [Frame(None)]
        self.pending: dict[Writer, dict[Any, Any]] = {}
        self.has_written = False
        self._engine_depth = 0

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open on this connection."""
        return not self.connection.autocommit and self.connection.connection is not None

    @property
    def in_engine(self) -> bool:
        """Whether the statements of now are the engine's own, which memory is in step with."""
        return self._engine_depth > 0

    # --- what the engine tells it

    def touch(self, target: Undoable, aspect: str) -> None:
        """Remember that `aspect` of `target` is changed in the open transaction; nothing outside one."""
        if not self.in_transaction:
            return
        touched = self.frames[-1].touched
        entry = touched.get(id(target))
        if entry is None:
            touched[id(target)] = (target, {aspect})
        else:
            entry[1].add(aspect)

    def saw(self, target: Undoable) -> None:
        """Memory of `target` has just been read from the database, uncommitted work of ours included."""
        if self.has_written and self.in_transaction:
            self.frames[-1].seen[id(target)] = weakref.ref(target)

    def is_touched(self, target: object, aspect: str | None = None) -> bool:
        """Whether the open transaction has changed `target` (or just this aspect of it)."""
        key = id(target)
        return any(key in frame.touched and aspect in (None, *frame.touched[key][1]) for frame in self.frames)

    def gather(self, writer: Writer, key: Hashable, item: object = None) -> None:
        """Keep a write until the next flush; the same key again replaces the item.

        Raises Django's `TransactionManagementError` in a transaction that can only be rolled back.
        """
        if self.connection.needs_rollback:
            self.connection.validate_no_broken_transaction()
        write_clock.now += 1
        self.has_written = True
        self.pending.setdefault(writer, {})[key] = item

    def drop(self, writer: Writer, key: Hashable) -> None:
        """Forget a gathered write, if there is one."""
        items = self.pending.get(writer)
        if items is not None:
            items.pop(key, None)

    def flush(self) -> None:
        """Send all gathered writes. Raises what the database raises, with their memory expired."""
        while self.pending:
            batch, self.pending = self.pending, {}
            todo = sorted(batch, key=lambda writer: writer.order)
            with self.engine_statements():
                while todo:
                    try:
                        todo[0].write(self.connection, batch[todo[0]])
                    except BaseException:
                        self._abandon({writer: batch[writer] for writer in todo})
                        raise
                    todo.pop(0)

    def _abandon(self, batch: dict[Writer, dict[Any, Any]]) -> None:
        for writer, items in batch.items():
            writer.abandon(items)
        if self.connection.in_atomic_block:
            self.connection.needs_rollback = True

    @contextmanager
    def engine_statements(self) -> Iterator[None]:
        """Inside, statements do not flush: the engine overlays what it reads with memory."""
        self._engine_depth += 1
        try:
            yield
        finally:
            self._engine_depth -= 1

    # --- what the connection tells it

    def before_statement(self) -> None:
        """Called before every statement on the connection."""
        if self.pending and not self._engine_depth:
            self.flush()

    def savepoint_set(self, sid: str) -> None:
        """A savepoint now exists (the caller flushed before it was set)."""
        self.frames.append(Frame(sid))

    def savepoint_released(self, sid: str) -> None:
        """The savepoint is gone, its work belongs to what encloses it."""
        if not self._knows(sid):
            return
        while True:
            inner = self.frames.pop()
            self.frames[-1].merge(inner)
            if inner.sid == sid:
                return

    def savepoint_undone(self, sid: str) -> None:
        """The database went back to the savepoint (which still exists); memory follows."""
        if not self._knows(sid):
            return
        undone: list[Frame] = []
        while True:
            frame = self.frames.pop()
            undone.append(frame)
            if frame.sid == sid:
                break
        self.frames.append(Frame(sid))
        self._undo(undone)

    def committed(self) -> None:
        """The transaction is in the database."""
        self.frames = [Frame(None)]
        self.has_written = False
        for listener in commit_listeners:
            listener(self)

    def undone(self) -> None:
        """The whole transaction is gone from the database; memory follows."""
        self.pending = {}
        frames, self.frames = self.frames, [Frame(None)]
        self.has_written = False
        self._undo(list(reversed(frames)))

    def _knows(self, sid: str) -> bool:
        return any(frame.sid == sid for frame in self.frames)

    def _undo(self, newest_first: list[Frame]) -> None:
        write_clock.now += 1
        created = set()
        for frame in newest_first:
            for key, (target, aspects) in reversed(frame.touched.items()):
                target._undo(aspects)
                if "created" in aspects:
                    created.add(key)
        for frame in newest_first:
            for key, ref in frame.seen.items():
                seen = ref()
                if seen is not None and key not in created:
                    seen._undo({"fields"})
        for listener in rollback_listeners:
            listener(self)
        for frame in newest_first:
            for callback in reversed(frame.callbacks):
                callback()
