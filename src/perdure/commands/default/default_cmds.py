"""All stock commands and command sets by name: `from perdure import default_cmds`, then `default_cmds.CmdLook`.

For games that change a stock command: derive from its class, and add yours to a command set after the stock ones.
"""

from __future__ import annotations

from perdure.commands.arguments import MuxCommand, ObjManipCommand
from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command
from perdure.commands.default.account import CmdPassword, CmdQuell, CmdQuit, CmdUserPassword
from perdure.commands.default.administration import CmdAccounts, CmdBoot
from perdure.commands.default.announcing import CmdEmit, CmdWall
from perdure.commands.default.attributes import CmdSetAttribute
from perdure.commands.default.banning import CmdBan, CmdUnban
from perdure.commands.default.channel import CmdChannel
from perdure.commands.default.characters import CmdCharCreate, CmdCharDelete, CmdIC, CmdOOC, CmdOOCLook
from perdure.commands.default.cmdsets import AccountCmdSet, CharacterCmdSet, SessionCmdSet, UnloggedinCmdSet
from perdure.commands.default.colors import CmdColor
from perdure.commands.default.command_sets import CmdListCmdSets
from perdure.commands.default.communication import CmdPose, CmdSay, CmdWhisper
from perdure.commands.default.connection_screen import (
    CmdLoginStart,
    CmdUnconnectedEncoding,
    CmdUnconnectedInfo,
    CmdUnconnectedLook,
    CmdUnconnectedScreenreader,
)
from perdure.commands.default.copying_attributes import CmdCpAttr, CmdMvAttr, CmdWipe
from perdure.commands.default.creating import CmdCopy, CmdCreate
from perdure.commands.default.destroying import CmdDestroy
from perdure.commands.default.digging import CmdDig, CmdTunnel
from perdure.commands.default.examining import CmdExamine
from perdure.commands.default.exits import CmdLink, CmdOpen, CmdUnLink
from perdure.commands.default.finding import CmdFind
from perdure.commands.default.forcing import CmdForce
from perdure.commands.default.general import CmdAccess, CmdHome, CmdLook, CmdSetDesc
from perdure.commands.default.handling import CmdDrop, CmdGet, CmdGive, CmdInventory
from perdure.commands.default.help import CmdHelp
from perdure.commands.default.locking import CmdExplain, CmdLock
from perdure.commands.default.names_and_descriptions import CmdDesc, CmdName, CmdSetObjAlias
from perdure.commands.default.nicks import CmdNick
from perdure.commands.default.paging import CmdPage
from perdure.commands.default.permissions import CmdPerm
from perdure.commands.default.preferences import CmdOption, CmdStyle
from perdure.commands.default.python import CmdPy
from perdure.commands.default.scripts import CmdScripts
from perdure.commands.default.sessions import CmdSessions, CmdWho
from perdure.commands.default.statistics import CmdCache, CmdObjects
from perdure.commands.default.system import CmdAbout, CmdReload, CmdReset, CmdServer, CmdShutdown, CmdTime
from perdure.commands.default.tagging import CmdTag
from perdure.commands.default.tasks import CmdTasks
from perdure.commands.default.teleporting import CmdSetHome, CmdTeleport
from perdure.commands.default.tickers import CmdTickers
from perdure.commands.default.typeclass import CmdTypeclass
from perdure.commands.default.unloggedin import (
    CmdUnconnectedConnect,
    CmdUnconnectedCreate,
    CmdUnconnectedHelp,
    CmdUnconnectedQuit,
)

__all__ = [
    "AccountCmdSet",
    "CharacterCmdSet",
    "CmdAbout",
    "CmdAccess",
    "CmdAccounts",
    "CmdBan",
    "CmdBoot",
    "CmdCache",
    "CmdChannel",
    "CmdCharCreate",
    "CmdCharDelete",
    "CmdColor",
    "CmdCopy",
    "CmdCpAttr",
    "CmdCreate",
    "CmdDesc",
    "CmdDestroy",
    "CmdDig",
    "CmdDrop",
    "CmdEmit",
    "CmdExamine",
    "CmdExplain",
    "CmdFind",
    "CmdForce",
    "CmdGet",
    "CmdGive",
    "CmdHelp",
    "CmdHome",
    "CmdIC",
    "CmdInventory",
    "CmdLink",
    "CmdListCmdSets",
    "CmdLock",
    "CmdLoginStart",
    "CmdLook",
    "CmdMvAttr",
    "CmdName",
    "CmdNick",
    "CmdOOC",
    "CmdOOCLook",
    "CmdObjects",
    "CmdOpen",
    "CmdOption",
    "CmdPage",
    "CmdPassword",
    "CmdPerm",
    "CmdPose",
    "CmdPy",
    "CmdQuell",
    "CmdQuit",
    "CmdReload",
    "CmdReset",
    "CmdSay",
    "CmdScripts",
    "CmdServer",
    "CmdSessions",
    "CmdSet",
    "CmdSetAttribute",
    "CmdSetDesc",
    "CmdSetHome",
    "CmdSetObjAlias",
    "CmdShutdown",
    "CmdStyle",
    "CmdTag",
    "CmdTasks",
    "CmdTeleport",
    "CmdTickers",
    "CmdTime",
    "CmdTunnel",
    "CmdTypeclass",
    "CmdUnLink",
    "CmdUnban",
    "CmdUnconnectedConnect",
    "CmdUnconnectedCreate",
    "CmdUnconnectedEncoding",
    "CmdUnconnectedHelp",
    "CmdUnconnectedInfo",
    "CmdUnconnectedLook",
    "CmdUnconnectedQuit",
    "CmdUnconnectedScreenreader",
    "CmdUserPassword",
    "CmdWall",
    "CmdWhisper",
    "CmdWho",
    "CmdWipe",
    "Command",
    "MuxCommand",
    "ObjManipCommand",
    "SessionCmdSet",
    "UnloggedinCmdSet",
]
