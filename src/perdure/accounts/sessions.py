"""`account.sessions`: the sessions that an account is logged in on.

Contract: asked of the registry of live sessions each time; nothing is kept here.
"""

from __future__ import annotations

from typing import Any

from perdure.sessions import SESSION_HANDLER
from perdure.typeclasses.handlers import OwnerRef

__all__ = ["AccountSessionHandler"]


class AccountSessionHandler:
    """The sessions of one account."""

    __slots__ = ("__weakref__", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)

    def get(self, sessid: int | None = None) -> list[Any]:
        """The sessions; with an id, that one in a list, if it is one of them."""
        sessions = SESSION_HANDLER.sessions_from_account(self._owner())
        return sessions if sessid is None else [session for session in sessions if session.sessid == sessid]

    def all(self) -> list[Any]:
        """The sessions."""
        return self.get()

    def count(self) -> int:
        """How many there are."""
        return len(self.get())

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter(self.get())
