"""Savepoints of the engine's own blocks, set when they are needed.

Contract: a block that sends no statement costs none: it ends without the database having heard of it, what it gathered
goes on with what encloses it, and undoing it drops what it gathered and expires what it touched. Before the first
statement inside the block, what had been gathered around it is sent, then the savepoint is set.

Invariants
    - While a savepoint is deferred, what was gathered before it stays unsent and memory still says what it says: before
      memory of any of those targets changes, `UnitOfWork.touch` has the savepoint set.
    - Deferred savepoints are the innermost ones: one that is set has none around it that are not.
    - What a block has gathered may be sent after its end, with what encloses it.

Failure modes: when what was gathered around a block is refused as the savepoint is set, the enclosing block is broken:
the error goes through the inner one, and the enclosing one is rolled back.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, Error

from perdure.transactions.frames import Frame, Writer
from perdure.transactions.statements import Statement, send

if TYPE_CHECKING:
    from perdure.transactions.unit_of_work import UnitOfWork

__all__ = ["begin", "end", "set_savepoints"]

_numbers = count(1)


def begin(unit: UnitOfWork) -> Frame:
    """Begin a block inside a transaction; end it with `end`."""
    sid = f"perdure_{next(_numbers)}"
    frame = Frame(unit, sid, unit.pending)
    unit.pending = {}
    unit.deferred += 1
    unit.frames.append(frame)
    unit.connection.savepoint_ids.append(sid)  # what is to be called on commit is forgotten with its savepoint
    return frame


def end(unit: UnitOfWork, frame: Frame, undo: bool) -> None:
    """The block is over; with `undo` (or when the transaction has been marked so) database and memory go back."""
    connection = unit.connection
    if connection.savepoint_ids and connection.savepoint_ids[-1] == frame.sid:
        connection.savepoint_ids.pop()
    if frame not in unit.frames:
        return  # the whole transaction is gone already
    if frame.is_lost:
        unit.merge_innermost()
        connection.needs_rollback = True
    elif undo or connection.needs_rollback:
        connection.needs_rollback = False
        connection.rollback_exc = None  # type: ignore[attr-defined]  # Django keeps it, and all that its frames hold
        _go_back(unit, frame)
    elif frame.enclosing is not None:
        _hand_over(unit, frame.enclosing)
    else:
        _release(unit, frame)


def set_savepoints(unit: UnitOfWork) -> None:
    """Set what is deferred; what was gathered before each is sent before it."""
    innermost = unit.pending
    first = len(unit.frames) - unit.deferred
    unit.deferred = 0
    for depth, frame in enumerate(unit.frames[first:], first):
        unit.pending, frame.enclosing = frame.enclosing or {}, None
        try:
            unit.flush()
            send(unit, _savepoint("SAVEPOINT", depth), ())
        except BaseException:
            unit.pending = {}
            for lost in unit.frames[depth:]:
                lost.enclosing, lost.is_lost = None, True
            raise
    unit.pending = innermost


def _hand_over(unit: UnitOfWork, enclosing: dict[Writer, dict[Any, Any]]) -> None:
    unit.deferred -= 1
    inner, unit.pending = unit.pending, enclosing
    for writer, items in inner.items():
        enclosing.setdefault(writer, {}).update(items)
    unit.merge_innermost()


def _release(unit: UnitOfWork, frame: Frame) -> None:
    try:
        send(unit, _savepoint("RELEASE SAVEPOINT", len(unit.frames) - 1), ())
    except DatabaseError:
        _go_back(unit, frame)
        raise
    unit.merge_innermost()


def _go_back(unit: UnitOfWork, frame: Frame) -> None:
    connection = unit.connection
    if frame.enclosing is not None:
        unit.deferred -= 1
        unit.pending = frame.enclosing
    else:
        depth = len(unit.frames) - 1
        unit.pending = {}
        try:
            send(unit, _savepoint("ROLLBACK TO SAVEPOINT", depth), ())
            send(unit, _savepoint("RELEASE SAVEPOINT", depth), ())
        except Error:
            connection.needs_rollback = True
    connection.run_on_commit = [each for each in connection.run_on_commit if frame.sid not in each[0]]
    unit.innermost_undone()


@cache
def _savepoint(verb: str, depth: int) -> Statement:
    """What is said about the savepoint at this depth: names recur, so that the driver knows the texts."""
    return Statement(f"{verb} perdure_at_{depth}", changes_rows=False)
