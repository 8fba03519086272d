"""The kinds of things that the API knows, each with its rows, its class, and what can be said of it.

Contract: `KINDS` is all of them, by the name in the address. A kind's `rows()` are those of its table, or of its base
class and the classes derived from it: a room is an object, and is found under both names. A class that a client names
is looked up among those that the game has; nothing is imported for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB
from perdure.conf import conf
from perdure.errors import TypeclassNotFound, WrongFamily
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultRoom
from perdure.scripts.models import ScriptDB
from perdure.typeclasses import registry
from perdure.web.rest import schemas
from perdure.web.rest.problems import Missing

__all__ = ["KINDS", "Kind", "find_entity"]

_PLACES = {"location": "db_location", "home": "db_home", "destination": "db_destination", "account": "db_account"}


@dataclass(frozen=True)
class Kind:
    """One kind.

    Args:
        name: as in addresses.
        model: its table.
        setting: names the class of a new one.
        creation, change: what can be said when one is made, and to change one.
        base: the class that all of them are of; None for all of the table.
        ids: filters by the id of another entity, and their fields.
        flags: filters by yes or no, and their fields.
        hosts: fields of the entities whose locks may be asked instead.
        shows_attributes: some of what is shown is an attribute.
    """

    name: str
    model: Any
    setting: str
    creation: type[schemas.Creation]
    change: type[schemas.Change]
    base: Any = None
    ids: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    shows_attributes: bool = False

    @property
    def one(self) -> str:
        """What one of them is called."""
        return self.name.removesuffix("s")

    def rows(self) -> Any:
        """All of them."""
        return self.model.objects.all() if self.base is None else self.base.objects.all_family()

    def with_what_is_shown(self, rows: Any) -> Any:
        """The rows, with all that showing them takes, in a fixed number of statements."""
        with_hosts = rows.select_related(*self.hosts) if self.hosts else rows
        return with_hosts.preload(attributes=self.shows_attributes, tags=True)

    def known_class(self, path: str) -> Any:
        """The class that a client means by a path, which may be shortened. Raises `TypeclassNotFound`."""
        path = registry.translated(path.strip())
        for candidate in (path, *(f"{prefix}.{path}" for prefix in conf.TYPECLASS_PATHS)):
            found = registry.find(candidate, self.model)
            if found is not None:
                return found
        raise TypeclassNotFound(f"typeclass: there is no class {path[:255]!r} of {self.name}")

    def class_of_new(self, path: str | None) -> Any:
        """The class of a new one. Raises `TypeclassNotFound`, `WrongFamily`."""
        cls = registry.resolve(getattr(conf, self.setting), self.model) if path is None else self.known_class(path)
        if self.base is not None and not issubclass(cls, self.base):
            raise WrongFamily(f"typeclass: {cls.path} is no class of {self.name}")
        return cls


def _objects(name: str, setting: str, base: Any = None) -> Kind:
    return Kind(name, ObjectDB, setting, schemas.ObjectCreation, schemas.ObjectChange, base, ids=_PLACES)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "accounts",
            AccountDB,
            "BASE_ACCOUNT_TYPECLASS",
            schemas.AccountCreation,
            schemas.AccountChange,
            flags={"connected": "db_is_connected"},
        ),
        _objects("objects", "BASE_OBJECT_TYPECLASS"),
        _objects("characters", "BASE_CHARACTER_TYPECLASS", DefaultCharacter),
        _objects("rooms", "BASE_ROOM_TYPECLASS", DefaultRoom),
        _objects("exits", "BASE_EXIT_TYPECLASS", DefaultExit),
        Kind(
            "scripts",
            ScriptDB,
            "BASE_SCRIPT_TYPECLASS",
            schemas.ScriptCreation,
            schemas.ScriptChange,
            ids={"obj": "db_obj", "account": "db_account"},
            flags={"active": "db_is_active", "persistent": "db_persistent"},
            hosts=("db_obj", "db_account"),
        ),
        Kind(
            "channels",
            ChannelDB,
            "BASE_CHANNEL_TYPECLASS",
            schemas.ChannelCreation,
            schemas.ChannelChange,
            shows_attributes=True,
        ),
    )
}


def find_entity(kind: Kind, number: int) -> Any:
    """The one with this id. Raises `Missing`."""
    found = kind.rows().filter(pk=number).first() if 0 < number <= schemas.LARGEST_ID else None
    if found is None:
        raise Missing(f"There is no {kind.one} #{number}.")
    return found
