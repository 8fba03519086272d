"""The one door to a transaction: `transaction()`, `on_commit`, `on_rollback`; and the engine's own blocks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from types import TracebackType
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db import transaction as django_transaction

from perdure.transactions import deferred
from perdure.transactions.connection import unit_of_work
from perdure.transactions.frames import Frame

__all__ = ["all_or_nothing", "on_commit", "on_rollback", "transaction"]


class Transaction(ContextDecorator):
    """A database transaction with memory in step; see `transaction`."""

    def __init__(self, using: str | None, savepoint: bool) -> None:
        self.using = using
        self.savepoint = savepoint
        self._blocks: list[Any] = []

    def __enter__(self) -> None:
        unit_of_work(self.using or DEFAULT_DB_ALIAS)
        block = django_transaction.atomic(using=self.using, savepoint=self.savepoint)
        block.__enter__()
        self._blocks.append(block)

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._blocks.pop().__exit__(exc_type, exc, traceback)


def transaction(savepoint: bool | Callable[..., Any] = True, *, using: str | None = None) -> Any:
    """One commit for everything inside; an exception undoes the database and the objects in memory.

    Use it as `with transaction():` or as a decorator, with or without parentheses. Writes inside are
    gathered and leave as a few statements per table. It nests: an inner block is a savepoint, and its exception
    undoes the inner block alone.

    Args:
        savepoint: whether a nested block sets a savepoint; without one, its exception undoes the outer block.
        using: the database alias.
    """
    if callable(savepoint):
        return Transaction(using, True)(savepoint)
    return Transaction(using, savepoint)


class all_or_nothing:
    """A block of the engine's own, around hooks: what is done inside is undone if one raises.

    Inside a transaction it costs no statement unless one is sent inside it, and what it has gathered stays gathered:
    what the database refuses of that raises where the enclosing block sends it. `transaction()` is for everybody else.
    """

    __slots__ = ("_alias", "_block", "_frame")

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._block: Any = None
        self._frame: Frame | None = None

    def __enter__(self) -> None:
        unit = unit_of_work(self._alias)
        connection = unit.connection
        if connection.in_atomic_block and not connection.needs_rollback:
            self._frame = deferred.begin(unit)
            return
        self._block = django_transaction.atomic(using=self._alias)
        self._block.__enter__()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._frame is not None:
            deferred.end(unit_of_work(self._alias), self._frame, undo=exc_type is not None)
        else:
            self._block.__exit__(exc_type, exc, traceback)


def on_commit(function: Callable[[], object], *, using: str | None = None) -> None:
    """Call `function` after the open transaction has committed; at once outside of one."""
    django_transaction.on_commit(function, using=using)


def on_rollback(function: Callable[[], object], *, using: str | None = None) -> None:
    """Call `function` if the work done so far in the open block is undone.

    Runs after the database and memory have gone back, the latest first. Never called outside of a transaction.
    """
    unit = unit_of_work(using or DEFAULT_DB_ALIAS)
    if unit.in_transaction:
        unit.frames[-1].callbacks.append(function)
