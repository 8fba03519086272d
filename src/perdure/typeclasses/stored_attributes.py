"""`obj.attributes`: the handler of stored attributes."""

from __future__ import annotations

from typing import Any

from perdure.idmapper.states import require
from perdure.transactions import transaction, unit_of_work
from perdure.typeclasses.attribute_api import BaseAttributeHandler
from perdure.typeclasses.attribute_rows import attribute_model
from perdure.typeclasses.attribute_store import AttributeStore, Slot

__all__ = ["AttributeHandler"]


class AttributeHandler(BaseAttributeHandler):
    """Handles the attributes stored on an object."""

    @property
    def _store(self) -> AttributeStore:
        owner = self._owner()
        require(owner, "read stored data of")
        return owner._attribute_store  # type: ignore[no-any-return]

    def _find(self, slot: Slot) -> Any:
        return self._store.find(slot)

    def _exists(self, slot: Slot) -> bool:
        return self._store.exists(slot)

    def _set(self, slot: Slot, value: Any, lockstring: str | None, string: str | None) -> None:
        self._store.set_value(slot, value, lockstring, string)

    def _remove(self, slots: list[Slot]) -> None:
        self._store.remove(slots)

    def _slots(self, category: str | None) -> list[Slot]:
        return self._store.slots(self._attrtype or "", category)

    def _locks_of(self, slot: Slot) -> str:
        return self._store.locks.get(slot, "")

    def _string_of(self, slot: Slot) -> str | None:
        return self._store.strings.get(slot)

    def _objects(self, slots: list[Slot]) -> list[Any]:
        """The rows of `slots`, in their order for several keys, else by id."""
        if not slots:
            return []
        owner = self.obj
        wanted = set(slots)
        rows = (
            attribute_model(owner.__dbclass__).objects.using(owner._state.db).filter(owner_id=owner.pk).order_by("id")
        )
        return [row for row in rows if row._slot in wanted]

    def _together(self) -> Any:
        return transaction(using=self.obj._state.db)

    def reset_cache(self) -> None:
        """Forget what memory holds of this object's attributes; the next read loads them."""
        unit_of_work(self.obj._state.db).flush()  # what is gathered is sent as memory holds it
        self._store.expire("read again")
