"""Which thread may write to live objects.

Contract: the thread that set the world up owns all live objects; a write from another thread raises
`WrongThread`. With `PERDURE_THREADS = "shared"`, or where nobody claimed ownership (a plain Django site),
any thread may write, and an instance that is changed in one thread's open transaction makes the writes of
other threads wait until that transaction ends.

Failure modes: a wait of more than `WAIT_LIMIT` seconds raises `WrongThread` naming the instance (two
transactions that wait for each other end this way).
"""

from __future__ import annotations

import threading
import time
from typing import Any

from perdure.conf import conf
from perdure.errors import WrongThread
from perdure.idmapper.states import describe
from perdure.transactions.unit_of_work import UnitOfWork, commit_listeners, rollback_listeners

__all__ = ["WAIT_LIMIT", "check_owner", "claim", "may_refresh", "owner", "release"]

WAIT_LIMIT = 10.0

_owner: int | None = None


def claim() -> None:
    """Make the calling thread the owner of all live objects, unless threads are shared."""
    global _owner
    _owner = None if conf.PERDURE_THREADS == "shared" else threading.get_ident()


def release() -> None:
    """Nobody owns the live objects any more."""
    global _owner
    _owner = None


def owner() -> int | None:
    """Identifier of the owning thread, or None where threads are shared."""
    return _owner


class _Guard:
    """Which open transaction has changed an instance, where threads share them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._holders: dict[int, UnitOfWork] = {}

    def enter(self, instance: Any, unit: UnitOfWork) -> None:
        key = id(instance)
        holder = self._holders.get(key)
        if holder is None and (not unit.in_transaction or self._holders.setdefault(key, unit) is unit):
            return
        if holder is unit:
            return
        deadline = time.monotonic() + WAIT_LIMIT
        with self._changed:
            while (holder := self._holders.get(key)) is not None and holder is not unit and holder.is_touched(instance):
                if not self._changed.wait(min(0.05, max(0.0, deadline - time.monotonic()))) and (
                    time.monotonic() >= deadline
                ):
                    raise WrongThread(
                        f"{describe(instance)} is being changed in another thread's transaction, which did not end "
                        f"within {WAIT_LIMIT:g} s; end it, or write from one thread"
                    )
            if unit.in_transaction:
                self._holders[key] = unit
            else:
                self._holders.pop(key, None)

    def holder(self, instance: Any) -> UnitOfWork | None:
        """The unit whose open transaction has changed `instance`."""
        unit = self._holders.get(id(instance))
        return unit if unit is not None and unit.is_touched(instance) else None

    def forget(self, unit: UnitOfWork) -> None:
        """The unit's transaction has ended (or gone back to a savepoint): let the others go on."""
        if not self._holders:
            return
        with self._changed:
            for key in [key for key, holder in list(self._holders.items()) if holder is unit]:
                del self._holders[key]
            self._changed.notify_all()


_guard = _Guard()
rollback_listeners.append(_guard.forget)
commit_listeners.append(_guard.forget)


def check_owner(instance: Any, unit: UnitOfWork) -> None:
    """Raise `WrongThread`, or wait, unless this thread may write to `instance` now."""
    if _owner is None:
        _guard.enter(instance, unit)
        return
    if threading.get_ident() != _owner:
        raise WrongThread(
            f"{describe(instance)} may only be written by the thread that set up the world; hand the work to that "
            'thread, or set PERDURE_THREADS = "shared" where no world runs (a plain Django site)'
        )


def may_refresh(instance: Any) -> bool:
    """Whether a row read by this thread may update `instance`.

    Not while another thread may hold uncommitted changes of it: this thread cannot see those in the database.
    """
    if _owner is not None:
        return threading.get_ident() == _owner
    holder = _guard.holder(instance)
    return holder is None or holder.connection._thread_ident == threading.get_ident()  # type: ignore[attr-defined]
