"""Writes rows of attribute tables for the stores that hold them in memory.

Contract: gathered slots leave as one upsert per table and at most one delete.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from perdure.typeclasses.attribute_model import joined_references

__all__ = ["AttributeWriter", "attribute_model", "attribute_writer"]

# SQLite binds at most 32,766 parameters a statement.
ROWS_PER_STATEMENT = 1500

_CHANGING = ("db_kind", "db_value", "db_number", "db_text", "db_references", "db_strvalue")


def attribute_model(model: Any) -> Any:
    """The attribute table of an entity's db model."""
    return model._meta.get_field("db_attributes").related_model


class AttributeWriter:
    """Writes the attributes of one entity kind."""

    order = 10

    def __init__(self, model: Any) -> None:
        self.table = attribute_model(model)

    def write(self, connection: BaseDatabaseWrapper, items: dict[Any, Any]) -> None:
        """Bring the rows of all `(store, slot)` in line with memory."""
        upserts: dict[bool, list[list[Any]]] = {}
        deletions: list[list[Any]] = []
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        for store, slot in items.values():
            attrtype, category, key = slot
            owner_pk = store.owner().pk
            encoded = store.encoded(slot)
            if encoded is None:
                deletions.append([owner_pk, key, category, attrtype])
                continue
            refers = joined_references(encoded.references)
            row = [owner_pk, key, category, attrtype, encoded.kind, encoded.text, encoded.number, encoded.sortable]
            row += [refers, store.strings.get(slot), store.locks.get(slot, ""), now, 1]
            upserts.setdefault(slot in store.locks, []).append(row)
        with connection.cursor() as cursor:
            for with_locks, rows in upserts.items():
                for chunk in _chunks(rows):
                    cursor.execute(
                        self._upsert(connection, len(chunk), with_locks), [item for row in chunk for item in row]
                    )
            for chunk in _chunks(deletions):
                cursor.execute(self._delete(connection, len(chunk)), [item for row in chunk for item in row])

    def abandon(self, items: dict[Any, Any]) -> None:
        """Forget what the database refused."""
        for store, slot in items.values():
            store.forget(slot, "refused by the database")

    def _upsert(self, connection: BaseDatabaseWrapper, rows: int, with_locks: bool) -> str:
        return _upsert_text(connection.vendor, connection.ops.quote_name, self.table._meta.db_table, rows, with_locks)

    def _delete(self, connection: BaseDatabaseWrapper, rows: int) -> str:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(name) for name in ("owner_id", "db_key", "db_category", "db_attrtype"))
        marks = ", ".join(["(%s, %s, %s, %s)"] * rows)
        return f"DELETE FROM {quote(self.table._meta.db_table)} WHERE ({columns}) IN (VALUES {marks})"


@lru_cache(maxsize=256)
def _upsert_text(vendor: str, quote: Any, table: str, rows: int, with_locks: bool) -> str:
    names = (
        "owner_id",
        "db_key",
        "db_category",
        "db_attrtype",
        *_CHANGING,
        "db_lock_storage",
        "db_date_created",
        "db_version",
    )
    changing = (*_CHANGING, "db_lock_storage") if with_locks else _CHANGING
    sets = [f"{quote(name)} = excluded.{quote(name)}" for name in changing]
    sets.append(f"{quote('db_version')} = {quote(table)}.{quote('db_version')} + 1")
    marks = ", ".join([f"({', '.join(['%s'] * len(names))})"] * rows)
    target = ", ".join(quote(name) for name in ("owner_id", "db_key", "db_category", "db_attrtype"))
    return (
        f"INSERT INTO {quote(table)} ({', '.join(quote(name) for name in names)}) VALUES {marks} "
        f"ON CONFLICT ({target}) DO UPDATE SET {', '.join(sets)}"
    )


def _chunks(rows: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        yield rows[start : start + ROWS_PER_STATEMENT]


@cache
def attribute_writer(model: Any) -> AttributeWriter:
    """The writer of the attribute table of an entity's db model."""
    return AttributeWriter(model)
