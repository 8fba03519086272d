"""What one types in Colossal Cave: the words of the travel table, and the lamp.

Contract: a room offers each word of its travel table once, however many entries have it; which entry is taken is
decided by `CaveRoom.travel`. A lamp offers `light` and `extinguish` to whoever carries it or stands beside it.
"""

from __future__ import annotations

from typing import Any

from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command

__all__ = ["LampCmdSet", "TravelCmdSet", "offer"]


class TravelCommand(Command):
    """Go where this word leads."""

    key = "travel"
    arg_regex = r"\s*$"
    auto_help = False
    is_exit = True
    help_category = "exits"

    def func(self) -> None:
        """Go there, or hear why not."""
        self.obj.travel(self.caller, self.cmdname)


class TravelCmdSet(CmdSet):
    """The words of one room."""

    key = "CaveTravel"
    priority = 101

    def at_cmdset_creation(self) -> None:
        """One command for each word."""
        room = self.cmdsetobj
        for word in sorted(room.travel_words()):
            self.add(TravelCommand(key=word, obj=room))


class LightCommand(Command):
    """
    Light the lamp.

    Usage:
      light lamp
      on
    """

    key = "light"
    aliases = ["light lamp", "lamp on", "turn on lamp", "on"]
    arg_regex = r"\s*$"
    help_category = "cave"

    def func(self) -> None:
        """Light it, if it has power left."""
        from perdure.worlds.cave.typeclasses import LitCaveLamp

        lamp = self.obj
        if isinstance(lamp, LitCaveLamp):
            self.msg("It is lit already.")
        elif not lamp.light():
            self.msg("Your lamp has run out of power.")
        elif lamp.location is self.caller:
            # The lamp itself tells whoever carries it that it is on.
            self.caller.msg(self.caller.at_look(self.caller.location))


class ExtinguishCommand(Command):
    """
    Put the lamp out, to save its batteries.

    Usage:
      extinguish lamp
      off
    """

    key = "extinguish"
    aliases = ["extinguish lamp", "lamp off", "turn off lamp", "off"]
    arg_regex = r"\s*$"
    help_category = "cave"

    def func(self) -> None:
        """Put it out."""
        from perdure.worlds.cave.typeclasses import LitCaveLamp

        lamp = self.obj
        if not isinstance(lamp, LitCaveLamp):
            self.msg("It is not lit.")
            return
        lamp.put_out()
        self.msg("Your lamp is now off.")


class LampCmdSet(CmdSet):
    """What one does with the lamp."""

    key = "CaveLamp"

    def at_cmdset_creation(self) -> None:
        """Light it, put it out."""
        self.add([LightCommand(), ExtinguishCommand()])


def offer(owner: Any, cmdset: type[CmdSet]) -> None:
    """Have `owner` carry this set; nothing happens if it does already."""
    if not owner.cmdset.has(cmdset):
        owner.cmdset.add(cmdset)
