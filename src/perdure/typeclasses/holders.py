"""`obj.db` and `obj.ndb`: attributes as Python attributes.

Contract: reading a name that is not stored gives None; assigning stores, `del` removes silently. Keys are
case-insensitive; only uncategorised attributes are reached. `all` lists the attributes, unless one is called so.
A value once loaded sits in the holder's own `__dict__`: reading it runs no Python code.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from perdure.errors import ReadOnlyProperty
from perdure.typeclasses.attribute_store import AttributeStore, Slot, shared_slot
from perdure.typeclasses.keys import normal_key
from perdure.typeclasses.missing_value import MISSING

__all__ = ["DbHolder", "NDbHolder", "db_holder"]


@lru_cache(maxsize=4096)
def _slot_of(name: str) -> Slot:
    """The slot that an attribute of this name is kept in."""
    if name.startswith(("__", "_p_")):
        raise ReadOnlyProperty(f"{name!r} cannot be an attribute; choose a name that does not begin with '__' or '_p_'")
    return shared_slot("", "", normal_key(name))


class DbHolder:
    """Attribute-style access to an object's stored attributes."""

    __slots__ = ("__dict__", "__weakref__", "_p_store")

    _p_store: AttributeStore

    def __init__(self, owner: Any) -> None:
        _set_store(self, AttributeStore(owner, self.__dict__))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"stored attributes do not answer for {name}")
        value = self._p_store.find(shared_slot("", "", name.strip().lower()))
        return None if value is MISSING else value

    def __setattr__(self, name: str, value: Any) -> None:
        self._p_store.set_value(_slot_of(name), value)

    def __delattr__(self, name: str) -> None:
        slot = ("", "", normal_key(name))
        if self._p_store.exists(slot):
            self._p_store.remove([slot])

    @property
    def all(self) -> Any:
        """The stored attributes (a list), or the value of an attribute called `all`."""
        stored = self._p_store.find(("", "", "all"))
        return stored if stored else self._p_store.owner().attributes.all()

    @all.setter
    def all(self, value: Any) -> None:
        self._p_store.set_value(("", "", "all"), value)

    @all.deleter
    def all(self) -> None:
        slot = ("", "", "all")
        if self._p_store.exists(slot):
            self._p_store.remove([slot])

    def __dir__(self) -> Iterable[str]:
        return sorted(slot[2] for slot in self._p_store.slots("", ""))

    def __repr__(self) -> str:
        return f"<db of {self._p_store!r}>"


_set_store: Any = DbHolder._p_store.__set__  # type: ignore[attr-defined]


def db_holder(owner: Any) -> DbHolder:
    """The holder of `owner`, of a class that all instances of the owner's class have.

    Python keeps the names in the dictionaries of a class's instances once for all of them, as long as they are much the
    same: of one typeclass they are, and each object needs 150 bytes less.
    """
    cls = type(owner)
    kind = cls.__dict__.get("_db_holder")
    if kind is None:
        kind = cls._db_holder = type("DbHolder", (DbHolder,), {"__slots__": (), "__module__": __name__})
    return kind(owner)  # type: ignore[no-any-return]


class NDbHolder:
    """Attribute-style access to an object's attributes that are not stored."""

    __slots__ = ("__dict__", "__weakref__")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"attributes do not answer for {name}")
        return self.__dict__.get(name.strip().lower())

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[normal_key(name)] = value

    def __delattr__(self, name: str) -> None:
        self.__dict__.pop(normal_key(name), None)

    def __dir__(self) -> Iterable[str]:
        return sorted(self.__dict__)

    def __repr__(self) -> str:
        return f"<ndb with {', '.join(sorted(self.__dict__)) or 'nothing'}>"
