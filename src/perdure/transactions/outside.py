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
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["last_stamp", "note_statement", "stamp"]

_TARGET = re.compile(r'(INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?\s', re.ASCII)
_HELD = "_perdure_data_version"  # of a Django connection: the driver's connection, what it said, whether to trust it


class _Outside:
    """What is known of one database."""

    __slots__ = ("everywhere", "tables")

    def __init__(self) -> None:
        self.everywhere = 1
        self.tables: dict[str, int] = {}


_known: dict[str, _Outside] = {}


def _outside(alias: str) -> _Outside:
    known = _known.get(alias)
    return _known.setdefault(alias, _Outside()) if known is None else known


def note_statement(alias: str, sql: str) -> None:
    """A statement that writes, not one of the engine's, is about to be run."""
    outside = _outside(alias)
    target = _TARGET.match(sql)
    if target is None or (target[1] == "INSERT INTO" and "ON CONFLICT" in sql):
        outside.everywhere += 1
    elif target[1] != "INSERT INTO":
        outside.tables[target[2]] = outside.tables.get(target[2], 0) + 1


def last_stamp(alias: str, table: str) -> int:
    """The stamp as of the last time that the database was asked."""
    outside = _outside(alias)
    return outside.everywhere + outside.tables.get(table, 0)


def stamp(connection: BaseDatabaseWrapper, table: str) -> int | None:
    """The stamp as of now; None where there is none."""
    if connection.vendor != "sqlite" or connection.connection is None:
        return None
    driver: Any = connection.connection
    (version,) = driver.execute("PRAGMA data_version").fetchone()
    known = connection.__dict__.get(_HELD)
    if known is None or known[0] is not driver or known[1] != version:
        _outside(connection.alias).everywhere += 1
        (triggers,) = driver.execute("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger'").fetchone()
        known = connection.__dict__[_HELD] = (driver, version, not triggers)
    return last_stamp(connection.alias, table) if known[2] else None
