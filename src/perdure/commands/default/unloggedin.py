"""What can be typed before login: connecting, making an account, leaving, and what a client needs for that.

Contract: passwords are neither shown nor kept. Whoever leaves the password out of the line is asked for it, with the
client's echo turned off. Hashing happens away from the game's thread (`perdure.accounts.authentication`), so a login
holds nobody up.
"""

from __future__ import annotations

import re
from typing import Any

from perdure.accounts.authentication import begin
from perdure.accounts.models import AccountDB
from perdure.accounts.registration import begin_creation, name_errors
from perdure.commands.default.server_facts import address_of, server_name
from perdure.commands.default.stock import StockCommand
from perdure.conf import conf
from perdure.sessions import SESSION_HANDLER
from perdure.typeclasses import registry

__all__ = ["CmdUnconnectedConnect", "CmdUnconnectedCreate", "CmdUnconnectedHelp", "CmdUnconnectedQuit"]

_WORDS = re.compile(
    r"""\s*(?:"(?P<name>[^"]+)"|'(?P<name1>[^']+)'|(?P<name2>\S+))"""
    r"""(?:\s+(?:"(?P<password>.+)"|'(?P<password1>.+)'|(?P<password2>.*\S)))?\s*""",
    re.DOTALL,
)


class _Unconnected(StockCommand):
    """What is typed is taken as it is: a password may have any sign in it."""

    locks = "cmd:all()"
    begins_anew = True

    def parse(self) -> None:
        """Take name and password apart, where they are given."""
        self.args = self.args.strip()
        found = _WORDS.fullmatch(self.args)
        parts = found.groupdict() if found is not None else {}
        self.given_name = parts.get("name") or parts.get("name1") or parts.get("name2") or ""
        self.given_password = parts.get("password") or parts.get("password1") or parts.get("password2") or ""

    def still_there(self) -> bool:
        """Whether the client that typed this is still connected, and not logged in."""
        session: Any = self.session
        return not session.logged_in and SESSION_HANDLER.get(session.sessid) is session


class CmdUnconnectedConnect(_Unconnected):
    """Log in.

    Usage:
      connect <name> <password>
      connect <name>
      connect "<name of several words>" "<password>"
      connect guest

    Without the password you are asked for it, and it is not shown. Guests need none, where guests are allowed.
    """

    key = "connect"
    aliases = ["conn", "con", "co"]

    async def func(self) -> None:
        """Check who it is, and log in."""
        if not self.given_name:
            self.usage()
            return
        if self.given_name.lower() == "guest" and not self.given_password and conf.GUEST_ENABLED:
            guests = registry.resolve(conf.BASE_GUEST_TYPECLASS, AccountDB)
            account, errors = guests.create(ip=address_of(self.session))
        else:
            account, errors = await self._known()
        if account is None:
            self.msg("\n".join(errors) if errors else "You are not logged in.")
        elif self.still_there():
            SESSION_HANDLER.login(self.session, account)

    async def _known(self) -> tuple[Any, list[str]]:
        password = self.given_password or await self.ask("Password:", hidden=True)
        if not password:
            return None, []
        check = begin(self.given_name, address_of(self.session))
        if check.errors:
            return None, check.errors
        verdict = await self.offload(check.verify, password, exclusive=True)
        return check.finish(verdict, self.session)


class CmdUnconnectedCreate(_Unconnected):
    """Make an account.

    Usage:
      create <name>
      create <name> <password>

    A name has 3 to 30 letters from a to z, digits and the signs @ . + - _. Without the password you are asked for it,
    twice, and it is not shown. Then log in with connect.
    """

    key = "create"
    aliases = ["cre", "cr"]

    async def func(self) -> None:
        """Make it."""
        if not conf.NEW_ACCOUNT_REGISTRATION_ENABLED:
            self.msg("New accounts cannot be made here at present.")
            return
        if not self.given_name:
            self.usage()
            return
        name = self._checked_name()
        if name is None or not await self.confirm(f"Make an account called {name}?", default=True):
            self.msg("No account was made.")
            return
        password = self.given_password or await self._chosen_password()
        if password is None:
            self.msg("No account was made.")
            return
        check = begin_creation(name, password, ip=address_of(self.session))
        if check.errors:
            self.msg("\n".join(check.errors))
            return
        encoded = await self.offload(check.hash, password, exclusive=True)
        account, errors = check.finish(encoded)
        if account is None:
            self.msg("\n".join(errors))
            return
        shown = f'"{account.key}"' if " " in account.key else account.key
        self.msg(f"The account {account.key} is made. Now log in: |wconnect {shown}|n")

    def _checked_name(self) -> str | None:
        """The name in its normal form, if it may be taken; the player is told what became of it, or why not."""
        accounts = registry.default_class(AccountDB)
        name = accounts.normalize_username(self.given_name)
        if name != self.given_name:
            self.msg(f"The name is written {name} here.")
        errors = name_errors(name, address_of(self.session))
        if errors:
            self.msg("\n".join(errors))
            return None
        return str(name)

    async def _chosen_password(self) -> str | None:
        password = await self.ask("Choose a password:", hidden=True)
        if not password:
            return None
        if await self.ask("The same again:", hidden=True) != password:
            self.msg("The two passwords differ.")
            return None
        return str(password)


class CmdUnconnectedQuit(_Unconnected):
    """Leave.

    Usage:
      quit
    """

    key = "quit"
    aliases = ["q", "qu"]

    def func(self) -> None:
        """End the connection."""
        SESSION_HANDLER.disconnect(self.session, "Good bye!")


class CmdUnconnectedHelp(_Unconnected):
    """Get help with logging in.

    Usage:
      help
    """

    key = "help"
    aliases = ["h", "?"]

    def func(self) -> None:
        """Show it."""
        lines = [
            f"|wWelcome to {server_name()}.|n You are not logged in yet.",
            "",
            "  |wcreate <name>|n     make an account; you are asked for a password",
            "  |wconnect <name>|n    log in to it",
        ]
        if conf.GUEST_ENABLED:
            lines.append("  |wconnect guest|n     look around without an account")
        lines += [
            "  |wlook|n              the first screen again",
            "  |wscreenreader|n      turn on (or off) texts made for a screen reader",
            "  |wencoding <name>|n   what your client writes, if letters come out wrong",
            "  |wquit|n              leave",
        ]
        if conf.STAFF_CONTACT_EMAIL:
            lines += ["", f"Trouble? Write to {conf.STAFF_CONTACT_EMAIL}."]
        self.tell("\n".join(lines), "help")
