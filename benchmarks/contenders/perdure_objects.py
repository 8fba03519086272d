"""Perdure, used as its documentation says: typeclasses, `obj.db`, tags, `create_object`, querysets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from benchmarks.contenders.base import PRAGMAS, Contender, Loop, Place, Work
from benchmarks.contenders.resident_memory import ResidentMemory
from benchmarks.logical_world import (
    FAMILY,
    LIGHT,
    RARE_TAG,
    SERIAL,
    Thing,
    batches,
    rooms,
    thing,
)

TYPECLASSES = '''"""The classes of the benchmark's objects."""

from perdure import AttributeProperty, DefaultObject


class Thing(DefaultObject):
    strength = AttributeProperty(default=1)


class Weapon(Thing):
    pass


class Sword(Weapon):
    pass


class Blade(DefaultObject):
    """What an object is swapped to."""

    def at_object_creation(self):
        self.ndb.swapped = True
'''


class Perdure(ResidentMemory, Contender):
    """Typed objects in their identity map."""

    name: ClassVar[str] = "perdure"
    backends: ClassVar[tuple[str, ...]] = ("sqlite", "postgresql")
    notes: ClassVar[dict[str, str]] = {
        "move": "`move_to(quiet=True)`: all hooks, no text to the hundred bystanders",
        "swap": "run_start_hooks='all'",
        "load_world": "without a budget of memory (IDMAPPER_CACHE_MAXSIZE = None), as everybody else here",
    }

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.everything: list[Any] = []

    # --- life

    def build(self) -> None:
        self._make_game()
        self.open()
        self._fill()
        self._analyse()
        self.close()

    def _make_game(self) -> None:
        game = self.place.directory / "game"
        environment = {**os.environ, "PERDURE_OWNER": "owner", "PERDURE_PASSWORD": "only for benchmarks"}
        perdure = [sys.executable, "-m", "perdure"]
        subprocess.run([*perdure, "init", str(game)], check=True, stdout=2, cwd=self.place.directory, env=environment)
        (game / "typeclasses" / "benchmark.py").write_text(TYPECLASSES, encoding="utf-8")
        self._choose_database(game)
        with (game / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write("\nIDMAPPER_CACHE_MAXSIZE = None\n")
        subprocess.run([*perdure, "migrate"], check=True, stdout=2, cwd=game, env=environment)

    def _fill(self) -> None:
        """Make the objects of the world."""
        from perdure import create_objects, transaction

        with transaction():
            self.rooms = create_objects("rooms.Room", [{"key": f"room {n}"} for n in range(rooms(self.size))])
        numbers: dict[int, int] = {}
        for batch in batches(self.size):
            with transaction():
                made = create_objects(rows=[self._row(each, numbers) for each in batch])
            numbers.update((each.number, obj.id) for each, obj in zip(batch, made, strict=True))

    def _choose_database(self, game: Any) -> None:
        if self.place.backend != "postgresql":
            return
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": self.place.database,
            "USER": "perdure",
            "HOST": self.place.host,
        }
        with (game / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write(f"\nDATABASES = {{'default': {database!r}}}\n")

    def _analyse(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def open(self) -> None:
        import perdure

        perdure.setup(self.place.directory / "game")

    def close(self) -> None:
        from django.db import connections

        connections.close_all()

    def warm(self) -> None:
        self._load()
        things = [obj for obj in self.everything if type(obj).__module__ == "typeclasses.benchmark"]
        # Keys change in the workloads; the order of ids is that in which they were built.
        self.by_number = dict(enumerate(sorted(things, key=lambda obj: obj.pk)))
        self.room = next(obj for obj in self.everything if obj.key == "room 0")
        self.other_room = next(obj for obj in self.everything if obj.key == "room 1")
        for obj in (self.room, self.other_room):
            assert obj.contents is not None

    def first(self) -> None:
        from perdure import ObjectDB

        obj = ObjectDB.objects.first()
        assert obj.key
        assert obj.db.hp is None

    def import_perdure(self) -> float:
        """Seconds for the import alone, as the interpreter that does it measures them."""
        program = "from time import perf_counter as now; start = now(); import perdure; print(now() - start)"
        done = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True)
        return float(done.stdout)

    def settings(self) -> dict[str, str]:
        from django.db import connection

        with connection.cursor() as cursor:
            if self.place.backend == "postgresql":
                names, statement = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers"), "SHOW"
            else:
                names, statement = PRAGMAS, "PRAGMA"
            found = {}
            for name in names:
                cursor.execute(f"{statement} {name}")
                found[name] = str(cursor.fetchone()[0])
            return found

    def versions(self) -> dict[str, str]:
        import django

        import perdure

        return {"perdure": perdure.__version__, "django": django.get_version()}

    def count_statements(self, run: Callable[[], object]) -> int | None:
        from django.db import connection

        count = 0

        def counting(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            nonlocal count
            count += not sql.startswith(("BEGIN", "COMMIT"))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(counting):
            run()
        return count

    def _answer(self, statement: str, *arguments: Any) -> Any:
        """The first column of the first row, past the engine."""
        from django.db import connections

        other = connections["default"].copy()
        try:
            with other.cursor() as cursor:
                cursor.execute(statement, arguments)
                return cursor.fetchone()[0]
        finally:
            other.close()

    # --- reading

    def _objects(self, count: int) -> list[Any]:
        return [self.by_number[number] for number in self.sample(count)]

    def _one(self) -> Any:
        return self.by_number[self.size - 1]

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

    # --- writing

    def write_attribute(self, count: int = 200) -> Work:
        objects = self._objects(count)

        def run() -> None:
            value = self.fresh_value()
            for obj in objects:
                obj.db.hp = value

        return Work(run, len(objects), check=lambda: self._check_hp(objects[-1]))

    def _check_hp(self, obj: Any) -> None:
        text = "SELECT db_number FROM objects_objectattribute WHERE owner_id = %s AND db_key = 'hp'"
        assert self._answer(text, obj.pk) == obj.db.hp

    def write_attribute_full(self) -> Work:
        work = self.write_attribute(40)
        work.before, work.after = (lambda: self._durability("full")), (lambda: self._durability("normal"))
        return work

    def _durability(self, wanted: str) -> None:
        from django.db import connection

        if self.place.backend == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA synchronous={wanted.upper()}")

    def _in_transaction(self, work: Work) -> Work:
        from perdure import transaction

        inner = work.run

        def run() -> None:
            with transaction():
                inner()

        work.run = run
        return work

    def write_attributes(self) -> Work:
        return self._in_transaction(self.write_attribute(1000))

    def write_attributes_coalesced(self) -> Work:
        objects = self._objects(100)

        def run() -> None:
            for _ in range(10):
                value = self.fresh_value()
                for obj in objects:
                    obj.db.hp = value

        return self._in_transaction(Work(run, 10 * len(objects), check=lambda: self._check_hp(objects[-1])))

    def change_item(self, count: int = 200) -> Work:
        objects = self._objects(count)

        def run() -> None:
            for obj in objects:
                obj.db.inv["sword"] += 1

        return Work(run, len(objects), check=lambda: self._check_inv(objects[-1]))

    def _check_inv(self, obj: Any) -> None:
        text = "SELECT db_value FROM objects_objectattribute WHERE owner_id = %s AND db_key = 'inv'"
        assert f'"sword":{obj.db.inv["sword"]}' in self._answer(text, obj.pk).replace(" ", "")

    def change_items(self) -> Work:
        return self._in_transaction(self.change_item(1000))

    def rename(self, count: int = 200) -> Work:
        objects = self._objects(count)

        def run() -> None:
            key = f"renamed {self.fresh_value()}"
            for obj in objects:
                obj.key = key

        return Work(run, len(objects), check=lambda: self._check_column("db_key", objects[-1].key, objects[-1]))

    def _check_column(self, column: str, held: Any, obj: Any) -> None:
        assert self._answer(f"SELECT {column} FROM objects_objectdb WHERE id = %s", obj.pk) == held

    def rename_many(self) -> Work:
        return self._in_transaction(self.rename(1000))

    # --- creating and deleting

    def _row(self, each: Thing, numbers: dict[int, int] | None = None) -> dict[str, Any]:
        """The arguments of `create_object`; `numbers` says which ids the targets have."""
        place = self.rooms[each.location] if numbers is not None else self.room
        target = place
        if numbers is not None and each.target is not None:
            target = self._live(numbers[each.target])
        return {
            "typeclass": f"benchmark.{each.kind}",
            "key": each.key,
            "location": place,
            "nohome": True,
            "attributes": {**each.attributes, "target": target},
            "tags": each.tags,
        }

    def _live(self, pk: int) -> Any:
        from perdure import ObjectDB

        return ObjectDB.objects.get(pk=pk)

    def create_one(self) -> Work:
        from perdure import create_object

        made: list[Any] = []
        pending: list[dict[str, Any]] = []

        def before() -> None:
            made.clear()
            pending[:] = [self._row(thing(number, self.size)) for number in self.fresh_numbers(50)]

        def run() -> None:
            made.extend(create_object(**row) for row in pending)

        return Work(run, 50, before=before, after=lambda: self._remove(made), check=lambda: self._check_made(made))

    def create_bulk(self) -> Work:
        from perdure import create_objects

        made: list[Any] = []
        pending: list[dict[str, Any]] = []

        def before() -> None:
            made.clear()
            pending[:] = [self._row(thing(number, self.size)) for number in self.fresh_numbers(1000)]

        def run() -> None:
            made.extend(create_objects(rows=pending))

        return Work(run, 1000, before=before, after=lambda: self._remove(made), check=lambda: self._check_made(made))

    def _check_made(self, made: list[Any]) -> None:
        pk = made[-1].pk
        assert self._answer("SELECT count(*) FROM objects_objectattribute WHERE owner_id = %s", pk) == 10
        assert self._answer("SELECT count(*) FROM objects_objectdb_db_tags WHERE objectdb_id = %s", pk) == 3

    def _remove(self, objects: list[Any]) -> None:
        from perdure import transaction

        with transaction():
            for obj in objects:
                assert obj.delete()

    def _doomed(self, doomed: list[Any], count: int) -> None:
        from perdure import create_objects

        rows = [self._row(thing(number, self.size)) for number in self.fresh_numbers(count)]
        doomed[:] = create_objects(rows=rows)
        self._pks = [obj.pk for obj in doomed]

    def delete_one(self, count: int = 50) -> Work:
        doomed: list[Any] = []

        def run() -> None:
            for obj in doomed:
                obj.delete()

        return Work(run, count, before=lambda: self._doomed(doomed, count), check=self._check_gone)

    def delete_many(self) -> Work:
        doomed: list[Any] = []

        def run() -> None:
            for obj in doomed:
                obj.delete()

        work = Work(run, 500, before=lambda: self._doomed(doomed, 500), check=self._check_gone)
        return self._in_transaction(work)

    def _check_gone(self) -> None:
        pk = self._pks[-1]
        assert self._answer("SELECT count(*) FROM objects_objectdb WHERE id = %s", pk) == 0
        assert self._answer("SELECT count(*) FROM objects_objectattribute WHERE owner_id = %s", pk) == 0

    # --- loading

    def _load(self) -> None:
        from perdure import ObjectDB

        self.everything = list(ObjectDB.objects.all())
        for obj in self.everything:
            obj.db.hp  # noqa: B018 - reading is the work

    def load_world(self) -> Work:
        from perdure import ObjectDB

        def run() -> None:
            self.everything = list(ObjectDB.objects.all())
            for obj in self.everything:
                db = obj.db
                if db.hp is not None:
                    assert db.title
                    assert db.inv

        return Work(run, self.size, check=self._check_loaded)

    def _check_loaded(self) -> None:
        assert len(self.everything) >= self.size + rooms(self.size)

    def memory(self) -> Work:
        return Work(self._load, self.size, check=self._check_loaded)

    # --- looking

    def get_cached(self) -> Loop:
        from perdure import ObjectDB

        return Loop("get(pk)", {"get": ObjectDB.get_cached_instance, "pk": self._one().pk})

    def get_by_pk(self) -> Loop:
        from perdure import ObjectDB

        return Loop("cls.objects.get(pk=pk)", {"cls": ObjectDB, "pk": self._one().pk})

    def get_by_class(self) -> Loop:
        obj = self._one()
        return Loop("cls.objects.get(pk=pk)", {"cls": type(obj), "pk": obj.pk})

    def find_family(self) -> Work:
        cls = self._typeclass(FAMILY)
        return self._find(lambda: cls.objects.all_family(), "find_family")

    def _typeclass(self, kind: str) -> Any:
        from importlib import import_module

        return getattr(import_module("typeclasses.benchmark"), kind)

    def find_tag(self) -> Work:
        from perdure import ObjectDB

        return self._find(lambda: ObjectDB.objects.get_by_tag(RARE_TAG), "find_tag")

    def find_equal(self) -> Work:
        from perdure import ObjectDB

        return self._find(lambda: ObjectDB.objects.filter_attributes(serial=SERIAL), "find_equal")

    def find_range(self) -> Work:
        from perdure import ObjectDB

        low, high = LIGHT
        return self._find(lambda: ObjectDB.objects.filter_attributes(weight__gte=low, weight__lt=high), "find_range")

    def _find(self, query: Callable[[], Any], key: str) -> Work:
        found: list[Any] = []
        expected = self.hits()[key]

        def run() -> None:
            found[:] = query()

        def check() -> None:
            assert len(found) == expected, (len(found), expected)

        return Work(run, 1, check=check)

    def list_contents(self) -> Loop:
        return Loop("room.contents", {"room": self.room})

    # --- changing

    def swap(self, count: int = 100) -> Work:
        objects = [self.by_number[number] for number in self.sample_of_things(count)]
        blade, plain = self._typeclass("Blade"), self._typeclass("Thing")

        def run() -> None:
            for obj in objects:
                obj.swap_typeclass(plain if type(obj) is blade else blade, run_start_hooks="all")

        def check() -> None:
            self._check_column("db_typeclass_path", f"typeclasses.benchmark.{type(objects[-1]).__name__}", objects[-1])

        return Work(run, len(objects), check=check)

    def swap_many(self) -> Work:
        return self._in_transaction(self.swap(500))

    def move(self, count: int = 100) -> Work:
        objects = self.room.contents[:count]

        def run() -> None:
            to = self.other_room if objects[0].location is self.room else self.room
            for obj in objects:
                assert obj.move_to(to, quiet=True)

        return Work(
            run, len(objects), check=lambda: self._check_column("db_location_id", objects[-1].location.pk, objects[-1])
        )
