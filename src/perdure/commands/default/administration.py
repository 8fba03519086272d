"""Commands of admins about people: throwing out, banning, accounts. `permissions` has the one about rights.

Contract: nobody is touched who ranks above whoever asks, and nothing is deleted unasked. What is done is told to the
security log (`perdure.security`) with who did it. A ban counts at once: at the gateway's door, at every login, and for
those who are connected.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db.models import Count

from perdure.accounts import bans
from perdure.accounts.models import AccountDB
from perdure.commands.default.account import may_act_on
from perdure.commands.default.ranks import outranks
from perdure.commands.default.server_facts import address_of
from perdure.commands.default.stock import StockCommand
from perdure.errors import PerdureError
from perdure.locks import check_perm
from perdure.sessions import SESSION_HANDLER

__all__ = ["CmdAccounts", "CmdBan", "CmdBoot", "CmdUnban"]

security = logging.getLogger("perdure.security")

SHOWN, MOST_SHOWN = 10, 200


class CmdBoot(StockCommand):
    """End somebody's connection.

    Usage:
      boot[/quiet] <account>[: <reason>]
      boot/sid[/quiet] <number of a session>[: <reason>]

    Switches:
      quiet - do not tell them
      sid   - one session, by the number that who and sessions show
    """

    key = "@boot"
    aliases = []
    help_category = "admin"
    locks = "cmd:perm(boot) or perm(Admin)"
    switch_options = ("quiet", "sid")

    def func(self) -> None:
        """Throw out."""
        who, _, reason = (part.strip() for part in self.args.partition(":"))
        if not who:
            self.usage()
            return
        sessions = self._by_number(who) if "sid" in self.switches else self._by_name(who)
        for session in sessions:
            account = session.account
            if account is not None and not (account.access(self.caller, "boot") and not outranks(account, self.caller)):
                self.msg(f"You may not boot {account.key}.")
                continue
            name = account.key if account is not None else "somebody who was not logged in"
            told = "" if "quiet" in self.switches else f"You have been disconnected by the staff.{_why(reason)}"
            SESSION_HANDLER.disconnect(session, told)
            security.warning(
                "session %s (%s) booted by %s: %s", session.sessid, name, self.caller, reason or "no reason"
            )
            self.msg(f"Session {session.sessid} ({name}) is ended.")

    def _by_number(self, text: str) -> list[Any]:
        number = text.removeprefix("#")
        session = SESSION_HANDLER.session_from_sessid(int(number)) if number.isdecimal() else None
        if session is None:
            self.msg(f"There is no session {text.replace('|', '||')}.")
            return []
        return [session]

    def _by_name(self, text: str) -> list[Any]:
        account = AccountDB.objects.search_account(text).first()
        sessions = [] if account is None else account.sessions.all()
        if not sessions:
            self.msg(f"Nobody called '{text.replace('|', '||')}' is connected.")
        return list(sessions)


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
            SESSION_HANDLER.disconnect(session, f"You have been banned.{_why(reason)}")
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
        if wanted.isdecimal() and 1 <= int(wanted) <= len(known):
            name, ip = (str(part or "") for part in known[int(wanted) - 1][:2])
        else:
            name, ip = wanted, wanted
        if not bans.remove_ban(name=name, ip=ip):
            self.msg(f"'{wanted.replace('|', '||')}' is not banned; |wban|n lists the bans.")
            return
        security.warning("ban of %s lifted by %s", name or ip, self.caller)
        SESSION_HANDLER.bans_changed()
        self.msg(f"{name or ip} is no longer banned.")


class CmdAccounts(StockCommand):
    """See the accounts of the game, or delete one.

    Usage:
      accounts [<how many>]
      accounts/delete <name or #id>[: <reason>]

    Switches:
      delete - delete an account for ever; you are asked first. Its characters stay in the world.
    """

    key = "@accounts"
    aliases = ["@account"]
    help_category = "system"
    locks = "cmd:perm(listaccounts) or perm(Admin)"
    switch_options = ("delete",)

    async def func(self) -> None:
        """List or delete."""
        if "delete" in self.switches:
            await self._delete()
            return
        count = min(int(self.args), MOST_SHOWN) if self.args.isdecimal() else SHOWN
        self._list(max(1, count))

    def _list(self, count: int) -> None:
        total = AccountDB.objects.count()
        classes = self.table("Class", "Accounts", "%")
        by_class = AccountDB.objects.values("db_typeclass_path").annotate(how_many=Count("pk")).order_by("-how_many")
        for row in by_class:
            share = f"{100 * row['how_many'] / max(1, total):.1f}"
            classes.add_row(row["db_typeclass_path"], row["how_many"], share)
        newest = self.table("Since", "#", "Name", "Class", "Last login")
        for account in AccountDB.objects.order_by("-date_joined", "-pk")[:count]:
            login = account.last_login
            newest.add_row(
                self.moment(account.date_joined, "%Y-%m-%d"),
                account.dbref,
                account.key,
                account.typeclass_path.rpartition(".")[2],
                self.moment(login) if login else "never",
            )
        self.msg(f"|w{total} account{'' if total == 1 else 's'}|n\n{classes}\n\n|wThe newest:|n\n{newest}")

    async def _delete(self) -> None:
        who, _, reason = (part.strip() for part in self.args.partition(":"))
        if not check_perm(self.caller, "Developer"):
            self.msg("Only developers delete accounts.")
            return
        target = AccountDB.objects.search_account(who).first() if who else None
        if target is None:
            self.msg("There is no such account." if who else "Which account?")
            return
        if target is self.account or not target.access(self.caller, "delete") or not may_act_on(self, target):
            self.msg(f"You may not delete {target.key}.")
            return
        question = f"Delete the account {target.key} ({target.dbref}) for ever?"
        if not await self.confirm(question, default=False):
            self.msg(f"{target.key} stays.")
            return
        if target._is_deleted:
            self.msg("It is gone already.")
            return
        key, dbref = target.key, target.dbref
        target.msg(f"Your account is being deleted.{_why(reason)}")
        target.delete()
        security.warning("account %s (%s) deleted by %s: %s", key, dbref, self.caller, reason or "no reason")
        self.msg(f"The account {key} is gone.")


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


def _why(reason: str) -> str:
    return f" Reason: {reason}" if reason else ""
