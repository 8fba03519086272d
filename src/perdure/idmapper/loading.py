"""How a row becomes, or updates, the live instance that stands for it.

Contract: `from_db` asks the identity map first. On a miss it picks the class, makes the instance without running
`__init__` (unless the class overrides it, or somebody listens to Django's init signals), registers it, and calls
`at_init` when the whole row is there. On a hit the values that the row brings are taken, except those assigned
since and not saved.

Failure modes: an `at_init` that raises leaves nothing behind and reaches whoever caused the load; a row that has
vanished marks the instance deleted and raises `DeletedObject`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NoReturn

from django.db.models import signals

from perdure.errors import DeletedObject
from perdure.idmapper import ownership
from perdure.idmapper.identity import IdentityMap, identity_map, lock
from perdure.idmapper.model_part import ModelPart
from perdure.idmapper.relations import IdentityState, PrefetchCache
from perdure.idmapper.residency import residents
from perdure.idmapper.states import describe, require
from perdure.transactions.connection import unit_of_work

__all__ = ["Loading"]

_UNKNOWN = object()


def _init_is_heard(cls: Any) -> bool:
    """Whether somebody listens to Django's init signals of `cls`."""
    before, after = signals.pre_init, signals.post_init
    # Asking one signal for its listeners costs half a microsecond, and hardly a project has any for these.
    return bool(before.receivers or after.receivers) and (before.has_listeners(cls) or after.has_listeners(cls))


@lru_cache(maxsize=4096)
def _one_for_all(text: str | None) -> str | None:
    """The same text, the first one that was equal."""
    return text


class Loading(ModelPart):
    """The loading half of a shared-memory model."""

    _strong_cache = True
    _unavailable: str | None = None
    _custom_init = False
    #: Fields whose texts are often the same in many rows: memory keeps each of them once.
    _alike_texts: tuple[str, ...] = ()
    #: What instances often have beside their fields.
    _often_beside_row: tuple[str, ...] = ("_state", "_dirty")

    @classmethod
    def from_db(cls, db: str, field_names: Sequence[str], values: Sequence[Any]) -> Any:  # type: ignore[override]
        """The live instance of this row. Called by Django for every row it reads."""
        meta: Any = cls._meta
        pk = values[field_names.index(meta.pk.attname)]
        return cls._from_row(identity_map(db, meta.concrete_model), pk, field_names, values)

    @classmethod
    def _from_row(cls, known: IdentityMap, pk: Any, field_names: Sequence[str], values: Sequence[Any]) -> Any:
        with lock:
            instance = known.get(pk)
            if instance is None:
                return cls._materialise(known, pk, field_names, values)
        instance._take_row(field_names, values)
        if instance._strong_cache:
            residents.add(instance)
        return instance

    @classmethod
    def _class_for_row(cls, db: str, pk: Any, field_names: Sequence[str], values: Sequence[Any]) -> type:
        """The class that an instance of this row has."""
        return cls

    @classmethod
    def _materialise(cls, known: IdentityMap, pk: Any, field_names: Sequence[str], values: Sequence[Any]) -> Any:
        db = known.alias
        actual: Any = cls._class_for_row(db, pk, field_names, values)
        if actual._custom_init or _init_is_heard(actual):
            instance = actual(**dict(zip(field_names, values, strict=True)))
            for field in actual._meta.concrete_fields:
                if field.attname not in field_names:
                    instance.__dict__.pop(field.attname, None)
            state = instance._state
        else:
            instance = actual.__new__(actual)
            held = instance.__dict__
            held.update(zip(field_names, values, strict=True))  # item by item, which keeps its keys shared
            for name in actual._alike_texts:
                if name in held:
                    held[name] = _one_for_all(held[name])
            state = held["_state"] = IdentityState()
        state.adding = False
        state.db = db
        known.add(pk, instance)
        residents.misses += 1
        if actual._strong_cache:
            residents.add(instance)
        unit = unit_of_work(db)
        if unit.has_written:
            unit.saw(instance)
        try:
            instance._initialise()
        except BaseException:
            known.remove(pk, instance)
            residents.discard(instance)
            raise
        return instance

    def _initialise(self) -> None:
        """The instance has just been made of its row."""
        self.at_init()

    def _take_row(self, field_names: Iterable[str], values: Iterable[Any]) -> None:
        """Take the values of a freshly read row, except where memory holds unsaved ones."""
        held = self.__dict__
        if not ownership.may_refresh(self):
            return
        dirty = held.get("_dirty") or ()
        changed: dict[str, Any] = {}
        for name, value in zip(field_names, values, strict=True):
            old = held.get(name, _UNKNOWN)
            if old is value or (old == value and type(old) is type(value)) or name in dirty:
                continue
            held[name] = value
            if old is not _UNKNOWN:
                changed[name] = old
        unit_of_work(self._state.db).saw(self)
        if changed:
            self._fields_changed(changed)

    def _drop_extras(self) -> None:
        """Forget the annotations of an earlier query."""
        held = self.__dict__
        cached = held.get("_prefetched")
        for name in held.pop("_extras"):
            held.pop(name, None)
            if cached is not None:
                cached.pop(name, None)

    def _carry_extras(self, names: tuple[str, ...], only: bool = False) -> None:
        """What a query has set (or will set) beside the row's fields is carried until the next query for this instance.

        With `only`, what earlier queries had set is forgotten now.
        """
        held = self.__dict__
        earlier = held.get("_extras", ())
        if earlier and only:
            kept = {name: held[name] for name in names if name in held}
            self._drop_extras()
            held.update(kept)
            earlier = ()
        if names:
            held["_extras"] = (*earlier, *names)

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        """Read this instance's row again, past the identity map, into this instance.

        Without `fields` unsaved assignments are given up and everything cached beside the row (attributes, tags,
        prefetched relations) is dropped. Raises `DeletedObject` if the row is gone.
        """
        require(self, "read")
        meta: Any = self._meta
        names = self._names_to_refresh(meta, fields)
        queryset = from_queryset if from_queryset is not None else meta.base_manager.using(using or self._state.db)
        row = queryset.filter(pk=self.pk).values_list(*names).first() if names else ()
        if row is None:
            self._vanished()
        dirty = self.__dict__.get("_dirty") or {}
        for name in names if dirty else ():
            dirty.pop(name, None)
        unit_of_work(self._state.db).saw(self)
        before = {name: self.__dict__[name] for name in names if name in self.__dict__}
        self.__dict__.update(zip(names, row, strict=True))
        self.__dict__.pop("_expired", None)
        if fields is None:
            self.__dict__.pop("_dirty", None)
            self._expire_beside_row()
        changed = {name: old for name, old in before.items() if old != self.__dict__[name]}
        if changed:
            self._fields_changed(changed)

    def _names_to_refresh(self, meta: Any, fields: Iterable[str] | None) -> list[str]:
        if fields is None:
            return [field.attname for field in meta.concrete_fields]
        wanted = list(fields)
        cached = self.__dict__.get("_prefetched")
        for name in wanted:
            if cached is not None:
                cached.pop(name, None)
        names = {field.attname for field in meta.concrete_fields if field.name in wanted or field.attname in wanted}
        if "_expired" in self.__dict__ and any(name not in self.__dict__ for name in names):
            # After an undo the whole row is wanted sooner or later: one query instead of one per field.
            names |= {field.attname for field in meta.concrete_fields if field.attname not in self.__dict__}
        return [field.attname for field in meta.concrete_fields if field.attname in names]

    def get_deferred_fields(self) -> set[str]:
        """Names of the fields that memory does not hold now."""
        return {field.attname for field in self._meta.concrete_fields if field.attname not in self.__dict__}

    def _vanished(self) -> NoReturn:
        """The row is gone: somebody outside of this process, or raw SQL, deleted it."""
        self._mark_deleted()
        self._close()
        raise DeletedObject(f"the row of {describe(self)} is gone from the database; drop this reference")

    def _expire_fields(self, names: Iterable[str] | None = None) -> None:
        """Drop field values from memory; Django's deferred loading brings them back when they are read."""
        held = self.__dict__
        meta: Any = self._meta
        dirty = held.get("_dirty")
        for name in [field.attname for field in meta.concrete_fields] if names is None else names:
            if name == meta.pk.attname:
                continue
            held.pop(name, None)
            if dirty:
                dirty.pop(name, None)
        held["_expired"] = True

    def _expire_beside_row(self) -> None:
        """Drop what is cached beside the row's own fields."""
        self.__dict__.pop("_prefetched", None)

    def _fields_changed(self, old: dict[str, Any]) -> None:
        """Memory's value of these fields has changed (attname -> what it was), by a write or a fresh row."""

    @property
    def _prefetched_objects_cache(self) -> PrefetchCache:
        cache = self.__dict__.get("_prefetched")
        if cache is None:
            cache = self.__dict__["_prefetched"] = PrefetchCache()
        return cache

    def _evicted(self) -> None:
        """The resident set has let this instance go."""

    def _pinned(self) -> str | None:
        """Why this instance must stay resident, or None."""
        return None
