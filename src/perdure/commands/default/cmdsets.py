"""The stock command sets: what can be typed before login, and by sessions, accounts and characters after it.

A game's own sets inherit from these, call `super().at_cmdset_creation()` and add theirs.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from perdure.commands.cmdset import CmdSet
from perdure.commands.default import (
    account,
    administration,
    announcing,
    banning,
    channel,
    characters,
    colors,
    communication,
    connection_screen,
    general,
    handling,
    nicks,
    paging,
    permissions,
    preferences,
    sessions,
    system,
    tasks,
    unloggedin,
)
from perdure.commands.default.help import CmdHelp

__all__ = ["AccountCmdSet", "CharacterCmdSet", "SessionCmdSet", "UnloggedinCmdSet", "building_commands"]


def building_commands(of_accounts: bool = False) -> list[Any]:
    """The commands of builders and developers; those that need no character with `of_accounts`."""
    home = import_module("perdure.commands.default.builder_commands")
    return list(home.BUILDING_COMMANDS_OF_ACCOUNTS if of_accounts else home.BUILDING_COMMANDS)


class UnloggedinCmdSet(CmdSet):
    """What can be typed before login."""

    key = "DefaultUnloggedin"
    priority = 0

    def at_cmdset_creation(self) -> None:
        """Add the commands."""
        self.add(
            [
                unloggedin.CmdUnconnectedConnect,
                unloggedin.CmdUnconnectedCreate,
                unloggedin.CmdUnconnectedQuit,
                unloggedin.CmdUnconnectedHelp,
                connection_screen.CmdUnconnectedLook,
                connection_screen.CmdLoginStart,
                connection_screen.CmdUnconnectedEncoding,
                connection_screen.CmdUnconnectedScreenreader,
                connection_screen.CmdUnconnectedInfo,
            ]
        )


class SessionCmdSet(CmdSet):
    """What belongs to a connection once it is logged in."""

    key = "DefaultSession"
    priority = -20

    def at_cmdset_creation(self) -> None:
        """Add the commands."""
        self.add(sessions.CmdSessions)


class AccountCmdSet(CmdSet):
    """What an account can type, whether or not it plays a character."""

    key = "DefaultAccount"
    priority = -10

    def at_cmdset_creation(self) -> None:
        """Add the commands."""
        self.add(
            [
                characters.CmdOOCLook,
                characters.CmdIC,
                characters.CmdOOC,
                characters.CmdCharCreate,
                characters.CmdCharDelete,
                sessions.CmdWho,
                sessions.CmdSessions,
                preferences.CmdOption,
                preferences.CmdStyle,
                colors.CmdColor,
                account.CmdPassword,
                account.CmdQuell,
                account.CmdQuit,
                account.CmdUserPassword,
                general.CmdAccess,
                nicks.CmdNick,
                CmdHelp,
                channel.CmdChannel,
                paging.CmdPage,
                administration.CmdAccounts,
                banning.CmdBan,
                administration.CmdBoot,
                banning.CmdUnban,
                announcing.CmdWall,
                permissions.CmdPerm,
                system.CmdAbout,
                system.CmdReload,
                system.CmdReset,
                system.CmdServer,
                system.CmdShutdown,
                system.CmdTime,
                tasks.CmdTasks,
            ]
        )
        self.add(building_commands(of_accounts=True))


class CharacterCmdSet(CmdSet):
    """What somebody can type while they act through a character."""

    key = "DefaultCharacter"
    priority = 0

    def at_cmdset_creation(self) -> None:
        """Add the commands."""
        self.add(
            [
                general.CmdLook,
                general.CmdHome,
                general.CmdSetDesc,
                general.CmdAccess,
                handling.CmdGet,
                handling.CmdDrop,
                handling.CmdGive,
                handling.CmdInventory,
                communication.CmdSay,
                communication.CmdWhisper,
                communication.CmdPose,
                nicks.CmdNick,
                CmdHelp,
                announcing.CmdEmit,
            ]
        )
        self.add(building_commands())
