"""What those who keep channels do: making, describing, locking and destroying them, booting and banning.

Contract: making, describing and destroying ask the command's lock `manage`, locks and the choice of a class its lock
`changelocks`, booting and banning its lock `admin`; each but making also asks `control` of the channel. Destroying and
booting ask first. Players may keep `MOST_CHANNELS`, with names that do not mislead.
"""

from __future__ import annotations

import logging
from typing import Any

from perdure.channels.models import ChannelDB
from perdure.commands.default.stock import plain_lines
from perdure.errors import PerdureError
from perdure.objects.makers import misleading
from perdure.typeclasses import registry

__all__ = ["KEEPING", "ChannelKeeping"]

security = logging.getLogger("perdure.security")

#: How many channels a player may keep.
MOST_CHANNELS = 10

#: Switches, and the methods that do them.
KEEPING = {
    "create": "_create",
    "destroy": "_destroy",
    "desc": "_desc",
    "lock": "_lock",
    "unlock": "_unlock",
    "boot": "_boot",
    "quiet": "_boot",
    "ban": "_ban",
    "unban": "_unban",
}


class ChannelKeeping:
    """Keeping channels; part of the channel command."""

    def _may(self: Any, lock: str) -> bool:
        """Whether the command's lock lets the caller do it; it is told if not."""
        allowed = bool(self.access(self.caller, lock, default=lock != "changelocks"))
        if not allowed:
            self.msg("You may not do that to channels.")
        return allowed

    def _controlled(self: Any, name: str, lock: str) -> Any:
        """The channel, if the caller controls it; else it is told, and None."""
        if not self._may(lock):
            return None
        channel = self.find(name)
        if channel is None or channel.access(self.caller, "control"):
            return channel
        self.msg(f"You do not control {channel.key}.")
        return None

    async def _create(self: Any) -> None:
        if not self._may("manage"):
            return
        names, _, path = (self.lhs or "").partition(":")
        name, *aliases = [part.strip() for part in names.split(";")]
        if not name:
            self.usage()
            return
        if path.strip() and not self._may("changelocks"):
            return
        if (problem := self._refusal(name, aliases)) is not None:
            self.msg(f"The channel cannot be made: {problem}")
            return
        try:
            cls = registry.resolve(path.strip(), ChannelDB) if path.strip() else registry.default_class(ChannelDB)
        except PerdureError as error:
            self.msg(f"That class cannot be used: {error}")
            return
        channel, errors = cls.create(
            name,
            creator=self.caller,
            description=(self.rhs or "").strip(),
            aliases=[alias for alias in aliases if alias],
            ip=str(getattr(self.session, "address", "") or ""),
        )
        if channel is None:
            self.msg(f"The channel cannot be made: {'; '.join(errors)}")
            return
        channel.connect(self.caller)
        self.msg(f"The channel {channel.key} is there, and you listen to it. |wchannel {channel.key} = hello|n speaks.")

    def _refusal(self: Any, name: str, aliases: list[str]) -> str | None:
        """Why a player may not have such a channel: names that forge what others see, and too many of them."""
        problem = next((problem for one in (name, *aliases) if one and (problem := misleading(one))), None)
        account = self.account
        if problem is not None or account is None or account.check_permstring("Builder"):
            return problem
        own = ChannelDB.objects.filter(db_lock_storage__contains=f"control:pid({account.pk}) ")
        return f"{MOST_CHANNELS} channels of your own are enough." if own.count() >= MOST_CHANNELS else None

    async def _destroy(self: Any) -> None:
        channel = self._controlled(self.lhs, "manage")
        if channel is None:
            return
        key = channel.key
        listen = len(channel.subscriptions)
        question = f"Destroy the channel {key} for ever? {listen} subscriber{'' if listen == 1 else 's'} will lose it."
        if not await self.confirm(question, default=False):
            self.msg("It stays.")
            return
        if channel._is_deleted:
            self.msg(f"The channel {key} is gone already.")
            return
        if not self._still_controls([channel]):
            return
        reason = plain_lines((self.rhs or "").strip(), self.caller)
        channel.msg(
            f"{key} is being destroyed by {self.caller.key}.{f' ({reason})' if reason else ''}", bypass_mute=True
        )
        channel.delete()
        security.info("channel %s destroyed by account #%s", key, self.caller.pk)
        self.msg(f"The channel {key} is gone.")

    async def _desc(self: Any) -> None:
        channel = self._controlled(self.lhs, "manage")
        if channel is None:
            return
        if not self.rhs:
            self.usage()
            return
        channel.db.desc = self.rhs.strip()
        self.msg(f"{channel.key} is described.")

    async def _lock(self: Any) -> None:
        channel = self._controlled(self.lhs, "changelocks")
        if channel is None:
            return
        if not self.rhs:
            self.msg(f"Locks of {channel.key}: {channel.locks}")
            return
        try:
            channel.locks.add(self.rhs)
        except PerdureError as error:
            self.msg(f"That is no lock: {error}")
            return
        self.msg(f"Locks of {channel.key} now: {channel.locks}")

    async def _unlock(self: Any) -> None:
        channel = self._controlled(self.lhs, "changelocks")
        if channel is None or not self.rhs:
            return
        removed = channel.locks.remove(self.rhs)
        self.msg(f"Locks of {channel.key} now: {channel.locks}" if removed else f"{channel.key} has no such lock.")

    # --- people

    async def _boot(self: Any) -> None:
        channels, target, reason = self._whom(self.lhslist)
        channels = [one for one in channels if self._listens(one, target)]
        if not channels:
            return
        names = ", ".join(channel.key for channel in channels)
        if not await self.confirm(f"Boot {target.key} from {names}?", default=False):
            self.msg("Nobody was booted.")
            return
        for channel in self._still_controls(channels):
            self._throw_out(channel, target, reason)

    async def _ban(self: Any) -> None:
        if self.rhs is None:
            channel = self._controlled(self.lhs, "admin")
            if channel is not None:
                banned = ", ".join(str(entity.key) for entity in channel.banlist)
                self.msg(f"Banned from {channel.key}: {banned or 'nobody'}.")
            return
        channels, target, reason = self._whom(self.lhslist)
        if not channels:
            return
        names = ", ".join(channel.key for channel in channels)
        if not await self.confirm(f"Ban {target.key} from {names}?", default=False):
            self.msg("Nobody was banned.")
            return
        for channel in self._still_controls(channels):
            if channel.has_direct_connection(target):
                self._throw_out(channel, target, reason)
            changed = channel.ban(target)
            security.info("account #%s banned from channel %s by #%s", target.pk, channel.key, self.caller.pk)
            self.msg(f"{target.key} is {'' if changed else 'already '}banned from {channel.key}.")

    async def _unban(self: Any) -> None:
        channels, target, _ = self._whom(self.lhslist)
        for channel in channels:
            changed = channel.unban(target)
            self.msg(f"{target.key} {'may join' if changed else 'was not banned from'} {channel.key}.")

    def _whom(self: Any, names: list[str]) -> tuple[list[Any], Any, str]:
        """The channels that the caller controls, who is meant, and why; no channels if anything is missing."""
        who, _, reason = (self.rhs or "").partition(":")
        if not who.strip() or not any(names):
            self.usage()
            return [], None, ""
        channels = [self._controlled(name, "admin") for name in names if name]
        if None in channels:
            return [], None, ""
        target = self.caller.search(who.strip())
        return ([], None, "") if target is None else (channels, target, plain_lines(reason.strip(), self.caller))

    def _still_controls(self: Any, channels: list[Any]) -> list[Any]:
        """Those that are there and controlled still, after a question; it is told of the others."""
        left = [one for one in channels if not one._is_deleted and one.access(self.caller, "control")]
        if len(left) < len(channels):
            self.msg("You do not control that any more.")
        return left

    def _listens(self: Any, channel: Any, target: Any) -> bool:
        if channel.has_direct_connection(target):
            return True
        self.msg(f"{target.key} does not listen to {channel.key}.")
        return False

    def _throw_out(self: Any, channel: Any, target: Any, reason: str) -> None:
        """Off the channel, whatever its hook says; its own aliases go with it."""
        if not channel.disconnect(target):
            channel.subscriptions.remove(target)
            channel.remove_user_channel_aliases(target)
        why = f" ({reason})" if reason else ""
        target.msg(f"{self.caller.key} has taken you off the channel {channel.key}.{why}")
        if "quiet" not in self.switches:
            channel.msg(f"{target.key} was taken off the channel by {self.caller.key}.{why}")
        security.info("account #%s booted from channel %s by #%s", target.pk, channel.key, self.caller.pk)
        self.msg(f"{target.key} is off {channel.key}.")
