"""The one table: which module of the documents is which of ours.

Contract: a module in the table hands on the public names of its home (its `__all__`, else what it defines), and those
of `renamed`, which live elsewhere or have another name here. A package of the documents that has no home of its own
hands on its modules only. What is not in the table, Perdure has not got.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["MODULES", "ROOT", "Part", "children", "translate"]

ROOT = "evennia"


@dataclass(frozen=True)
class Part:
    """Where the names of one module of the documents are.

    Attributes:
        home: the Perdure module; empty for a package that only holds modules.
        renamed: name in the documents -> `module:name` here.
    """

    home: str = ""
    renamed: dict[str, str] = field(default_factory=dict)


MODULES = MappingProxyType(
    {
        ROOT: Part("perdure"),
        "evennia.accounts": Part(),
        "evennia.accounts.accounts": Part("perdure.accounts.accounts"),
        "evennia.accounts.manager": Part("perdure.accounts.managers"),
        "evennia.accounts.models": Part("perdure.accounts.models"),
        "evennia.commands": Part(),
        "evennia.commands.cmdhandler": Part("perdure.commands.dispatch"),
        "evennia.commands.cmdparser": Part("perdure.commands.parser"),
        "evennia.commands.cmdset": Part("perdure.commands.cmdset"),
        "evennia.commands.cmdsethandler": Part("perdure.typeclasses.cmdsets"),
        "evennia.commands.command": Part("perdure.commands.command"),
        "evennia.commands.default": Part(),
        "evennia.commands.default.muxcommand": Part("perdure.commands.arguments"),
        "evennia.comms": Part(),
        "evennia.comms.comms": Part("perdure.channels.channels"),
        "evennia.comms.managers": Part("perdure.channels.managers"),
        "evennia.comms.models": Part("perdure.channels.models"),
        "evennia.locks": Part(),
        "evennia.locks.lockfuncs": Part("perdure.locks.lockfuncs"),
        "evennia.locks.lockhandler": Part(
            "perdure.locks",
            {"LockException": "perdure.errors:LockException"},
        ),
        "evennia.objects": Part(),
        "evennia.objects.manager": Part("perdure.objects.managers"),
        "evennia.objects.models": Part("perdure.objects.models"),
        "evennia.objects.objects": Part("perdure.objects.objects"),
        "evennia.scripts": Part(),
        "evennia.scripts.manager": Part("perdure.scripts.managers"),
        "evennia.scripts.models": Part("perdure.scripts.models"),
        "evennia.scripts.scripts": Part("perdure.scripts.scripts"),
        "evennia.server": Part(),
        "evennia.server.models": Part("perdure.serverconfig.models"),
        "evennia.server.signals": Part("perdure.signals"),
        "evennia.signals": Part("perdure.signals"),
        "evennia.typeclasses": Part(),
        "evennia.typeclasses.attributes": Part("perdure.typeclasses.attributes"),
        "evennia.typeclasses.managers": Part("perdure.typeclasses.managers"),
        "evennia.typeclasses.models": Part("perdure.typeclasses.models"),
        "evennia.typeclasses.tags": Part("perdure.typeclasses.tags"),
        "evennia.utils": Part(),
        "evennia.utils.create": Part("perdure.create"),
        "evennia.utils.dbserialize": Part(renamed={"deserialize": "perdure.values:plain"}),
        "evennia.utils.gametime": Part("perdure.gametime"),
        "evennia.utils.idmapper": Part(),
        "evennia.utils.idmapper.manager": Part(
            renamed={"SharedMemoryManager": "perdure.idmapper.queryset:SharedMemoryManager"}
        ),
        "evennia.utils.idmapper.models": Part("perdure.idmapper.models"),
        "evennia.utils.search": Part("perdure.search"),
        "evennia.utils.test_resources": Part("perdure.testing.cases"),
    }
)


def children(module: str) -> list[str]:
    """The names of the modules directly in a package of the documents."""
    prefix = f"{module}."
    return [name.removeprefix(prefix) for name in MODULES if name.startswith(prefix) and "." not in name[len(prefix) :]]


def translate(path: str) -> str:
    """A path of the documents (`evennia.objects.objects.DefaultObject`) as ours; any other path unchanged."""
    module, _, name = path.rpartition(".")
    part = MODULES.get(module)
    if part is None:
        return path
    if name in part.renamed:
        return part.renamed[name].replace(":", ".")
    if module == ROOT:
        import perdure

        return perdure._HOMES.get(name, path).replace(":", ".")
    return f"{part.home}.{name}" if part.home else path
