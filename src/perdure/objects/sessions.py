"""`obj.sessions`: the sessions that control an object.

Contract: the ids are kept in the object's `db_sessid`, so that they outlive a restart of the world; only those known to
`SESSION_HANDLER` count. An object takes 16 sessions in the modes where they share a puppet (1 and 3), else one.
"""

from __future__ import annotations

from typing import Any

from perdure.conf import conf
from perdure.errors import InvalidArgument
from perdure.sessions import SESSION_HANDLER
from perdure.typeclasses.handlers import OwnerRef

__all__ = ["ObjectSessionHandler"]

SHARED_CAPACITY = 16
SHARING_MODES = (1, 3)


class ObjectSessionHandler:
    """The sessions of one object.

    Args:
        owner: the object.
    """

    __slots__ = ("__weakref__", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)

    def _ids(self) -> list[int]:
        """The stored ids that belong to live sessions."""
        stored = self._owner().db_sessid
        if not stored:
            return []
        found = [int(part) for part in stored.split(",") if part.strip().isdecimal()]
        return [sessid for sessid in found if sessid in SESSION_HANDLER]

    def get(self, sessid: int | None = None) -> list[Any]:
        """The sessions, or in a list the one with this id, if it is one of them."""
        ids = self._ids()
        return [SESSION_HANDLER[known] for known in ids if sessid is None or known == sessid]

    def all(self) -> list[Any]:
        """The sessions."""
        return self.get()

    def count(self) -> int:
        """How many there are."""
        return len(self._ids())

    def add(self, session: Any) -> None:
        """Add a session (or its id). One that is there already, or is too many, changes nothing.

        Raises `InvalidArgument` for a session that is not connected.
        """
        sessid = _id_of(session)
        if sessid not in SESSION_HANDLER:
            raise InvalidArgument(f"session {sessid} is not connected; add it to SESSION_HANDLER first")
        ids = self._ids()
        capacity = SHARED_CAPACITY if conf.MULTISESSION_MODE in SHARING_MODES else 1
        if sessid in ids or len(ids) >= capacity:
            return
        self._store([*ids, sessid])

    def remove(self, session: Any) -> None:
        """Remove a session (or its id)."""
        sessid = _id_of(session)
        self._store([known for known in self._ids() if known != sessid])

    def clear(self) -> None:
        """Remove all sessions."""
        self._store([])

    def _store(self, ids: list[int]) -> None:
        owner = self._owner()
        text = ",".join(str(sessid) for sessid in ids) or None
        if text != owner.db_sessid:
            owner.sessid = text

    def __bool__(self) -> bool:
        return bool(self._ids())

    def __repr__(self) -> str:
        return f"<sessions {self._ids()}>"


def _id_of(session: Any) -> int:
    sessid = session if isinstance(session, int) else getattr(session, "sessid", None)
    if not isinstance(sessid, int) or isinstance(sessid, bool):
        raise InvalidArgument(f"{session!r} is not a session or the id of one")
    return sessid
