"""How the rows that a query brings become live instances.

Contract: a row that says what its live instance holds already gives that instance, untouched; every other row goes
through the model's `from_db`. Annotations are marked, so that they do not stick; cold instances are marked as one
query's, so that what belongs to them loads together.

In a world that is in memory most rows tell nothing new. Finding that out is one comparison of two tuples (0.4 us for
the thirteen columns of an object), where taking a row asks for each column by itself (2 us). Where whole results have
been found in memory for a while, only the ids are asked for (`recalling`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any

from django.db.models.query import ModelIterable, get_related_populators

from perdure.idmapper.beside import Beside
from perdure.idmapper.conversion import row_converter
from perdure.idmapper.identity import IdentityMap, identity_map
from perdure.idmapper.recalling import recall, sees_every_row
from perdure.idmapper.residency import residents
from perdure.transactions.outside import last_stamp

__all__ = ["SharedIterable"]

# With `iterator()`, instances are made so many at a time: what belongs to them can only be loaded together when there
# are several. (One statement for a hundred objects, where it was one for each.)
AHEAD = 100


class SharedIterable(ModelIterable):  # type: ignore[type-arg]
    """Yields the live instances of a queryset's rows."""

    def __iter__(self) -> Iterator[Any]:
        queryset: Any = self.queryset
        queryset._known_related_objects = {
            field: known
            for field, known in queryset._known_related_objects.items()
            if not hasattr(field.remote_field.model, "__dbclass__")
        }
        recalled = None if self.chunked_fetch else recall(queryset)
        if recalled is not None:
            yield from recalled
            return
        compiler = queryset.query.get_compiler(using=queryset.db)
        stamp = last_stamp(queryset.db, queryset.model._meta.concrete_model._meta.db_table)
        blocks = compiler.execute_sql(chunked_fetch=self.chunked_fetch, chunk_size=self.chunk_size)
        reader = None
        for rows in blocks:
            if reader is None:
                reader = _Reader(queryset, compiler, stamp)
            if self.chunked_fetch and reader.beside.cohort is not None:
                for few in _groups(rows):
                    yield from list(reader.instances(few))
            else:
                yield from reader.instances(rows)


def _groups(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    """Some rows at a time."""
    rows = iter(rows)
    while few := list(islice(rows, AHEAD)):
        yield few


class _Reader:
    """Reads the rows of one query."""

    def __init__(self, queryset: Any, compiler: Any, stamp: int) -> None:
        self.alias: str = queryset.db
        self.model: Any = compiler.klass_info["model"]
        self.stamp = stamp
        fields = compiler.klass_info["select_fields"]
        self.columns = slice(fields[0], fields[-1] + 1)
        self.names = tuple(column.target.attname for column, *_ in compiler.select[self.columns])
        self.whole = len(self.names) == len(self.model._meta.concrete_fields)
        self.all_seen = sees_every_row(self.model)
        self.convert = row_converter(compiler)
        # Django 6.1 hands the queryset's way of fetching on to what is related.
        modes: Any = (queryset._fetch_mode,) if hasattr(queryset, "_fetch_mode") else ()
        self.populators = get_related_populators(compiler.klass_info, compiler.select, self.alias, *modes)
        self.related = _known_related(queryset)
        self.beside = Beside(queryset, compiler)

    def instances(self, rows: Iterable[Sequence[Any]]) -> Iterator[Any]:
        """The live instances of some of the rows, one at a time."""
        columns, give, whole, strong = self.columns, self.beside.give, self.whole, self.model._strong_cache
        known = identity_map(self.alias, self.model._meta.concrete_model)
        if known.found_under != self.stamp:
            known.found_in_memory, known.found_under = 0, self.stamp
        refs = {} if self.all_seen else known.refs
        position = self.names.index(self.model._meta.pk.attname)
        held_values = itemgetter(*self.names)
        led_to = self.populators or self.related
        for row in rows if self.convert is None else self.convert(rows):
            values = row[columns]
            pk = values[position]
            ref: Any = refs.get(pk)
            instance = None if ref is None else ref()
            try:
                says_nothing_new = (
                    instance is not None and instance._unavailable is None and held_values(instance.__dict__) == values
                )
            except KeyError:  # memory lacks a column
                says_nothing_new = False
            if says_nothing_new:
                if whole:
                    known.found_in_memory += 1
                    ref.stamp = self.stamp
                    instance.__dict__.pop("_expired", None)
                if strong:
                    residents.add(instance)
            else:
                instance = self._take(known, pk, instance, values)
            give(instance, pk, row)
            if led_to:
                self._relate(instance, row)
            yield instance

    def _take(self, known: IdentityMap, pk: Any, held: Any, values: Sequence[Any]) -> Any:
        """The instance of a row that memory does not have as it is (`held`: the live instance, if there is one)."""
        if self.all_seen:
            return self.model.from_db(self.alias, self.names, values)
        instance = self.model._from_row(known, pk, self.names, values)
        if held is None:
            known.found_in_memory = 0
            ref = known.refs.get(pk)
            if ref is not None and self.whole:
                ref.stamp = self.stamp
        return instance

    def _relate(self, instance: Any, row: Sequence[Any]) -> None:
        """Set the targets of relations that the query has read or was reached through."""
        for populator in self.populators:
            populator.populate(row, instance)
        for field, targets, key_of in self.related:
            target = targets.get(key_of(instance))
            if target is not None and not field.is_cached(instance):
                setattr(instance, field.name, target)


def _known_related(queryset: Any) -> list[tuple[Any, dict[Any, Any], Any]]:
    """The targets of relations that the queryset was reached through: `(field, targets by key, key of an instance)`."""
    meta = queryset.model._meta
    found = []
    for field, targets in queryset._known_related_objects.items():
        keys = [field.attname if name == "self" else meta.get_field(name).attname for name in field.from_fields]
        found.append((field, targets, attrgetter(*keys)))
    return found
