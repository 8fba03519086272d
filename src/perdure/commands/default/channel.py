"""The command for channels: talking, and finding the one that is meant. `channel_listening` has what subscribers do,
`channel_keeping` what keepers do.

Contract: a channel is found by a personal alias, else by name or alias, else by part of one; and only among those that
the account may listen to or controls. Lines such as "pub hello", which are no command, come here by the dispatcher.
"""

from __future__ import annotations

from typing import Any

from perdure.channels.models import ChannelDB
from perdure.commands.default.channel_keeping import KEEPING, ChannelKeeping
from perdure.commands.default.channel_listening import ChannelListening, reachable
from perdure.commands.default.stock import StockCommand, plain_lines

__all__ = ["CmdChannel", "find_channels"]

#: What is longer is the name of nothing.
_LONGEST_NAME = 255


class CmdChannel(ChannelListening, ChannelKeeping, StockCommand):
    """Talk on channels, and choose those you listen to.

    Usage:
      channel[/list]                        the channels you listen to
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


def find_channels(account: Any, name: str) -> list[Any]:
    """The channels that `account` means by a name: by its own alias, else by name or alias, else by part of one."""
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        return []
    own = account.nicks.get(name.lower(), category="channel")
    exact = list(ChannelDB.objects.search_channel(own or name))
    found = [channel for channel in exact if reachable(channel, account)]
    if found:
        return found
    return [channel for channel in ChannelDB.objects.search_channel(name, exact=False) if reachable(channel, account)]
