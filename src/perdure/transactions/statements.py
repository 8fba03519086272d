"""Sends the engine's own writing statements by the shortest way that keeps everybody informed.

Contract: `send` and `send_many` run one statement of the engine's own and give the number of rows that it wrote.
Nothing that is gathered is sent before it: the engine knows what its statement touches. Whoever watches the connection
(an execute wrapper, the query log of `DEBUG` or of tests) sees the statement as any other.

On SQLite, where nobody watches, the statement goes straight to the driver. (Django's cursors cost 15 us for each
statement, as much as the statement and its commit.) Errors are Django's in any case.

This file and `connection` are the only ones that know Django's connection objects from inside;
`tests/transactions/test_statements.py` fails when a Django version changes what is relied on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from perdure.transactions.unit_of_work import UnitOfWork

__all__ = ["Statement", "fetch", "send", "send_many"]

_MARK = re.compile(r"(?<!%)%s")


class Statement:
    """The text of a statement, in Django's parameter style and in that of SQLite's driver.

    Args:
        text: with `%s` for each parameter, and `%%` for a percent sign.
        changes_rows: whether it does; one that only marks a place in a transaction does not.
    """

    __slots__ = ("changes_rows", "native", "text")

    def __init__(self, text: str, changes_rows: bool = True) -> None:
        self.text = text
        self.changes_rows = changes_rows
        self.native = _MARK.sub("?", text).replace("%%", "%")


def _driver(connection: BaseDatabaseWrapper) -> Any:
    """The driver's connection, where nobody but the unit of work would see a statement; None otherwise."""
    if (
        len(connection.execute_wrappers) == 1
        and connection.vendor == "sqlite"
        and not connection.force_debug_cursor
        and not connection.needs_rollback
        and not settings.DEBUG
    ):
        return connection.connection
    return None


def send(unit: UnitOfWork, statement: Statement, parameters: Sequence[Any]) -> int:
    """Run a statement; the number of rows it wrote (-1 if the driver does not count)."""
    return _run(unit, statement, parameters, "execute")


def send_many(unit: UnitOfWork, statement: Statement, rows: Sequence[Sequence[Any]]) -> int:
    """Run a statement once for each of `rows`; the number of rows it wrote in all (-1 if the driver does not count)."""
    if len(rows) == 1:
        return _run(unit, statement, rows[0], "execute")
    return _run(unit, statement, rows, "executemany")


def fetch(unit: UnitOfWork, statement: Statement, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement; the rows that it gives."""
    connection: Any = unit.connection
    driver = _driver(connection)
    if driver is None:
        with unit.engine_statements(), connection.cursor() as cursor:
            cursor.execute(statement.text, parameters)
            return list(cursor.fetchall())
    unit.statements += 1
    if statement.changes_rows:
        unit.will_write()
    try:
        found: list[tuple[Any, ...]] = driver.execute(statement.native, parameters).fetchall()
    except connection.Database.Error:
        with connection.wrap_database_errors:
            raise
    return found


def _run(unit: UnitOfWork, statement: Statement, parameters: Sequence[Any], method: str) -> int:
    connection: Any = unit.connection
    driver = _driver(connection)
    if driver is None:
        with unit.engine_statements(), connection.cursor() as cursor:
            getattr(cursor, method)(statement.text, parameters)
            return int(cursor.rowcount)
    if statement.changes_rows:
        unit.statements += 1
        unit.will_write()
    try:
        return int(getattr(driver, method)(statement.native, parameters).rowcount)
    except connection.Database.Error:
        with connection.wrap_database_errors:
            raise
