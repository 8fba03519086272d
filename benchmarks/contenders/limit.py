"""The physical limit: the same work in raw SQL and plain Python objects, with nothing in between.

One row per object, one per attribute, one per link to a tag, with the indexes that the queries need; prepared
statements (the driver keeps them by their text), WAL, autocommit unless a workload says otherwise. Memory holds plain
Python objects whose attributes are plain attributes, in one dict by id. It keeps no promise beyond that: no identity,
no undo, no hooks, no types.

On PostgreSQL the driver is psycopg 3 and nothing else changes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any, ClassVar

from benchmarks.contenders.base import PRAGMAS, Contender, Loop, Place, Work
from benchmarks.logical_world import LIGHT, RARE_TAG, SERIAL, Thing, batches, rooms, thing

SCHEMA = (
    "CREATE TABLE object (id BIGINT PRIMARY KEY, key TEXT NOT NULL, class TEXT NOT NULL, location BIGINT)",
    "CREATE TABLE attribute (owner BIGINT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL,"
    " number DOUBLE PRECISION, text TEXT)",
    "CREATE TABLE tag (id BIGINT PRIMARY KEY, key TEXT NOT NULL UNIQUE)",
    "CREATE TABLE link (object BIGINT NOT NULL, tag BIGINT NOT NULL)",
    "CREATE INDEX object_key ON object (key)",
    "CREATE INDEX object_class ON object (class)",
    "CREATE INDEX object_location ON object (location)",
    "CREATE UNIQUE INDEX attribute_owner ON attribute (owner, key)",
    "CREATE INDEX attribute_number ON attribute (key, number)",
    "CREATE INDEX attribute_text ON attribute (key, text) WHERE kind = 's'",
    "CREATE UNIQUE INDEX link_object ON link (object, tag)",
    "CREATE INDEX link_tag ON link (tag, object)",
)
INSERT_OBJECT = "INSERT INTO object (id, key, class, location) VALUES (?, ?, ?, ?)"
INSERT_ATTRIBUTE = "INSERT INTO attribute (owner, key, kind, number, text) VALUES (?, ?, ?, ?, ?)"
INSERT_LINK = "INSERT INTO link (object, tag) VALUES (?, ?)"
UPDATE_NUMBER = "UPDATE attribute SET number = ? WHERE owner = ? AND key = ?"
UPDATE_TEXT = "UPDATE attribute SET text = ? WHERE owner = ? AND key = ?"
UPDATE_KEY = "UPDATE object SET key = ? WHERE id = ?"
UPDATE_CLASS = "UPDATE object SET class = ? WHERE id = ?"
UPDATE_LOCATION = "UPDATE object SET location = ? WHERE id = ?"
OBJECT_COLUMNS = "o.id, o.key, o.class, o.location"
FIRST_OBJECT = 1_000_001  # rooms come before


class Plain:
    """An object in memory: everything is a plain attribute."""

    def __init__(self, pk: int, key: str, kind: str, location: int | None) -> None:
        self.id = pk
        self.key = key
        self.kind = kind
        self.location = location


class Blade(Plain):
    """What an object is swapped to."""


class Holder:
    """Attributes one step away from their object, with a handler for those that are missing."""

    def __getattr__(self, name: str) -> None:
        return None


class Limit(Contender):
    """Raw SQL and plain Python."""

    name: ClassVar[str] = "limit"
    backends: ClassVar[tuple[str, ...]] = ("sqlite", "postgresql")
    notes: ClassVar[dict[str, str]] = {
        "read_attribute": "two look-ups; the holder's class handles misses",
        "get_cached": "one look-up in a dict",
        "write_attributes_coalesced": "1000 assignments in Python, 100 rows written",
    }

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.known: dict[int, Any] = {}
        self.contents: dict[int, dict[int, Any]] = {}
        self.tags: dict[str, int] = {}

    # --- life

    def build(self) -> None:
        self.open()
        for statement in SCHEMA:
            self.execute(statement)
        self._fill()
        self.execute("ANALYZE")
        self.close()

    def _fill(self) -> None:
        """Write the objects of the world."""
        with self.transaction():
            room_rows = [(n + 1, f"room {n}", "Room", None) for n in range(rooms(self.size))]
            self.execute_many(INSERT_OBJECT, room_rows)
            for batch in batches(self.size):
                self._insert(batch)

    def open(self) -> None:
        if self.place.backend == "postgresql":
            import psycopg

            self.db: Any = psycopg.connect(
                host=self.place.host, dbname=self.place.database, user="perdure", autocommit=True
            )
        else:
            self.db = sqlite3.connect(self.place.directory / "limit.sqlite3", isolation_level=None)
            self.db.execute("PRAGMA journal_mode=WAL")
            self.db.execute("PRAGMA synchronous=NORMAL")
            self.db.execute("PRAGMA wal_autocheckpoint=4000")
        self.json_text = json.JSONEncoder(separators=(",", ":")).encode

    def close(self) -> None:
        self.db.close()

    def warm(self) -> None:
        self._load()

    def first(self) -> None:
        row = self.execute(self.sql("SELECT id, key FROM object WHERE id = ?"), (FIRST_OBJECT,)).fetchone()
        self.execute(self.sql("SELECT number FROM attribute WHERE owner = ? AND key = ?"), (row[0], "hp")).fetchone()

    def settings(self) -> dict[str, str]:
        if self.place.backend == "postgresql":
            names = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
            return {name: str(self.db.execute(f"SHOW {name}").fetchone()[0]) for name in names}
        return {name: str(self.db.execute(f"PRAGMA {name}").fetchone()[0]) for name in PRAGMAS}

    def versions(self) -> dict[str, str]:
        if self.place.backend == "postgresql":
            return {"postgresql": str(self.db.execute("SHOW server_version").fetchone()[0])}
        return {"sqlite": sqlite3.sqlite_version}

    # --- SQL

    def sql(self, text: str) -> str:
        """The statement in the driver's parameter style."""
        return text.replace("?", "%s") if self.place.backend == "postgresql" else text

    @property
    def execute(self) -> Callable[..., Any]:
        """The driver's own `execute`."""
        method: Callable[..., Any] = self.db.execute
        return method

    def execute_many(self, text: str, rows: Iterable[Any]) -> None:
        """The driver's own `executemany`."""
        if self.place.backend == "postgresql":
            with self.db.cursor() as cursor:
                cursor.executemany(self.sql(text), rows)
        else:
            self.db.executemany(text, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction, committed at the end."""
        self.db.execute("BEGIN" if self.place.backend == "postgresql" else "BEGIN IMMEDIATE")
        yield
        self.db.execute("COMMIT")

    def count_statements(self, run: Callable[[], object]) -> int | None:
        counting = _Counting(self.db)
        self.db = counting
        try:
            run()
        finally:
            self.db = counting.db
        return counting.count

    def _answer(self, text: str, *arguments: Any) -> Any:
        """The first column of the first row, as a connection of its own sees it."""
        kept, self.db = self.db, None
        try:
            self.open()
            return self.execute(self.sql(text), arguments).fetchone()[0]
        finally:
            self.close()
            self.db = kept

    # --- reading

    def read_attribute(self) -> Loop:
        held = Plain(1, "x", "Thing", 1)
        held.db = Holder()  # type: ignore[attr-defined]
        held.db.hp = 10  # type: ignore[attr-defined]
        return Loop("obj.db.hp", {"obj": held})

    def _one(self) -> Any:
        return self.known[FIRST_OBJECT + self.size - 1]

    def read_item(self) -> Loop:
        return Loop("obj.inv['sword']", {"obj": self._one()})

    def read_reference(self) -> Loop:
        return Loop("obj.target", {"obj": self._one()})

    def read_declared(self) -> Loop:
        return Loop("obj.hp", {"obj": self._one()})

    def read_field(self) -> Loop:
        return Loop("obj.key", {"obj": self._one()})

    # --- writing

    def _objects(self, count: int) -> list[Any]:
        return [self.known[FIRST_OBJECT + number] for number in self.sample(count)]

    def write_attribute(self, count: int = 200) -> Work:
        objects, update = self._objects(count), self.sql(UPDATE_NUMBER)

        def run() -> None:
            value, execute = self.fresh_value(), self.execute
            for obj in objects:
                obj.hp = value
                execute(update, (value, obj.id, "hp"))

        return Work(run, len(objects), check=lambda: self._check_hp(objects[-1]))

    def _check_hp(self, obj: Any) -> None:
        assert self._answer("SELECT number FROM attribute WHERE owner = ? AND key = 'hp'", obj.id) == obj.hp

    def write_attribute_full(self) -> Work:
        work = self.write_attribute(count=40)
        work.before, work.after = (lambda: self._durability("full")), (lambda: self._durability("normal"))
        return work

    def _durability(self, wanted: str) -> None:
        if self.place.backend == "sqlite":
            self.db.execute(f"PRAGMA synchronous={wanted.upper()}")

    def write_attributes(self, count: int = 1000) -> Work:
        work = self.write_attribute(count)
        return self._in_transaction(work)

    def _in_transaction(self, work: Work) -> Work:
        inner = work.run

        def run() -> None:
            with self.transaction():
                inner()

        work.run = run
        return work

    def write_attributes_coalesced(self) -> Work:
        objects, update = self._objects(100), self.sql(UPDATE_NUMBER)

        def run() -> None:
            for _ in range(10):
                value = self.fresh_value()
                for obj in objects:
                    obj.hp = value
            with self.transaction():
                execute = self.execute
                for obj in objects:
                    execute(update, (obj.hp, obj.id, "hp"))

        return Work(run, 10 * len(objects), check=lambda: self._check_hp(objects[-1]))

    def change_item(self, count: int = 200) -> Work:
        objects, update = self._objects(count), self.sql(UPDATE_TEXT)

        def run() -> None:
            execute, text = self.execute, self.json_text
            for obj in objects:
                obj.inv["sword"] += 1
                execute(update, (text(obj.inv), obj.id, "inv"))

        return Work(run, len(objects), check=lambda: self._check_inv(objects[-1]))

    def _check_inv(self, obj: Any) -> None:
        text = self._answer("SELECT text FROM attribute WHERE owner = ? AND key = 'inv'", obj.id)
        assert json.loads(text) == obj.inv

    def change_items(self) -> Work:
        return self._in_transaction(self.change_item(1000))

    def rename(self, count: int = 200) -> Work:
        objects, update = self._objects(count), self.sql(UPDATE_KEY)

        def run() -> None:
            key, execute = f"renamed {self.fresh_value()}", self.execute
            for obj in objects:
                obj.key = key
                execute(update, (key, obj.id))

        return Work(run, len(objects), check=lambda: self._check_column("key", objects[-1]))

    def _check_column(self, column: str, obj: Any) -> None:
        held = {"key": obj.key, "class": obj.kind, "location": obj.location}[column]
        assert self._answer(f"SELECT {column} FROM object WHERE id = ?", obj.id) == held

    def rename_many(self) -> Work:
        return self._in_transaction(self.rename(1000))

    # --- creating and deleting

    def _insert(self, things: list[Thing]) -> list[int]:
        """Write the rows of these objects, with executemany."""
        objects, attribute_rows, links = [], [], []
        for each in things:
            pk = FIRST_OBJECT + each.number
            objects.append((pk, each.key, each.kind, each.location + 1))
            attribute_rows += self._attribute_rows(pk, each)
            links += [(pk, self._tag_id(key)) for key in each.tags]
        self.execute_many(INSERT_OBJECT, objects)
        self.execute_many(INSERT_ATTRIBUTE, attribute_rows)
        self.execute_many(INSERT_LINK, links)
        return [row[0] for row in objects]

    def _tag_id(self, key: str) -> int:
        pk = self.tags.get(key)
        if pk is not None:
            return pk
        row = self.execute(self.sql("SELECT id FROM tag WHERE key = ?"), (key,)).fetchone()
        if row is None:
            row = (len(self.tags) + 1,)
            self.execute(self.sql("INSERT INTO tag (id, key) VALUES (?, ?)"), (row[0], key))
        self.tags[key] = row[0]
        return int(row[0])

    def _attribute_rows(self, pk: int, each: Thing) -> list[tuple[Any, ...]]:
        rows = [(pk, key, *self._encode(value)) for key, value in each.attributes.items()]
        target = each.location + 1 if each.target is None else FIRST_OBJECT + each.target
        return [*rows, (pk, "target", "r", target, None)]

    def _encode(self, value: Any) -> tuple[str, float | None, str | None]:
        if isinstance(value, int):
            return ("i", value, None)
        if isinstance(value, str):
            return ("s", None, value)
        return ("j", None, self.json_text(value))

    def _in_memory(self, each: Thing) -> Plain:
        obj = Plain(FIRST_OBJECT + each.number, each.key, each.kind, each.location + 1)
        obj.__dict__.update(each.attributes)
        target = each.location + 1 if each.target is None else FIRST_OBJECT + each.target
        obj.target = self.known[target]  # type: ignore[attr-defined]
        obj.tags = set(each.tags)  # type: ignore[attr-defined]
        self.known[obj.id] = obj
        return obj

    def create_one(self) -> Work:
        made: list[Any] = []
        statements = [self.sql(text) for text in (INSERT_OBJECT, INSERT_ATTRIBUTE, INSERT_LINK)]
        pending: list[Thing] = []

        def before() -> None:
            made.clear()
            pending[:] = [thing(number, self.size) for number in self.fresh_numbers(50)]

        def run() -> None:
            insert_object, insert_attribute, insert_link = statements
            for each in pending:
                obj = self._in_memory(each)
                with self.transaction():
                    execute = self.execute
                    execute(insert_object, (obj.id, obj.key, obj.kind, obj.location))
                    for row in self._attribute_rows(obj.id, each):
                        execute(insert_attribute, row)
                    for key in each.tags:
                        execute(insert_link, (obj.id, self._tag_id(key)))
                made.append(obj)

        return Work(run, 50, before=before, after=lambda: self._remove(made), check=lambda: self._check_made(made))

    def create_bulk(self) -> Work:
        made: list[Any] = []
        pending: list[Thing] = []

        def before() -> None:
            made.clear()
            pending[:] = [thing(number, self.size) for number in self.fresh_numbers(1000)]

        def run() -> None:
            made.extend(map(self._in_memory, pending))
            with self.transaction():
                self._insert(pending)

        return Work(run, 1000, before=before, after=lambda: self._remove(made), check=lambda: self._check_made(made))

    def _check_made(self, made: list[Any]) -> None:
        assert self._answer("SELECT count(*) FROM attribute WHERE owner = ?", made[-1].id) == 10
        assert self._answer("SELECT count(*) FROM link WHERE object = ?", made[-1].id) == 3

    def _remove(self, objects: list[Any]) -> None:
        with self.transaction():
            for obj in objects:
                self._delete(obj)

    def _delete(self, obj: Any) -> None:
        execute = self.execute
        execute(self.sql("DELETE FROM link WHERE object = ?"), (obj.id,))
        execute(self.sql("DELETE FROM attribute WHERE owner = ?"), (obj.id,))
        execute(self.sql("UPDATE object SET location = NULL WHERE location = ?"), (obj.id,))
        execute(self.sql("DELETE FROM object WHERE id = ?"), (obj.id,))
        del self.known[obj.id]

    def _doomed(self, doomed: list[Any], count: int) -> None:
        pending = [thing(number, self.size) for number in self.fresh_numbers(count)]
        doomed[:] = map(self._in_memory, pending)
        with self.transaction():
            self._insert(pending)

    def delete_one(self, count: int = 50) -> Work:
        doomed: list[Any] = []

        def run() -> None:
            for obj in doomed:
                with self.transaction():
                    self._delete(obj)

        return Work(run, count, before=lambda: self._doomed(doomed, count), check=lambda: self._check_gone(doomed))

    def delete_many(self) -> Work:
        doomed: list[Any] = []

        def run() -> None:
            with self.transaction():
                for obj in doomed:
                    self._delete(obj)

        return Work(run, 500, before=lambda: self._doomed(doomed, 500), check=lambda: self._check_gone(doomed))

    def _check_gone(self, doomed: list[Any]) -> None:
        assert self._answer("SELECT count(*) FROM object WHERE id = ?", doomed[-1].id) == 0
        assert self._answer("SELECT count(*) FROM attribute WHERE owner = ?", doomed[-1].id) == 0

    # --- loading

    def load_world(self) -> Work:
        def run() -> None:
            self._load()
            for obj in self.known.values():
                if obj.kind != "Room":
                    assert obj.hp is not None
                    assert obj.title
                    assert obj.inv

        return Work(run, self.size, check=lambda: self._check_loaded())

    def _check_loaded(self) -> None:
        assert len(self.known) == self.size + rooms(self.size)

    def _load(self) -> None:
        known = self.known
        for row in self.execute("SELECT id, key, class, location FROM object"):
            known[row[0]] = Plain(*row)
        loads = json.loads
        for owner, key, kind, number, text in self.execute("SELECT owner, key, kind, number, text FROM attribute"):
            if kind == "i":
                value: Any = int(number)
            elif kind == "s":
                value = text
            elif kind == "r":
                value = known[int(number)]
            else:
                value = loads(text)
            known[owner].__dict__[key] = value
        for obj in known.values():
            if obj.location is not None:
                self.contents.setdefault(obj.location, {})[obj.id] = obj

    def memory(self) -> Work:
        return Work(self._load, self.size, check=self._check_loaded)

    # --- looking

    def get_cached(self) -> Loop:
        return Loop("get(pk)", {"get": self.known.get, "pk": FIRST_OBJECT + self.size // 2})

    def find_family(self) -> Work:
        return self._find("FROM object o WHERE o.class IN ('Weapon', 'Sword')", (), "find_family")

    def find_tag(self) -> Work:
        text = "FROM tag t JOIN link l ON l.tag = t.id JOIN object o ON o.id = l.object WHERE t.key = ?"
        return self._find(text, (RARE_TAG,), "find_tag")

    def find_equal(self) -> Work:
        text = "FROM attribute a JOIN object o ON o.id = a.owner WHERE a.key = ? AND a.number = ?"
        return self._find(text, ("serial", SERIAL), "find_equal")

    def find_range(self) -> Work:
        text = "FROM attribute a JOIN object o ON o.id = a.owner WHERE a.key = ? AND a.number >= ? AND a.number < ?"
        return self._find(text, ("weight", *LIGHT), "find_range")

    def _find(self, text: str, arguments: tuple[Any, ...], key: str) -> Work:
        statement = self.sql(f"SELECT {OBJECT_COLUMNS} {text}")
        found: list[Any] = []
        expected = self.hits()[key]

        def run() -> None:
            found.clear()
            known = self.known
            for pk, key, kind, location in self.execute(statement, arguments):
                obj = known[pk]
                obj.key, obj.kind, obj.location = key, kind, location
                found.append(obj)

        def check() -> None:
            assert len(found) == expected, (len(found), expected)

        return Work(run, 1, check=check)

    def list_contents(self) -> Loop:
        return Loop("list(contents.values())", {"contents": self.contents[1]})

    # --- changing

    def swap(self, count: int = 100) -> Work:
        objects = [self.known[FIRST_OBJECT + number] for number in self.sample_of_things(count)]
        update = self.sql(UPDATE_CLASS)

        def run() -> None:
            execute = self.execute
            for obj in objects:
                there = type(obj) is Blade
                obj.__class__ = Plain if there else Blade
                obj.kind = "Thing" if there else "Blade"
                execute(update, (obj.kind, obj.id))

        return Work(run, len(objects), check=lambda: self._check_column("class", objects[-1]))

    def swap_many(self) -> Work:
        return self._in_transaction(self.swap(500))

    def move(self, count: int = 100) -> Work:
        objects, update = list(self.contents[1].values())[:count], self.sql(UPDATE_LOCATION)

        def run() -> None:
            execute, contents = self.execute, self.contents
            for obj, to in zip(objects, repeat(2 if objects[0].location == 1 else 1)):
                del contents[obj.location][obj.id]
                obj.location = to
                contents[to][obj.id] = obj
                execute(update, (to, obj.id))

        return Work(run, len(objects), check=lambda: self._check_column("location", objects[-1]))


class _Counting:
    """A connection that counts what is executed on it."""

    def __init__(self, db: Any) -> None:
        self.db = db
        self.count = 0

    def execute(self, text: str, *arguments: Any) -> Any:
        self.count += not text.startswith(("BEGIN", "COMMIT"))
        return self.db.execute(text, *arguments)

    def executemany(self, text: str, rows: Any) -> Any:
        self.count += 1
        return self.db.executemany(text, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)
