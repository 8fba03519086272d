"""Models whose rows have one live instance each: the documented surface of the identity map.

Contract: `get`, `filter`, iteration, foreign keys, `raw()`, unpickling — any route to a row gives the same instance
while anything refers to it. `SharedMemoryModel` keeps instances in memory, within a budget; `WeakSharedMemoryModel`
only while something refers to them. Flushing drops the strong hold on an instance, never its identity.

Invariants: laws 1 and 2. Where they are kept: `identity` (which instance), `loading`, `saving`, `deleting` (memory
and row in step), `queryset` (bulk work), `relations` (foreign keys), `residency` (what stays in memory).
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.signals import post_migrate

from perdure.errors import UnsavedObject
from perdure.idmapper.deleting import Deleting
from perdure.idmapper.identity import IdentityMap, all_maps, identity_map, lock
from perdure.idmapper.inheritance import expire_relatives
from perdure.idmapper.loading import Loading
from perdure.idmapper.metaclass import SharedMemoryModelBase, WeakSharedMemoryModelBase
from perdure.idmapper.queryset import SharedMemoryManager
from perdure.idmapper.relations import IdentityState
from perdure.idmapper.residency import residents
from perdure.idmapper.saving import PLAIN_SAVES, Saving
from perdure.idmapper.statistics import cache_size, cache_stats

__all__ = [
    "AUTO_FLUSH_MIN_INTERVAL",
    "SharedMemoryManager",
    "SharedMemoryModel",
    "SharedMemoryModelBase",
    "WeakSharedMemoryModel",
    "WeakSharedMemoryModelBase",
    "cache_size",
    "cache_stats",
    "conditional_flush",
    "flush_cache",
    "flush_cached_instance",
    "update_cached_instance",
]

logger = logging.getLogger("perdure.idmapper")

AUTO_FLUSH_MIN_INTERVAL = 300.0  # seconds


class SharedMemoryModel(Loading, Saving, Deleting, models.Model, metaclass=SharedMemoryModelBase):
    """Base class for models with one live instance per row. Inherit from this."""

    __dbclass__: ClassVar[Any]
    __identity__: ClassVar[IdentityMap]
    path: ClassVar[str]
    typename: ClassVar[str]

    objects: ClassVar[Any] = SharedMemoryManager()
    unscoped: ClassVar[Any] = SharedMemoryManager()

    _library_init = True

    class Meta:
        abstract = True
        base_manager_name = "unscoped"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        IdentityState.adopt(self._state)

    # --- the cache, as documented

    @classmethod
    def get_cached_instance(cls, id: Any) -> Any:
        """The live instance with this primary key, or None; never queries."""
        ref = cls.__identity__.refs.get(id)
        if ref is not None:
            return ref()
        try:
            return cls.__identity__.get(cls._meta.pk.to_python(id))
        except ValidationError:
            return None

    @classmethod
    def cache_instance(cls, instance: Any, new: bool = False) -> None:
        """Hold `instance` in memory.

        Args:
            instance: an instance with a row. Raises `UnsavedObject` without one.
            new: whether it has just been cached for the first time; then its `at_init` is called.
        """
        if instance.pk is None or instance._state.adding:
            raise UnsavedObject(f"{type(instance).__name__} without a row cannot be cached; save() it first")
        known = identity_map(instance._state.db, instance.__dbclass__)
        with lock:
            if known.get(instance.pk) is None:
                known.add(instance.pk, instance)
                new = True
        if instance._strong_cache:
            residents.add(instance)
        if new:
            instance.at_init()

    @classmethod
    def get_all_cached_instances(cls) -> list[Any]:
        """The live instances of this class's table."""
        return list(cls.__identity__.instances())

    @classmethod
    def flush_cached_instance(cls, instance: Any, force: bool = True) -> None:
        """Drop the strong hold on `instance`; unless `force`, only if its `at_idmapper_flush` agrees."""
        instance.flush_from_cache(force=force)

    @classmethod
    def flush_instance_cache(cls, force: bool = False) -> None:
        """Drop the strong hold on all instances of this class's table that agree, or on all with `force`."""
        for instance in cls.get_all_cached_instances():
            instance.flush_from_cache(force=force)

    def flush_from_cache(self, force: bool = False) -> None:
        """Drop the strong hold on this instance; unless `force`, only if `at_idmapper_flush` agrees.

        Whoever still refers to the instance keeps it, and the next load gives it again.
        """
        if self not in residents:
            return
        if force or (not self.__dict__.get("_dirty") and self._pinned() is None and self.at_idmapper_flush()):
            residents.discard(self)
            self._evicted()

    def at_idmapper_flush(self) -> bool:
        """Called when the cache wants to let this instance go. True: it may. False: it stays."""
        return True

    def at_init(self) -> None:
        """Called each time the object is cached to memory, when all of its row is there."""

    # --- hooks for what is built on top

    @classmethod
    def _new_cohort(cls, queryset: Any) -> Any:
        """Something that learns what one query loaded together, or None.

        It has `add(instance, pk)`, which gives what learns of the next instance.
        """
        return None

    @classmethod
    def _rows_written(cls, names: Iterable[str] | None = None) -> None:
        """Rows of this table were written in bulk (columns `names`, or all), live instances or not."""

    def _row_update_pending(self) -> None:
        """A bulk update is about to change this instance's row."""

    def _expire_relatives(self, names: Iterable[str]) -> None:
        expire_relatives(self, names)


class WeakSharedMemoryModel(SharedMemoryModel, metaclass=WeakSharedMemoryModelBase):
    """A shared-memory model whose instances stay in memory only while something refers to them."""

    _strong_cache = False

    class Meta:
        abstract = True
        base_manager_name = "unscoped"


PLAIN_SAVES.add(SharedMemoryModel.save)


def flush_cache(**kwargs: Any) -> int:
    """Drop the strong hold on every instance whose `at_idmapper_flush` agrees; each is asked once.

    Returns what the garbage collector then found unreachable. Also a receiver of Django's `post_migrate`, which is sent
    once for every app; then the garbage is left to its own time.
    """
    for known in all_maps():
        for instance in known.instances():
            instance.flush_from_cache()
    return 0 if "signal" in kwargs else gc.collect()


def flush_cached_instance(sender: type, instance: Any, **kwargs: Any) -> None:
    """Drop the strong hold on one instance; has the shape of a signal receiver."""
    if isinstance(instance, SharedMemoryModel):
        instance.flush_from_cache(force=True)


def update_cached_instance(sender: type, instance: Any, **kwargs: Any) -> None:
    """Hold one instance again; has the shape of a signal receiver."""
    if isinstance(instance, SharedMemoryModel) and not instance._state.adding:
        type(instance).cache_instance(instance)


class _FlushClock:
    last = -AUTO_FLUSH_MIN_INTERVAL


def conditional_flush(max_rmem: float | None, force: bool = False) -> None:
    """Flush the cache if its estimated memory exceeds `max_rmem`.

    Args:
        max_rmem: megabytes; None or 0 never flushes unless forced.
        force: flush now, whatever the estimate and however recent the last flush. Without it at most one flush is
            made in `AUTO_FLUSH_MIN_INTERVAL` seconds.
    """
    now = time.monotonic()
    if not force:
        if not max_rmem:
            return
        residents.measure()
        if residents.bytes <= max_rmem * 1024 * 1024:
            return
        if now - _FlushClock.last < AUTO_FLUSH_MIN_INTERVAL:
            logger.warning(
                "the cache holds an estimated %.1f MB, over the limit of %s MB, but was flushed less than %g s ago",
                residents.bytes / 1024 / 1024,
                max_rmem,
                AUTO_FLUSH_MIN_INTERVAL,
            )
            return
    _FlushClock.last = now
    flush_cache()


post_migrate.connect(flush_cache, dispatch_uid="perdure.idmapper.flush_cache")
