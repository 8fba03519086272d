"""Who is on a channel: joining, leaving, muting, banning.

Contract: `connect` asks the locks and the hooks; a veto keeps things as they are. Somebody who is banned cannot join;
a ban does not throw out who is there. An object counts as subscriber, muted or banned also through its account.
"""

from __future__ import annotations

from typing import Any

from perdure.transactions import transaction
from perdure.typeclasses import veto

__all__ = ["Membership"]


class Membership:
    """The subscribers of a channel; part of `DefaultChannel`."""

    # --- joining and leaving

    def connect(self: Any, subscriber: Any, **kwargs: Any) -> bool:
        """Let an account or object listen; True if it does now, also if it did before.

        False for one that is banned, that lacks `listen`, or whom `pre_join_channel` refuses.
        """
        if self.has_direct_connection(subscriber):
            return True
        if self.is_banned(subscriber) or not self.access(subscriber, "listen"):
            return False
        with transaction(using=self._state.db):
            if not veto.ask(self.pre_join_channel, subscriber, **kwargs):
                return False
            self.subscriptions.add(subscriber)
            self.unmute(subscriber)
            self.post_join_channel(subscriber, **kwargs)
        return True

    def disconnect(self: Any, subscriber: Any, **kwargs: Any) -> bool:
        """Let a subscriber go; False if `pre_leave_channel` refuses, True also for one that did not subscribe."""
        with transaction(using=self._state.db):
            if not veto.ask(self.pre_leave_channel, subscriber, **kwargs):
                return False
            self.subscriptions.remove(subscriber)
            self.unmute(subscriber)
            self.post_leave_channel(subscriber, **kwargs)
        return True

    def has_connection(self: Any, subscriber: Any) -> bool:
        """Whether it subscribes, itself or through its account."""
        account = getattr(subscriber, "account", None)
        return self.has_direct_connection(subscriber) or (account is not None and self.subscriptions.has(account))

    def has_direct_connection(self: Any, subscriber: Any) -> bool:
        """Whether it subscribes itself."""
        return bool(self.subscriptions.has(subscriber))

    def pre_join_channel(self, joiner: Any, **kwargs: Any) -> bool:
        """Called before somebody joins; False refuses."""
        return True

    def post_join_channel(self, joiner: Any, **kwargs: Any) -> None:
        """Called after somebody joined. Names and aliases of a channel need no setting up: they are looked up."""

    def pre_leave_channel(self, leaver: Any, **kwargs: Any) -> bool:
        """Called before somebody leaves; False refuses."""
        return True

    def post_leave_channel(self: Any, leaver: Any, **kwargs: Any) -> None:
        """Called after somebody left: removes the aliases of its own."""
        self.remove_user_channel_aliases(leaver)

    # --- mute and ban

    @property
    def mutelist(self: Any) -> list[Any]:
        """Who hears nothing at the moment."""
        return list(self._listed("mute_list"))

    @property
    def banlist(self: Any) -> list[Any]:
        """Who cannot join."""
        return list(self._listed("ban_list"))

    def mute(self: Any, subscriber: Any, **kwargs: Any) -> bool:
        """Let it hear nothing for now; True if that is a change."""
        return bool(self._enlist("mute_list", subscriber))

    def unmute(self: Any, subscriber: Any, **kwargs: Any) -> bool:
        """Let it hear again; True if that is a change."""
        return bool(self._strike("mute_list", subscriber))

    def is_banned(self: Any, entity: Any) -> bool:
        """Whether it cannot join, itself or through its account."""
        return bool(self._is_listed("ban_list", entity))

    def ban(self: Any, target: Any, **kwargs: Any) -> bool:
        """Keep it from joining; True if that is a change. Who is on the channel stays."""
        return bool(self._enlist("ban_list", target))

    def unban(self: Any, target: Any, **kwargs: Any) -> bool:
        """Let it join again; True if that is a change."""
        return bool(self._strike("ban_list", target))

    # --- the two lists

    def _listed(self: Any, name: str) -> list[Any]:
        """The living members of a list attribute."""
        return [entity for entity in self.attributes.get(name) or () if entity is not None]

    def _is_listed(self: Any, name: str, entity: Any) -> bool:
        listed = self._listed(name)
        account = getattr(entity, "account", None)
        return entity in listed or (account is not None and account in listed)

    def _enlist(self: Any, name: str, entity: Any) -> bool:
        listed = self._listed(name)
        if entity in listed:
            return False
        self.attributes.add(name, [*listed, entity])
        return True

    def _strike(self: Any, name: str, entity: Any) -> bool:
        listed = self._listed(name)
        if entity not in listed:
            return False
        self.attributes.add(name, [other for other in listed if other != entity])
        return True

    # --- listing

    @property
    def wholist(self: Any) -> str:
        """Names of the subscribers, those online in bold, those muted marked."""
        muted = self.mutelist
        names = []
        for entity in self.subscriptions.all():
            name = f"|w{entity.key}|n" if entity.is_connected else str(entity.key)
            names.append(f"{name} (muting)" if entity in muted else name)
        return ", ".join(names) if names else "<None>"
