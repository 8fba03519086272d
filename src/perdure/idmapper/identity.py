"""The identity map: which live instance stands for which row.

Contract: `(alias, concrete model, pk) -> instance`, at most one per process. It holds instances weakly: what
keeps an instance in memory is the resident set or anybody's reference, and as long as one of them does, the
next load of the row gives that instance.

Invariants: an instance is registered under the pk its row has, from the moment the row is known until the
row is deleted, its creation is undone, or nobody refers to it any more.

Owner: any thread may look up; registering happens under `lock`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from typing import Any

__all__ = ["IdentityMap", "all_maps", "identity_map", "lock"]

lock = threading.RLock()

_maps: dict[tuple[str, type], IdentityMap] = {}


class IdentityRef(weakref.ref):  # type: ignore[type-arg]
    """A weak reference that knows under which primary key it is registered.

    Attributes:
        stamp: as of when the instance is known to agree with its row (see `transactions.outside`).
    """

    __slots__ = ("pk", "stamp")

    pk: Any
    stamp: int


class IdentityMap:
    """The live instances of one table in one database.

    Attributes:
        found_in_memory: how many rows queries have brought, one after the other, whose instances were in memory;
            `found_under` is the stamp of that time (see `transactions.outside`).
    """

    __slots__ = ("_forget", "alias", "found_in_memory", "found_under", "model", "refs")

    def __init__(self, alias: str, model: type) -> None:
        self.alias = alias
        self.model = model
        self.refs: dict[Any, IdentityRef] = {}
        self.found_in_memory = 0
        self.found_under = 0
        self._forget = self._unregister  # one bound method for all references

    def _unregister(self, ref: IdentityRef) -> None:
        if self.refs.get(ref.pk) is ref:
            del self.refs[ref.pk]
            self.found_in_memory = 0

    def get(self, pk: Any) -> Any:
        """The live instance of this pk, or None. `pk` must have the field's own type."""
        ref = self.refs.get(pk)
        return None if ref is None else ref()

    def add(self, pk: Any, instance: Any, stamp: int = 0) -> None:
        """Register `instance`, which agrees with its row as of `stamp`; whoever was registered before is no longer."""
        ref = IdentityRef(instance, self._forget)
        ref.pk = pk
        ref.stamp = stamp
        self.refs[pk] = ref

    def remove(self, pk: Any, instance: Any) -> None:
        """Unregister `instance`, if it is the one registered."""
        ref = self.refs.get(pk)
        if ref is not None and ref() is instance:
            del self.refs[pk]

    def instances(self) -> Iterator[Any]:
        """All live instances, as of now."""
        for ref in list(self.refs.values()):
            instance = ref()
            if instance is not None:
                yield instance

    def __len__(self) -> int:
        return len(self.refs)


def identity_map(alias: str, model: Any) -> IdentityMap:
    """The map of `model` (a concrete model class) in database `alias`."""
    try:
        return _maps[alias, model]
    except KeyError:
        with lock:
            return _maps.setdefault((alias, model), IdentityMap(alias, model))


def all_maps() -> list[IdentityMap]:
    """Every identity map there is."""
    return list(_maps.values())
