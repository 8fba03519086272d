"""The tags of one object in memory, and how they reach the database.

Contract: the first question loads all tags of the object (aliases and permissions too) in one query; after that
every answer, also "no", comes from memory. Changes are gathered like those of attributes: a write names a slot
`(tagtype, category, key)`, and what is sent is what memory holds then.

Invariants: the rows that link an object to tags equal the set in memory after each flush. A rollback empties the
store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from perdure.idmapper.ownership import check_owner
from perdure.idmapper.states import require
from perdure.transactions import Statement, UnitOfWork, fetch, send, transaction, unit_of_work
from perdure.typeclasses.attribute_loading import OWNERS_PER_QUERY, Cohort
from perdure.typeclasses.handlers import Owned
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.tag_model import Tag

__all__ = ["TagSlot", "TagStore", "load_tags", "load_tags_of_many", "tag_slot", "tag_writer"]

TagSlot = tuple[str, str, str]  # (tagtype, category, key); empty for "none"

# SQLite binds at most 32,766 parameters a statement.
LINKS_PER_STATEMENT = 1000
SEEN_AT_MOST = 10_000


def tag_slot(tagtype: str, key: Any, category: Any) -> TagSlot:
    """The slot of a tag, in the normal form of keys and categories. Raises `InvalidKey`."""
    if type(key) is str and (category is None or type(category) is str):
        return _text_slot(tagtype, key, category)
    return (tagtype, normal_category(category, "tag", 64), normal_key(key, "tag"))


@lru_cache(maxsize=4096)
def _text_slot(tagtype: str, key: str, category: str | None) -> TagSlot:
    return (tagtype, normal_category(category, "tag", 64), normal_key(key, "tag"))


class TagStore(Owned):
    """The tags of one object."""

    __slots__ = ("__weakref__", "data", "loaded", "slots")

    def __init__(self, owner: Any) -> None:
        super().__init__(owner)
        self.slots: dict[TagSlot, None] = {}
        self.data: dict[TagSlot, str] = {}
        self.loaded = False

    def all(self, tagtype: str) -> list[TagSlot]:
        """All slots of this type."""
        self.load()
        return [slot for slot in self.slots if slot[0] == tagtype]

    def has(self, slot: TagSlot) -> bool:
        """Whether the object carries this tag."""
        self.load()
        return slot in self.slots

    def load(self) -> None:
        """Read all tags of the owner (and of cold objects that were loaded with it)."""
        if self.loaded:
            return
        owner = self.owner()
        require(owner, "read stored data of")
        load_tags(owner)

    def add(self, slot: TagSlot, data: str | None = None) -> None:
        """Carry this tag; `data` given replaces what describes the shared tag."""
        self.add_many([(slot, data)])

    def add_many(self, tags: Iterable[tuple[TagSlot, str | None]]) -> None:
        """Carry all of these tags, each with its data (or None); they are written together."""
        self.check_writable()
        self.load()
        added = []
        for slot, data in tags:
            if slot in self.slots and data is None:
                continue
            self.slots[slot] = None
            if data is not None:
                self.data[slot] = data
            added.append(slot)
        if added:
            self._write(added)

    def remove(self, slots: Iterable[TagSlot]) -> None:
        """Carry these tags no longer."""
        self.check_writable()
        self.load()
        gone = [slot for slot in slots if slot in self.slots]
        for slot in gone:
            del self.slots[slot]
            self.data.pop(slot, None)
        if gone:
            self._write(gone)

    def expire(self) -> None:
        """Drop everything from memory; the next question loads it."""
        self.slots.clear()
        self.data.clear()
        self.loaded = False

    def check_writable(self) -> None:
        """Raise unless the owner's tags may be written here and now."""
        owner = self.owner()
        require(owner, "write stored data of")
        unit = unit_of_work(owner._state.db)
        check_owner(owner, unit)
        unit.touch(owner, "tags")

    def _write(self, slots: list[TagSlot]) -> None:
        owner = self.owner()
        unit = unit_of_work(owner._state.db)
        writer = tag_writer(owner.__dbclass__)
        if unit.in_transaction:
            for slot in slots:
                unit.gather(writer, (id(self), slot), (self, slot))
            return
        try:
            with transaction(using=owner._state.db), unit.engine_statements():
                writer.write(unit, dict(enumerate((self, slot) for slot in slots)))
        except BaseException:
            self.expire()
            raise


def _is_cold(instance: Any) -> bool:
    store = instance.__dict__.get("_tag_store")
    return store is None or not store.loaded


def load_tags(owner: Any) -> None:
    """Load the tags of `owner`, and of a batch of its cohort."""
    cohort: Cohort | None = owner.__dict__.get("_cohort")
    batch = [owner] if cohort is None else cohort.next_batch("tags", owner, _is_cold)
    load_tags_of_many(owner.__dbclass__, owner._state.db, batch)


def load_tags_of_many(model: Any, alias: str, owners: Sequence[Any]) -> None:
    """Load the tags of all `owners`, live instances of one db model."""
    unit = unit_of_work(alias)
    quote = unit.connection.ops.quote_name
    link = _Link(model, quote)
    tag = quote(Tag._meta.db_table)
    for start in range(0, len(owners), OWNERS_PER_QUERY):
        stores = {owner.pk: owner._tag_store for owner in owners[start : start + OWNERS_PER_QUERY]}
        sql = (
            f"SELECT l.{link.owner}, t.db_tagtype, t.db_category, t.db_key FROM {link.table} l "
            f"JOIN {tag} t ON t.id = l.{link.tag} "
            f"WHERE l.{link.owner} IN ({', '.join(['%s'] * len(stores))}) ORDER BY l.id"
        )
        if unit.pending.get(tag_writer(model)):
            unit.flush()
        with unit.engine_statements(), unit.connection.cursor() as cursor:
            cursor.execute(sql, list(stores))
            for owner_pk, tagtype, category, key in cursor.fetchall():
                stores[owner_pk].slots[tagtype, category, key] = None
        for store in stores.values():
            store.loaded = True
            unit.saw(store.owner())


class _Link:
    """Quoted names of the table that links an entity kind to tags."""

    def __init__(self, model: Any, quote: Any) -> None:
        through = model._meta.get_field("db_tags").remote_field.through
        self.table = quote(through._meta.db_table)
        self.owner = quote(model._meta.get_field("db_tags").m2m_column_name())
        self.tag = quote(model._meta.get_field("db_tags").m2m_reverse_name())
        self.tags = quote(Tag._meta.db_table)


class TagWriter:
    """Writes the tags of one entity kind."""

    order = 20

    def __init__(self, model: Any) -> None:
        self.model = model
        self.name = model._meta.model_name
        self._seen: set[TagSlot] = set()  # a hint which tags exist, never relied on

    def write(self, unit: UnitOfWork, items: dict[Any, Any]) -> None:
        """Bring the links of all `(store, slot)` in line with memory."""
        added: list[tuple[int, TagSlot]] = []
        removed: list[tuple[int, TagSlot]] = []
        described: dict[TagSlot, str] = {}
        for store, slot in items.values():
            (added if slot in store.slots else removed).append((store.owner().pk, slot))
            if slot in store.data:
                described[slot] = store.data.pop(slot)
        for start in range(0, len(added), LINKS_PER_STATEMENT):
            self._add(unit, added[start : start + LINKS_PER_STATEMENT])
        if removed:
            self._remove(unit, removed)
        for (tagtype, category, key), data in described.items():
            Tag.objects.using(unit.connection.alias).filter(
                db_key=key, db_category=category, db_tagtype=tagtype, db_model=self.name
            ).update(db_data=data)

    def abandon(self, items: dict[Any, Any]) -> None:
        """Forget what the database refused."""
        for store, _ in items.values():
            store.expire()

    def _add(self, unit: UnitOfWork, added: list[tuple[int, TagSlot]]) -> None:
        """Make the links, and the tags that there are not."""
        wanted = {slot for _, slot in added}
        if not wanted <= self._seen:
            self._create_tags(unit, wanted)
            if len(self._seen) > SEEN_AT_MOST:
                self._seen.clear()
            self._seen |= wanted
        if self._link(unit, added) < len(added):
            # A tag is gone that was seen before (or a link was there): whoever removed it may not be this process.
            self._create_tags(unit, wanted)
            self._link(unit, added)

    def _create_tags(self, unit: UnitOfWork, slots: set[TagSlot]) -> None:
        statement = _create_text(unit.connection.ops.quote_name, len(slots))
        send(unit, statement, [item for slot in sorted(slots) for item in (*slot, self.name)])

    def _link(self, unit: UnitOfWork, added: list[tuple[int, TagSlot]]) -> int:
        """Link owners to those of the tags that exist; how many links have been made."""
        statement = _link_text(self.model, unit.connection.ops.quote_name, len(added))
        return send(unit, statement, [*chain.from_iterable((pk, *slot) for pk, slot in added), self.name])

    def _remove(self, unit: UnitOfWork, removed: list[tuple[int, TagSlot]]) -> None:
        ids = self._ids(unit, {slot for _, slot in removed})
        pairs = [(pk, ids[slot]) for pk, slot in removed if slot in ids]
        if not pairs:
            return
        link = _Link(self.model, unit.connection.ops.quote_name)
        marks = ", ".join(["(%s, %s)"] * len(pairs))
        owners = {pk for pk, _ in pairs}
        statement = Statement(
            f"DELETE FROM {link.table} WHERE {link.owner} IN ({', '.join(['%s'] * len(owners))}) "
            f"AND ({link.owner}, {link.tag}) IN (VALUES {marks})"
        )
        send(unit, statement, [*owners, *(item for pair in pairs for item in pair)])
        remove_unused_tags(unit, self.model, {tag for _, tag in pairs})

    def _ids(self, unit: UnitOfWork, slots: set[TagSlot]) -> dict[TagSlot, int]:
        marks = ", ".join(["(%s, %s, %s)"] * len(slots))
        keys = {slot[2] for slot in slots}
        key_marks = ", ".join(["%s"] * len(keys))
        # SQLite uses no index for a row value among several; the condition on the keys alone has one.
        statement = Statement(
            "SELECT db_tagtype, db_category, db_key, id FROM "
            f"{unit.connection.ops.quote_name(Tag._meta.db_table)} WHERE db_model = %s "
            f"AND db_key IN ({key_marks}) AND (db_tagtype, db_category, db_key) IN (VALUES {marks})",
            changes_rows=False,
        )
        found = fetch(unit, statement, [self.name, *keys, *(item for slot in slots for item in slot)])
        return {(tagtype, category, key): pk for tagtype, category, key, pk in found}


@lru_cache(maxsize=256)
def _create_text(quote: Any, count: int) -> Statement:
    marks = ", ".join(["(%s, %s, %s, %s)"] * count)
    return Statement(
        f"INSERT INTO {quote(Tag._meta.db_table)} (db_tagtype, db_category, db_key, db_model) VALUES {marks} "
        "ON CONFLICT DO NOTHING"
    )


@lru_cache(maxsize=256)
def _link_text(model: Any, quote: Any, count: int) -> Statement:
    link = _Link(model, quote)
    marks = ", ".join(["(%s, %s, %s, %s)"] * count)
    # SQLite takes what is left of CROSS JOIN first: each wanted link, in order, finds its tag by the unique index.
    return Statement(
        f"INSERT INTO {link.table} ({link.owner}, {link.tag}) SELECT CAST(v.column1 AS bigint), t.id "
        f"FROM (VALUES {marks}) v CROSS JOIN {link.tags} t WHERE t.db_key = v.column4 AND t.db_category = v.column3 "
        "AND t.db_tagtype = v.column2 AND t.db_model = %s ON CONFLICT DO NOTHING"
    )


def remove_unused_tags(unit: UnitOfWork, model: Any, tags: Collection[int]) -> None:
    """Delete those of `tags` that nobody carries and that have no data."""
    send(unit, _unused_text(model, unit.connection.ops.quote_name, len(tags)), [*tags])


@lru_cache(maxsize=256)
def _unused_text(model: Any, quote: Any, count: int) -> Statement:
    link = _Link(model, quote)
    return Statement(
        f"DELETE FROM {link.tags} WHERE id IN ({', '.join(['%s'] * count)}) AND db_data IS NULL "
        f"AND NOT EXISTS (SELECT 1 FROM {link.table} l WHERE l.{link.tag} = {link.tags}.id)"
    )


@cache
def tag_writer(model: Any) -> TagWriter:
    """The writer of the tags of an entity's db model."""
    return TagWriter(model)
