"""Reads the attributes of objects into the stores that hold them in memory.

Contract: loading brings all rows of an object in one query, and those of the cold objects of the same query result
along (growing batches, so that touching one object of many does not load all). What memory holds already is newer than
the row and stays. Values that need building (containers, references, dates) are left as text until they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from perdure.idmapper.collector import held_off
from perdure.idmapper.field_writes import field_writer
from perdure.idmapper.identity import identity_map
from perdure.idmapper.residency import residents
from perdure.transactions import unit_of_work
from perdure.typeclasses.attribute_rows import attribute_model

__all__ = ["OWNERS_PER_QUERY", "Cohort", "load_attributes", "load_many"]

# Owners per query: SQLite binds at most 32,766 parameters a statement.
OWNERS_PER_QUERY = 5000
# Rows held at a time: all of a batch at once would leave the process larger by them.
ROWS_PER_FETCH = 1000
_FIRST_BATCH = 1
_GROWTH = 20


class Cohort:
    """Objects that one query brought, so that their attributes and tags can be loaded together.

    A long result has several, which take over from each other how many to load next; so an object that stays while the
    rest of its result has gone keeps only some ids in memory.
    """

    __slots__ = ("_passed", "_steps", "alias", "model", "pks")
    _shared_by_many = True  # not a part of any one of its members, for the estimate of memory

    def __init__(self, alias: str, model: Any, steps: dict[str, int] | None = None) -> None:
        self.alias = alias
        self.model = model
        self.pks: list[Any] = []
        self._steps = {} if steps is None else steps
        self._passed: dict[str, int] = {}

    def add(self, instance: Any, pk: Any) -> Cohort:
        """Count `instance` in, whose id is `pk`; the cohort for the next one."""
        instance.__dict__["_cohort"] = self
        self.pks.append(pk)
        return self if len(self.pks) < OWNERS_PER_QUERY else Cohort(self.alias, self.model, self._steps)

    def next_batch(self, what: str, owner: Any, is_cold: Any) -> list[Any]:
        """`owner` and further cold members: one at the first call, then twenty times more each time."""
        size = self._steps.get(what, _FIRST_BATCH)
        self._steps[what] = min(size * _GROWTH, OWNERS_PER_QUERY)
        batch = [owner]
        passed = self._passed.get(what, 0)
        if len(batch) < size and passed < len(self.pks):
            known = identity_map(self.alias, self.model)
            for pk in self.pks[passed:]:
                passed += 1
                member = known.get(pk)
                if member is not None and member is not owner and is_cold(member):
                    batch.append(member)
                    if len(batch) == size:
                        break
            self._passed[what] = passed
        return batch


def _is_cold(instance: Any) -> bool:
    holder = instance.__dict__.get("db")
    return holder is None or not holder._p_store.loaded


def load_attributes(owner: Any) -> None:
    """Load the attributes of `owner`, and of a batch of its cohort."""
    cohort: Cohort | None = owner.__dict__.get("_cohort")
    load_many(
        owner.__dbclass__,
        owner._state.db,
        [owner] if cohort is None else cohort.next_batch("attributes", owner, _is_cold),
    )


def load_many(model: Any, alias: str, owners: Sequence[Any]) -> None:
    """Load the attributes of all `owners` (live instances of one db model) that are not loaded yet."""
    table = attribute_model(model)
    unit = unit_of_work(alias)
    if unit.pending.get(field_writer(table)):
        unit.flush()  # columns assigned on rows of attributes, which memory would not overlay
    connection = unit.connection
    pk_name = model._meta.pk.attname
    with unit.engine_statements(), held_off:
        for start in range(0, len(owners), OWNERS_PER_QUERY):
            batch = {owner.__dict__[pk_name]: owner for owner in owners[start : start + OWNERS_PER_QUERY]}
            with connection.cursor() as cursor:
                cursor.execute(_selection(connection, table._meta.db_table, len(batch)), list(batch))
                rows = chain.from_iterable(iter(partial(cursor.fetchmany, ROWS_PER_FETCH), []))
                _take_rows(batch, rows)
            for owner in batch.values():
                owner.db._p_store.loaded = True
                if unit.has_written:
                    unit.saw(owner)
            residents.grown(len(batch))


def _take_rows(owners: dict[Any, Any], rows: Iterable[Any]) -> None:
    """Have the stores of the owners (by id) take their rows, many of which stand together."""
    classes = set()
    # An owner gets its holder when its rows come: holders of a class share the names that the first ones have.
    for pk, rows_of_one in groupby(rows, key=itemgetter(0)):
        owner = owners[pk]
        store = owner.db._p_store
        store.take_rows(rows_of_one)
        if type(owner) not in classes:
            classes.add(type(owner))
            store.share_names()


def _selection(connection: Any, table: str, owners: int) -> str:
    """The statement that brings the rows of so many owners: owner, key, value, and what few attributes have."""
    quote = connection.ops.quote_name
    # Most attributes have none of these. A value that is not made need not be fetched, which is half of the time here.
    array = "json_build_array" if connection.vendor == "postgresql" else "json_array"
    names = [quote(name) for name in ("db_attrtype", "db_category", "db_lock_storage", "db_strvalue")]
    blank = " AND ".join([*(f"{name} = ''" for name in names[:3]), f"{names[3]} IS NULL"])
    special = f"CASE WHEN {blank} THEN NULL ELSE CAST({array}({', '.join(names)}) AS text) END"
    owner, pk = quote("owner_id"), quote("id")
    wanted, order = f"{owner} IN ({', '.join(['%s'] * owners)})", f"{owner}, {pk}"
    if connection.vendor == "sqlite" and owners > 1:
        # The index of the owner gives the rows of each in the order of their keys, and every row is looked for by
        # itself: with its ids in order, SQLite walks through the table instead (a sixth of the time for all of it).
        wanted, order = f"{pk} IN (SELECT {pk} FROM {quote(table)} WHERE {wanted})", pk
    columns = f"{owner}, {quote('db_key')}, {quote('db_value')}, {special}"
    return f"SELECT {columns} FROM {quote(table)} WHERE {wanted} ORDER BY {order}"
