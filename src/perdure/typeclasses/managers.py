"""Managers and querysets of typed objects.

Contract: the db model's manager covers every typeclass. A typeclass's `objects` covers exactly that class, in its
queryset, so that every method obeys; the `*_family` methods add the classes derived from it, known from the registry.
Attribute look-ups chain with Django's own.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from perdure.idmapper.queryset import SharedMemoryManager, SharedMemoryQuerySet
from perdure.typeclasses import registry
from perdure.typeclasses.attribute_loading import load_many
from perdure.typeclasses.attribute_queries import AttributeQueries
from perdure.typeclasses.documented_queries import DocumentedQueries
from perdure.typeclasses.smart_search import smart_search
from perdure.typeclasses.tag_store import load_tags_of_many

__all__ = ["TypeclassManager", "TypedObjectManager", "TypedObjectQuerySet"]

PATH = "db_typeclass_path"


class TypedObjectQuerySet(AttributeQueries, SharedMemoryQuerySet):
    """A queryset of typed objects."""

    _preload: tuple[bool, bool] = (False, False)

    def _clone(self) -> Any:
        clone = super()._clone()  # type: ignore[misc]
        clone._preload = self._preload
        return clone

    def preload(self, attributes: bool = True, tags: bool = True) -> Any:
        """Bring the attributes and tags of all results along, in a fixed number of queries."""
        clone = self._chain()  # type: ignore[attr-defined]
        clone._preload = (attributes, tags)
        return clone

    def _fetch_all(self) -> None:
        fresh = self._result_cache is None
        super()._fetch_all()
        if fresh and any(self._preload):
            self._load_beside(self._result_cache)

    def _load_beside(self, results: Any) -> None:
        objects = [obj for obj in results if isinstance(obj, self.model) or hasattr(obj, "_attribute_store")]
        attributes, tags = self._preload
        if attributes:
            cold = [obj for obj in objects if not obj._attribute_store.loaded]
            load_many(self.model.__dbclass__, self.db, cold)
        if tags:
            cold = [obj for obj in objects if not obj._tag_store.loaded]
            load_tags_of_many(self.model.__dbclass__, self.db, cold)

    def only(self, *fields: str) -> Any:
        """Django's `only()`; the class of a row is always read."""
        return super().only(*fields, PATH) if fields else super().only(*fields)

    def defer(self, *fields: Any) -> Any:
        """Django's `defer()`; the class of a row is always read."""
        return (
            super().defer(*(field for field in fields if field != PATH)) if fields != (None,) else super().defer(None)
        )

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete each object as its own `delete()` does, hooks and vetoes included, in one transaction."""
        deleted: dict[str, int] = {}
        with transaction.atomic(using=self.db):
            for obj in list(self):
                if not obj._is_deleted and obj.delete():
                    label = obj.__dbclass__._meta.label
                    deleted[label] = deleted.get(label, 0) + 1
        self._result_cache = None
        return sum(deleted.values()), deleted

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class TypedObjectManager(DocumentedQueries, SharedMemoryManager.from_queryset(TypedObjectQuerySet)):  # type: ignore[misc]
    """Manager of an entity's db model: all its typeclasses."""


class TypeclassManager(TypedObjectManager):
    """Manager of a typeclass: exactly that class, and its family where asked for."""

    def get_queryset(self) -> Any:
        """Rows of exactly this class."""
        queryset = super().get_queryset()
        if self.model.__dbclass__ is self.model:
            return queryset
        paths = registry.own_paths(self.model)
        return queryset.filter(**({PATH: paths[0]} if len(paths) == 1 else {f"{PATH}__in": paths}))

    def _covers(self, instance: Any) -> bool:
        return type(instance) is self.model

    def _family(self) -> Any:
        queryset = super().get_queryset()
        if self.model.__dbclass__ is self.model:
            return queryset
        return queryset.filter(**{f"{PATH}__in": registry.family_paths(self.model)})

    def get_family(self, *args: Any, **kwargs: Any) -> Any:
        """Django's `get()`, over this class and those derived from it."""
        return self._family().get(*args, **kwargs)

    def filter_family(self, *args: Any, **kwargs: Any) -> Any:
        """Django's `filter()`, over this class and those derived from it."""
        return self._family().filter(*args, **kwargs)

    def all_family(self) -> Any:
        """All objects of this class and those derived from it."""
        return self._family()

    def smart_search(self, query: str) -> Any:
        """Objects of this class that a search text finds: words of the key, `tag==key:category`, `attr==key:value` …"""
        return smart_search(self.get_queryset(), query)
