"""Nicks in what a session types: those of the puppet and of the account, of the category `inputline`.

Contract: the nicks of the account win over those of the puppet. Whoever has no nicks costs two look-ups. The alias that
somebody gave to a channel is such a nick, and turns `pub hi` into the channel command. The names and common aliases of
channels are no nicks: a line that is no command is looked up among those that somebody listens to (`channel_line`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["channel_line", "has_nicks", "replaced"]

CATEGORIES = ("inputline",)


def replaced(line: str, puppet: Any, account: Any) -> str:
    """The line with the first nick replaced that fits all of it."""
    if puppet is not None:
        if has_nicks(puppet) or (account is not None and has_nicks(account)):
            return str(puppet.nicks.nickreplace(line, categories=CATEGORIES, include_account=True))
        return line
    if account is not None and has_nicks(account):
        return str(account.nicks.nickreplace(line, categories=CATEGORIES, include_account=False))
    return line


def has_nicks(entity: Any) -> bool:
    """Whether an object or account has any nick."""
    store = entity.nicks._store
    store.load()
    return any(slot[0] == "nick" for slot in store.raw) or any(slot[0] == "nick" for slot in store.rest)


def channel_line(line: str, *listeners: Any) -> str | None:
    """The channel command that a line means which begins with the name of a channel; None if it does not.

    Args:
        line: what was typed.
        listeners: an account, a puppet: the channels that any of them listens to count.
    """
    text = line.strip()
    lower = text.lower()
    best, chosen = "", None
    for channel in _channels_of(listeners):
        for name in (channel.key.lower(), *channel.aliases.all()):
            follows = lower[len(name) : len(name) + 1]
            if len(name) > len(best) and lower.startswith(name) and (not follows or follows.isspace()):
                best, chosen = name, channel
    if chosen is None:
        return None
    rest = text[len(best) :].strip()
    return f"channel {chosen.key} = {rest}" if rest else f"channel {chosen.key}"


def _channels_of(listeners: Iterable[Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for listener in listeners:
        if listener is None:
            continue
        for related in ("account_subscription_set", "object_subscription_set"):
            subscriptions = getattr(listener, related, None)
            if subscriptions is not None:
                found.update((channel.pk, channel) for channel in subscriptions.all())
    return list(found.values())
