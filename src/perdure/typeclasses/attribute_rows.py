"""Writes rows of attribute tables for the stores that hold them in memory.

Contract: gathered slots leave as one statement for each kind of change: updates of numbers, updates of text, upserts,
deletions.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from django.utils import timezone

from perdure.transactions import Statement, UnitOfWork, send, send_many
from perdure.typeclasses.attribute_model import joined_references

__all__ = ["AttributeWriter", "attribute_model", "attribute_writer"]

# SQLite binds at most 32,766 parameters a statement.
ROWS_PER_STATEMENT = 1500

# Kinds of values that are compared as numbers; see `perdure.values.comparison`. All others are compared by text.
_NUMBER_KINDS = frozenset("ibD")
_IDENTITY = ("owner_id", "db_key", "db_category", "db_attrtype")
_CHANGING = ("db_kind", "db_value", "db_number", "db_text", "db_references", "db_strvalue")


def attribute_model(model: Any) -> Any:
    """The attribute table of an entity's db model."""
    return model._meta.get_field("db_attributes").related_model


class AttributeWriter:
    """Writes the attributes of one entity kind.

    What is gathered are stores, by id; each names its slots in `waiting`, with whether memory knew of a row that may be
    like the new one.

    On SQLite such a row is updated in the columns that its kind of value uses: an upsert has to touch the indexes of
    the others too, and costs twice as much in a commit of its own. The update asks for a row of that kind, so that
    whatever else is there (nothing, another kind, a value with references) is upserted after all.
    """

    order = 10

    def __init__(self, model: Any) -> None:
        self.table = attribute_model(model)
        self.key: str = model._meta.pk.attname

    def gather(self, unit: UnitOfWork, store: Any, slot: Any, is_known: bool) -> None:
        """Have the row of `slot` brought in line with memory, with what else is gathered."""
        waiting = store.waiting
        if waiting is None:
            waiting = store.waiting = {}
        elif store.gathered_in is unit.frames[-1].mark:  # the store waits already
            unit.note_write()
            waiting[slot] = is_known and waiting.get(slot, True)
            return
        waiting[slot] = is_known and waiting.get(slot, True)
        unit.gathering(self)[id(store)] = store

    def gather_new(self, unit: UnitOfWork, store: Any, slots: list[Any]) -> None:
        """`gather` for slots that have no row yet."""
        self.gather(unit, store, slots[0], is_known=False)
        store.waiting.update(dict.fromkeys(slots, False))

    def write(self, unit: UnitOfWork, items: dict[Any, Any]) -> None:
        """Bring the rows of all slots that wait in `items` in line with memory."""
        taken = [(store, store.waiting) for store in items.values() if store.waiting]
        for store, _ in taken:
            store.waiting = None
        try:
            self._write_slots(unit, [(store, slot, known) for store, slots in taken for slot, known in slots.items()])
        except BaseException:
            for store, slots in taken:
                store.waiting = {**slots, **(store.waiting or {})}
            raise

    def write_one(self, unit: UnitOfWork, store: Any, slot: Any, is_known: bool) -> None:
        """Bring the row of one slot in line with memory, at once."""
        self._write_slots(unit, [(store, slot, is_known)])

    def _write_slots(self, unit: UnitOfWork, slots: list[tuple[Any, Any, bool]]) -> None:
        updates: dict[str, list[Any]] = {}
        upserts: list[Any] = []
        deletions: list[list[Any]] = []
        narrow = unit.connection.vendor == "sqlite"
        for store, slot, is_known in slots:
            encoded = store.encoded(slot)
            attrtype, category, key = slot
            if encoded is None:
                deletions.append([store.owner().__dict__[self.key], key, category, attrtype])
                continue
            text, kind, number, sortable, references = encoded
            if is_known and narrow and not references and slot not in store.locks and slot not in store.strings:
                column = "db_number" if kind in _NUMBER_KINDS else "db_text"
                compared = number if kind in _NUMBER_KINDS else sortable
                row = [text, compared, store.owner().__dict__[self.key], key, category, attrtype, kind]
                updates.setdefault(column, []).append((row, store, slot, encoded))
            else:
                upserts.append((store, slot, encoded))
        for column, known in updates.items():
            if send_many(unit, self._update(unit, column), [each[0] for each in known]) != len(known):
                upserts += [each[1:] for each in known]
        if upserts:
            self._upsert_all(unit, upserts)
        for chunk in _chunks(deletions):
            send(unit, self._delete(unit, len(chunk)), [item for row in chunk for item in row])

    def _upsert_all(self, unit: UnitOfWork, slots: list[Any]) -> None:
        now = unit.connection.ops.adapt_datetimefield_value(timezone.now())
        groups: dict[bool, list[tuple[Any, ...]]] = {}
        for store, slot, (text, kind, number, sortable, references) in slots:
            attrtype, category, key = slot
            owner = store.owner().__dict__[self.key]
            refers = joined_references(references) if references else None
            strings, locks = store.strings, store.locks
            row = (owner, key, category, attrtype, kind, text, number, sortable, refers, strings.get(slot))
            groups.setdefault(slot in locks, []).append((*row, locks.get(slot, ""), now, 1))
        for with_locks, rows in groups.items():
            for chunk in _chunks(rows):
                send(unit, self._upsert(unit, len(chunk), with_locks), list(chain.from_iterable(chunk)))

    def abandon(self, items: dict[Any, Any]) -> None:
        """Forget what the database refused."""
        for store in items.values():
            for slot in store.waiting or ():
                store.forget(slot, "refused by the database")
            store.waiting = None

    def _update(self, unit: UnitOfWork, column: str) -> Statement:
        return _update_text(unit.connection.ops.quote_name, self.table._meta.db_table, column)

    def _upsert(self, unit: UnitOfWork, rows: int, with_locks: bool) -> Statement:
        return _upsert_text(unit.connection.ops.quote_name, self.table._meta.db_table, rows, with_locks)

    def _delete(self, unit: UnitOfWork, rows: int) -> Statement:
        return _delete_text(unit.connection.ops.quote_name, self.table._meta.db_table, rows)


@lru_cache(maxsize=64)
def _delete_text(quote: Any, table: str, rows: int) -> Statement:
    columns = ", ".join(quote(name) for name in _IDENTITY)
    marks = ", ".join(["(%s, %s, %s, %s)"] * rows)
    return Statement(f"DELETE FROM {quote(table)} WHERE ({columns}) IN (VALUES {marks})")


@lru_cache(maxsize=64)
def _update_text(quote: Any, table: str, column: str) -> Statement:
    version = quote("db_version")
    conditions = [f"{quote(name)} = %s" for name in (*_IDENTITY, "db_kind")]
    conditions += [f"{quote(name)} IS NULL" for name in ("db_references", "db_strvalue")]
    return Statement(
        f"UPDATE {quote(table)} SET {quote('db_value')} = %s, {quote(column)} = %s, {version} = {version} + 1 "
        f"WHERE {' AND '.join(conditions)}"
    )


@lru_cache(maxsize=256)
def _upsert_text(quote: Any, table: str, rows: int, with_locks: bool) -> Statement:
    names = (*_IDENTITY, *_CHANGING, "db_lock_storage", "db_date_created", "db_version")
    changing = (*_CHANGING, "db_lock_storage") if with_locks else _CHANGING
    sets = [f"{quote(name)} = excluded.{quote(name)}" for name in changing]
    sets.append(f"{quote('db_version')} = {quote(table)}.{quote('db_version')} + 1")
    marks = ", ".join([f"({', '.join(['%s'] * len(names))})"] * rows)
    target = ", ".join(quote(name) for name in _IDENTITY)
    return Statement(
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
