"""ZODB: persistent Python objects in a FileStorage.

Each commit is synced to disk: there is no cheaper durability, so the figures under NORMAL are of more durable work
than the others'. The connection's cache is large enough for the whole world, which is what it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, ClassVar

import transaction
from persistent.list import PersistentList
from persistent.mapping import PersistentMapping
from ZODB import DB
from ZODB.Connection import resetCaches
from ZODB.FileStorage import FileStorage

from benchmarks.contenders.base import Loop, Work
from benchmarks.contenders.peer import Peer, Stored
from benchmarks.contenders.zodb_models import CLASSES, Room, World
from benchmarks.logical_world import LIGHT, PER_ROOM, RARE_TAG, SERIAL, Thing, batches, rooms

#: More records than the largest world has; what is in the cache is never dropped.
CACHE = 10_000_000
ATTRIBUTES = ("hp", "strength", "weight", "serial", "title", "desc", "mood", "skills", "inv", "target")


class ZodbObjects(Peer):
    """ZODB."""

    name: ClassVar[str] = "zodb"
    notes: ClassVar[dict[str, str]] = {
        "write_attribute": "synced to disk: ZODB has no weaker commit",
        "change_item": "synced to disk: ZODB has no weaker commit",
        "rename": "synced to disk; keys are not indexed",
        "create_one": "synced to disk; the indexes are kept by hand",
        "delete_one": "synced to disk; the records stay until the storage is packed",
        "get_cached": "one look-up in a BTree",
        "find_family": "one BTree for each class, nothing is asked of the disk",
        "find_tag": "one BTree for each tag, nothing is asked of the disk",
        "find_equal": "an index kept by hand, nothing is asked of the disk",
        "find_range": "an index kept by hand, nothing is asked of the disk",
        "list_contents": "a BTree",
        "swap": "`__class__` is assigned; references hold no class, which makes loading slower",
        "move": "synced to disk",
    }

    # --- life

    def build(self) -> None:
        self.open()
        with self.transaction():
            self.world = self.connection.root()["world"] = World()
            for number in range(rooms(self.size)):
                self.world.rooms[number] = Room(number, f"room {number}")
        self.rooms = list(self.world.rooms.values())
        for batch in batches(self.size):
            with self.transaction():
                self.things += self.make_all(batch)
        self.close()

    def open(self) -> None:
        self.database = DB(FileStorage(str(self.place.directory / "zodb.fs")), cache_size=CACHE)
        self.connection = self.database.open()
        self.world = self.connection.root().get("world")

    def close(self) -> None:
        transaction.abort()
        self.connection.close()
        self.database.close()

    def first(self) -> None:
        obj = self.world.things[0]
        assert obj.key
        assert obj.hp is not None

    def settings(self) -> dict[str, str]:
        return {"storage": "FileStorage", "commit": "fsync", "cache_size": str(CACHE)}

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("ZODB", "persistent", "BTrees")}

    def count_statements(self, run: Callable[[], object]) -> int | None:
        run()
        return None  # there are none

    # --- verbs

    @contextmanager
    def transaction(self) -> Iterator[None]:
        transaction.begin()
        yield
        transaction.commit()

    def commit(self) -> None:
        transaction.commit()

    def write_hp(self, obj: Any, value: int) -> None:
        obj.hp = value

    def add_sword(self, obj: Any) -> None:
        obj.inv["sword"] += 1

    def write_key(self, obj: Any, key: str) -> None:
        obj.key = key

    def change_kind(self, obj: Any, kind: str) -> None:
        self.world.change_class(obj, kind)
        obj.at_swap()

    def kind_of(self, obj: Any) -> str:
        return type(obj).__name__

    def change_place(self, obj: Any, room: Any) -> None:
        source = obj.location
        if not obj.at_pre_move(room):
            return
        source.at_object_leave(obj, room)
        self.world.move(obj, room)
        room.at_object_receive(obj, source)
        obj.at_post_move(source)

    def make(self, each: Thing) -> Any:
        room = self.rooms[each.location]
        target = room if each.target is None else self.things[each.target]
        obj = CLASSES[each.kind](each, room, target)  # type: ignore[call-arg,arg-type]
        self.world.add(obj)
        return obj

    def remove(self, obj: Any) -> None:
        self.world.discard(obj)

    def load(self) -> None:
        self.rooms = list(self.world.rooms.values())
        self.things = list(self.world.things.values())

    def load_attributes(self) -> None:
        for obj in self.things:  # a record is read when it is first touched
            assert obj.inv["sword"] is not None
            assert obj.skills[0]

    def read_three(self, obj: Any) -> tuple[Any, Any, Any]:
        return obj.hp, obj.title, obj.inv["sword"] is not None

    def stored(self, identity: Any) -> Stored | None:
        resetCaches()  # a connection opened again would keep the classes that it knew
        manager = transaction.TransactionManager()
        other = self.database.open(transaction_manager=manager)
        try:
            obj = other.root()["world"].things.get(identity)
            if obj is None:
                return None
            attributes = {name: _plain(getattr(obj, name)) for name in ATTRIBUTES}
            return Stored(obj.key, self.kind_of(obj), obj.location.id, attributes, set(obj.tags))
        finally:
            manager.abort()
            other.close()

    # --- reading and looking

    def _one(self) -> Any:
        return self.things[-1]

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

    def get_cached(self) -> Loop:
        return Loop("things[key]", {"things": self.world.things, "key": self.size // 2})

    def find_family(self) -> Work:
        kinds = self.world.by_kind
        return self.found(lambda: [*kinds["Weapon"].values(), *kinds["Sword"].values()], "find_family")

    def find_tag(self) -> Work:
        tags = self.world.by_tag
        return self.found(lambda: list(tags[RARE_TAG].values()), "find_tag")

    def find_equal(self) -> Work:
        serials = self.world.by_serial
        return self.found(lambda: list(serials[SERIAL].values()), "find_equal")

    def find_range(self) -> Work:
        weights, things, (low, high) = self.world.by_weight, self.world.things, LIGHT
        return self.found(lambda: [things[pk] for _, pk in weights.keys((low,), (high,))], "find_range")

    def list_contents(self) -> Loop:
        contents = self.rooms[-1].contents
        assert len(contents) == PER_ROOM
        return Loop("list(contents.values())", {"contents": contents})


def _plain(value: Any) -> Any:
    if isinstance(value, PersistentMapping):
        return dict(value)
    return list(value) if isinstance(value, PersistentList) else value
