"""The sessions that are connected to this world, by id.

Contract: `SESSION_HANDLER` maps the id of every live session to the session. Whoever accepts connections adds and
removes them; objects and accounts keep ids and find the sessions here, so an id whose session has gone is simply not
found. Sessions are told apart by their id alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

    def account_count(self) -> int:
        """How many different accounts are logged in."""
        return len(self.all_connected_accounts())

    def all_connected_accounts(self) -> list[Any]:
        """The accounts that are logged in, each once."""
        accounts = (getattr(session, "account", None) for session in list(self.values()))
        return list({id(account): account for account in accounts if account is not None}.values())

    def data_out(self, session: Any, **kwargs: Any) -> None:
        """Send messages to the client of `session`."""
        session.data_out(**kwargs)

    #: What tells the gateway whom to turn away; whoever runs the world sets it.
    tell_bans: Callable[[], object] | None = None

    def bans_changed(self) -> None:
        """Let the gateway know that other addresses are banned now."""
        if self.tell_bans is not None:
            self.tell_bans()

    def announce_all(self, message: str) -> None:
        """Tell everybody who is connected, logged in or not."""
        for session in list(self.values()):
            session.data_out(text=message)

    def disconnect(self, session: Any, reason: str = "") -> None:
        """Log `session` out and end its connection."""
        session.disconnect(reason)

    def disconnect_all_sessions(self, reason: str = "") -> None:
        """End all connections."""
        for session in list(self.values()):
            session.disconnect(reason)

    def disconnect_duplicate_sessions(self, current: Any, reason: str = "") -> None:
        """End the other connections of the account that `current` is logged in as."""
        for session in self.sessions_from_account(current.account):
            if session is not current:
                session.disconnect(reason)

    def login(self, session: Any, account: Any) -> None:
        """Log `session` in as `account`, whose password has been checked."""
        session.login(account)


SESSION_HANDLER = SessionRegistry()


def as_sessions(value: Any) -> list[Any]:
    """One session, several, or their ids, as a list of live sessions."""
    items = value if isinstance(value, Iterable) and not hasattr(value, "data_out") else [value]
    found = [SESSION_HANDLER.get(item) if isinstance(item, int) else item for item in items]
    return [session for session in found if session is not None]
