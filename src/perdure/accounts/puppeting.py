"""How an account takes control of an object through a session, and lets go of it.

Contract
    `puppet_object` checks everything first: lock, other accounts, how many puppets there may be, room for one more
    session. Only then does it let go of the session's present puppet and take the new one, in one transaction: if a
    hook raises, the session has the puppet it had. It gives back a `PuppetOutcome`, true when the session now controls
    the object, else with the reason and a sentence for whoever asked.

Invariants
    A session has at most one puppet. An object with a session has the account of that session, and carries the tag
    `puppeted` (category `account`) until its last session has gone. What is undone is undone for the session too.

Failure modes: `PuppetingError` without an object or a session.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from perdure import signals
from perdure.accounts.session_links import hold
from perdure.conf import conf
from perdure.errors import PuppetingError, Veto
from perdure.locks.permissions import is_effective_superuser
from perdure.transactions import transaction
from perdure.typeclasses import veto

__all__ = ["PUPPETED", "PUPPETED_CATEGORY", "PuppetOutcome", "Puppeting", "Refusal"]

PUPPETED, PUPPETED_CATEGORY = "puppeted", "account"
SHARING_MODES = (1, 3)
MAX_SHARING_SESSIONS = 16


class Refusal(enum.Enum):
    """Why an account may not puppet an object."""

    ALREADY = "already puppeted by this session"
    NO_ACCESS = "the puppet lock refuses"
    TAKEN = "another account puppets it"
    TOO_MANY = "too many puppets at once"
    FULL = "too many sessions on this puppet"
    VETO = "a hook refused"


@dataclass(frozen=True, slots=True)
class PuppetOutcome:
    """What came of it; true if the session controls the object now.

    Args:
        refusal: why not, or None.
        message: a sentence for whoever asked; empty on success.
    """

    refusal: Refusal | None = None
    message: str = ""

    def __bool__(self) -> bool:
        return self.refusal is None


class _HookRefused(Veto):
    """Undoes a switch that a hook refused."""


class Puppeting:
    """The puppets of an account; part of `DefaultAccount`."""

    # --- taking

    def puppet_object(self: Any, session: Any, obj: Any) -> PuppetOutcome:
        """Let `session` control `obj`.

        Raises `PuppetingError` if either is missing.
        """
        if obj is None or session is None:
            missing = "object" if obj is None else "session"
            raise PuppetingError(f"{self!r} was told to puppet without {missing}; give both session and object")
        outcome: PuppetOutcome = self._may_puppet(session, obj)
        if not outcome:
            return outcome
        others = [other for other in obj.sessions.all() if other is not session]
        try:
            with transaction(using=self._state.db):
                self._switch(session, obj, others)
        except _HookRefused as error:
            return PuppetOutcome(Refusal.VETO, error.reason or f"You cannot become {obj.key} now.")
        return outcome

    def _may_puppet(self: Any, session: Any, obj: Any) -> PuppetOutcome:
        """Whether everything allows it; nothing is changed."""
        if self.get_puppet(session) is obj:
            return PuppetOutcome(Refusal.ALREADY, f"You are already {obj.key}.")
        if not obj.access(self, "puppet"):
            return PuppetOutcome(Refusal.NO_ACCESS, f"You may not become {obj.key}.")
        holder = obj.account
        sharing = conf.MULTISESSION_MODE in SHARING_MODES
        if holder is not None and holder is not self and holder.is_connected and obj.sessions.count():
            return PuppetOutcome(Refusal.TAKEN, f"{obj.key} is played by somebody else now.")
        if holder is self and sharing and obj.sessions.count() >= MAX_SHARING_SESSIONS:
            return PuppetOutcome(
                Refusal.FULL, f"{obj.key} is played from {obj.sessions.count()} sessions; end one first."
            )
        limit = conf.MAX_NR_SIMULTANEOUS_PUPPETS
        if limit is not None and not self._may_have_many() and len(self._puppets_after(session, obj)) > limit:
            return PuppetOutcome(Refusal.TOO_MANY, f"You can play at most {limit} at once; leave another first.")
        return PuppetOutcome()

    def _may_have_many(self: Any) -> bool:
        permission = conf.PERMISSION_MULTIPLE_PUPPETS
        return bool(self.check_permstring(permission)) if permission else is_effective_superuser(self)

    def _puppets_after(self: Any, session: Any, obj: Any) -> set[int]:
        """Ids of what the account would play once the session has switched."""
        others = [other for other in self.sessions.all() if other is not session]
        puppets = {puppet.pk for other in others if (puppet := getattr(other, "puppet", None)) is not None}
        return puppets | {obj.pk}

    def _switch(self: Any, session: Any, obj: Any, others: list[Any]) -> None:
        """Let go and take hold; raising undoes all of it."""
        if getattr(session, "puppet", None) is not None:
            self.unpuppet_object(session)
        self._settle_others(session, obj, others)
        # After the others have let go: what they leave behind is what the hook has to work with.
        decision = veto.ask(obj.at_pre_puppet, self, session=session)
        if not decision:
            raise _HookRefused(decision.reason)
        obj.tags.add(PUPPETED, category=PUPPETED_CATEGORY)
        if obj.account is not self:
            obj.account = self
        obj.sessions.add(session)
        hold(session, self._state.db)
        session.puppet, session.puid = obj, obj.pk
        obj.at_post_puppet()
        signals.SIGNAL_OBJECT_POST_PUPPET.send(sender=obj, account=self, session=session)

    def _settle_others(self: Any, session: Any, obj: Any, others: list[Any]) -> None:
        """Share the object with the sessions that have it, or take it from them."""
        if conf.MULTISESSION_MODE in SHARING_MODES and obj.account is self:
            for other in others:
                self.msg(f"{obj.key} is now also played from another of your sessions.", session=other)
            if others:
                self.msg(f"You share {obj.key} with another of your sessions.", session=session)
            return
        for other in others:
            holder = getattr(other, "account", None)
            (holder or self).msg(f"{obj.key} is taken over by another session.", session=other)
            (holder or self).unpuppet_object(other)

    # --- letting go

    def unpuppet_object(self: Any, session: Any) -> None:
        """Let a session (or several) go of its puppet, with all hooks; one without a puppet is passed over."""
        sessions = list(session) if isinstance(session, Iterable) and not hasattr(session, "sessid") else [session]
        for one in sessions:
            if one is not None:
                self._release(one)

    def _release(self: Any, session: Any) -> None:
        obj = getattr(session, "puppet", None)
        if obj is None or obj._is_deleted:
            hold(session, self._state.db)
            session.puppet = session.puid = None
            return
        with transaction(using=self._state.db):
            obj.at_pre_unpuppet()
            obj.sessions.remove(session)
            hold(session, self._state.db)
            session.puppet = session.puid = None
            if not obj.sessions.count():
                obj.account = None
            obj.at_post_unpuppet(self, session=session)
            if not obj.sessions.count():
                obj.tags.remove(PUPPETED, category=PUPPETED_CATEGORY)
            signals.SIGNAL_OBJECT_POST_UNPUPPET.send(sender=obj, account=self, session=session)

    def unlink_puppet(self: Any, session: Any) -> None:
        """Take the link between a session and its puppet away, without hooks; for a session that is gone anyway."""
        obj = self.get_puppet(session)
        hold(session, self._state.db)
        session.puppet = session.puid = None
        if obj is None or obj._is_deleted:
            return
        with transaction(using=self._state.db):
            obj.sessions.remove(session)
            if not obj.sessions.count():
                obj.account = None
                obj.tags.remove(PUPPETED, category=PUPPETED_CATEGORY)

    def unpuppet_all(self: Any) -> None:
        """Let all sessions go of their puppets."""
        self.unpuppet_object(self.sessions.all())

    # --- asking

    def get_puppet(self, session: Any) -> Any:
        """What `session` controls, or None."""
        return getattr(session, "puppet", None)

    def get_all_puppets(self: Any) -> list[Any]:
        """What the account controls, each once."""
        puppets = {
            id(puppet): puppet for one in self.sessions.all() if (puppet := getattr(one, "puppet", None)) is not None
        }
        return list(puppets.values())

    @property
    def puppet(self: Any) -> Any:
        """What the account controls: the first or None where one puppet is the rule (modes 0 and 1), else a list."""
        puppets = self.get_all_puppets()
        if conf.MULTISESSION_MODE in (0, 1):
            return puppets[0] if puppets else None
        return puppets

    @property
    def character(self: Any) -> Any:
        """The same as `puppet`."""
        return self.puppet
