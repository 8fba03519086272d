"""Commands of an account about itself: its password, its powers, leaving. And giving somebody else a new password.

Contract: a password is neither shown nor written to a log. It is taken as it was typed, commas and all; who leaves it
out is asked for it, unseen. Hashing happens away from the game's thread.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

from django.urls import NoReverseMatch

from perdure.accounts.authentication import begin, begin_password_change
from perdure.accounts.password_resets import reset_path
from perdure.commands.default.ranks import outranks
from perdure.commands.default.server_facts import address_of
from perdure.commands.default.stock import StockCommand
from perdure.conf import conf
from perdure.locks.effective import effective_permissions
from perdure.locks.permissions import QUELL_ATTRIBUTE
from perdure.sessions import SESSION_HANDLER
from perdure.text.markup import escape

__all__ = ["CmdPassword", "CmdQuell", "CmdQuit", "CmdUserPassword"]

security = logging.getLogger("perdure.security")


class CmdPassword(StockCommand):
    """Change your password.

    Usage:
      password
      password <old> = <new>

    Without the passwords you are asked for them, and they are not shown.
    """

    key = "password"
    locks = "cmd:pperm(Player)"
    account_caller = True

    def parse(self) -> None:
        """Take the text as it is: any sign may be part of a password."""
        self.typed = self.args.strip()
        super().parse()

    async def func(self) -> None:
        """Check the old one, store the new one."""
        account = self.caller
        old, found, typed = (part.strip() for part in _split(self.typed))
        new: str | None = typed
        if not found:
            if self.typed:
                self.usage()
                return
            old = await self.ask("Your password now:", hidden=True)
            new = await self._twice() if old else None
        if not old or not new:
            self.msg("Your password stays as it is.")
            return
        check = begin(account.key, address_of(self.session))
        if check.errors:
            self.msg("\n".join(check.errors))
            return
        known, _ = check.finish(await self.offload(check.verify, old, exclusive=True), self.session)
        if known is not account:
            self.msg("That is not your password.")
            return
        if await _change(self, account, new):
            security.info("account #%s changed its password, session %s", account.pk, self.session.sessid)
            self.msg("Your password is changed.")

    async def _twice(self) -> str | None:
        new = await self.ask("The new password:", hidden=True)
        if not new:
            return None
        if await self.ask("The same again:", hidden=True) != new:
            self.msg("The two differ.")
            return None
        return str(new)


class CmdUserPassword(StockCommand):
    """Give somebody a new password.

    Usage:
      userpassword/link <account>
      userpassword <account>
      userpassword <account> = <new password>

    Switches:
      link - show you a link to pass on, by which the owner chooses a password on the website. It is good once, and the
             present password until then.

    Without a password one is made up and shown to you once, to pass it on. The owner of the account is told that it was
    changed, not what it is.

    Example:
      userpassword/link anna
      userpassword anna
    """

    key = "userpassword"
    aliases = ["@userpassword"]
    switch_options = ("link",)
    help_category = "admin"
    locks = "cmd:perm(newpassword) or perm(Admin)"

    def parse(self) -> None:
        """Take the text as it is, without the switches."""
        typed = self.args
        super().parse()
        self.typed = (typed.partition(" ")[2] if self.switches else typed).strip()

    async def func(self) -> None:
        """Change it."""
        name, given, new = (part.strip() for part in _split(self.typed))
        if not name or (given and (not new or self.switches)):
            self.usage()
            return
        target = _account(self, name)
        if target is None:
            return
        if not may_act_on(self, target):
            return
        if self.switches:
            self._hand_out_link(target)
            return
        chosen = new or secrets.token_urlsafe(9)
        if not await _change(self, target, chosen):
            return
        security.warning("password of account #%s set by account #%s", target.pk, getattr(self.account, "pk", None))
        target.msg(f"{self.account.key if self.account else 'The staff'} has given your account a new password.")
        told = "" if new else f" It is |w{escape(chosen)}|n; it is not shown again."
        self.msg(f"The password of {target.key} is changed.{told}")

    def _hand_out_link(self, target: Any) -> None:
        try:
            link = str(conf.SITE_URL).rstrip("/") + reset_path(target)
        except NoReverseMatch:
            self.msg("This game's website has no page for a new password: its addresses (ROOT_URLCONF) are its own.")
            return
        security.warning("link for a password of account #%s made for account #%s", target.pk, self.account.pk)
        where = "" if conf.SITE_URL else " (after the address of the website; the setting SITE_URL says it)"
        self.msg(f"Whoever opens this gives {target.key} a new password, once: |w{escape(link)}|n{where}")


class CmdQuell(StockCommand):
    """Lay down your powers, or take them up again.

    Usage:
      quell
      unquell

    While you have quelled, the weaker of your account's and your character's permissions counts, and a superuser is
    held up by locks like everybody: to see the game as players do. access shows what counts.
    """

    key = "quell"
    aliases = ["unquell"]
    locks = "cmd:all()"  # whoever has laid powers down must be able to take them up, with no rank left too
    account_caller = True

    def func(self) -> None:
        """Do it."""
        account = self.caller
        quelled = bool(account.attributes.get(QUELL_ATTRIBUTE))
        if self.cmdname == "unquell":
            if not quelled:
                self.msg("You have not quelled.")
                return
            account.attributes.remove(QUELL_ATTRIBUTE)
            self.msg(f"You take up your powers again: {self._rights()}.")
        elif quelled:
            self.msg(f"You have quelled already: {self._rights()}. |wunquell|n takes your powers up again.")
        else:
            account.attributes.add(QUELL_ATTRIBUTE, True)
            self.msg(f"You lay down your powers: {self._rights()}. |wunquell|n takes them up again.")

    def _rights(self) -> str:
        rights = effective_permissions(self.character if self.character is not None else self.caller)
        return "superuser" if rights.bypasses else rights.rank or "no rank at all"


class CmdQuit(StockCommand):
    """Leave the game.

    Usage:
      quit
      quit/all

    Switches:
      all - end all your connections, not only this one
    """

    key = "quit"
    locks = "cmd:all()"
    account_caller = True
    switch_options = ("all",)
    needs_session = True

    def func(self) -> None:
        """End the connection."""
        account = self.caller
        sessions = account.sessions.all() if "all" in self.switches else [self.session]
        for session in sessions:
            SESSION_HANDLER.disconnect(session, "Good bye!")


async def _change(command: StockCommand, account: Any, password: str) -> bool:
    """Store a password; the reasons why not are told to who asked."""
    change = begin_password_change(account, password)
    if change.errors:
        command.msg("\n".join(change.errors))
        return False
    encoded = await command.offload(change.hash, password, exclusive=True)
    done, errors = change.finish(encoded)
    if not done:
        command.msg("\n".join(errors))
    return bool(done)


def _split(text: str) -> tuple[str, str, str]:
    """What stands before and behind the first "=", and whether there is one."""
    return text.partition("=")


def _account(command: StockCommand, name: str) -> Any:
    """The account of this name; None, and it is told, if there is none."""
    searcher = command.account if command.account is not None else command.caller
    return searcher.search(name.removeprefix("*"))


def may_act_on(command: StockCommand, target: Any) -> bool:
    """Whether who gave the command may change `target`, by its lock `edit` and by rank; it is told if not."""
    if target.access(command.caller, "edit") and not outranks(target, command.caller):
        return True
    command.msg(f"You may not do that to {target.key}.")
    return False
