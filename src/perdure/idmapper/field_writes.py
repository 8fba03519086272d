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
from django.db.models import DecimalField, FileField

from perdure.errors import StaleObject
from perdure.idmapper.states import describe

__all__ = ["IMMUTABLE", "FieldWriter", "as_stored", "field_writer", "has_expression"]

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


def has_expression(instance: Any, names: tuple[str, ...]) -> bool:
    """Whether a value among `names` is an expression that only the database can work out (`F("x") + 1`)."""
    held = instance.__dict__
    return any(hasattr(held[name], "resolve_expression") for name in names)


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
        self.fields = {field.attname: field for field in model._meta.concrete_fields}
        self.version: str | None = model.version_field
        self._statements: dict[tuple[str, tuple[str, ...]], str] = {}

    def write(self, connection: BaseDatabaseWrapper, items: dict[Any, Any]) -> None:
        """Update all gathered rows: one statement for each set of columns."""
        groups: dict[tuple[str, ...], list[Any]] = {}
        for instance, names in items.values():
            groups.setdefault(tuple(sorted(names)), []).append(instance)
        for names, instances in groups.items():
            self.update(connection, names, instances)

    def abandon(self, items: dict[Any, Any]) -> None:
        """Expire what the database refused."""
        for instance, names in items.values():
            instance._expire_fields(names)

    def update(self, connection: BaseDatabaseWrapper, names: tuple[str, ...], instances: list[Any]) -> None:
        """Write columns `names` of `instances`."""
        rows = [self._parameters(connection, names, instance) for instance in instances]
        with connection.cursor() as cursor:
            if len(rows) == 1:
                cursor.execute(self._statement(connection, names), rows[0])
            else:
                cursor.executemany(self._statement(connection, names), rows)
            written = cursor.rowcount
        if written != len(rows):
            self._explain(connection, instances, written)
        if self.version is not None:
            for instance in instances:
                instance.__dict__[self.version] += 1

    def _statement(self, connection: BaseDatabaseWrapper, names: tuple[str, ...]) -> str:
        key = (connection.vendor, names)
        statement = self._statements.get(key)
        if statement is None:
            quote = connection.ops.quote_name
            meta = self.model._meta
            sets = [f"{quote(self.fields[name].column)} = %s" for name in names]
            where = f"{quote(meta.pk.column)} = %s"
            if self.version is not None:
                version = quote(self.fields[self.version].column)
                sets.append(f"{version} = {version} + 1")
                where += f" AND {version} = %s"
            statement = f"UPDATE {quote(meta.db_table)} SET {', '.join(sets)} WHERE {where}"
            self._statements[key] = statement
        return statement

    def _parameters(self, connection: BaseDatabaseWrapper, names: tuple[str, ...], instance: Any) -> list[Any]:
        held = instance.__dict__
        parameters = [self.fields[name].get_db_prep_save(held[name], connection=connection) for name in names]
        pk = self.model._meta.pk
        parameters.append(pk.get_db_prep_value(held[pk.attname], connection=connection))
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
