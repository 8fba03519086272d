"""Plain Django: one model, attributes in a JSON column, and the habits of a careful developer.

The objects are kept in a list by the application, since Django has no identity map; `save` names the fields that
changed; creation in bulk uses `bulk_create`. SQLite runs in WAL with immediate transactions.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import django
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connections, transaction

from benchmarks.contenders.base import PRAGMAS, Loop, Work
from benchmarks.contenders.peer import Peer, Stored
from benchmarks.logical_world import LIGHT, PER_ROOM, RARE_TAG, SERIAL, Thing, batches, rooms

WAL = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000;"
#: An alias of the same database: what a connection of its own sees.
OTHER = "other"


class DjangoOrm(Peer):
    """Plain Django."""

    name: ClassVar[str] = "django"
    backends: ClassVar[tuple[str, ...]] = ("sqlite", "postgresql")
    notes: ClassVar[dict[str, str]] = {
        "read_attribute": "obj.attributes['hp']: all attributes are one JSON column, decoded when the row was loaded",
        "read_reference": "no identity map: following an id in the JSON is a query",
        "write_attribute": "the whole JSON column is written",
        "write_attributes_coalesced": "bulk_update of the 100 objects at the end",
        "change_item": "the whole JSON column is written",
        "get_by_pk": "no identity map: each get is a query and a new instance",
        "find_family": "each result is a new instance",
        "find_tag": "each result is a new instance",
        "find_equal": "a condition on the JSON column, not indexed",
        "find_range": "a condition on the JSON column, not indexed",
        "list_contents": "a query and new instances each time",
        "swap": "the class is a proxy named by a column; no check and no undo in memory",
    }

    # --- life

    def build(self) -> None:
        self.open()
        call_command("migrate", run_syncdb=True, verbosity=0)
        with transaction.atomic():
            made = [self.models.Room(key=f"room {n}", kind="Room") for n in range(rooms(self.size))]
            self.rooms = self.models.Room.objects.bulk_create(made)
            for batch in batches(self.size):
                self.things += self.make_all(batch)
        with connections["default"].cursor() as cursor:
            cursor.execute("ANALYZE")
        self.close()

    def open(self) -> None:
        if not django_settings.configured:
            database = self._database()
            django_settings.configure(
                DATABASES={"default": database, OTHER: database},
                DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
                INSTALLED_APPS=["benchmarks.contenders.django_app"],
                USE_TZ=True,
            )
            django.setup()
        from benchmarks.contenders.django_app import models

        self.models = models
        self.tag_ids: dict[str, int] = {}

    def _database(self) -> dict[str, Any]:
        if self.place.backend == "postgresql":
            return {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": self.place.database,
                "HOST": self.place.host,
                "USER": "perdure",
            }
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": self.place.directory / "django.sqlite3",
            "OPTIONS": {"init_command": WAL, "transaction_mode": "IMMEDIATE"},
        }

    def close(self) -> None:
        connections.close_all()

    def first(self) -> None:
        obj = self.models.Entity.objects.order_by("id").last()
        assert obj.key
        assert obj.attributes["hp"] is not None

    def settings(self) -> dict[str, str]:
        if self.place.backend == "postgresql":
            return {name: str(self._ask(f"SHOW {name}")) for name in ("fsync", "synchronous_commit")}
        return {name: str(self._ask(f"PRAGMA {name}")) for name in PRAGMAS}

    def _ask(self, text: str) -> Any:
        with connections["default"].cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchone()[0]

    def versions(self) -> dict[str, str]:
        return {"django": django.get_version()}

    def count_statements(self, run: Callable[[], object]) -> int | None:
        count = 0

        def counting(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            nonlocal count
            count += not sql.startswith(("BEGIN", "COMMIT"))
            return execute(sql, *rest)

        with connections["default"].execute_wrapper(counting):
            run()
        return count

    # --- verbs

    def transaction(self) -> AbstractContextManager[Any]:
        return transaction.atomic()

    def durability(self, wanted: str) -> None:
        if self.place.backend == "sqlite":
            with connections["default"].cursor() as cursor:
                cursor.execute(f"PRAGMA synchronous={wanted.upper()}")

    def write_hp(self, obj: Any, value: int) -> None:
        obj.attributes["hp"] = value
        obj.save(update_fields=["attributes"])

    def write_hp_often(self, objects: list[Any], values: list[int]) -> None:
        for value in values:
            for obj in objects:
                obj.attributes["hp"] = value
        self.models.Entity.objects.bulk_update(objects, ["attributes"])

    def add_sword(self, obj: Any) -> None:
        obj.attributes["inv"]["sword"] += 1
        obj.save(update_fields=["attributes"])

    def write_key(self, obj: Any, key: str) -> None:
        obj.key = key
        obj.save(update_fields=["key"])

    def change_kind(self, obj: Any, kind: str) -> None:
        obj.kind = kind
        obj.__class__ = self.models.CLASSES[kind]
        obj.save(update_fields=["kind"])
        obj.at_swap()

    def change_place(self, obj: Any, room: Any) -> None:
        source = obj.location
        if not obj.at_pre_move(room):
            return
        source.at_object_leave(obj, room)
        obj.location = room
        obj.save(update_fields=["location"])
        room.at_object_receive(obj, source)
        obj.at_post_move(source)

    def make(self, each: Thing) -> Any:
        with transaction.atomic():
            obj = self._new(each)
            obj.save(force_insert=True)
            obj.tags.set([self._tag_id(key) for key in each.tags], clear=False)
        return obj

    def make_all(self, things: list[Thing]) -> list[Any]:
        entities, through = self.models.Entity, self.models.Entity.tags.through
        made = entities.objects.bulk_create([self._new(each) for each in things])
        through.objects.bulk_create(
            through(entity_id=obj.id, tag_id=self._tag_id(key))
            for obj, each in zip(made, things, strict=True)
            for key in each.tags
        )
        return made

    def _new(self, each: Thing) -> Any:
        room = self.rooms[each.location]
        target = room if each.target is None else self.things[each.target]
        return self.models.CLASSES[each.kind](
            key=each.key, kind=each.kind, location=room, attributes={**each.attributes, "target": target.id}
        )

    def _tag_id(self, key: str) -> int:
        """The id of the tag, asked of the database once."""
        if key not in self.tag_ids:
            self.tag_ids[key] = self.models.Tag.objects.get_or_create(key=key)[0].id
        return self.tag_ids[key]

    def remove(self, obj: Any) -> None:
        obj.delete()

    def load(self) -> None:
        everything = list(self.models.Entity.objects.order_by("id"))
        self.rooms = [obj for obj in everything if obj.kind == "Room"]
        self.things = [obj for obj in everything if obj.kind != "Room"]

    def read_three(self, obj: Any) -> tuple[Any, Any, Any]:
        attributes = obj.attributes
        return attributes["hp"], attributes["title"], attributes["inv"]

    def stored(self, identity: Any) -> Stored | None:
        try:
            row = self.models.Entity.objects.using(OTHER).filter(id=identity).prefetch_related("tags").first()
            if row is None:
                return None
            return Stored(row.key, row.kind, row.location_id, row.attributes, {tag.key for tag in row.tags.all()})
        finally:
            connections[OTHER].close()

    # --- reading and looking

    def _one(self) -> Any:
        return self.things[-1]

    def read_attribute(self) -> Loop:
        return Loop("obj.attributes['hp']", {"obj": self._one()})

    def read_item(self) -> Loop:
        return Loop("obj.attributes['inv']['sword']", {"obj": self._one()})

    def read_reference(self) -> Loop:
        names = {"obj": self._one(), "entities": self.models.Entity.objects}
        return Loop("entities.get(pk=obj.attributes['target'])", names)

    def read_field(self) -> Loop:
        return Loop("obj.key", {"obj": self._one()})

    def get_by_pk(self) -> Loop:
        names = {"entities": self.models.Entity.objects, "key": self.things[self.size // 2].id}
        return Loop("entities.get(pk=key)", names)

    def find_family(self) -> Work:
        entities = self.models.Entity.objects
        return self.found(lambda: list(entities.filter(kind__in=["Weapon", "Sword"])), "find_family")

    def find_tag(self) -> Work:
        entities = self.models.Entity.objects
        return self.found(lambda: list(entities.filter(tags__key=RARE_TAG)), "find_tag")

    def find_equal(self) -> Work:
        entities = self.models.Entity.objects
        return self.found(lambda: list(entities.filter(attributes__serial=SERIAL)), "find_equal")

    def find_range(self) -> Work:
        entities, (low, high) = self.models.Entity.objects, LIGHT
        wanted = {"attributes__weight__gte": low, "attributes__weight__lt": high}
        return self.found(lambda: list(entities.filter(**wanted)), "find_range")

    def list_contents(self) -> Loop:
        room = self.rooms[-1]
        assert room.contents.count() == PER_ROOM
        return Loop("list(room.contents.all())", {"room": room})
