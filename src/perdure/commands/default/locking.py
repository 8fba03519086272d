"""Who may what: `lock` and `explain`."""

from __future__ import annotations

import re
from typing import Any

from perdure.commands.default.editing import EditingCommand, named
from perdure.errors import LockException
from perdure.locks.explanation import explain
from perdure.locks.validation import checked_lockdefs
from perdure.text.markup import escape

__all__ = ["CmdExplain", "CmdLock"]

_FOR = re.compile(r"\s+for\s+", re.IGNORECASE)


class CmdLock(EditingCommand):
    """Show or change the locks of something.

    Usage:
      lock <thing or *account>
      lock <thing>/<access type>
      lock <thing> = <lockstring>
      lock <thing>/<access type> = <functions>
      lock/del <thing>/<access type>

    Switches:
      del  - take a lock away
      view - show (as without a switch)

    A lock is <access type>:<functions>, several are parted by semicolons: get:false();edit:perm(Admin) or id(#5). What
    is set takes the place of the lock of the same type. Changing who may control a thing takes control of it.

    Example:
      lock box = get:perm(Builder);view:all()
    """

    key = "@lock"
    aliases = ["@locks"]
    switch_options = ("del", "view")
    locks = "cmd:perm(locks) or perm(Builder)"

    def func(self) -> None:
        """Show or change."""
        if not self.lhs:
            self.usage()
            return
        name, _, access_type = self.lhs.partition("/")
        access_type = access_type.strip().lower()
        target = self.find_object(name, accounts=True)
        if target is None:
            return
        if "del" in self.switches:
            self._delete(target, access_type)
        elif self.rhs is None:
            self._show(target, access_type)
        else:
            self._set(target, self.rhs.strip(), access_type)

    def _show(self, target: Any, access_type: str) -> None:
        if not self.may(target, "examine") and not self.may(target):
            self.msg(f"You may not see the locks of {named(target)}: it takes 'examine' access (see explain).")
            return
        if access_type:
            lock = target.locks.get(access_type)
            self.msg(escape(lock) if lock else f"{named(target)} has no lock '{escape(access_type)}'.")
            return
        locks = target.locks.all()
        if not locks:
            self.msg(f"{named(target)} has no locks.")
            return
        self.msg("\n".join([f"Locks of {named(target)}:", *(f"  {escape(lock)}" for lock in locks)]))

    def _set(self, target: Any, lockstring: str, only: str) -> None:
        """Set these locks; `only` is the access type that was named beside the thing, if one was."""
        if not lockstring:
            self.msg("Give a lock, or take one away with lock/del <thing>/<access type>; nothing was changed.")
            return
        if only and not lockstring.lower().startswith(f"{only}:"):
            lockstring = f"{only}:{lockstring}"
        try:
            access_types = set(checked_lockdefs(lockstring))
        except LockException as error:
            self.msg(f"That is no lock: {escape(str(error))}")
            return
        if only and access_types != {only}:
            self.msg(f"Give the lock '{escape(only)}' alone, or leave it out beside the thing; nothing was changed.")
            return
        if not self._may_change(target, access_types):
            return
        with self.alone(f"The locks of {named(target)} were not changed"):
            target.locks.add(lockstring)
            self.msg(f"{named(target)} has the lock {escape(lockstring)} now.")

    def _delete(self, target: Any, access_type: str) -> None:
        if not access_type:
            self.msg("Say which lock: lock/del <thing>/<access type>.")
            return
        if not self._may_change(target, {access_type}):
            return
        if target.locks.remove(access_type):
            self.msg(f"{named(target)} has no lock '{escape(access_type)}' any more.")
        else:
            self.msg(f"{named(target)} has no lock '{escape(access_type)}'.")

    def _may_change(self, target: Any, access_types: set[str]) -> bool:
        if "control" in access_types:
            return self.require_control(target, "change who controls")
        return self.require(target)


class CmdExplain(EditingCommand):
    """Tell why somebody may or may not do something with a thing.

    Usage:
      explain <thing> <access type> [for <somebody>]

    Asks the lock of the thing as the game does, and tells which part of it decides. Without a name it is about you. An
    account is given with a star.

    Example:
      explain box get for anna
    """

    key = "@explain"
    aliases = ["@why"]
    locks = "cmd:perm(explain) or perm(Builder)"

    def func(self) -> None:
        """Explain."""
        asked, *who = _FOR.split(self.args.strip(), maxsplit=1)
        name, _, access_type = asked.strip().rpartition(" ")
        if not name or not access_type:
            self.usage()
            return
        target = self.find_object(name, everywhere=True, accounts=True)
        if target is None:
            return
        subject = self.find_object(who[0], everywhere=True, accounts=True) if who else self.caller
        if subject is None:
            return
        if subject is not self.caller and not self.may(target, "examine"):
            self.msg(f"You may not see the locks of {named(target)}: it takes 'examine' access.")
            return
        self.msg(escape(str(explain(target, subject, access_type, session=self._session_of(subject)))))

    def _session_of(self, subject: Any) -> Any:
        return self.session if subject is self.caller else None
