"""Writes changed columns of rows that exist: one UPDATE of just those columns, by itself or gathered.

Contract: `FieldWriter` takes `(instance, column names)` and updates them, many rows of the same columns in one
`executemany`. Where the model keeps a row version (`version_field`), the update demands the version that memory
knows and moves it on, so that a write built on a stale read is found out.

Failure modes: a row that is gone marks its instance deleted and raises `DeletedObject`; a row that somebody else
changed expires the instance and raises `StaleObject`. Both mark the transaction for rollback.
"""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import format_number
from django.db.models import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    CharField,
    DecimalField,
    Field,
    FileField,
    ForeignKey,
    IntegerField,
    PositiveBigIntegerField,
    PositiveIntegerField,
    TextField,
)

from perdure.errors import StaleObject
from perdure.idmapper.states import describe
from perdure.transactions import Statement, UnitOfWork, send_many

__all__ = [
    "IMMUTABLE",
    "Column",
    "FieldWriter",
    "as_stored",
    "attnames_of",
    "columns_of",
    "field_writer",
    "has_expression",
]

# What can be shared and remembered without a copy: it cannot change in place.
IMMUTABLE = (
    str,
    int,
    float,
    bool,
    bytes,
    type(None),
    datetime.date,
    datetime.time,
    datetime.timedelta,
    Decimal,
    uuid.UUID,
)


# Fields of Django's own that store values of this type as they are: asking them costs half a microsecond for each.
_AS_IS: dict[type, type] = {
    **dict.fromkeys((CharField, TextField), str),
    **dict.fromkeys((AutoField, BigAutoField, IntegerField, BigIntegerField), int),
    **dict.fromkeys((PositiveIntegerField, PositiveBigIntegerField), int),
}


class Column:
    """What writing a column needs to know of its field.

    Attributes:
        field: the field.
        hook: name of the hook that is called when it has been written.
        as_is: the type of the values that are stored as they are; None if there is none.
        has_pre_save: whether the field works out its value when it is saved.
    """

    __slots__ = ("as_is", "field", "has_pre_save", "hook")

    def __init__(self, field: Any) -> None:
        self.field = field
        self.hook = f"at_{field.name}_postsave"
        stored = field.target_field if type(field) is ForeignKey else field
        self.as_is = _AS_IS.get(type(stored))
        self.has_pre_save = type(field).pre_save is not Field.pre_save

    def prepare(self, instance: Any) -> None:
        """Have memory hold the value of `instance` as the row will give it back."""
        held = instance.__dict__
        attname = self.field.attname
        if self.has_pre_save or type(held[attname]) is not self.as_is:
            held[attname] = as_stored(self.field, self.field.pre_save(instance, False))


@cache
def columns_of(model: Any) -> dict[str, Column]:
    """The columns of a concrete model, by attname."""
    return {field.attname: Column(field) for field in model._meta.concrete_fields}


@cache
def attnames_of(model: Any) -> dict[str, str]:
    """The attname of each column of a concrete model, by its name and by itself."""
    return {name: field.attname for field in model._meta.concrete_fields for name in (field.name, field.attname)}


def has_expression(instance: Any, names: tuple[str, ...]) -> bool:
    """Whether a value among `names` is an expression that only the database can work out (`F("x") + 1`)."""
    held = instance.__dict__
    for name in names:  # noqa: SIM110  (`any` costs twice as much, for each write)
        if not isinstance(held[name], IMMUTABLE) and hasattr(held[name], "resolve_expression"):
            return True
    return False


def as_stored(field: Any, value: Any) -> Any:
    """`value` as the row will give it back. Raises what Django raises for a value that the field cannot take."""
    if value is None or hasattr(value, "resolve_expression") or hasattr(field, "from_db_value"):
        return value  # a field with its own way of reading knows best what it writes
    if isinstance(field, FileField):
        return value
    value = field.get_prep_value(value)
    if isinstance(field, DecimalField) and isinstance(value, Decimal) and value.is_finite():
        return Decimal(format_number(value, field.max_digits, field.decimal_places))  # type: ignore[arg-type]
    return value


class FieldWriter:
    """Writes columns of one table."""

    order = 0

    def __init__(self, model: Any) -> None:
        self.model = model
        self.columns = columns_of(model)
        self.key: str = model._meta.pk.attname
        self.version: str | None = model.version_field
        self._unique = frozenset(name for name, column in self.columns.items() if column.field.unique)
        self._statements: dict[tuple[str, tuple[str, ...]], Statement] = {}

    def gather(self, unit: UnitOfWork, names: tuple[str, ...], instance: Any) -> None:
        """Have columns `names` of `instance` written with what else is gathered."""
        items = unit.gathering(self)
        known = items.get(id(instance))
        if known is not None and known[1] != names:
            names = tuple(sorted({*known[1], *names}))
        items[id(instance)] = (instance, names)

    def write(self, unit: UnitOfWork, items: dict[Any, Any]) -> None:
        """Update all gathered rows: one statement for each set of columns."""
        groups: dict[tuple[str, ...], list[Any]] = {}
        for instance, names in items.values():
            groups.setdefault(names, []).append(instance)
        for names, instances in groups.items():
            self.update(unit, names, instances)

    def abandon(self, items: dict[Any, Any]) -> None:
        """Expire what the database refused."""
        for instance, names in items.values():
            instance._expire_fields(names)

    def has_unique(self, names: tuple[str, ...]) -> bool:
        """Whether no two rows may have the same value in one of these columns."""
        return not self._unique.isdisjoint(names)

    def update(self, unit: UnitOfWork, names: tuple[str, ...], instances: list[Any]) -> None:
        """Write columns `names` of `instances`."""
        connection = unit.connection
        rows = [self._parameters(connection, names, instance) for instance in instances]
        written = send_many(unit, self._statement(connection, names), rows)
        if written != len(rows):
            self._explain(connection, instances, written)
        if self.version is not None:
            for instance in instances:
                instance.__dict__[self.version] += 1

    def _statement(self, connection: BaseDatabaseWrapper, names: tuple[str, ...]) -> Statement:
        key = (connection.vendor, names)
        statement = self._statements.get(key)
        if statement is None:
            statement = self._statements[key] = Statement(self._text(connection, names))
        return statement

    def _text(self, connection: BaseDatabaseWrapper, names: tuple[str, ...]) -> str:
        quote = connection.ops.quote_name
        sets = [f"{quote(self.columns[name].field.column)} = %s" for name in names]
        where = f"{quote(self.columns[self.key].field.column)} = %s"
        if self.version is not None:
            version = quote(self.columns[self.version].field.column)
            sets.append(f"{version} = {version} + 1")
            where += f" AND {version} = %s"
        return f"UPDATE {quote(self.model._meta.db_table)} SET {', '.join(sets)} WHERE {where}"

    def _parameters(self, connection: BaseDatabaseWrapper, names: tuple[str, ...], instance: Any) -> list[Any]:
        held = instance.__dict__
        parameters = []
        for name in (*names, self.key):
            column, value = self.columns[name], held[name]
            is_ready = type(value) is column.as_is
            parameters.append(value if is_ready else column.field.get_db_prep_save(value, connection=connection))
        if self.version is not None:
            if self.version not in held:
                instance.refresh_from_db(fields=[self.version])
            parameters.append(held[self.version])
        return parameters

    def _explain(self, connection: BaseDatabaseWrapper, instances: list[Any], written: int) -> None:
        """Find out which row was not written, and raise about it."""
        if written < 0:
            return  # the driver does not count
        names = ("pk",) if self.version is None else ("pk", self.version)
        stored = self.model._base_manager.using(connection.alias).filter(pk__in=[item.pk for item in instances])
        rows = {row[0]: row for row in stored.values_list(*names)}
        for instance in instances:
            row: Any = rows.get(instance.pk)
            if row is None:
                instance._vanished()
            if self.version is not None and row[1] != instance.__dict__[self.version] + (written > 0):
                instance._expire_fields()
                raise StaleObject(
                    f"{describe(instance)} was changed by somebody else after it was read here; it has been read "
                    "again: decide anew and repeat the write"
                )
        raise StaleObject(f"{written} of {len(instances)} rows of {self.model.__name__} were written; repeat the write")


@cache
def field_writer(model: Any) -> FieldWriter:
    """The writer of the table of `model` (a concrete model class)."""
    return FieldWriter(model)
