"""Commands of a character that change little: looking, going home, describing oneself, seeing one's rights."""

from __future__ import annotations

from perdure.commands.default.stock import StockCommand
from perdure.conf import conf
from perdure.locks.effective import EffectivePermissions, effective_permissions

__all__ = ["CmdAccess", "CmdHome", "CmdLook", "CmdSetDesc"]


class CmdLook(StockCommand):
    """Look around, or at something.

    Usage:
      look
      look <thing or person>
      look <exit>

    Without a name you see the place where you are. Things of the same name are told apart by a number:
    look lamp-2.
    """

    key = "look"
    aliases = ["l", "ls"]
    locks = "cmd:all()"

    def func(self) -> None:
        """Look."""
        caller = self.caller
        text = self.args.strip()
        if text.lower().startswith("at ") and not caller.find(text):
            text = text[3:]
        if not text:
            target = caller.location
            if target is None:
                self.msg("You are nowhere: there is nothing to see.")
                return
        else:
            target = caller.search(text)
        if target is not None:
            self.tell(caller.at_look(target), "look")


class CmdHome(StockCommand):
    """Go home.

    Usage:
      home

    Takes you at once to the place that is your home, wherever you are.
    """

    key = "home"
    locks = "cmd:perm(home) or perm(Builder)"

    def func(self) -> None:
        """Go there."""
        caller = self.caller
        if caller.home is None:
            self.msg("You have no home.")
        elif caller.home is caller.location:
            self.msg("You are at home already.")
        else:
            self.msg("There's no place like home …")
            went = caller.move_to(caller.home, move_type="teleport")
            if not went and not went.reason:
                self.msg("But you stay where you are.")


class CmdSetDesc(StockCommand):
    """Describe yourself.

    Usage:
      setdesc <description>

    What others see when they look at your character. |/ begins a new line in it.
    """

    key = "setdesc"
    locks = "cmd:all()"

    def func(self) -> None:
        """Set it."""
        text = self.args.strip()
        if not text:
            self.usage()
            return
        self.caller.db.desc = text
        self.msg("You have described yourself. |wlook me|n shows it.")


class CmdAccess(StockCommand):
    """See what you may do.

    Usage:
      access

    Shows the ladder of permissions, those that your account and your character hold, and what counts now: while
    you have quelled, the weaker of the two, and no lock lets you by as superuser.
    """

    key = "access"
    aliases = ["groups", "hierarchy"]
    locks = "cmd:all()"

    def func(self) -> None:
        """Show it."""
        rights = effective_permissions(self.caller)
        lines = ["|wThe ladder, lowest first:|n " + ", ".join(conf.PERMISSION_HIERARCHY)]
        if rights.account is not None:
            lines.append(f"|wAccount {rights.account.key}:|n {_named(rights.account_permissions)}")
        if rights.puppet is not None:
            lines.append(f"|wCharacter {rights.puppet.key}:|n {_named(rights.puppet_permissions)}")
        lines.append(f"|wWhat counts now:|n {_effective(rights)}")
        if rights.quelled:
            lines.append("You have quelled your powers; |wunquell|n takes them up again.")
        self.msg("\n".join(lines))


def _named(permissions: frozenset[str]) -> str:
    return ", ".join(sorted(permissions)) or "none"


def _effective(rights: EffectivePermissions) -> str:
    if rights.bypasses:
        return "superuser: every lock lets you by"
    names = [rights.rank] if rights.rank else []
    others = sorted(rights.others)
    return ", ".join([*names, *others]) or "none"
