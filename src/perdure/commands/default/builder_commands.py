"""The commands of builders and developers, for the set of commands that characters have."""

from __future__ import annotations

from perdure.commands.default.attributes import CmdSetAttribute
from perdure.commands.default.command_sets import CmdListCmdSets
from perdure.commands.default.copying_attributes import CmdCpAttr, CmdMvAttr, CmdWipe
from perdure.commands.default.creating import CmdCopy, CmdCreate
from perdure.commands.default.destroying import CmdDestroy
from perdure.commands.default.digging import CmdDig, CmdTunnel
from perdure.commands.default.examining import CmdExamine
from perdure.commands.default.exits import CmdLink, CmdOpen, CmdUnLink
from perdure.commands.default.finding import CmdFind
from perdure.commands.default.forcing import CmdForce
from perdure.commands.default.locking import CmdExplain, CmdLock
from perdure.commands.default.names_and_descriptions import CmdDesc, CmdName, CmdSetObjAlias
from perdure.commands.default.python import CmdPy
from perdure.commands.default.scripts import CmdScripts
from perdure.commands.default.statistics import CmdCache, CmdObjects
from perdure.commands.default.tagging import CmdTag
from perdure.commands.default.teleporting import CmdSetHome, CmdTeleport
from perdure.commands.default.tickers import CmdTickers
from perdure.commands.default.typeclass import CmdTypeclass

__all__ = ["BUILDING_COMMANDS", "BUILDING_COMMANDS_OF_ACCOUNTS"]

BUILDING_COMMANDS: tuple[type, ...] = (
    CmdCache,
    CmdCopy,
    CmdCpAttr,
    CmdCreate,
    CmdDesc,
    CmdDestroy,
    CmdDig,
    CmdExamine,
    CmdExplain,
    CmdFind,
    CmdForce,
    CmdLink,
    CmdListCmdSets,
    CmdLock,
    CmdMvAttr,
    CmdName,
    CmdObjects,
    CmdOpen,
    CmdPy,
    CmdScripts,
    CmdSetAttribute,
    CmdSetHome,
    CmdSetObjAlias,
    CmdTag,
    CmdTeleport,
    CmdTickers,
    CmdTunnel,
    CmdTypeclass,
    CmdUnLink,
    CmdWipe,
)

#: Those that make sense for somebody who is playing nobody, too.
BUILDING_COMMANDS_OF_ACCOUNTS: tuple[type, ...] = (CmdExamine, CmdPy)
