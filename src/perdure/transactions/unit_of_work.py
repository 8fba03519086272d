"""The unit of work: what one database connection has gathered and touched since its transaction began.

Contract
    Inside a transaction writes are gathered here and leave as a few statements per table: at commit, before
    a savepoint is set, and before any statement of others that could see them. Whatever was touched since
    a savepoint is known, and a rollback to it undoes exactly that in memory.

    The savepoint of an engine's own block (`blocks.all_or_nothing`) is deferred: see `deferred`.

Invariants
    - The database at a savepoint equals memory at that savepoint: gathered writes go out before it is set. (So `touch`
      is called before the change it tells of: a deferred savepoint may have to be set first.)
    - Undo is expiry: an undone target drops what memory holds and reads the row again when asked. No copies
      of values are kept.
    - What was read after the transaction had written may show what is undone, so it is expired too.
    - Nothing is gathered outside a transaction.

Owner: the thread of the connection; no other thread may touch this object.

Failure modes: a gathered write that the database refuses raises where it leaves (not where it was
assigned); its targets are expired and the transaction is marked so that it can only be rolled back.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Hashable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from perdure.transactions.clock import write_clock
from perdure.transactions.deferred import set_savepoints
from perdure.transactions.frames import Frame, Undoable, Writer

__all__ = ["Frame", "Undoable", "UnitOfWork", "Writer", "commit_listeners", "rollback_listeners"]


logger = logging.getLogger("perdure.transactions")

# Called with the unit of work after each rollback, when statements can run again; and after each commit.
rollback_listeners: list[Callable[[UnitOfWork], None]] = []
commit_listeners: list[Callable[[UnitOfWork], None]] = []


class _EngineStatements:
    """Inside, statements do not flush: the engine overlays what it reads with memory."""

    __slots__ = ("unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit

    def __enter__(self) -> None:
        self.unit.engine_depth += 1

    def __exit__(self, *exc_info: object) -> None:
        self.unit.engine_depth -= 1


class UnitOfWork:
    """Gathers writes and remembers what was touched, for one connection."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.thread = threading.get_ident()
        self.frames = [Frame(self, None)]
        self.pending: dict[Writer, dict[Any, Any]] = {}
        self.deferred = 0
        self.has_written = False
        #: The last transaction was to be committed when the connection was lost: nobody knows whether it was.
        self.in_doubt = False
        self.engine_depth = 0
        #: How many statements this connection has been sent, but for those that begin and end transactions.
        self.statements = 0
        self._engine = _EngineStatements(self)

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open on this connection."""
        return not self.connection.autocommit and self.connection.connection is not None

    @property
    def in_engine(self) -> bool:
        """Whether the statements of now are the engine's own, which memory is in step with."""
        return self.engine_depth > 0

    # --- what the engine tells it

    def touch(self, target: Undoable, aspect: str) -> None:
        """Remember that `aspect` of `target` changes in the open transaction; nothing outside one.

        Called before the change.
        """
        touched = self.frames[-1].touched
        entry = touched.get(id(target))
        if entry is not None:
            entry[1].add(aspect)
            return
        if not self.in_transaction:
            return
        if self.deferred and self._is_unsent(target):
            set_savepoints(self)
        touched[id(target)] = (target, {aspect})

    def _is_unsent(self, target: Undoable) -> bool:
        """Whether a block around the deferred ones may have gathered writes of `target` that are still to be sent.

        Whatever they are: undoing one aspect may expire others.
        """
        for frame in self.frames[-self.deferred :]:
            if frame.enclosing:
                return self.is_touched(target)
        return False

    def saw(self, target: Undoable) -> None:
        """Memory of `target` has just been read from the database, uncommitted work of ours included."""
        if self.has_written and self.in_transaction:
            self.frames[-1].seen[id(target)] = weakref.ref(target)

    def is_touched(self, target: object, aspect: str | None = None) -> bool:
        """Whether the open transaction has changed `target` (or just this aspect of it)."""
        key = id(target)
        for frame in self.frames:
            entry = frame.touched.get(key)
            if entry is not None and (aspect is None or aspect in entry[1]):
                return True
        return False

    def gather(self, writer: Writer, key: Hashable, item: object = None) -> None:
        """Keep a write until the next flush; the same key again replaces the item. Raises as `note_write` does."""
        self.gathering(writer)[key] = item

    def gathering(self, writer: Writer) -> dict[Any, Any]:
        """What `writer` has to write at the next flush, to be added to now. Raises as `note_write` does."""
        self.note_write()
        items = self.pending.get(writer)
        if items is None:
            items = self.pending[writer] = {}
        return items

    def note_write(self) -> None:
        """Something is written to memory that is, or will be, gathered.

        Raises Django's `TransactionManagementError` in a transaction that can only be rolled back.
        """
        if self.connection.needs_rollback:
            self.connection.validate_no_broken_transaction()
        write_clock.now += 1
        self.has_written = True

    def drop(self, writer: Writer, key: Hashable) -> None:
        """Forget a gathered write, if there is one."""
        items = self.pending.get(writer)
        if items is not None:
            items.pop(key, None)

    def flush(self) -> None:
        """Send all gathered writes, those of enclosing blocks among them.

        Raises what the database raises, with the memory of those writes expired.
        """
        if self.deferred and (self.pending or any(frame.enclosing for frame in self.frames[-self.deferred :])):
            set_savepoints(self)
        while self.pending:
            batch, self.pending = self.pending, {}
            todo = sorted(batch, key=lambda writer: writer.order)
            with self._engine:
                while todo:
                    try:
                        todo[0].write(self, batch[todo[0]])
                    except BaseException:
                        self._abandon({writer: batch[writer] for writer in todo})
                        raise
                    todo.pop(0)

    def _abandon(self, batch: dict[Writer, dict[Any, Any]]) -> None:
        for writer, items in batch.items():
            writer.abandon(items)
        if self.connection.in_atomic_block:
            self.connection.needs_rollback = True

    def engine_statements(self) -> _EngineStatements:
        """A block in which statements do not flush: the engine overlays what it reads with memory."""
        return self._engine

    def will_write(self) -> None:
        """A statement that changes rows is about to be sent."""
        if self.deferred:
            set_savepoints(self)
        write_clock.now += 1
        self.has_written = True

    # --- what the connection tells it

    def before_statement(self) -> None:
        """Called before every statement on the connection."""
        if self.deferred:
            set_savepoints(self)
        if self.pending and not self.engine_depth:
            self.flush()

    def savepoint_set(self, sid: str) -> None:
        """A savepoint now exists (the caller flushed before it was set)."""
        self.frames.append(Frame(self, sid))

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
        self.frames.append(Frame(self, sid))
        self._undo(undone)

    def merge_innermost(self) -> None:
        """What was touched in the innermost block belongs to what encloses it."""
        inner = self.frames.pop()
        self.frames[-1].merge(inner)

    def innermost_undone(self) -> None:
        """The innermost block is gone from the database; memory follows."""
        self._undo([self.frames.pop()])

    def committed(self) -> None:
        """The transaction is in the database."""
        self.frames = [Frame(self, None)]
        self.deferred = 0
        self.has_written = False
        for listener in commit_listeners:
            listener(self)

    def undone(self) -> None:
        """The whole transaction is gone from the database; memory follows."""
        self.pending = {}
        frames, self.frames = self.frames, [Frame(self, None)]
        self.deferred = 0
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
                try:
                    callback()
                except Exception:  # boundary of user code: one that raises must not keep others from following
                    logger.exception("error in what is called when work is undone: %r", callback)
