"""What listeners do with channels: seeing which there are, joining and leaving, muting, names of their own, history."""

from __future__ import annotations

from typing import Any

from perdure.channels import log
from perdure.channels.channels import DefaultChannel
from perdure.channels.models import ChannelDB
from perdure.commands.default.stock import whole_number
from perdure.errors import PerdureError

__all__ = ["ChannelListening", "reachable"]

SHOWN = 20
MOST_ALIASES = 30
#: Subscribers that are named in a list.
MOST_LISTED = 100
HISTORY = {"type": "channel"}


def reachable(channel: Any, account: Any) -> bool:
    """Whether the account may listen to the channel, or controls it."""
    return bool(channel.access(account, "listen") or channel.access(account, "control"))


def _named(subscribers: list[Any], muted: list[Any]) -> str:
    names = [f"{one.key}{' (muting)' if one in muted else ''}" for one in subscribers[:MOST_LISTED]]
    more = [f"{len(subscribers) - MOST_LISTED} more"] if len(subscribers) > MOST_LISTED else []
    return ", ".join([*names, *more]) or "nobody"


class ChannelListening:
    """Listening to channels; part of the channel command."""

    # --- looking

    def _list(self: Any) -> None:
        channels = list(ChannelDB.objects.get_subscriptions(self.caller))
        if not channels:
            self.msg("You listen to no channel; |wchannel/all|n lists those that there are.")
            return
        self.msg(f"|wYou listen to:|n\n{self._listing(channels)}\n|wchannel/all|n lists the others.")

    def _all(self: Any) -> None:
        caller = self.caller
        channels = [channel for channel in ChannelDB.objects.get_all_channels() if reachable(channel, caller)]
        subscribed = {channel.pk for channel in ChannelDB.objects.get_subscriptions(caller)}
        if not channels:
            self.msg("There are no channels.")
            return
        self.msg(f"|wChannels:|n\n{self._listing(channels, subscribed)}")

    def _listing(self: Any, channels: list[Any], subscribed: set[int] | None = None) -> str:
        mark = [] if subscribed is None else ["You listen"]
        table = self.table("#", "Channel", *mark, "Your aliases", "Locks", "What it is for")
        for channel in channels:
            controls = channel.access(self.caller, "control")
            listens = [] if subscribed is None else ["yes" if channel.pk in subscribed else "no"]
            names = ";".join([channel.key, *channel.aliases.all()])
            muted = " (muted)" if self.caller in channel.mutelist else ""
            table.add_row(
                channel.pk,
                names + muted,
                *listens,
                ", ".join(channel.user_channel_aliases(self.caller)),
                str(channel.locks) if controls else "",
                channel.db.desc or "",
            )
        return str(table)

    def _about(self: Any, channel: Any) -> None:
        lines = [
            f"|wChannel {channel.key}|n (#{channel.pk})" + (", muted" if self.caller in channel.mutelist else ""),
            channel.db.desc or "",
            f"Aliases: {', '.join(channel.aliases.all()) or 'none'}; "
            f"yours: {', '.join(channel.user_channel_aliases(self.caller)) or 'none'}",
            f"You {'listen' if channel.has_connection(self.caller) else 'do not listen'} to it.",
        ]
        if channel.access(self.caller, "control"):
            lines.append(f"Locks: {channel.locks}")
        self.msg("\n".join(line for line in lines if line))

    def _who(self: Any) -> None:
        channel = self.find(self.args)
        if channel is None:
            return
        muted = channel.mutelist
        online = channel.subscriptions.online()
        lines = [f"|wOn {channel.key}:|n {_named(online, muted)}"]
        others = len(channel.subscriptions) - len(online)
        if others and channel.access(self.caller, "control"):
            away = channel.subscriptions.offline(MOST_LISTED)
            more = f" and {others - len(away)} more" if others > len(away) else ""
            lines.append(f"Not connected: {_named(away, muted)}{more}")
        self.msg("\n".join(lines))

    async def _history(self: Any) -> None:
        channel = self.find(self.lhs or self.args)
        if channel is None:
            return
        kept_out = channel.is_banned(self.caller) and not channel.has_connection(self.caller)
        if kept_out or not channel.access(self.caller, "listen"):
            self.msg(f"You may not listen to {channel.key}.")
            return
        number = whole_number(self.rhs or "0")
        if number is None:
            self.usage()
            return
        name, back = channel.get_log_filename(), min(number, 100_000)
        lines = await self.offload(log.tail, name, SHOWN, back) if name else []
        shown = "\n".join(lines)
        self.msg((f"|wLately on {channel.key}:|n\n{shown}" if lines else "Nothing is kept of that.", HISTORY))

    # --- subscribing

    def _sub(self: Any) -> None:
        channel = self.find(self.lhs)
        if channel is None:
            return
        if channel.has_direct_connection(self.caller):
            self.msg(f"You listen to {channel.key} already.")
        elif not channel.connect(self.caller):
            self.msg(f"You may not listen to {channel.key}.")
            return
        else:
            self.msg(f"You listen to {channel.key} now.")
        for alias in (self.rhs or "").split(";"):
            if alias.strip():
                self._add_alias(channel, alias)

    def _unsub(self: Any) -> None:
        for channel in self.find_all(self.lhslist):
            if not channel.has_direct_connection(self.caller):
                self.msg(f"You do not listen to {channel.key}.")
            elif channel.disconnect(self.caller):
                self.msg(f"You no longer listen to {channel.key}.")
            else:
                self.msg(f"You cannot leave {channel.key}.")

    def _mute(self: Any) -> None:
        for channel in self.find_all(self.lhslist):
            changed = channel.mute(self.caller)
            self.msg(f"{channel.key} is {'muted' if changed else 'muted already'}.")

    def _unmute(self: Any) -> None:
        for channel in self.find_all(self.lhslist):
            changed = channel.unmute(self.caller)
            self.msg(f"You {'hear' if changed else 'heard already'} {channel.key}{' again' if changed else ''}.")

    def _alias(self: Any) -> None:
        if not self.lhs or not self.rhs:
            self.usage()
            return
        channel = self.find(self.lhs)
        if channel is not None:
            self._add_alias(channel, self.rhs)

    def _add_alias(self: Any, channel: Any, alias: str) -> None:
        alias = " ".join(alias.split())
        known = self.caller.nicks.get(category="channel", return_list=True)
        if len(known) >= MOST_ALIASES:
            self.msg(f"You have {MOST_ALIASES} aliases of channels; remove some first.")
            return
        if alias and self.cmdset.get(alias) is not None:
            self.msg(f"{alias.replace('|', '||')} is the name of a command; choose another alias.")
            return
        try:
            channel.add_user_channel_alias(self.caller, alias)
        except PerdureError as error:
            self.msg(f"That cannot be an alias: {error}.")
            return
        self.msg(f"|w{alias.replace('|', '||')} <text>|n now speaks on {channel.key}.")

    def _unalias(self: Any) -> None:
        alias = " ".join(self.args.split()).lower()
        known = self.caller.nicks.get(category="channel", return_tuple=True, return_list=True)
        if not any(nick is not None and nick[2].lower() == alias for nick in known):
            self.msg("You have no such alias; |wchannel|n lists yours.")
            return
        DefaultChannel.remove_user_channel_alias(self.caller, alias)  # also when the channel itself is gone
        self.msg(f"'{alias.replace('|', '||')}' is no alias any more.")
