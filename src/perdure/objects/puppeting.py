"""Objects as puppets of accounts: who controls them, and the hooks around taking and leaving control.

Contract: the account does the linking; what an object knows of it is here, computed from the rows and
the live sessions.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from perdure.locks.permissions import is_quelled

__all__ = ["CharacterPuppeting", "Puppeting"]


class Puppeting:
    """What an object knows of those who control it; part of `DefaultObject`."""

    @property
    def has_account(self: Any) -> int:
        """How many sessions control this object; 0 if nobody does."""
        return self.sessions.count() if self.db_sessid else 0

    @property
    def is_connected(self: Any) -> bool:
        """Whether the account that controls this object is connected."""
        account = self.account
        return bool(account is not None and account.is_connected)

    @property
    def is_superuser(self: Any) -> bool:
        """Whether a superuser that has not quelled controls this object."""
        account = self.account
        return bool(account is not None and account.is_superuser and not is_quelled(account))

    # --- hooks

    def at_pre_puppet(self, account: Any, session: Any = None, **kwargs: Any) -> None:
        """Called before `account` takes control of this object."""

    def at_post_puppet(self: Any, **kwargs: Any) -> None:
        """Called when an account has taken control: confirms it, and remembers this as the account's last puppet."""
        self.msg(f"You become |w{self.key}|n.")
        if self.account is not None:
            self.account.db._last_puppet = self

    def at_pre_unpuppet(self, **kwargs: Any) -> None:
        """Called before an account leaves control of this object."""

    def at_post_unpuppet(self, account: Any = None, session: Any = None, **kwargs: Any) -> None:
        """Called when an account has left control of this object.

        Args:
            account: the account; None when a crash is cleaned up (then `reason` says so).
            session: its session.
            kwargs: may hold `reason`.
        """

    def at_server_reload(self) -> None:
        """Called on objects in memory before the world is restarted with everybody staying connected."""

    def at_server_shutdown(self) -> None:
        """Called on objects in memory before the world is shut down."""


# To a type checker the whole is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    from perdure.objects.models import ObjectDB

    Whole = ObjectDB
else:
    Whole = object


class CharacterPuppeting(Whole):
    """Characters leave the world while nobody plays them; part of `DefaultCharacter`."""

    def at_pre_puppet(self: Any, account: Any, session: Any = None, **kwargs: Any) -> None:
        """Bring the character back to where it was, or home."""
        if self.location is None:
            place = self.db.prelogout_location or self.home
            if place is not None and not place._is_deleted:
                self.location = place
                place.at_object_receive(self, None)
        if self.location is not None:
            self.db.prelogout_location = self.location
        else:
            account.msg(f"|r{self.key} has no location and no home to go to.|n", session=session)

    def at_post_puppet(self: Any, **kwargs: Any) -> None:
        """Confirm it, show the place, and tell those who are there."""
        self.msg(f"\nYou become |c{self.key}|n.\n")
        place = self.location
        if place is None:
            return
        self.msg((self.at_look(place), {"type": "look"}))
        place.msg_contents(
            "{character} has entered the game.", exclude=[self], from_obj=self, mapping={"character": self}
        )

    def at_post_unpuppet(self: Any, account: Any = None, session: Any = None, **kwargs: Any) -> None:
        """When nobody plays it any more: tell those who are there, and take it out of the world."""
        place = self.location
        if self.sessions.count() or place is None:
            return
        reason = kwargs.get("reason")
        text = "{character} has left the game{reason}."
        mapping = {"character": self, "reason": f" ({reason})" if reason else ""}
        place.msg_contents(text, exclude=[self], from_obj=self, mapping=mapping)
        self.db.prelogout_location = place
        self.location = None

    @property
    def idle_time(self: Any) -> float | None:
        """Seconds since somebody last typed something as this character; None if nobody plays it."""
        times = [session.cmd_last_visible for session in self.sessions.all()]
        return time.time() - max(times) if times else None

    @property
    def connection_time(self: Any) -> float | None:
        """Seconds since the first of those who play this character connected; None if nobody does."""
        times = [session.conn_time for session in self.sessions.all()]
        return time.time() - min(times) if times else None
