"""Managers and querysets that a project wrote for plain models, on shared-memory ones.

Contract: whatever manager a shared-memory model declares or inherits (`models.Manager()`, `SomeQuerySet.as_manager()`,
one whose `get_queryset` makes a queryset by itself), its querysets keep memory in step, and its own methods stay.

A class of ours is put under the class it has, once for each class; the names stay, so migrations and pickles see the
project's own.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db.models import Manager, QuerySet
from django.db.models.manager import BaseManager
from django.db.models.query import ModelIterable

from perdure.idmapper.queryset import SharedMemoryManager, SharedMemoryQuerySet
from perdure.idmapper.rows import SharedIterable

__all__ = ["share_managers"]


def share_managers(model: Any) -> None:
    """Have every manager of `model` give shared querysets."""
    for manager in model._meta.managers:
        if isinstance(manager, SharedMemoryManager):
            continue
        own = [known for known in model._meta.local_managers if known.name == manager.name]
        for known in own:
            known.__class__ = _shared_manager(known.__class__)
        if not own:  # from a parent that is no shared-memory model
            manager.__class__ = _shared_manager(manager.__class__)
            model.add_to_class(manager.name, manager)
    model._meta._expire_cache(reverse=False)


@cache
def _shared_manager(manager: Any) -> Any:
    names = {"__doc__": manager.__doc__, "__module__": manager.__module__, "__qualname__": manager.__qualname__}
    if manager.get_queryset is BaseManager.get_queryset:
        names["_queryset_class"] = _shared_queryset(manager._queryset_class)
    else:
        names["get_queryset"] = lambda self: _share(super(shared, self).get_queryset())
    bases = (SharedMemoryManager,) if manager in (Manager, BaseManager) else (manager, SharedMemoryManager)
    shared: Any = type(manager.__name__, bases, names)
    return shared


def _share(queryset: Any) -> Any:
    if not isinstance(queryset, SharedMemoryQuerySet):
        queryset.__class__ = _shared_queryset(queryset.__class__)
        if queryset._iterable_class is ModelIterable:
            queryset._iterable_class = SharedIterable
    return queryset


@cache
def _shared_queryset(queryset: Any) -> Any:
    if issubclass(queryset, SharedMemoryQuerySet):
        return queryset
    names = {
        "__doc__": queryset.__doc__,
        "__module__": queryset.__module__,
        "__qualname__": queryset.__qualname__,
        "__reduce__": lambda self: (_restored, (queryset,), self.__getstate__()),
    }
    bases = (SharedMemoryQuerySet,) if queryset is QuerySet else (queryset, SharedMemoryQuerySet)
    return type(queryset.__name__, bases, names)


def _restored(queryset: type) -> Any:
    """A pickled queryset, before its state is set."""
    shared = _shared_queryset(queryset)
    return shared.__new__(shared)
