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

from django.db.models import AutoField, FileField

from perdure.idmapper.field_writes import as_stored, columns_of
from perdure.transactions import Statement, UnitOfWork, fetch

__all__ = ["RowInserter", "row_inserter"]

# SQLite binds at most 32,766 parameters a statement; beyond a hundred rows nothing is gained by more.
ROWS_PER_STATEMENT = 100


class RowInserter:
    """Inserts rows of one table."""

    def __init__(self, model: Any) -> None:
        meta = model._meta
        self.model = model
        self.pk: str = meta.pk.attname
        self.fields = [field for field in meta.local_concrete_fields if not field.primary_key]
        columns = columns_of(model)
        self._columns = [(field.attname, columns[field.attname].as_is, field) for field in self.fields]
        self._statements: dict[int, Statement] = {}

    def insert(self, unit: UnitOfWork, instances: list[Any]) -> None:
        """Write the rows of `instances`."""
        rows = [self._row(unit, instance) for instance in instances]
        unit.before_statement()
        if None in rows:  # somewhere the database is to work a value out
            for instance in instances:
                self._insert_expressions(unit, instance)
            return
        paired = zip(instances, rows, strict=True)
        while batch := list(islice(paired, ROWS_PER_STATEMENT)):
            values = list(chain.from_iterable(row for _, row in batch if row))
            for (instance, _), (pk,) in zip(batch, fetch(unit, self._statement(unit, len(batch)), values), strict=True):
                instance.__dict__[self.pk] = pk

    def _row(self, unit: UnitOfWork, instance: Any) -> list[Any] | None:
        """What to bind for one instance; None if one of its values is an expression."""
        held = instance.__dict__
        row = []
        for name, as_is, field in self._columns:
            value = held[name] if as_is is not None and name in held else field.pre_save(instance, True)
            if as_is is None or (type(value) is not as_is and value is not None):
                if hasattr(value, "resolve_expression"):
                    return None
                held[name] = as_stored(field, value)
                value = field.get_db_prep_save(value, unit.connection)
            row.append(value)
        return row

    def _insert_expressions(self, unit: UnitOfWork, instance: Any) -> None:
        """Django's own insert; what the database has worked out is read when it is asked for."""
        returning = self.model._meta.db_returning_fields
        (returned,) = instance._do_insert(
            self.model._base_manager, unit.connection.alias, self.fields, returning, False
        )
        held = instance.__dict__
        held.update(zip((field.attname for field in returning), returned, strict=True))
        for field in self.fields:
            held[field.attname] = as_stored(field, held[field.attname])
        instance._expire_expressions([field.attname for field in self.fields])

    def _statement(self, unit: UnitOfWork, rows: int) -> Statement:
        statement = self._statements.get(rows)
        if statement is None:
            quote = unit.connection.ops.quote_name
            meta = self.model._meta
            columns = ", ".join(quote(field.column) for field in self.fields)
            marks = ", ".join([f"({', '.join(['%s'] * len(self.fields))})"] * rows)
            statement = self._statements[rows] = Statement(
                f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES {marks} RETURNING {quote(meta.pk.column)}"
            )
        return statement


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
