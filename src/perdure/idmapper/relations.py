"""Relations of live instances: ids are stored, instances are looked up on every read.

Contract: a foreign key of a shared-memory model keeps only the id of its target and finds the instance through
the identity map each time, so it cannot go stale. What Django would keep on the instance (`fields_cache`,
prefetched lists) is not kept, or is dropped at the first write after it was read.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import router
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor, ForwardOneToOneDescriptor
from django.db.models.query_utils import DeferredAttribute

from perdure.errors import DeletedObject
from perdure.idmapper.identity import identity_map
from perdure.idmapper.states import describe
from perdure.transactions.clock import write_clock

__all__ = ["IdentityState", "PrefetchCache", "RelationCache", "release_targets", "resolve_by_identity"]


class RelationCache(dict[str, Any]):
    """Django's per-instance cache of relations, which refuses what the identity map can find again.

    It still holds a target that has no row yet (it has no id to store) and targets of plain Django models, these
    until the next write of this process.
    """

    as_of = 0

    def __setitem__(self, name: str, value: Any) -> None:
        if value is None or (hasattr(value, "__dbclass__") and value.pk is not None):
            self.pop(name, None)
        else:
            super().__setitem__(name, value)
            self.as_of = write_clock.now


class _RelationCacheAttribute:
    def __get__(self, state: Any, owner: type | None = None) -> Any:
        if state is None:
            return self
        cache = state.__dict__["fields_cache"] = RelationCache()
        return cache


class IdentityState(ModelState):
    """Django's `_state` of an instance, with a relation cache that keeps no live instances."""

    fields_cache = _RelationCacheAttribute()

    @classmethod
    def adopt(cls, state: ModelState) -> None:
        """Make `state`, as Django's `__init__` left it, one of ours."""
        state.__class__ = cls
        cached = state.__dict__.pop("fields_cache", None)
        for name, value in (cached or {}).items():
            state.fields_cache[name] = value


class PrefetchCache(dict[str, Any]):
    """Prefetched relations of a long-lived instance, good until the next write of this process."""

    def __init__(self) -> None:
        super().__init__()
        self._as_of = write_clock.now

    def _refresh(self) -> None:
        if self._as_of != write_clock.now:
            self.clear()
            self._as_of = write_clock.now

    def __getitem__(self, name: str) -> Any:
        self._refresh()
        return super().__getitem__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self._refresh()
        super().__setitem__(name, value)

    def __contains__(self, name: object) -> bool:
        self._refresh()
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """The prefetched relation, or `default`."""
        self._refresh()
        return super().get(name, default)


class _IdentityLookup:
    """Reads a forward relation through the identity map; mixed into Django's descriptors."""

    field: Any

    def __get__(self, instance: Any, cls: type | None = None) -> Any:
        if instance is None:
            return self
        target = self.field.remote_field.model
        if not hasattr(target, "__dbclass__") or self.field.foreign_related_fields[0] is not target._meta.pk:
            self._drop_stale(instance)
            return super().__get__(instance, cls)  # type: ignore[misc]
        held = instance.__dict__
        attname = self.field.attname
        pk = held[attname] if attname in held else getattr(instance, attname)
        if pk is None:
            return super().__get__(instance, cls)  # type: ignore[misc]
        found = identity_map(instance._state.db or "default", target._meta.concrete_model).get(pk)
        if found is not None:
            return found
        return super().__get__(instance, cls)  # type: ignore[misc]

    def _drop_stale(self, instance: Any) -> None:
        """Forget a target (of a plain Django model) that the id no longer means, or that was perhaps written since."""
        cached = instance._state.__dict__.get("fields_cache")
        known = cached.get(self.field.name) if cached else None
        if known is not None and known._state.db is not None:
            (column, target) = self.field.related_fields[0]
            if cached.as_of != write_clock.now or getattr(instance, column.attname) != getattr(known, target.attname):
                del cached[self.field.name]

    def __set__(self, instance: Any, value: Any) -> None:
        if getattr(value, "_is_deleted", False):
            raise DeletedObject(
                f"{describe(value)} cannot be assigned to {type(instance).__name__}.{self.field.name}: its row is gone"
            )
        if self._is_known_by_id(instance, value):
            setattr(instance, self.field.attname, value.pk)
        else:
            super().__set__(instance, value)  # type: ignore[misc]

    def _is_known_by_id(self, instance: Any, value: Any) -> bool:
        """Whether the id of `value` is all there is to store: a live instance in the same database.

        Then Django's checks have nothing to find, and they cost three times what storing the id does.
        """
        field = self.field
        target = field.remote_field.model
        return (
            hasattr(target, "__dbclass__")
            and isinstance(value, target._meta.concrete_model)
            and not field.remote_field.one_to_one
            and field.foreign_related_fields[0] is target._meta.pk
            and not value._state.adding
            and value._state.db == instance._state.db
            and not router.routers
        )


class IdentityForeignKey(_IdentityLookup, ForwardManyToOneDescriptor):  # type: ignore[type-arg]
    """A foreign key that resolves through the identity map."""


class IdentityOneToOne(_IdentityLookup, ForwardOneToOneDescriptor):  # type: ignore[type-arg]
    """A one-to-one key that resolves through the identity map."""

    def get_object(self, instance: Any) -> Any:
        """The target, read from its row: Django would make up the parent of an inherited row from the child's."""
        return ForwardManyToOneDescriptor.get_object(self, instance)


def release_targets(instance: Any) -> None:
    """`instance` has got a row: what was kept of it and by it until then can be found by id from now on."""
    own = instance._state.__dict__.get("fields_cache")
    for name, value in list(own.items()) if own else ():
        own[name] = value  # keeps only what the identity map cannot find again
    for field in _one_to_one(instance._meta.concrete_model):
        target = identity_map(instance._state.db, field.remote_field.model._meta.concrete_model).get(
            instance.__dict__.get(field.attname)
        )
        if target is not None:
            target._state.fields_cache.pop(field.remote_field.cache_name, None)


@cache
def _one_to_one(model: Any) -> tuple[Any, ...]:
    """The one-to-one keys of a model to shared-memory models."""
    return tuple(
        field
        for field in model._meta.concrete_fields
        if field.one_to_one and hasattr(field.remote_field.model, "__dbclass__")
    )


def resolve_by_identity(cls: type, field: Any) -> None:
    """Make the foreign key `field`, declared on `cls`, store its id only."""
    descriptor = IdentityOneToOne if field.one_to_one else IdentityForeignKey
    setattr(cls, field.name, descriptor(field))
    setattr(cls, field.attname, DeferredAttribute(field))
