"""Commands of admins about people: throwing out, and accounts. `banning` and `permissions` have the others.

Contract: nobody is touched who ranks above whoever asks, and nothing is deleted unasked. What is done is told to the
security log (`perdure.security`) with who did it.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db.models import Count

from perdure.accounts.models import AccountDB
from perdure.commands.default.ranks import outranks
from perdure.commands.default.stock import StockCommand, whole_number
from perdure.locks import check_perm
from perdure.sessions import SESSION_HANDLER

__all__ = ["CmdAccounts", "CmdBoot", "why"]

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

    Example:
      boot anna: come back when you are sober
      boot/sid 12
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
            told = "" if "quiet" in self.switches else f"You have been disconnected by the staff.{why(reason)}"
            SESSION_HANDLER.disconnect(session, told)
            security.warning(
                "session %s (%s) booted by %s: %s", session.sessid, name, self.caller, reason or "no reason"
            )
            self.msg(f"Session {session.sessid} ({name}) is ended.")

    def _by_number(self, text: str) -> list[Any]:
        number = text.removeprefix("#")
        session = SESSION_HANDLER.get(whole_number(number) or 0)
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


class CmdAccounts(StockCommand):
    """See the accounts of the game, or delete one.

    Usage:
      accounts [<how many>]
      accounts/delete <name or #id>[: <reason>]

    Switches:
      delete - delete an account for ever; you are asked first. Its characters stay in the world.

    Example:
      accounts/delete #15: a robot
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
        number = whole_number(self.args)
        count = SHOWN if number is None else min(number, MOST_SHOWN)
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
        if not self._may_delete(target):
            return
        question = f"Delete the account {target.key} ({target.dbref}) for ever?"
        if not await self.confirm(question, default=False):
            self.msg(f"{target.key} stays.")
            return
        # There was time in between.
        if target._is_deleted:
            self.msg("It is gone already.")
            return
        if not self._may_delete(target):
            return
        key, dbref = target.key, target.dbref
        target.msg(f"Your account is being deleted.{why(reason)}")
        target.delete()
        security.warning("account %s (%s) deleted by %s: %s", key, dbref, self.caller, reason or "no reason")
        self.msg(f"The account {key} is gone.")

    def _may_delete(self, target: Any) -> bool:
        """Whether the caller may delete this account; a refusal is told."""
        allowed = check_perm(self.caller, "Developer") and target is not self.account
        if allowed and target.access(self.caller, "delete") and not outranks(target, self.caller):
            return True
        self.msg(f"You may not delete {target.key}.")
        return False


def why(reason: str) -> str:
    """The reason as it is told, if there is one."""
    return f" Reason: {reason}" if reason else ""
