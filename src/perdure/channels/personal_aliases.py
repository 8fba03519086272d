"""Names that a user gives to a channel for itself.

Contract: an alias is two nicks of the user, kept and removed together: one that turns `<alias> text` into the channel
command, and one, of category `channel`, by which the alias finds the channel. The name and the common aliases of a
channel need none of this: they are looked up.
"""

from __future__ import annotations

import re
from typing import Any

from perdure.errors import InvalidKey
from perdure.transactions import transaction

__all__ = ["PersonalAliases"]


class PersonalAliases:
    """Aliases of a user's own; part of `DefaultChannel`."""

    channel_msg_nick_pattern = r"{alias}\s+(?P<arg1>.+)"
    channel_msg_nick_replacement = "channel {channelname} = $1"

    def add_user_channel_alias(self: Any, user: Any, alias: str, **kwargs: Any) -> None:
        """Let `user` call this channel `alias`.

        Args:
            user: an account or object with nicks.
            alias: the name, of one or several words.
            **kwargs: passed on to the nicks.

        Raises `InvalidKey` for a blank alias.
        """
        alias = normal_alias(alias)
        with transaction(using=self._state.db):
            replacement = self.channel_msg_nick_replacement.replace("{channelname}", self.key.lower())
            user.nicks.add(self._pattern(alias), replacement, category="inputline", pattern_is_regex=True, **kwargs)
            user.nicks.add(alias, self.key.lower(), category="channel", pattern_is_regex=True, **kwargs)

    @classmethod
    def remove_user_channel_alias(cls, user: Any, alias: str, **kwargs: Any) -> None:
        """Take an alias away from `user`; one that is not there is no error."""
        alias = normal_alias(alias)
        with transaction(using=user._state.db):
            for key, category in ((cls._pattern(alias), "inputline"), (alias, "channel")):
                if user.nicks.has(key, category=category):
                    user.nicks.remove(key, category=category, **kwargs)

    def at_rename(self: Any, oldname: str, newname: str) -> None:
        """Have the log and the aliases of the subscribers follow the new name."""
        self._log_follows(oldname, newname)
        for user in self.subscriptions.all():
            for alias in self.user_channel_aliases(user, oldname):
                self.add_user_channel_alias(user, alias)

    def user_channel_aliases(self: Any, user: Any, name: str = "") -> list[str]:
        """The aliases that `user` has for this channel (under its name, or the one given)."""
        name = (name or self.key).lower()
        nicks = (
            user.nicks.get(category="channel", return_tuple=True, return_list=True) if hasattr(user, "nicks") else []
        )
        return [nick[2] for nick in nicks if nick is not None and nick[3] == name]

    def remove_user_channel_aliases(self: Any, user: Any) -> None:
        """Take all aliases for this channel away from `user`."""
        for alias in self.user_channel_aliases(user):
            self.remove_user_channel_alias(user, alias)

    @classmethod
    def _pattern(cls, alias: str) -> str:
        return cls.channel_msg_nick_pattern.replace("{alias}", re.escape(alias))


def normal_alias(alias: str) -> str:
    """The form in which an alias is kept. Raises `InvalidKey` if it is blank."""
    if not isinstance(alias, str) or not alias.strip():
        raise InvalidKey(f"an alias of a channel must be a text that is not blank, not {alias!r}")
    return " ".join(alias.split()).lower()
