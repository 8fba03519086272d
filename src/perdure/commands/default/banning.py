"""Commands that keep people out, and let them in again.

Contract: a ban counts at once: at the gateway's door, at every login, and for those who are connected. Nobody bans
oneself, or somebody who ranks higher. What is done is told to the security log (`perdure.security`) with who did it.
"""

from __future__ import annotations

import logging
from typing import Any

from perdure.accounts import bans
from perdure.accounts.models import AccountDB
from perdure.commands.default.administration import why
from perdure.commands.default.ranks import outranks
from perdure.commands.default.server_facts import address_of
from perdure.commands.default.stock import StockCommand, whole_number
from perdure.errors import PerdureError
from perdure.sessions import SESSION_HANDLER

__all__ = ["CmdBan", "CmdUnban"]

security = logging.getLogger("perdure.security")


class CmdBan(StockCommand):
    """Keep somebody out.

    Usage:
      ban
      ban[/name] <account>[: <reason>]
      ban[/ip] <address, network or 10.0.*.*>[: <reason>]

    Without anything the bans are listed. Networks are written 10.0.0.0/8 or 2001:db8::/32. Who is connected and falls
    under the ban is disconnected. unban lifts it.

    Example:
      ban 192.0.2.0/24: a flood of connections
    """

    key = "@ban"
    aliases = ["@bans"]
    help_category = "admin"
    locks = "cmd:perm(ban) or perm(Developer)"
    switch_options = ("ip", "name")

    def func(self) -> None:
        """List or ban."""
        if not self.args:
            self.msg(ban_list(self))
            return
        who, reason = _who_and_why(self.args)
        address = bans.is_address(who) if not self.switches else "ip" in self.switches
        sessions = SESSION_HANDLER.get_sessions(include_unloggedin=True)
        hit = [session for session in sessions if _falls_under(session, who, address)]
        if not self._may(who, address, hit):
            return
        try:
            bans.add_ban(name="" if address else who, ip=who if address else "", reason=reason)
        except PerdureError as error:
            self.msg(f"That cannot be banned: {error}.")
            return
        security.warning("%s banned by %s: %s", who, self.caller, reason or "no reason")
        SESSION_HANDLER.bans_changed()
        for session in hit:
            SESSION_HANDLER.disconnect(session, f"You have been banned.{why(reason)}")
        ended = f" {len(hit)} session{'' if len(hit) == 1 else 's'} ended." if hit else ""
        self.msg(f"{'The address' if address else 'The name'} {who} is banned.{ended}")

    def _may(self, who: str, address: bool, hit: list[Any]) -> bool:
        """Whether the ban hits neither oneself nor somebody higher; they are told why not."""
        if self.session in hit:
            self.msg("That would ban yourself.")
            return False
        meant = [session.account for session in hit if session.account is not None]
        if not address:
            account = AccountDB.objects.get_account_from_name(who)
            meant += [account] if account is not None else []
        above = [account.key for account in meant if account is self.account or outranks(account, self.caller)]
        if above:
            self.msg(f"You may not ban {above[0]}.")
        return not above


class CmdUnban(StockCommand):
    """Let somebody in again.

    Usage:
      unban <number in the list>
      unban <account or address>

    ban without anything lists the bans.
    """

    key = "@unban"
    help_category = "admin"
    locks = "cmd:perm(unban) or perm(Developer)"

    def func(self) -> None:
        """Lift the ban."""
        wanted = self.args.strip()
        known = bans.all_bans()
        if not wanted:
            self.msg(ban_list(self))
            return
        number = whole_number(wanted)
        if number is not None and 1 <= number <= len(known):
            name, ip = (str(part or "") for part in known[number - 1][:2])
        else:
            name, ip = wanted, wanted
        if not bans.remove_ban(name=name, ip=ip):
            self.msg(f"'{wanted.replace('|', '||')}' is not banned; |wban|n lists the bans.")
            return
        security.warning("ban of %s lifted by %s", name or ip, self.caller)
        SESSION_HANDLER.bans_changed()
        self.msg(f"{name or ip} is no longer banned.")


def ban_list(command: StockCommand) -> str:
    """All bans, numbered."""
    table = command.table("#", "Name", "Address", "Since", "Why")
    for number, ban in enumerate(bans.all_bans(), 1):
        name, ip, _, since, reason = (*(str(part or "") for part in ban), *[""] * 5)[:5]
        table.add_row(number, name, ip, since[:10], reason)
    return str(table) if table else "Nobody is banned."


def _falls_under(session: Any, who: str, address: bool) -> bool:
    if address:
        return bans.is_address(who) and bans.matches(who, address_of(session))
    return session.account is not None and session.account.key.lower() == who.lower()


def _who_and_why(text: str) -> tuple[str, str]:
    """Who, and the reason after a colon; the colons in an address are none of that kind."""
    who, found, reason = text.partition(": ")
    if not found and not bans.is_address(text):
        who, _, reason = text.partition(":")
    return who.strip().rstrip(":") if not who.strip().endswith("::") else who.strip(), reason.strip()
