"""`force`: having somebody or something do a command."""

from __future__ import annotations

import logging
from typing import Any

from perdure.commands.default.editing import EditingCommand, named
from perdure.commands.default.ranks import acting_rank, standing
from perdure.locks.effective import effective_permissions
from perdure.text.markup import escape

__all__ = ["CmdForce"]

security = logging.getLogger("perdure.security")


class CmdForce(EditingCommand):
    """Have somebody or something do a command.

    Usage:
      force <thing or character> = <command>

    It is done as if they had typed it: with their powers, and they see what comes of it. It takes edit access to them.
    Whoever is played by an account must rank below you, and superusers are never forced; what nobody plays must not
    rank above you.

    Example:
      force parrot = say Who goes there?
    """

    key = "@force"
    locks = "cmd:perm(spawn) or perm(Builder)"

    def func(self) -> None:
        """Have it done."""
        if not self.lhs or not self.rhs:
            self.usage()
            return
        target = self.find_object(self.lhs)
        if target is None or not self.require(target, what="force"):
            return
        problem = self._refusal(target)
        if problem:
            self.msg(problem)
            return
        # Without its arguments: one of them may be a password.
        command = self.rhs.split(maxsplit=1)[0][:40]
        security.warning("%s forced by %s, account #%s: %s", target, self.caller, _pk(self.account), command)
        self.msg(f"{named(target)} does: {escape(self.rhs)}")
        target.execute_cmd(self.rhs)

    def _refusal(self, target: Any) -> str:
        """Why the target is not to be forced; empty if it may be."""
        if target is self.caller:
            return "You need no force to do that."
        if effective_permissions(target).superuser:
            return f"You may not force {named(target)}: superusers are never forced."
        above = standing(target) - acting_rank(self.caller)
        if above > 0 or (above == 0 and target.account is not None):
            return f"You may not force {named(target)}, who does not rank below you."
        return ""


def _pk(account: Any) -> Any:
    return getattr(account, "pk", None)
