"""Commands and command sets of the tests."""

from __future__ import annotations

from typing import Any

from perdure.commands.arguments import MuxCommand
from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command


class Look(Command):
    """Look around."""

    key = "look"
    aliases = ("l",)

    def func(self) -> Any:
        self.msg(f"looked at [{self.args}] by [{self.cmdname}]")


class Get(Command):
    """Take something."""

    key = "get"

    def func(self) -> Any:
        self.msg(f"got [{self.args.strip()}]")


class Channel(MuxCommand):
    """Speak on a channel."""

    key = "channel"

    def func(self) -> Any:
        self.msg(f"channel [{self.lhs}] [{self.rhs}]")


class Secret(Command):
    """Only for staff."""

    key = "secret"
    locks = "perm(Builder)"

    def func(self) -> Any:
        self.msg("secret")


class CharacterSet(CmdSet):
    key = "Character"

    def at_cmdset_creation(self) -> None:
        self.add([Look, Get, Channel, Secret])


class AccountSet(CmdSet):
    key = "Account"
    priority = -10

    def at_cmdset_creation(self) -> None:
        self.add(Command(key="ooc"))
