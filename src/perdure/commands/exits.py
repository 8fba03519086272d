"""Exits as commands: what one types to go through.

Contract: an exit's command has the names of the exit (key and aliases) and its locks as they are now; it takes no
arguments, and help does not list it. It is made anew when the exit is called otherwise; a change of locks needs
nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command
from perdure.commands.loading import EXIT_CMDSET_KEY
from perdure.commands.syscmdkeys import SYSTEM_PREFIX

__all__ = ["EXIT_PRIORITY", "ExitCmdSet", "ExitCommand", "make_exit_cmdset"]

EXIT_PRIORITY = 101


class _OfAnExit:
    """What the commands of exits have in common, whatever class they are of."""

    obj: Any

    @property
    def destination(self) -> Any:
        """Where the exit leads."""
        obj = self.obj
        return None if obj is None else obj.destination

    def access(self, srcobj: Any, access_type: str = "cmd", default: bool = False, session: Any = None) -> bool:
        """Whether the exit's own lock of this type lets `srcobj`; the lock `cmd` is open where it has none."""
        obj = self.obj
        if obj is None:
            return False
        return bool(obj.locks.check(srcobj, access_type, default or access_type == "cmd", session=session))


class ExitCommand(_OfAnExit, Command):
    """Go through an exit."""

    key = "exit"
    arg_regex = r"\s*$"
    auto_help = False
    is_exit = True
    help_category = "exits"

    def func(self) -> Any:
        """Go, if the exit allows it."""
        self.obj.go_through(self.caller)

    def get_extra_info(self, caller: Any, **kwargs: Any) -> str:
        """Where it leads."""
        destination = self.destination
        return "" if destination is None else f" (exit to {destination.get_display_name(caller)})"


class ExitCmdSet(CmdSet):
    """The one command of an exit."""

    key = EXIT_CMDSET_KEY
    priority = EXIT_PRIORITY
    duplicates = True


def make_exit_cmdset(way: Any) -> CmdSet:
    """The command set of an exit: what `DefaultExit.create_exit_cmdset` gives."""
    command_class = _class_of(way.exit_command or ExitCommand)
    names = [name for name in (way.key.strip(), *way.aliases.all()) if _can_be_typed(name)]
    key, *aliases = names or [f"#{way.pk}"]
    command = command_class(key=key, aliases=aliases, obj=way)
    cmdset = ExitCmdSet(way)
    cmdset.priority = getattr(way, "priority", EXIT_PRIORITY)
    cmdset.add(command)
    return cmdset


def _can_be_typed(name: str) -> bool:
    """Whether a name is one: not blank, and not that of a system command, which everybody here would do by mistake."""
    return bool(name.strip()) and not name.strip().startswith(SYSTEM_PREFIX)


@lru_cache(maxsize=256)
def _class_of(command_class: type[Command]) -> type[Command]:
    """The class of the command of an exit, of the one that a game names."""
    if issubclass(command_class, _OfAnExit):
        return command_class
    return type(command_class.__name__, (_OfAnExit, command_class), {"is_exit": True, "auto_help": False})
