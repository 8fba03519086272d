"""What attribute handlers have in common: keys, categories, access checks and the documented return shapes.

A handler offers `_find(slot)`, `_exists(slot)`, `_set(slot, …)`, `_remove(slots)`, `_slots(category)`,
`_objects(slots)` and `_locks_of(slot)`; this class builds the documented calls on them.

Return shapes: `get` gives the default for no match, the bare value for one, a list for several; `return_list` always
a list. `has` gives a bool for one key, a list for several.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from perdure.errors import AttributeMissing, InvalidArgument, LockException
from perdure.locks import LockHandler, validate_lockstring
from perdure.typeclasses.attribute_store import Slot
from perdure.typeclasses.handlers import OwnerRef
from perdure.typeclasses.keys import normal_category, normal_key

__all__ = ["BaseAttributeHandler"]


class _LockedAttribute:
    """An attribute as lock functions see it: its locks, and the object it is on."""

    __slots__ = ("__weakref__", "lock_storage", "obj")

    def __init__(self, obj: Any, lock_storage: str) -> None:
        self.obj = obj
        self.lock_storage = lock_storage


class BaseAttributeHandler(ABC):
    """The documented attribute calls, over any storage."""

    _attrtype: str | None = None

    def __init__(self, obj: Any) -> None:
        self._owner = OwnerRef(obj)

    @property
    def obj(self) -> Any:
        """The object whose attributes these are."""
        return self._owner()

    # --- storage, by subclass

    @abstractmethod
    def _find(self, slot: Slot) -> Any:
        """The value in `slot`, or `MISSING`."""

    @abstractmethod
    def _exists(self, slot: Slot) -> bool:
        """Whether there is such an attribute."""

    @abstractmethod
    def _set(self, slot: Slot, value: Any, lockstring: str | None, string: str | None) -> None:
        """Store a value; a lockstring of None leaves the locks, `string` is kept instead of the value."""

    @abstractmethod
    def _remove(self, slots: list[Slot]) -> None:
        """Remove those attributes."""

    @abstractmethod
    def _slots(self, category: str | None) -> list[Slot]:
        """The slots of a category (empty: uncategorised), or all for None."""

    @abstractmethod
    def _objects(self, slots: list[Slot]) -> list[Any]:
        """The Attribute objects of those slots, by id."""

    @abstractmethod
    def _locks_of(self, slot: Slot) -> str:
        """The attribute's locks as text."""

    def _string_of(self, slot: Slot) -> str | None:
        return None

    # --- keys and access

    def _slot(self, key: Any, category: Any) -> Slot:
        return (self._attrtype or "", normal_category(category), normal_key(key))

    def _asked(self, key: Any, category: Any) -> list[Slot]:
        """The slots a call asks for: those of the keys, or the whole category for None."""
        if key is None:
            return self._slots(normal_category(category))
        return [self._slot(one, category) for one in _many(key)]

    def _may(self, slot: Slot, accessing_obj: Any, access_type: str, default: bool) -> bool:
        if accessing_obj is None:
            return True
        locks = self._locks_of(slot)
        if not locks:
            return default
        target = _LockedAttribute(self.obj, locks)
        return LockHandler(target).check(accessing_obj, access_type, default=default)

    # --- the documented calls

    def has(self, key: Any = None, category: Any = None) -> bool | list[bool]:
        """Whether an attribute exists: a bool for one key, a list for several; without a key, any in the category."""
        if key is None:
            return bool(self._slots(normal_category(category)))
        found = [self._exists(self._slot(one, category)) for one in _many(key)]
        return found if _is_many(key) else found[0]

    def get(
        self,
        key: Any = None,
        default: Any = None,
        category: Any = None,
        return_obj: bool = False,
        strattr: bool = False,
        raise_exception: bool = False,
        accessing_obj: Any = None,
        default_access: bool = True,
        return_list: bool = False,
    ) -> Any:
        """Get values, or Attribute objects with `return_obj`.

        Args:
            key: one key or several; None for all of the category.
            default: given for no match (not with `return_obj`, which gives None).
            category: None for uncategorised attributes.
            strattr: read the plain string kept beside the value.
            raise_exception: raise `AttributeMissing` for no match.
            accessing_obj: leave out attributes whose `attrread` lock this object does not pass.
            default_access: what counts for attributes without such a lock.
            return_list: always give a list.
        """
        slots = self._asked(key, category)
        there = [slot for slot in slots if self._exists(slot)]
        there = [slot for slot in there if self._may(slot, accessing_obj, "attrread", default_access)]
        if not there and raise_exception:
            raise AttributeMissing(f"{self.obj!r} has no attribute {key!r} in category {category!r}")
        if return_obj:
            by_slot = {row._slot: row for row in self._objects(there)}
            found: list[Any] = [by_slot.get(slot) for slot in slots] if _is_many(key) else list(by_slot.values())
            return _shape(found, None, return_list)
        if strattr:
            found = [self._string_of(slot) for slot in there]
        else:
            found = [None if self._string_of(slot) is not None else self._find(slot) for slot in there]
        return _shape(found, default, return_list)

    def add(
        self,
        key: Any,
        value: Any,
        category: Any = None,
        lockstring: str = "",
        strattr: bool = False,
        accessing_obj: Any = None,
        default_access: bool = True,
    ) -> None:
        """Create or overwrite one attribute.

        With `accessing_obj`, does nothing unless that may: a new attribute needs the owner's `attrcreate`, an existing
        one its own `attredit`. A lockstring that is given replaces the attribute's; a malformed one raises
        `LockException`, an unstorable value `UnstorableValue`, and nothing changes.
        """
        slot = self._slot(key, category)
        if lockstring:
            _, error = validate_lockstring(lockstring)
            if error is not None:
                where = f"lockstring of attribute {key!r}"
                raise LockException(f"{where}: {error.reason}", error.text, error.position)
        if accessing_obj is not None and not self._may_write(slot, accessing_obj, default_access):
            return
        if strattr and not isinstance(value, str):
            value = str(value)
        self._set(slot, None if strattr else value, lockstring or None, value if strattr else None)

    def _may_write(self, slot: Slot, accessing_obj: Any, default_access: bool) -> bool:
        if self._exists(slot):
            return self._may(slot, accessing_obj, "attredit", default_access)
        return bool(self.obj.access(accessing_obj, "attrcreate", default=default_access))

    def batch_add(self, *attributes: Any, strattr: bool = False) -> None:
        """Create or overwrite several, each `(key, value[, category[, lockstring[, default_access]]])`.

        All are checked before any is written, and they are written together.
        """
        checked = []
        for item in attributes:
            if isinstance(item, str) or not isinstance(item, Iterable):
                raise InvalidArgument(f"batch_add takes (key, value[, category[, lockstring]]) tuples, got {item!r}")
            parts = list(item)
            if not 2 <= len(parts) <= 5:
                raise InvalidArgument(f"batch_add takes tuples of 2 to 5 items, got {item!r}")
            key, value, category, locks, _ = parts + [None, "", True][len(parts) - 2 :]
            self._slot(key, category)
            checked.append((key, value, category, locks or ""))
        with self._together():
            for key, value, category, locks in checked:
                self.add(key, value, category=category, lockstring=locks, strattr=strattr)

    @abstractmethod
    def _together(self) -> Any:
        """A context in which several writes are one."""

    def remove(
        self,
        key: Any = None,
        category: Any = None,
        raise_exception: bool = False,
        accessing_obj: Any = None,
        default_access: bool = True,
    ) -> None:
        """Remove one key or several; None removes the whole category. Blank keys raise `InvalidKey`.

        A missing one is passed over, or raises `AttributeMissing` with `raise_exception`. With `accessing_obj`, those
        whose `attredit` lock it does not pass stay.
        """
        if key is None:
            self.clear(category=category, accessing_obj=accessing_obj, default_access=default_access)
            return
        slots = [slot for slot in self._asked(key, category) if self._exists(slot)]
        if raise_exception and len(slots) < len(_many(key)):
            raise AttributeMissing(f"{self.obj!r} has no attribute {key!r} in category {category!r}")
        slots = [slot for slot in slots if self._may(slot, accessing_obj, "attredit", default_access)]
        if slots:
            self._remove(slots)

    def clear(self, category: Any = None, accessing_obj: Any = None, default_access: bool = True) -> None:
        """Remove all attributes, or all of a category; with `accessing_obj`, those whose `attredit` lock it passes."""
        slots = self._slots(None if category is None else normal_category(category))
        slots = [slot for slot in slots if self._may(slot, accessing_obj, "attredit", default_access)]
        if slots:
            self._remove(slots)

    def all(self, category: Any = None, accessing_obj: Any = None, default_access: bool = True) -> list[Any]:
        """All Attribute objects by id, or those of a category.

        With `accessing_obj`, those whose `attrread` lock it passes.
        """
        slots = self._slots(None if category is None else normal_category(category))
        return self._objects([slot for slot in slots if self._may(slot, accessing_obj, "attrread", default_access)])

    def reset_cache(self) -> None:  # noqa: B027  (what lives in memory only has nothing to read again)
        """Forget what memory holds; the next read takes it from the storage."""


def _is_many(key: Any) -> bool:
    return key is None or (isinstance(key, Iterable) and not isinstance(key, str))


def _many(key: Any) -> list[Any]:
    return list(key) if _is_many(key) else [key]


def _shape(found: list[Any], default: Any, return_list: bool) -> Any:
    if return_list:
        return found or ([] if default is None else [default])
    if not found:
        return default
    return found[0] if len(found) == 1 else found
