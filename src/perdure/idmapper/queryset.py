"""Querysets of shared-memory models: whatever they read or write, memory keeps in step.

Contract: rows become live instances by the identity map. `update`, `bulk_update`, `bulk_create` bring the live
instances concerned in line with the database, in the same transaction. Annotations are carried by an instance
until the next query that returns it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import router, transaction
from django.db.models import F, Manager, Model, QuerySet
from django.db.models.manager import BaseManager
from django.db.models.query import RawQuerySet

from perdure.errors import DuplicateInstance, InvalidArgument
from perdure.idmapper.collector import held_off
from perdure.idmapper.field_writes import IMMUTABLE, as_stored
from perdure.idmapper.identity import identity_map
from perdure.idmapper.inheritance import expire_shared, relatives
from perdure.idmapper.ownership import check_owner
from perdure.idmapper.prefetching import prefetch
from perdure.idmapper.residency import residents
from perdure.idmapper.rows import SharedIterable
from perdure.idmapper.states import describe, require
from perdure.transactions import all_or_nothing, unit_of_work

__all__ = ["SharedMemoryManager", "SharedMemoryQuerySet"]


class SharedRawQuerySet(RawQuerySet):  # type: ignore[type-arg]
    """`raw()` of a shared-memory model."""

    def iterator(self) -> Iterator[Any]:
        """The live instances of the rows."""
        extras: tuple[str, ...] | None = None
        model: Any = self.model
        for instance in super().iterator():
            if extras is None:
                fields = {field.attname for field in model._meta.concrete_fields}
                names = [self.translations.get(column, column) for column in self.query.get_columns()]
                columns = {field.column for field in model._meta.concrete_fields}
                extras = tuple(name for name in names if name not in fields and name not in columns)
            instance._carry_extras(extras, only=True)
            yield instance

    def _prefetch_related_objects(self) -> None:
        prefetch(self._result_cache or (), self._prefetch_related_lookups)  # type: ignore[attr-defined]
        self._prefetch_done = True


class SharedMemoryQuerySet(QuerySet):  # type: ignore[type-arg]
    """A queryset whose instances come from, and stay in step with, the identity map."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._iterable_class = SharedIterable

    def _prefetch_related_objects(self) -> None:
        prefetch(self._result_cache or (), self._prefetch_related_lookups)  # type: ignore[attr-defined]
        self._prefetch_done = True

    def _fetch_all(self) -> None:
        if self._result_cache is not None:
            super()._fetch_all()
            return
        with held_off:
            super()._fetch_all()

    def _iterator(self, use_chunked_fetch: bool, chunk_size: int | None) -> Iterator[Any]:
        iterable: Any = self._iterable_class
        rows = iter(iterable(self, chunked_fetch=use_chunked_fetch, chunk_size=chunk_size or 2000))
        if not self._prefetch_related_lookups or chunk_size is None:  # type: ignore[attr-defined]
            yield from rows
            return
        while batch := list(islice(rows, chunk_size)):
            prefetch(batch, self._prefetch_related_lookups)  # type: ignore[attr-defined]
            yield from batch

    def raw(self, raw_query: Any, params: Any = (), translations: Any = None, using: str | None = None) -> Any:
        """Django's `raw()`, through the identity map."""
        queryset = SharedRawQuerySet(
            raw_query,
            model=self.model,
            params=params,
            translations=translations,
            using=using or self.db,
        )
        queryset._prefetch_related_lookups = self._prefetch_related_lookups[:]  # type: ignore[attr-defined]
        return queryset

    def update(self, **values: Any) -> int:
        """Django's `update()`; live instances among the rows get the new values."""
        self._for_write = True
        alias = self.db
        model: Any = self.model._meta.concrete_model
        _refuse_keys(model, values)
        version = model.version_field
        with transaction.atomic(using=alias, savepoint=False):
            victims = self._live_victims(alias, model)
            if victims is None:
                return 0
            if version is not None and version not in values:
                values[version] = F(version) + 1
            count = super().update(**values)
            for instance in victims:
                if instance._meta.concrete_model is model:
                    _take_update(instance, values, version)
                else:
                    expire_shared(instance, [model._meta.get_field(name).attname for name in values])
            model._rows_written({model._meta.get_field(name).attname for name in values if name != "pk"})
        return count

    update.alters_data = True  # type: ignore[attr-defined]

    def _live_victims(self, alias: str, model: Any) -> list[Any] | None:
        """The live instances that share the rows (also those of inherited tables); None if there are no rows at all."""
        maps = [known for table in (model, *relatives(model)) if len(known := identity_map(alias, table))]
        if not maps:
            return []
        rows = self._chain()  # type: ignore[attr-defined]
        rows.query.clear_ordering(force=True)
        pks = list(rows.values_list("pk", flat=True))
        if not pks:
            return None
        unit = unit_of_work(alias)
        found = [instance for known in maps for pk in pks if (instance := known.get(pk)) is not None]
        for instance in found:
            check_owner(instance, unit)
            unit.touch(instance, "fields")
            instance._row_update_pending()
        return found

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Django's `bulk_update()`; the instances keep the values they were given."""
        objs = tuple(objs)
        names = [self.model._meta.get_field(name).attname for name in fields]
        given = [(obj, {name: getattr(obj, name) for name in names}) for obj in objs]
        count: int = super().bulk_update(objs, fields, batch_size)
        for obj, values in given:
            for name, value in values.items():
                if not hasattr(value, "resolve_expression"):
                    field = self.model._meta.get_field(name)
                    obj.__dict__[name] = as_stored(field, value)
        return count

    bulk_update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Django's `bulk_create()`; the instances given become the live ones, and their creation hooks run.

        With `ignore_conflicts` or `update_conflicts` nobody knows which rows are new: those given stay drafts without a
        row, no hooks run, and live instances of the table read their rows anew.
        """
        objs = list(objs)
        if kwargs.get("ignore_conflicts") or kwargs.get("update_conflicts"):
            return self._bulk_merge(objs, *args, **kwargs)
        self._for_write = True
        unit = unit_of_work(self.db)
        for obj in objs:
            if not obj._state.adding:
                require(obj, "save")
            check_owner(obj, unit)
        with held_off, all_or_nothing(self.db):
            for obj in objs:
                unit.touch(obj, "created")
            inserter = None if args or kwargs or not objs else objs[0]._inserter(self.db)
            if inserter is not None and all(obj.pk is None for obj in objs):
                self._insert_rows(inserter, objs)
            else:
                super().bulk_create(objs, *args, **kwargs)
                for obj in objs:
                    obj._register(self.db)
            for obj in objs:
                obj._after_insert(new=True)
        return objs

    def _insert_rows(self, inserter: Any, objs: list[Any]) -> None:
        """The rows of new instances, without Django's help."""
        for obj in objs:
            obj._prepare_to_insert("bulk_create")
        inserter.insert(unit_of_work(self.db), objs)
        for obj in objs:
            obj._enter(self.db)

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def _bulk_merge(self, drafts: list[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """`bulk_create` over rows that may exist."""
        self._for_write = True
        model: Any = self.model._meta.concrete_model
        unit = unit_of_work(self.db)
        for draft in drafts:
            if not draft._state.adding:
                raise DuplicateInstance(f"{describe(draft)} already has a row; give bulk_create() new instances")
        with transaction.atomic(using=self.db):
            super().bulk_create(drafts, *args, **kwargs)
            for draft in drafts:
                draft._state.adding, draft._state.db = True, None
            for live in identity_map(self.db, model).instances():
                check_owner(live, unit)
                unit.touch(live, "fields")
                live._expire_fields()
            model._rows_written()
        return drafts


def _refuse_keys(model: Any, values: Iterable[str]) -> None:
    for name in values:
        if name == "pk" or model._meta.get_field(name).primary_key:
            raise InvalidArgument(
                f"{model.__name__}.objects.update({name}=…): the primary key of a row cannot be changed: live "
                "instances stand for it; make new rows instead"
            )


def _take_update(instance: Any, values: dict[str, Any], version: str | None) -> None:
    """Bring a live instance in line with an UPDATE of its row: constants are taken, expressions read again later."""
    held = instance.__dict__
    old: dict[str, Any] = {}
    for name, value in values.items():
        field = instance._meta.get_field(name)
        attname = field.attname
        dirty = held.get("_dirty")
        if dirty:
            dirty.pop(attname, None)
        if name == version and version in held:
            held[version] += 1
            continue
        if attname in held:
            old[attname] = held[attname]
        if hasattr(value, "resolve_expression"):
            instance._expire_fields([attname])
        elif field.is_relation:
            held[attname] = as_stored(field, value.pk if isinstance(value, Model) else value)
        elif isinstance(value, IMMUTABLE):
            held[attname] = as_stored(field, value)
        else:
            instance._expire_fields([attname])  # each instance has to have a value of its own
    for name in instance._generated_names:
        held.pop(name, None)
    instance._fields_changed(old)


class SharedMemoryManager(Manager.from_queryset(SharedMemoryQuerySet)):  # type: ignore[misc]
    """The manager of shared-memory models; `get(pk=…)` of a live instance needs no query."""

    #: Names by which `get()` asks for nothing but a primary key; none for a manager of what belongs to an instance.
    _pk_lookups: tuple[str, ...] | None = None
    #: Whether every row of the table is among those of this manager.
    _has_all = False

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """Django's `get()`. With nothing but a primary key asked for, memory answers if it can."""
        if len(kwargs) == 1 and not args:
            name, pk = kwargs.popitem()
            if name in (self._pk_lookups or self._learn_pk_lookups()):
                if self._db is None and not router.routers:
                    ref = self.model.__identity__.refs.get(pk)
                else:
                    ref = identity_map(self.db, self.model.__dbclass__).refs.get(pk)
                instance = None if ref is None else ref()
                if instance is not None and (self._has_all or self._covers(instance)):
                    if "_extras" in instance.__dict__:
                        instance._drop_extras()
                    if instance._strong_cache:
                        residents.hit(instance)
                    return instance
            kwargs[name] = pk
        return super().get(*args, **kwargs)

    def _learn_pk_lookups(self) -> tuple[str, ...]:
        if "instance" in self.__dict__:
            return ()
        model = self.model
        pk = model._meta.pk
        names = ("pk", "pk__exact", pk.attname, f"{pk.attname}__exact")
        self._pk_lookups = names if pk.is_relation else (*names, pk.name)
        self._has_all = type(self).get_queryset is BaseManager.get_queryset and model is model.__dbclass__
        return self._pk_lookups

    def _covers(self, instance: Any) -> bool:
        """Whether this manager's queryset would include `instance`; one that makes its own may leave out rows."""
        return type(self).get_queryset is BaseManager.get_queryset and isinstance(instance, self.model)
