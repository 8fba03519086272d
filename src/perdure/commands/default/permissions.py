"""The command that gives and takes permissions.

Contract: nobody gives or takes a rank above the one they act with, nor changes somebody who stands above them. All of
it is told to the security log.
"""

from __future__ import annotations

import logging
import re
from typing import Any

from perdure.accounts.models import AccountDB
from perdure.commands.default.ranks import acting_rank, outranks
from perdure.commands.default.stock import StockCommand
from perdure.locks.effective import effective_permissions
from perdure.locks.permissions import perm_rank

__all__ = ["CmdPerm"]

security = logging.getLogger("perdure.security")

_NAME = re.compile(r"[\w-]{1,60}")


class CmdPerm(StockCommand):
    """See, give or take permissions.

    Usage:
      perm <thing or character>
      perm *<account>
      perm <thing> = <permission>[, <permission> …]
      perm/del <thing> = <permission>[, <permission> …]
      perm/account[/del] <account> = …

    Switches:
      del     - take the permissions away
      account - the name is that of an account, as with a star before it

    Ranks (access lists them) count from the account that plays a character. You can neither give nor take a rank
    above your own.

    Example:
      perm *anna = Builder
    """

    key = "@perm"
    aliases = ["@setperm"]
    help_category = "admin"
    locks = "cmd:perm(perm) or perm(Developer)"
    switch_options = ("del", "account")

    def func(self) -> None:
        """Show or change them."""
        if not self.lhs:
            self.usage()
            return
        target = self._target(self.lhs)
        if target is None:
            return
        if self.rhs is None:
            self._show(target)
        elif self._may_change(target):
            for name in dict.fromkeys(one.lower() for one in self.rhslist if one):
                self._change(target, name)

    def _target(self, name: str) -> Any:
        is_account = name.startswith("*") or "account" in self.switches
        if not is_account:
            if hasattr(self.caller, "find"):
                return self.caller.search(name, global_search=name.startswith("#"))
            return self.caller.search(name, search_object=True)
        found = AccountDB.objects.search_account(name.removeprefix("*")).first()
        if found is None:
            self.msg(f"There is no account '{name.removeprefix('*').replace('|', '||')}'.")
        return found

    def _show(self, target: Any) -> None:
        if not target.access(self.caller, "examine"):
            self.msg(f"You may not see what {target.key} may do.")
            return
        rights = effective_permissions(target)
        own = ", ".join(sorted(target.permissions.all())) or "none"
        counts = "superuser" if rights.bypasses else rights.rank or "no rank"
        self.msg(f"|wPermissions of {target.key}:|n {own}; what counts now: {counts}.")

    def _may_change(self, target: Any) -> bool:
        lock = "edit" if isinstance(target, AccountDB) else "control"
        if not target.access(self.caller, lock) or outranks(target, self.caller):
            self.msg(f"You may not change what {target.key} may do.")
            return False
        return True

    def _change(self, target: Any, name: str) -> None:
        if _NAME.fullmatch(name) is None:
            self.msg(f"'{name[:60].replace('|', '||')}' is no permission: it is one word of letters, digits, _ and -.")
            return
        if perm_rank(name) > acting_rank(self.caller):
            self.msg(f"{name} is above your own rank.")
            return
        held = name in {known.lower() for known in target.permissions.all()}
        if "del" in self.switches:
            if not held:
                self.msg(f"{target.key} does not hold {name}.")
                return
            target.permissions.remove(name)
            done = "taken from"
        else:
            if held:
                self.msg(f"{target.key} holds {name} already.")
                return
            target.permissions.add(name)
            done = "given to"
        kind = "account" if isinstance(target, AccountDB) else "object"
        security.warning("permission %s %s %s %s (%s) by %s", name, done, kind, target.dbref, target.key, self.caller)
        self.msg(f"{name} is {done} {target.key}.")
        if "del" not in self.switches:
            target.msg(f"{self.caller.key} has given you the permission {name}.")
