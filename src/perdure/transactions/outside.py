"""Tells whether rows may have changed without memory being told.

Contract: `stamp(unit, table)` is a number. While it stays the same, the rows of the table are what they were, but for
what the engine has written itself, which memory holds: so an instance that agreed with its row under this stamp agrees
with it still. `last_stamp(alias, table)` gives the number of the last time without asking the database; rows that are
read after it are at least as new.

What changes the number: a commit by another connection, of this process or of any other (SQLite counts these:
`PRAGMA data_version`); a statement on this connection that is not the engine's own and writes to the table, or cannot
be told not to. A plain INSERT changes no row that there was.

Failure modes: there is no such count on other backends, nor can the effects of triggers be told; `stamp` is None there,
and nobody may rely on memory.
"""

from __future__ import annotations

import re
from itertools import count
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from perdure.transactions.unit_of_work import UnitOfWork, commit_listeners, rollback_listeners

__all__ = ["last_stamp", "note_statement", "stamp"]

_TARGET = re.compile(r'(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?\s', re.ASCII)
_HELD = "_perdure_told"  # of a Django connection


class _Told(NamedTuple):
    """What a connection has said when it was asked last."""

    driver: Any
    version: int
    everywhere: int
    trusted: bool  # no trigger may write behind the statements that are seen


class _Outside:
    """What is known of one database.

    Attributes:
        everywhere, tables: the number of the last write that could be to any table, or was to this one.
        open: the units of work with such writes that are not committed yet.
    """

    __slots__ = ("everywhere", "open", "tables")

    def __init__(self) -> None:
        self.everywhere = 1
        self.open: set[UnitOfWork] = set()
        self.tables: dict[str, int] = {}


_numbers = count(2)  # each is given once, so that no two threads can mean different writes by one
_known: dict[str, _Outside] = {}


def _outside(alias: str) -> _Outside:
    known = _known.get(alias)
    return _known.setdefault(alias, _Outside()) if known is None else known


def note_statement(unit: UnitOfWork, sql: str) -> None:
    """A statement that writes, not one of the engine's, has been run."""
    outside = _outside(unit.connection.alias)
    target = _TARGET.match(sql)
    if target is None or (target[1] == "INSERT INTO" and "ON CONFLICT" in sql):
        outside.everywhere = next(_numbers)
    elif target[1] == "INSERT INTO":
        return
    else:
        outside.tables[target[2]] = next(_numbers)
    if unit.in_transaction:
        outside.open.add(unit)


def _after_commit_or_rollback(unit: UnitOfWork) -> None:
    """Another thread may have read, after the statement, what was there before the commit."""
    outside = _known.get(unit.connection.alias)
    if outside is not None and unit in outside.open:
        outside.everywhere = next(_numbers)
        if not unit.in_transaction:
            outside.open.discard(unit)


commit_listeners.append(_after_commit_or_rollback)
rollback_listeners.append(_after_commit_or_rollback)


def last_stamp(alias: str, table: str) -> int:
    """The stamp as of the last time that the database was asked."""
    outside = _outside(alias)
    return max(outside.everywhere, outside.tables.get(table, 0))


def stamp(connection: BaseDatabaseWrapper, table: str) -> int | None:
    """The stamp as of now; None where there is none."""
    if connection.vendor != "sqlite" or connection.connection is None:
        return None
    driver: Any = connection.connection
    (version,) = driver.execute("PRAGMA data_version").fetchone()
    outside = _outside(connection.alias)
    known: _Told | None = connection.__dict__.get(_HELD)
    if known is None or known.driver is not driver or known.version != version:
        outside.everywhere = next(_numbers)
    elif known.everywhere == outside.everywhere:
        return last_stamp(connection.alias, table) if known.trusted else None
    (triggers,) = driver.execute("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger'").fetchone()
    connection.__dict__[_HELD] = _Told(driver, version, outside.everywhere, not triggers)
    return None if triggers else last_stamp(connection.alias, table)
