"""How live instances are deleted, undone and passed on.

Contract: whatever deletes a row (`delete()`, a queryset, a cascade), its live instance is marked deleted: every
later access says so, while id and hash stay. Rolling the delete back brings the same instance back to life;
rolling a creation back leaves an instance without a row, which can be saved again.

Django tells of deletions by its signals, sent for each class of our own only, so other models keep their fast
deletes.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import Model, signals

from perdure.idmapper import identifiers
from perdure.idmapper.identity import identity_map, lock
from perdure.idmapper.model_part import ModelPart
from perdure.idmapper.ownership import check_owner
from perdure.idmapper.residency import residents
from perdure.idmapper.states import State, require, state_of
from perdure.transactions.connection import unit_of_work

__all__ = ["Deleting", "hear_deletions"]


class Deleting(ModelPart):
    """The deleting and undoing half of a shared-memory model."""

    _is_deleted = False

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row, with Django's cascades; returns Django's `(count, {label: count})`."""
        require(self, "delete")
        check_owner(self, unit_of_work(self._state.db))
        return super().delete(*args, **kwargs)

    def _mark_deleted(self) -> None:
        meta: Any = self._meta
        alias = self._state.db
        pk = self.__dict__[meta.pk.attname]
        unit_of_work(alias).touch(self, "deleted")
        self.__dict__["_is_deleted"] = True
        identity_map(alias, meta.concrete_model).remove(pk, self)
        residents.discard(self)

    def _close(self) -> None:
        """The deletion is through: drop what memory holds, so that every access finds out."""
        if self.__dict__.get("_is_deleted"):
            if unit_of_work(self._state.db).is_touched(self, "created"):
                # No row will ever tell these again if the creation is undone too.
                names = self._tracked_names
                self.__dict__["_unmade"] = {name: self.__dict__[name] for name in names if name in self.__dict__}
            self._expire_fields()
            self._expire_beside_row()
            self.__dict__.pop("_dirty", None)

    # --- undoing

    def _undo(self, aspects: set[str]) -> None:
        """The transaction that changed `aspects` of this instance is gone; memory follows."""
        if "created" in aspects:
            self._forget_creation()
            return
        if "deleted" in aspects:
            self._revive()
        if aspects & {"fields", "deleted"}:
            self._expire_fields()
        self._expire_beside_row()

    def _forget_creation(self) -> None:
        meta: Any = self._meta
        held = self.__dict__
        state = self._state
        pk = held.get(meta.pk.attname)
        if pk is not None and not state.adding:
            identity_map(state.db, meta.concrete_model).remove(pk, self)
            residents.discard(self)
            identifiers.lost(state.db, meta.concrete_model, pk)
        held.pop("_is_deleted", None)
        held.pop("_dirty", None)
        unmade = held.pop("_unmade", {})
        if not state.adding and meta.concrete_model._meta.auto_field is not None:
            held[meta.pk.attname] = None
        for field in meta.concrete_fields:
            if field.attname not in held:
                held[field.attname] = unmade.get(field.attname, field.get_default())
        held.pop("_expired", None)
        self._expire_beside_row()
        state.adding = True
        state.db = None

    def _revive(self) -> None:
        meta: Any = self._meta
        self.__dict__.pop("_is_deleted", None)
        with lock:
            identity_map(self._state.db, meta.concrete_model).add(self.pk, self)
        if self._strong_cache:
            residents.add(self)

    # --- other ways to get at an instance

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def __reduce__(self) -> Any:
        require(self, "read stored data of")
        meta: Any = self._meta.concrete_model._meta
        return load_reference, (self._state.db, meta.app_label, meta.model_name, self.pk)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.__reduce__()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Model):
            return NotImplemented
        if State.NEW in (state_of(self), State.NEW if other._state.adding else None):
            return False
        mine: Any = self._meta
        return mine.concrete_model is other._meta.concrete_model and self.pk == other.pk

    def __hash__(self) -> int:
        pk = self.__dict__.get(self._meta.pk.attname)
        if pk is None:
            raise TypeError(f"{type(self).__name__} without a row is unhashable; save() it first")
        return hash(pk)


def load_reference(alias: str, app_label: str, model_name: str, pk: Any) -> Any:
    """The live instance a pickle refers to."""
    model: Any = apps.get_model(app_label, model_name)
    known = identity_map(alias, model).get(pk)
    return known if known is not None else model._base_manager.using(alias).get(pk=pk)


def _heard_deletion(sender: type, instance: Any, using: str, **kwargs: Any) -> None:
    live = identity_map(using, instance._meta.concrete_model).get(instance.pk)
    if live is not None:
        live._mark_deleted()


def hear_deletions(cls: type) -> None:
    """Have Django tell of every deletion of an instance of `cls`."""
    signals.post_delete.connect(_heard_deletion, sender=cls)
