"""The sessions that are connected to this world, by id.

Contract: `SESSION_HANDLER` maps the id of every live session to the session. Whoever accepts connections adds and
removes them; objects and accounts keep ids and find the sessions here, so an id whose session has gone is simply not
found. Sessions are told apart by their id alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

__all__ = ["SESSION_HANDLER", "Session", "SessionRegistry", "as_sessions"]


class Session(Protocol):
    """What an entity needs of a session."""

    sessid: int

    def data_out(self, **kwargs: Any) -> None:
        """Send messages to the client: each keyword is the name of one."""


class SessionRegistry(dict[int, Any]):
    """Live sessions by id."""

    def add(self, session: Session) -> None:
        """Make `session` findable under its id."""
        self[session.sessid] = session

    def remove(self, session: Session) -> None:
        """Forget `session`; nothing happens if it is not known."""
        if self.get(session.sessid) is session:
            del self[session.sessid]

    def session_from_sessid(self, sessid: int) -> Any:
        """The session with this id, or None."""
        return self.get(sessid)

    def get_sessions(self, include_unloggedin: bool = False) -> list[Any]:
        """The live sessions; without `include_unloggedin` only those that are logged in."""
        return [session for session in self.values() if include_unloggedin or getattr(session, "logged_in", False)]

    def sessions_from_puppet(self, puppet: Any) -> list[Any]:
        """The sessions that control `puppet`."""
        return [session for session in self.values() if getattr(session, "puppet", None) is puppet]

    def sessions_from_account(self, account: Any) -> list[Any]:
        """The sessions that `account` is logged in on."""
        return [session for session in self.values() if getattr(session, "account", None) is account]


SESSION_HANDLER = SessionRegistry()


def as_sessions(value: Any) -> list[Any]:
    """One session, several, or their ids, as a list of live sessions."""
    items = value if isinstance(value, Iterable) and not hasattr(value, "data_out") else [value]
    found = [SESSION_HANDLER.get(item) if isinstance(item, int) else item for item in items]
    return [session for session in found if session is not None]
