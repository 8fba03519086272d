"""Stand-ins for entities: just what locks ask of them, held in plain Python."""

from __future__ import annotations

from typing import Any

from perdure.locks import LockHandler


class Attributes:
    """Stored attributes; counts nothing, saves nothing."""

    def __init__(self, **values: Any) -> None:
        self.values = values

    def has(self, key: str) -> bool:
        return key in self.values

    def get(self, key: str) -> Any:
        return self.values.get(key)


class Tags:
    """Tags as pairs of key and category."""

    def __init__(self, *pairs: tuple[str, str | None]) -> None:
        self.pairs = set(pairs)

    def has(self, key: str, category: str | None = None) -> bool:
        return (key.lower(), category) in self.pairs


class Names:
    """What aliases and permissions have in common: a list of names."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)

    def all(self) -> list[str]:
        return self.names


class Entity:
    """An entity of no family: locks and handlers, but nobody can puppet it."""

    is_superuser = False

    def __init__(self, key: str = "thing", number: int | None = 1, perms: tuple[str, ...] = (), **fields: Any) -> None:
        self.key, self.id, self.dbref = key, number, f"#{number}"
        self.lock_storage = ""
        self.attributes, self.tags = Attributes(), Tags()
        self.permissions, self.aliases = Names(*perms), Names()
        self.__dict__.update(fields)
        self.locks = LockHandler(self)


class Account(Entity):
    """An account."""

    __dbclass__ = type("AccountDB", (), {})

    def quell(self) -> None:
        self.attributes.values["_quell"] = True


class Object(Entity):
    """An object; a superuser while an unquelled superuser puppets it, as real ones are."""

    __dbclass__ = type("ObjectDB", (), {})
    account: Account | None = None
    location: Object | None = None

    def __init__(self, *args: Any, **fields: Any) -> None:
        self.contents: list[Object] = []
        super().__init__(*args, **fields)
        if self.location is not None:
            self.location.contents.append(self)

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]
        account = self.account
        return account is not None and account.is_superuser and not account.attributes.get("_quell")


class Script(Entity):
    """A script sitting on `obj`."""

    __dbclass__ = type("ScriptDB", (), {})


class Command:
    """A command sitting on `obj`."""

    key = "look"
    lock_storage = ""

    def __init__(self, obj: Any = None) -> None:
        self.obj = obj
        self.locks = LockHandler(self)
