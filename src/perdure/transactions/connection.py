"""Hears begin, savepoint, rollback and commit from Django's database connections.

Contract: every connection gets a `UnitOfWork` when it is opened, and that unit hears whatever happens to
the connection's transaction, so that plain `atomic()` blocks keep memory in step too.

Django has no signal for this, so the public methods of the connection object that its `atomic()` calls
(`commit`, `rollback`, `savepoint`, `savepoint_commit`, `savepoint_rollback`, `set_autocommit`, `close`) are
wrapped on each connection instance. This file is the only place that does so; `tests/transactions/test_connection.py`
fails when a Django version stops calling them.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from perdure.transactions.clock import write_clock
from perdure.transactions.deferred import set_savepoints
from perdure.transactions.outside import note_statement
from perdure.transactions.unit_of_work import UnitOfWork

__all__ = ["attach", "keep_commit_hooks_apart", "unit_of_work"]

_local = threading.local()

# Statements that change nothing that could be undone.
_CONTROL = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "SET ")


def unit_of_work(alias: str = DEFAULT_DB_ALIAS) -> UnitOfWork:
    """The unit of work of this thread's connection for `alias`."""
    # Looking the connection up in Django's handler costs about a microsecond; a thread-local dict a tenth of it.
    units: dict[str, UnitOfWork] | None = getattr(_local, "units", None)
    if units is None:
        units = _local.units = {}
    unit = units.get(alias)
    if unit is None or unit.connection.connection is None:
        unit = units[alias] = attach(connections[alias])
    return unit


def attach(connection: BaseDatabaseWrapper) -> UnitOfWork:
    """Give `connection` a unit of work that hears its transactions; idempotent."""
    existing = connection.__dict__.get("_unit_of_work")
    if existing is not None:
        return existing  # type: ignore[no-any-return]
    unit = UnitOfWork(connection)
    connection.__dict__["_unit_of_work"] = unit
    for sid in connection.savepoint_ids:
        if sid is not None:
            unit.savepoint_set(sid)
    connection.execute_wrappers.append(functools.partial(_flush_before, unit))
    for name, hearing in _HEARD.items():
        original = getattr(connection, name)
        setattr(connection, name, functools.wraps(original)(functools.partial(hearing, unit, original)))
    return unit


def keep_commit_hooks_apart(connection: BaseDatabaseWrapper) -> None:
    """Have what is called on commit log its errors, so that one cannot keep the others from being called."""
    hooks: Any = connection.run_on_commit  # (savepoints, function, whether its errors are logged)
    connection.run_on_commit = [(sids, function, True) for sids, function, _ in hooks]  # type: ignore[misc]


def _flush_before(
    unit: UnitOfWork, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if unit.pending or unit.deferred:
        unit.before_statement()
    if sql.startswith("SELECT"):
        unit.statements += 1
        return execute(sql, params, many, context)
    write_clock.now += 1
    if sql.startswith(_CONTROL):
        return execute(sql, params, many, context)
    unit.statements += 1
    unit.has_written = True
    try:
        return execute(sql, params, many, context)
    finally:
        if not unit.in_engine:
            note_statement(unit, sql)


def _commit(unit: UnitOfWork, original: Callable[[], None]) -> None:
    try:
        unit.flush()
        _send_commit(unit, original)
    except BaseException:
        unit.connection.rollback()  # Django does so for errors of the database only
        raise
    unit.committed()


def _send_commit(unit: UnitOfWork, original: Callable[[], None]) -> None:
    try:
        original()
    except Error:
        if unit.has_written and not unit.connection.is_usable():
            unit.in_doubt = True
        raise


def _rollback(unit: UnitOfWork, original: Callable[[], None]) -> None:
    unit.pending = {}
    called = any(frame.callbacks for frame in unit.frames)
    try:
        original()
    finally:
        forget_reason(unit.connection)
        try:
            unit.undone()
        finally:
            if called and not unit.connection.in_atomic_block:
                # Where the driver begins a transaction by itself, the callbacks' statements have begun one.
                unit.connection.commit()


def forget_reason(connection: BaseDatabaseWrapper) -> None:
    """Let go of the error for which a block was undone: Django keeps it, and with it all that its frames refer to."""
    if getattr(connection, "rollback_exc", None) is not None:
        connection.rollback_exc = None  # type: ignore[attr-defined]


def _savepoint(unit: UnitOfWork, original: Callable[[], str | None]) -> str | None:
    if unit.deferred:
        set_savepoints(unit)
    unit.flush()
    sid = original()
    if sid is not None:
        unit.savepoint_set(sid)
    return sid


def _savepoint_commit(unit: UnitOfWork, original: Callable[[str], None], sid: str) -> None:
    try:
        unit.flush()
    except BaseException as error:
        # The block that encloses goes on: back to the savepoint, which a broken transaction would refuse.
        unit.connection.needs_rollback = False
        if not isinstance(error, DatabaseError):  # for those, Django goes back by itself
            unit.connection.savepoint_rollback(sid)
        raise
    original(sid)
    unit.savepoint_released(sid)


def _savepoint_rollback(unit: UnitOfWork, original: Callable[[str], None], sid: str) -> None:
    unit.pending = {}
    original(sid)
    forget_reason(unit.connection)
    unit.savepoint_undone(sid)


def _set_autocommit(unit: UnitOfWork, original: Callable[..., None], autocommit: bool, **options: Any) -> None:
    if autocommit and unit.pending:
        unit.flush()
    original(autocommit, **options)
    if autocommit:
        unit.committed()
    else:
        unit.has_written = unit.in_doubt = False


def _close(unit: UnitOfWork, original: Callable[[], None]) -> None:
    was_open = unit.in_transaction
    original()
    if was_open:
        unit.undone()


_HEARD: dict[str, Callable[..., Any]] = {
    "commit": _commit,
    "rollback": _rollback,
    "savepoint": _savepoint,
    "savepoint_commit": _savepoint_commit,
    "savepoint_rollback": _savepoint_rollback,
    "set_autocommit": _set_autocommit,
    "close": _close,
}


def _attach_when_opened(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    unit = attach(connection)
    if unit.pending or any(frame.touched or frame.callbacks for frame in unit.frames):
        unit.undone()  # the connection was lost or closed in a transaction, which the database has undone


connection_created.connect(_attach_when_opened, dispatch_uid="perdure.transactions.attach")
