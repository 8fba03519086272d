"""The command for channels: talking, listening, and what subscribers do. `channel_keeping` has what keepers do.

Contract: a channel is found by a personal alias, else by name or alias, else by part of one; and only among those that
the account may listen to or controls. Lines such as "pub hello", which are no command, come here by the dispatcher.
"""

from __future__ import annotations

from typing import Any

from perdure.channels import log
from perdure.channels.channels import DefaultChannel
from perdure.channels.models import ChannelDB
from perdure.commands.default.channel_keeping import KEEPING, ChannelKeeping
from perdure.commands.default.stock import StockCommand, plain_lines
from perdure.errors import PerdureError

__all__ = ["CmdChannel", "find_channels"]

SHOWN = 20
MOST_ALIASES = 30
HISTORY = {"type": "channel"}


class CmdChannel(ChannelKeeping, StockCommand):
    """Talk on channels, and choose those you listen to.

    Usage:
      channel                               the channels you listen to
      channel/all                           every channel that you may listen to
      channel <name> <text>                 say something; also: <name or alias> <text>
      channel <name of several words> = <text>
      channel <name>                        about a channel
      channel/sub <name> [= <alias>;<alias>]
      channel/unsub <name>[, <name> …]
      channel/mute <name>[, …]  and  channel/unmute <name>[, …]
      channel/alias <name> = <alias>  and  channel/unalias <alias>
      channel/who <name>
      channel/history <name> [= <how many lines further back>]
      channel/create <name>[;<alias> …][:<class>] [= <description>]
      channel/destroy <name> [= <reason>]
      channel/desc <name> = <description>
      channel/lock <name> = <lockstring>  and  channel/unlock <name> = <access type>
      channel/boot[/quiet] <name>[, …] = <account> [: <reason>]
      channel/ban <name>[, …] [= <account> [: <reason>]]
      channel/unban <name>[, …] = <account>

    A text that begins with a colon shows as a pose. An alias is yours alone; the channel has names of its own, too.
    To make, describe and destroy channels, to boot and to ban you must control the channel, as who made it does.

    Example:
      channel/alias public = p
      p Hello, everybody!
    """

    key = "channel"
    aliases = ["chan", "channels"]
    help_category = "comms"
    locks = "cmd:not pperm(channel_banned);admin:all();manage:all();changelocks:perm(Admin)"
    account_caller = True
    switch_options = ("list", "all", "history", "sub", "unsub", "mute", "unmute", "alias", "unalias", "who", *KEEPING)

    async def func(self) -> None:
        """Do what the switch says."""
        switch = next((one for one in self.switches if one != "quiet"), "")
        keeping = KEEPING.get(switch)
        if keeping is not None:
            await getattr(self, keeping)()
        elif switch == "history":
            await self._history()
        elif switch in ("sub", "unsub", "mute", "unmute", "alias", "unalias", "who", "all"):
            getattr(self, f"_{switch}")()
        elif not self.args.strip():
            self._list()
        else:
            self._send_or_show()

    # --- finding

    def find(self, name: str, quiet: bool = False) -> Any:
        """The channel meant; None, and the player is told why, if there is none or more than one."""
        name = name.strip()
        found = find_channels(self.caller, name)
        if len(found) == 1:
            return found[0]
        if not quiet and not found:
            self.msg(f"There is no channel '{name.replace('|', '||')}' for you; |wchannel/all|n lists them.")
        elif not quiet:
            self.msg(f"Several channels fit: {', '.join(channel.key for channel in found)}.")
        return None

    def find_all(self, names: list[str]) -> list[Any]:
        """The channels with these names; empty, and the player is told, if one cannot be found."""
        if not any(names):
            self.usage()
            return []
        found = [self.find(name) for name in names if name]
        return [] if None in found else found

    # --- talking

    def _send_or_show(self) -> None:
        if self.rhs is not None:
            channel = self.find(self.lhs)
            if channel is not None:
                self._send(channel, self.rhs)
            return
        text = self.args.strip()
        whole = find_channels(self.caller, text)
        first, _, rest = text.partition(" ")
        if len(whole) == 1 or not rest.strip():
            channel = whole[0] if len(whole) == 1 else self.find(text)
            if channel is not None:
                self._about(channel)
            return
        channel = self.find(first)
        if channel is not None:
            self._send(channel, rest.strip())

    def _send(self, channel: Any, text: str) -> None:
        caller = self.caller
        text = plain_lines(text, caller).strip()
        if not text:
            self.msg("Say what?")
        elif not channel.access(caller, "send"):
            self.msg(f"You may not speak on {channel.key}.")
        elif not channel.has_connection(caller):
            self.msg(f"You do not listen to {channel.key}; |wchannel/sub {channel.key}|n changes that.")
        else:
            if channel.unmute(caller):
                self.msg(f"You hear {channel.key} again.")
            channel.msg(text, senders=caller)

    # --- looking

    def _list(self) -> None:
        channels = list(ChannelDB.objects.get_subscriptions(self.caller))
        if not channels:
            self.msg("You listen to no channel; |wchannel/all|n lists those that there are.")
            return
        self.msg(f"|wYou listen to:|n\n{self._listing(channels)}\n|wchannel/all|n lists the others.")

    def _all(self) -> None:
        caller = self.caller
        channels = [channel for channel in ChannelDB.objects.get_all_channels() if reachable(channel, caller)]
        subscribed = {channel.pk for channel in ChannelDB.objects.get_subscriptions(caller)}
        if not channels:
            self.msg("There are no channels.")
            return
        self.msg(f"|wChannels:|n\n{self._listing(channels, subscribed)}")

    def _listing(self, channels: list[Any], subscribed: set[int] | None = None) -> str:
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

    def _about(self, channel: Any) -> None:
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

    def _who(self) -> None:
        channel = self.find(self.args)
        if channel is None:
            return
        everybody = channel.access(self.caller, "control")
        muted = channel.mutelist
        names = [
            f"{'|w' if subscriber.is_connected else ''}{subscriber.key}|n{' (muting)' if subscriber in muted else ''}"
            for subscriber in channel.subscriptions.all()
            if everybody or subscriber.is_connected
        ]
        self.msg(f"|wOn {channel.key}:|n {', '.join(names) or 'nobody'}")

    async def _history(self) -> None:
        channel = self.find(self.lhs or self.args)
        if channel is None:
            return
        if not channel.access(self.caller, "listen"):
            self.msg(f"You may not listen to {channel.key}.")
            return
        text = (self.rhs or "0").strip()
        if not text.isdecimal():
            self.usage()
            return
        name, back = channel.get_log_filename(), min(int(text), 100_000)
        lines = await self.offload(log.tail, name, SHOWN, back) if name else []
        shown = "\n".join(lines)
        self.msg((f"|wLately on {channel.key}:|n\n{shown}" if lines else "Nothing is kept of that.", HISTORY))

    # --- subscribing

    def _sub(self) -> None:
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

    def _unsub(self) -> None:
        for channel in self.find_all(self.lhslist):
            if not channel.has_direct_connection(self.caller):
                self.msg(f"You do not listen to {channel.key}.")
            elif channel.disconnect(self.caller):
                self.msg(f"You no longer listen to {channel.key}.")
            else:
                self.msg(f"You cannot leave {channel.key}.")

    def _mute(self) -> None:
        for channel in self.find_all(self.lhslist):
            changed = channel.mute(self.caller)
            self.msg(f"{channel.key} is {'muted' if changed else 'muted already'}.")

    def _unmute(self) -> None:
        for channel in self.find_all(self.lhslist):
            changed = channel.unmute(self.caller)
            self.msg(f"You {'hear' if changed else 'heard already'} {channel.key}{' again' if changed else ''}.")

    def _alias(self) -> None:
        if not self.lhs or not self.rhs:
            self.usage()
            return
        channel = self.find(self.lhs)
        if channel is not None:
            self._add_alias(channel, self.rhs)

    def _add_alias(self, channel: Any, alias: str) -> None:
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

    def _unalias(self) -> None:
        alias = " ".join(self.args.split()).lower()
        if not alias or not self.caller.nicks.has(alias, category="channel"):
            self.msg("You have no such alias; |wchannel|n lists yours.")
            return
        DefaultChannel.remove_user_channel_alias(self.caller, alias)  # also when the channel itself is gone
        self.msg(f"'{alias.replace('|', '||')}' is no alias any more.")


def reachable(channel: Any, account: Any) -> bool:
    """Whether the account may listen to the channel, or controls it."""
    return bool(channel.access(account, "listen") or channel.access(account, "control"))


def find_channels(account: Any, name: str) -> list[Any]:
    """The channels that `account` means by a name: by its own alias, else by name or alias, else by part of one."""
    name = " ".join(name.split())
    if not name:
        return []
    own = account.nicks.get(name.lower(), category="channel")
    exact = list(ChannelDB.objects.search_channel(own or name))
    found = [channel for channel in exact if reachable(channel, account)]
    if found:
        return found
    return [channel for channel in ChannelDB.objects.search_channel(name, exact=False) if reachable(channel, account)]
