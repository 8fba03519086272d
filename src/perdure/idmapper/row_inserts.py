"""Inserts rows of one table, many of them with one statement.

Contract: `insert` writes the rows of instances that have none yet and gives each its id; afterwards memory holds of
every field what its row will give back. The values are those that Django's own insert would send: `pre_save` and the
field's own conversion are asked, except of fields for which both are known to give the value as it is.

`row_inserter(model)` is None for a table that only Django's own insert can write: one of several tables for a row
(inheritance), without an automatic id, or with columns that the database works out.
"""

from __future__ import annotations

from functools import cache
from itertools import chain, islice
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    CharField,
    FileField,
    ForeignKey,
    IntegerField,
    OneToOneField,
    PositiveBigIntegerField,
    PositiveIntegerField,
    TextField,
)

from perdure.idmapper.field_writes import as_stored

__all__ = ["RowInserter", "row_inserter"]

# SQLite binds at most 32,766 parameters a statement; beyond a hundred rows nothing is gained by more.
ROWS_PER_STATEMENT = 100

_WHOLE: frozenset[type] = frozenset({int, type(None)})
_TEXT: frozenset[type] = frozenset({str, type(None)})
_AS_THEY_ARE: dict[type, frozenset[type]] = {
    **dict.fromkeys((CharField, TextField), _TEXT),
    **dict.fromkeys(
        (IntegerField, BigIntegerField, PositiveIntegerField, PositiveBigIntegerField, AutoField, BigAutoField), _WHOLE
    ),
}
_NOTHING: frozenset[type] = frozenset()


def _as_they_are(field: Any) -> frozenset[type]:
    """Types of values that a field sends, and reads, as they are."""
    if type(field) in (ForeignKey, OneToOneField):
        return _as_they_are(field.target_field)
    return _AS_THEY_ARE.get(type(field), _NOTHING)


class RowInserter:
    """Inserts rows of one table."""

    def __init__(self, model: Any) -> None:
        meta = model._meta
        self.model = model
        self.pk: str = meta.pk.attname
        self.fields = [field for field in meta.local_concrete_fields if not field.primary_key]
        self._columns = [(field.attname, _as_they_are(field), field) for field in self.fields]
        self._texts: dict[tuple[str, int], str] = {}

    def insert(self, connection: BaseDatabaseWrapper, instances: list[Any]) -> None:
        """Write the rows of `instances`."""
        rows = [self._row(connection, instance) for instance in instances]
        if None in rows:  # somewhere the database is to work a value out
            for instance in instances:
                self._insert_expressions(connection, instance)
            return
        paired = zip(instances, rows, strict=True)
        while batch := list(islice(paired, ROWS_PER_STATEMENT)):
            with connection.cursor() as cursor:
                cursor.execute(
                    self._text(connection, len(batch)), list(chain.from_iterable(row for _, row in batch if row))
                )
                ids = cursor.fetchall()
            for (instance, _), (pk,) in zip(batch, ids, strict=True):
                instance.__dict__[self.pk] = pk

    def _row(self, connection: BaseDatabaseWrapper, instance: Any) -> list[Any] | None:
        """What to bind for one instance; None if one of its values is an expression."""
        held = instance.__dict__
        row = []
        for name, passing, field in self._columns:
            value = held[name] if passing and name in held else field.pre_save(instance, True)
            if type(value) not in passing:
                if hasattr(value, "resolve_expression"):
                    return None
                held[name] = as_stored(field, value)
                value = field.get_db_prep_save(value, connection)
            row.append(value)
        return row

    def _insert_expressions(self, connection: BaseDatabaseWrapper, instance: Any) -> None:
        """Django's own insert; what the database has worked out is read when it is asked for."""
        returned = instance._do_insert(
            self.model._base_manager, connection.alias, self.fields, self.model._meta.db_returning_fields, False
        )
        held = instance.__dict__
        for field, value in zip(self.model._meta.db_returning_fields, returned[0], strict=True):
            held[field.attname] = value
        for field in self.fields:
            held[field.attname] = as_stored(field, held[field.attname])
        instance._expire_expressions([field.attname for field in self.fields])

    def _text(self, connection: BaseDatabaseWrapper, rows: int) -> str:
        key = (connection.vendor, rows)
        text = self._texts.get(key)
        if text is None:
            quote = connection.ops.quote_name
            columns = ", ".join(quote(field.column) for field in self.fields)
            marks = ", ".join([f"({', '.join(['%s'] * len(self.fields))})"] * rows)
            meta = self.model._meta
            text = self._texts[key] = (
                f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {marks} RETURNING {quote(meta.pk.column)}"
            )
        return text


@cache
def row_inserter(model: Any) -> RowInserter | None:
    """The inserter of the table of `model` (a concrete model class), or None if Django has to insert its rows."""
    meta = model._meta
    plain = (
        not meta.parents
        and meta.order_with_respect_to is None
        and meta.auto_field is meta.pk
        and isinstance(meta.pk, AutoField)
        and len(meta.local_concrete_fields) > 1
        and not any(field.generated or isinstance(field, FileField) for field in meta.local_concrete_fields)
        and meta.db_returning_fields == [meta.pk]
    )
    return RowInserter(model) if plain else None
