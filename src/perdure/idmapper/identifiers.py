"""Ids are never reused, also after a rollback.

SQLite rolls its id counter back with the transaction, so the id of an undone row would be given to the next
one. After each rollback that undid creations the counter is moved past the ids that were lost. Other
backends keep counters outside of transactions and need nothing.

Failure modes: where another process holds the write lock too long, the counters stay pending and are
moved at the next rollback or creation; `bump` raises what the database raises only when called directly.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError, connections
from django.db.models import AutoField

from perdure.transactions.unit_of_work import UnitOfWork, rollback_listeners

__all__ = ["bump", "lost", "pending", "settle"]

logger = logging.getLogger("perdure.idmapper")

_lost: dict[tuple[str, str], int] = {}  # (alias, table) -> highest id lost in a rollback


def lost(alias: str, model: Any, pk: Any) -> None:
    """Remember that the row `pk` of `model` has been undone."""
    if connections[alias].vendor != "sqlite":
        return
    for table_model in (model, *model._meta.all_parents):
        if isinstance(table_model._meta.pk, AutoField):
            key = (alias, table_model._meta.db_table)
            _lost[key] = max(_lost.get(key, 0), pk)


def bump(alias: str, table: str, value: int) -> None:
    """Move the id counter of `table` to at least `value`."""
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT %s, 0 "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = %s)",
            [table, table],
        )
        cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s AND seq < %s", [value, table, value])


def settle(alias: str) -> None:
    """Move the counters that are still pending for `alias`."""
    for key in [key for key in _lost if key[0] == alias]:
        value = _lost[key]
        bump(alias, key[1], value)
        # Inside a transaction the moved counter can itself be undone: then it is moved again.
        if connections[alias].get_autocommit() and _lost.get(key) == value:
            del _lost[key]


def _after_rollback(unit: UnitOfWork) -> None:
    alias = unit.connection.alias
    if not any(key[0] == alias for key in _lost) or unit.connection.connection is None:
        return
    try:
        with unit.engine_statements():
            settle(alias)
    except DatabaseError:
        logger.exception(
            "ids lost in a rollback of %r could not be set aside yet; trying again at the next write", alias
        )


def pending(alias: str) -> bool:
    """Whether counters of `alias` still have to be moved before an id is given out."""
    return bool(_lost) and any(key[0] == alias for key in _lost)


rollback_listeners.append(_after_rollback)
