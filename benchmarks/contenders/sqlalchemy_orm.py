"""SQLAlchemy's ORM: mapped columns, relationships, and one session whose identity map holds what the application holds.

Each write outside a transaction is followed by a commit; `expire_on_commit=False` keeps what is in memory. SQLite runs
in WAL with foreign keys enforced, so that the database does what a delete entails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import sqlalchemy
from sqlalchemy import event, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.pool import NullPool, StaticPool

from benchmarks.contenders.base import PRAGMAS, Loop, Work
from benchmarks.contenders.peer import Peer, Stored
from benchmarks.contenders.sqlalchemy_models import ATTRIBUTES, Base, Entity, Tag
from benchmarks.logical_world import LIGHT, PER_ROOM, RARE_TAG, SERIAL, Thing, batches, rooms


class SqlalchemyOrm(Peer):
    """SQLAlchemy's ORM."""

    name: ClassVar[str] = "sqlalchemy"
    backends: ClassVar[tuple[str, ...]] = ("sqlite", "postgresql")
    notes: ClassVar[dict[str, str]] = {
        "read_attribute": "a mapped column: a new attribute needs a migration",
        "read_declared": "a mapped column",
        "write_attributes": "the session gathers the changes into one executemany",
        "get_by_pk": "session.get, answered by the identity map",
        "find_equal": "an index on the column, made in advance",
        "find_range": "an index on the column, made in advance",
        "list_contents": "a relationship, loaded once",
        "swap": "the class is a column: the instance's Python class stays, its hooks are looked up",
    }

    # --- life

    def build(self) -> None:
        self.open()
        Base.metadata.create_all(self.engine)
        with self.session.begin():
            self.rooms = [Entity(key=f"room {n}", kind="Room") for n in range(rooms(self.size))]
            self.session.add_all(self.rooms)
        for batch in batches(self.size):
            with self.session.begin():
                self.things += self.make_all(batch)
        with self.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        self.close()

    def open(self) -> None:
        self.engine = self._engine(StaticPool)
        self.session = Session(self.engine, expire_on_commit=False)
        self.tags: dict[str, Tag] = {}

    def _engine(self, pool: type[sqlalchemy.Pool]) -> sqlalchemy.Engine:
        if self.place.backend == "postgresql":
            url = f"postgresql+psycopg://perdure@/{self.place.database}?host={self.place.host}"
            return sqlalchemy.create_engine(url, poolclass=pool)
        path = self.place.directory / "sqlalchemy.sqlite3"
        engine = sqlalchemy.create_engine(f"sqlite:///{path}", poolclass=pool)
        event.listen(engine, "connect", _prepare)
        return engine

    def close(self) -> None:
        self.session.close()
        self.engine.dispose()

    def first(self) -> None:
        obj = self.session.scalars(select(Entity).order_by(Entity.id.desc()).limit(1)).one()
        assert obj.key
        assert obj.hp is not None

    def settings(self) -> dict[str, str]:
        if self.place.backend == "postgresql":
            return {name: self._ask(f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
        return {name: self._ask(f"PRAGMA {name}") for name in PRAGMAS}

    def _ask(self, text: str) -> str:
        with self.engine.connect() as connection:
            return str(connection.exec_driver_sql(text).scalar())

    def versions(self) -> dict[str, str]:
        return {"sqlalchemy": sqlalchemy.__version__}

    def count_statements(self, run: Callable[[], object]) -> int | None:
        count = 0

        def counting(*_: Any) -> None:
            nonlocal count
            count += 1

        event.listen(self.engine, "before_cursor_execute", counting)
        try:
            run()
        finally:
            event.remove(self.engine, "before_cursor_execute", counting)
        return count

    # --- verbs

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield
        self.session.commit()

    def commit(self) -> None:
        self.session.commit()

    def durability(self, wanted: str) -> None:
        if self.place.backend == "sqlite":
            with self.engine.connect() as connection:
                connection.exec_driver_sql(f"PRAGMA synchronous={wanted.upper()}")

    def write_hp(self, obj: Any, value: int) -> None:
        obj.hp = value

    def write_hp_often(self, objects: list[Any], values: list[int]) -> None:
        for value in values:
            for obj in objects:
                obj.hp = value

    def add_sword(self, obj: Any) -> None:
        obj.inv["sword"] += 1

    def write_key(self, obj: Any, key: str) -> None:
        obj.key = key

    def change_kind(self, obj: Any, kind: str) -> None:
        obj.kind = kind
        obj.at_swap()

    def change_place(self, obj: Any, room: Any) -> None:
        source = obj.location
        if not obj.at_pre_move(room):
            return
        source.at_object_leave(obj, room)
        obj.location = room
        room.at_object_receive(obj, source)
        obj.at_post_move(source)

    def make(self, each: Thing) -> Any:
        room = self.rooms[each.location]
        target = room if each.target is None else self.things[each.target]
        obj = Entity(
            key=each.key,
            kind=each.kind,
            location=room,
            target=target,
            tags=[self._tag(key) for key in each.tags],
            **each.attributes,
        )
        self.session.add(obj)
        return obj

    def _tag(self, key: str) -> Tag:
        """The tag, asked of the database once."""
        tag = self.tags.get(key)
        if tag is None:
            tag = self.session.scalars(select(Tag).where(Tag.key == key)).one_or_none()
            if tag is None:
                tag = Tag(key=key)
                self.session.add(tag)
            self.tags[key] = tag
        return tag

    def remove(self, obj: Any) -> None:
        self.session.delete(obj)

    def load(self) -> None:
        everything = self.session.scalars(select(Entity).order_by(Entity.id)).all()
        self.rooms = [obj for obj in everything if obj.kind == "Room"]
        self.things = [obj for obj in everything if obj.kind != "Room"]

    def read_three(self, obj: Any) -> tuple[Any, Any, Any]:
        return obj.hp, obj.title, obj.inv

    def stored(self, identity: Any) -> Stored | None:
        with Session(self._engine(NullPool)) as other:
            row = other.get(Entity, identity, options=[selectinload(Entity.tags)])
            if row is None:
                return None
            attributes = {name: getattr(row, name) for name in ATTRIBUTES} | {"target": row.target_id}
            return Stored(row.key, row.kind, row.location_id, attributes, {tag.key for tag in row.tags})

    # --- reading and looking

    def _one(self) -> Any:
        obj = self.things[-1]
        assert obj.target is not None  # loads the relationship
        return obj

    def read_attribute(self) -> Loop:
        return Loop("obj.hp", {"obj": self._one()})

    def read_item(self) -> Loop:
        return Loop("obj.inv['sword']", {"obj": self._one()})

    def read_reference(self) -> Loop:
        return Loop("obj.target", {"obj": self._one()})

    def read_declared(self) -> Loop:
        return Loop("obj.strength", {"obj": self._one()})

    def read_field(self) -> Loop:
        return Loop("obj.key", {"obj": self._one()})

    def get_by_pk(self) -> Loop:
        return Loop("get(cls, key)", {"get": self.session.get, "cls": Entity, "key": self.things[self.size // 2].id})

    def find_family(self) -> Work:
        return self._find(select(Entity).where(Entity.kind.in_(("Weapon", "Sword"))), "find_family")

    def find_tag(self) -> Work:
        return self._find(select(Entity).join(Entity.tags).where(Tag.key == RARE_TAG), "find_tag")

    def find_equal(self) -> Work:
        return self._find(select(Entity).where(Entity.serial == SERIAL), "find_equal")

    def find_range(self) -> Work:
        low, high = LIGHT
        return self._find(select(Entity).where(Entity.weight >= low, Entity.weight < high), "find_range")

    def _find(self, query: Any, key: str) -> Work:
        return self.found(lambda: self.session.scalars(query).all(), key)

    def list_contents(self) -> Loop:
        room = self.rooms[-1]
        assert len(room.contents) == PER_ROOM
        return Loop("list(room.contents)", {"room": room})


def _prepare(connection: Any, _: Any) -> None:
    """Durability and foreign keys of a new SQLite connection."""
    for statement in ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=4000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {statement}")
