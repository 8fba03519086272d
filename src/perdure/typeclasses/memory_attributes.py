"""`obj.nattributes`: attributes kept in memory only, any Python value by identity.

They are gone when the object leaves memory, so an object that has any is not let go (see `at_idmapper_flush`).
Uncategorised ones live in the `__dict__` of the `ndb` holder.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from perdure.locks import LockHandler
from perdure.typeclasses.attribute_api import BaseAttributeHandler
from perdure.typeclasses.attribute_store import Slot
from perdure.typeclasses.handlers import lazy_handler
from perdure.typeclasses.missing_value import MISSING

__all__ = ["InMemoryAttribute", "NAttributeHandler"]


class InMemoryAttribute:
    """One attribute that is not stored; what `nattributes.get(return_obj=True)` gives."""

    def __init__(self, handler: NAttributeHandler, slot: Slot) -> None:
        self._handler = handler
        self._slot = slot
        self.key = slot[2]
        self.category = slot[1] or None

    @property
    def value(self) -> Any:
        """The value."""
        return self._handler._find(self._slot)

    @value.setter
    def value(self, value: Any) -> None:
        self._handler._set(self._slot, value, None, None)

    @property
    def lock_storage(self) -> str:
        """The locks of this attribute, as text."""
        return self._handler._locks_of(self._slot)

    @lock_storage.setter
    def lock_storage(self, text: str) -> None:
        self._handler._locks[self._slot] = text

    locks = lazy_handler(LockHandler, "Locks of this attribute.")

    def access(self, accessing_obj: Any, access_type: str = "read", default: bool = False, **kwargs: Any) -> bool:
        """Whether `accessing_obj` passes this attribute's lock of `access_type`."""
        return bool(self.locks.check(accessing_obj, access_type, default=default))

    def __repr__(self) -> str:
        return f"{self.key}(in memory)"


class NAttributeHandler(BaseAttributeHandler):
    """Handles the attributes of an object that are not stored."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj)
        self._values: dict[str, Any] = obj.ndb.__dict__
        self._rest: dict[Slot, Any] = {}
        self._locks: dict[Slot, str] = {}

    def _find(self, slot: Slot) -> Any:
        return self._rest.get(slot, MISSING) if slot[1] else self._values.get(slot[2], MISSING)

    def _exists(self, slot: Slot) -> bool:
        return self._find(slot) is not MISSING

    def _set(self, slot: Slot, value: Any, lockstring: str | None, string: str | None) -> None:
        value = value if string is None else string
        if slot[1]:
            self._rest[slot] = value
        else:
            self._values[slot[2]] = value
        if lockstring is not None:
            self._locks[slot] = lockstring

    def _remove(self, slots: list[Slot]) -> None:
        for slot in slots:
            self._locks.pop(slot, None)
            if slot[1]:
                self._rest.pop(slot, None)
            else:
                self._values.pop(slot[2], None)

    def _slots(self, category: str | None) -> list[Slot]:
        slots: list[Slot] = [] if category else [("", "", key) for key in self._values]
        return slots + [slot for slot in self._rest if category is None or slot[1] == category]

    def _objects(self, slots: list[Slot]) -> list[Any]:
        return [InMemoryAttribute(self, slot) for slot in slots]

    def _locks_of(self, slot: Slot) -> str:
        return self._locks.get(slot, "")

    def _together(self) -> Any:
        return nullcontext()

    def __bool__(self) -> bool:
        return bool(self._values or self._rest)
