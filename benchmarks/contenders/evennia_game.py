"""Evennia, used by its public interface in a game directory that its own command line makes.

It runs in an environment of its own, in which nothing of Perdure is installed. Its default for SQLite is
`synchronous=OFF`, which may lose what was committed; here it is given the same durability as everybody else.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.contenders.base import PRAGMAS, Loop, Work
from benchmarks.contenders.peer import Peer, Stored
from benchmarks.logical_world import LIGHT, PER_ROOM, RARE_TAG, SERIAL, Thing, batches, rooms

TYPECLASSES = '''"""The classes of the benchmark's objects."""

from evennia import AttributeProperty, DefaultObject, DefaultRoom


class Place(DefaultRoom):
    pass


class Thing(DefaultObject):
    strength = AttributeProperty(default=1)


class Weapon(Thing):
    pass


class Sword(Weapon):
    pass


class Blade(DefaultObject):
    """What an object is swapped to."""
'''
MODULE = "typeclasses.benchmark"
#: An alias of the same database: what a connection of its own sees.
OTHER = "other"


class EvenniaGame(Peer):
    """Evennia."""

    name: ClassVar[str] = "evennia"
    share: ClassVar[float] = 0.2
    notes: ClassVar[dict[str, str]] = {
        "write_attributes_coalesced": "each of the 1000 writes is saved by itself",
        "create_bulk": "no creation in bulk: one by one in a transaction",
        "load_world": "attributes are asked for one by one",
        "find_range": "no query by range: every object is looked at in Python",
    }

    # --- life

    def build(self) -> None:
        command = str(Path(sys.executable).parent / "evennia")
        for arguments, directory in (("--init", "game"), self.place.directory), (("migrate",), self._game):
            subprocess.run([command, *arguments], check=True, stdin=subprocess.DEVNULL, stdout=2, cwd=directory)
        (self._game / "typeclasses" / "benchmark.py").write_text(TYPECLASSES, encoding="utf-8")
        self.open()
        with self.transaction():
            self.rooms = [self._create("Place", key=f"room {n}") for n in range(rooms(self.size))]
        for batch in batches(self.size):
            with self.transaction():
                self.things += self.make_all(batch)
        self._execute("ANALYZE")
        self.close()

    @property
    def _game(self) -> Path:
        return self.place.directory / "game"

    def open(self) -> None:
        os.chdir(self._game)
        sys.path.insert(0, str(self._game))
        os.environ["DJANGO_SETTINGS_MODULE"] = "server.conf.settings"
        import django

        django.setup()
        import evennia

        evennia._init()
        from django.db import connections, transaction
        from evennia import ObjectDB, create_object

        self.atomic, self.connections = transaction.atomic, connections
        self.create_object, self.objects = create_object, ObjectDB
        connections.settings.setdefault(OTHER, connections.settings["default"])
        self._execute("PRAGMA journal_mode=WAL")
        self._execute("PRAGMA wal_autocheckpoint=4000")
        self.durability("normal")

    def _execute(self, text: str) -> Any:
        with self.connections["default"].cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchone()

    def close(self) -> None:
        self.connections.close_all()

    def first(self) -> None:
        obj = self.objects.objects.order_by("id").last()
        assert obj.key
        assert obj.db.hp is not None

    def settings(self) -> dict[str, str]:
        return {name: str(self._execute(f"PRAGMA {name}")[0]) for name in PRAGMAS}

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("evennia", "django")}

    def count_statements(self, run: Callable[[], object]) -> int | None:
        count = 0

        def counting(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            nonlocal count
            count += not sql.startswith(("BEGIN", "COMMIT"))
            return execute(sql, *rest)

        with self.connections["default"].execute_wrapper(counting):
            run()
        return count

    # --- verbs

    def transaction(self) -> AbstractContextManager[Any]:
        return self.atomic()

    def durability(self, wanted: str) -> None:
        self._execute(f"PRAGMA synchronous={wanted.upper()}")

    def write_hp(self, obj: Any, value: int) -> None:
        obj.db.hp = value

    def add_sword(self, obj: Any) -> None:
        obj.db.inv["sword"] += 1

    def write_key(self, obj: Any, key: str) -> None:
        obj.key = key

    def change_kind(self, obj: Any, kind: str) -> None:
        obj.swap_typeclass(f"{MODULE}.{kind}", clean_attributes=False, run_start_hooks="all")

    def kind_of(self, obj: Any) -> str:
        return type(obj).__name__

    def change_place(self, obj: Any, room: Any) -> None:
        assert obj.move_to(room, quiet=True)

    def make(self, each: Thing) -> Any:
        room = self.rooms[each.location]
        target = room if each.target is None else self.things[each.target]
        attributes = [*each.attributes.items(), ("target", target)]
        return self._create(each.kind, key=each.key, location=room, attributes=attributes, tags=each.tags)

    def _create(self, kind: str, **arguments: Any) -> Any:
        return self.create_object(f"{MODULE}.{kind}", nohome=True, **arguments)

    def remove(self, obj: Any) -> None:
        assert obj.delete()

    def load(self) -> None:
        everything = self.objects.objects.order_by("id")
        self.rooms, self.things = [], []
        for obj in everything:
            (self.rooms if self.kind_of(obj) == "Place" else self.things).append(obj)

    def load_attributes(self) -> None:
        for obj in self.things:
            assert obj.attributes.all()

    def read_three(self, obj: Any) -> tuple[Any, Any, Any]:
        return obj.db.hp, obj.db.title, obj.db.inv

    def stored(self, identity: Any) -> Stored | None:
        rows = self.objects.objects.using(OTHER).filter(id=identity)
        try:
            found = rows.values_list("db_key", "db_typeclass_path", "db_location_id").first()
            if found is None:
                return None
            attributes = dict(rows.values_list("db_attributes__db_key", "db_attributes__db_value"))
            tags = set(rows.values_list("db_tags__db_key", flat=True))
            return Stored(found[0], found[1].rpartition(".")[2], found[2], attributes, tags)
        finally:
            self.connections[OTHER].close()

    # --- reading and looking

    def _one(self) -> Any:
        return self.things[-1]

    def read_attribute(self) -> Loop:
        return Loop("obj.db.hp", {"obj": self._one()})

    def read_item(self) -> Loop:
        return Loop("obj.db.inv['sword']", {"obj": self._one()})

    def read_reference(self) -> Loop:
        return Loop("obj.db.target", {"obj": self._one()})

    def read_declared(self) -> Loop:
        return Loop("obj.strength", {"obj": self._one()})

    def read_field(self) -> Loop:
        return Loop("obj.key", {"obj": self._one()})

    def get_cached(self) -> Loop:
        return Loop("get(key)", {"get": self.objects.get_cached_instance, "key": self._one().id})

    def get_by_pk(self) -> Loop:
        return Loop("objects.get(id=key)", {"objects": self.objects.objects, "key": self._one().id})

    def get_by_class(self) -> Loop:
        obj = self._one()
        return Loop("objects.get(id=key)", {"objects": type(obj).objects, "key": obj.id})

    def _class(self, kind: str) -> Any:
        return getattr(import_module(MODULE), kind)

    def find_family(self) -> Work:
        weapons = self._class("Weapon").objects
        return self.found(lambda: list(weapons.all_family()), "find_family")

    def find_tag(self) -> Work:
        objects = self.objects.objects
        return self.found(lambda: list(objects.get_by_tag(RARE_TAG)), "find_tag")

    def find_equal(self) -> Work:
        objects = self.objects.objects
        return self.found(lambda: list(objects.get_by_attribute("serial", value=SERIAL)), "find_equal")

    def find_range(self) -> Work:
        things, (low, high) = self._class("Thing").objects, LIGHT
        return self.found(lambda: [obj for obj in things.all_family() if low <= obj.db.weight < high], "find_range")

    def list_contents(self) -> Loop:
        room = self.rooms[-1]
        assert len(room.contents) == PER_ROOM
        return Loop("room.contents", {"room": room})
