"""Who a session is, kept in step with the database.

Contract: a session has its account and its puppet in memory, while the rows of both are stored. `hold` is called before
either is changed, inside the transaction that changes the rows: if that is undone, then or later with what encloses it,
the session is again who it was.
"""

from __future__ import annotations

from typing import Any

from perdure.transactions import on_rollback

__all__ = ["hold"]

_NAMES = ("account", "uid", "logged_in", "puppet", "puid")


def hold(session: Any, using: str | None) -> None:
    """Put `session` back to what it is now if the open block is undone."""
    before = {name: getattr(session, name) for name in _NAMES if hasattr(session, name)}

    def put_back() -> None:
        for name, value in before.items():
            setattr(session, name, value)

    on_rollback(put_back, using=using)
