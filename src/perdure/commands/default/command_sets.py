"""`cmdsets`: which command sets somebody has."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import EditingCommand, named
from perdure.text.markup import escape

__all__ = ["CmdListCmdSets", "cmdset_lines"]


class CmdListCmdSets(EditingCommand):
    """Show the command sets of somebody or something.

    Usage:
      cmdsets [<thing or *account>]

    Lists the sets on its stack, the default first: how each is merged with those below it, whether it is there again
    after a restart, and its commands. The last entry is what they are together.
    """

    key = "@cmdsets"
    locks = "cmd:perm(listcmdsets) or perm(Builder)"

    def func(self) -> None:
        """Show."""
        target = self.find_object(self.args, accounts=True) if self.args else self.caller
        if target is None:
            return
        if target is not self.caller and not self.may(target, "examine"):
            self.msg(f"You may not see what is on {named(target)}: it takes 'examine' access (see explain).")
            return
        if not hasattr(target, "cmdset") or not target.cmdset.all():
            self.msg(f"{named(target)} has no command sets.")
            return
        lines = [f"Command sets of {named(target)}:"]
        for position, entry in enumerate(target.cmdset.cmdset_stack):
            if entry is not None:
                stored = _is_stored(target, position)
                lines += cmdset_lines(entry, "stored" if stored else "in memory only")
        merged = target.cmdset.current
        if len(target.cmdset.all()) > 1:
            lines += ["Together:", *cmdset_lines(merged, "merged")]
        self.msg("\n".join(lines))


def _is_stored(target: Any, position: int) -> bool:
    entry = target.cmdset._stack()[position]
    return bool(entry and entry.persistent)


def cmdset_lines(cmdset: Any, kept: str) -> list[str]:
    """A set in a few lines: its key, how it merges, its flags and its commands."""
    flags = [flag for flag in ("no_exits", "no_objs", "no_channels", "duplicates") if getattr(cmdset, flag, None)]
    facts = [
        str(getattr(cmdset, "mergetype", "")),
        f"priority {getattr(cmdset, 'priority', 0)}",
        kept,
        *flags,
    ]
    key = getattr(cmdset, "key", None) or str(cmdset)
    names = sorted(str(command.key) for command in getattr(cmdset, "commands", ()))
    commands = escape(", ".join(names)) or "no commands"
    return [f"  {escape(str(key))} ({', '.join(fact for fact in facts if fact)}):", f"    {commands}"]
