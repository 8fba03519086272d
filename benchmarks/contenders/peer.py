"""What the contenders other than Perdure and the limit have in common: the workloads, put together from a few verbs.

A subclass says how its library does each verb (`write_hp`, `make`, `remove` ...) on live objects; this module says how
often, what is committed when, and how the outcome is proved: `stored` answers through a connection of its own.
Outside a transaction `commit` follows each verb, for libraries that do not save by themselves; inside one,
`transaction` commits at the end.

Needs the standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NamedTuple

from benchmarks.contenders.base import Contender, Place, Work
from benchmarks.logical_world import KINDS, Thing, hits, rooms, thing

#: The class that objects are swapped to, and back from.
SWAPPED = "Blade"
ALL_KINDS = (*KINDS, SWAPPED, "Room")


class Stored(NamedTuple):
    """What the database holds of one object; `location` is the room's id."""

    key: str
    kind: str
    location: Any
    attributes: dict[str, Any]
    tags: set[str]


class Hooks:
    """What a move and a change of class call, on the object and on the places: hooks that do nothing and allow all."""

    def at_pre_move(self, destination: Any) -> bool:
        """Before the move; False forbids it."""
        return True

    def at_object_leave(self, obj: Any, destination: Any) -> None:
        """On the old place."""

    def at_object_receive(self, obj: Any, source: Any) -> None:
        """On the new place."""

    def at_post_move(self, source: Any) -> None:
        """After the move."""

    def at_swap(self) -> None:
        """On the object, in its new class."""


class Peer(Contender):
    """A contender described by verbs on live objects."""

    #: Share of the usual number of objects created and deleted in one repeat, for whom one takes milliseconds.
    share: ClassVar[float] = 1.0

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        #: The objects in memory by number, and the rooms.
        self.things: list[Any] = []
        self.rooms: list[Any] = []

    # --- verbs

    def transaction(self) -> AbstractContextManager[Any]:
        """One transaction, committed at the end."""
        raise NotImplementedError

    def commit(self) -> None:
        """Commit one verb that stood outside a transaction; nothing where the library has done so."""

    def durability(self, wanted: str) -> None:
        """`full` or `normal` from now on; nothing where there is no choice."""

    def write_hp(self, obj: Any, value: int) -> None:
        """Change one attribute."""
        raise NotImplementedError

    def write_hp_often(self, objects: list[Any], values: list[int]) -> None:
        """In a transaction, give each object each value in turn, in the way that the library does best."""
        for value in values:
            for obj in objects:
                self.write_hp(obj, value)

    def add_sword(self, obj: Any) -> None:
        """Change the dict in one attribute in place."""
        raise NotImplementedError

    def write_key(self, obj: Any, key: str) -> None:
        """Change the key."""
        raise NotImplementedError

    def change_kind(self, obj: Any, kind: str) -> None:
        """Give the object another class, with hooks."""
        raise NotImplementedError

    def change_place(self, obj: Any, room: Any) -> None:
        """Move the object, with hooks."""
        raise NotImplementedError

    def make(self, each: Thing) -> Any:
        """Create one object with attributes and tags."""
        raise NotImplementedError

    def make_all(self, things: list[Thing]) -> list[Any]:
        """In a transaction, create many objects in the way that the library does best."""
        return [self.make(each) for each in things]

    def remove(self, obj: Any) -> None:
        """Delete the object."""
        raise NotImplementedError

    def load(self) -> None:
        """Bring all objects into memory: fills `things` and `rooms`."""
        raise NotImplementedError

    def load_attributes(self) -> None:
        """Bring all attributes of all `things` into memory; nothing where they came with the objects."""

    def read_three(self, obj: Any) -> tuple[Any, Any, Any]:
        """hp, title and inv."""
        raise NotImplementedError

    def identity(self, obj: Any) -> Any:
        """What finds the object in the database."""
        return obj.id

    def kind_of(self, obj: Any) -> str:
        """The name of the object's class."""
        return str(obj.kind)

    def stored(self, identity: Any) -> Stored | None:
        """The object as a connection of its own finds it; None when it does not exist."""
        raise NotImplementedError

    # --- workloads: writing

    def warm(self) -> None:
        self.load()
        self.load_attributes()

    def live(self, count: int) -> list[Any]:
        """`count` objects spread over the world."""
        return [self.things[number] for number in self.sample(count)]

    def scaled(self, count: int) -> int:
        """The number of objects that one repeat creates or deletes."""
        return max(10, round(count * self.share))

    def held(self, obj: Any) -> Stored:
        """What the database holds; the object must exist."""
        found = self.stored(self.identity(obj))
        assert found is not None
        return found

    def _each(self, objects: list[Any], verb: Callable[[Any], object], **rest: Callable[[], object]) -> Work:
        def run() -> None:
            commit = self.commit
            for obj in objects:
                verb(obj)
                commit()

        return Work(run, len(objects), **rest)

    def _together(self, objects: list[Any], verb: Callable[[Any], object], **rest: Callable[[], object]) -> Work:
        def run() -> None:
            with self.transaction():
                for obj in objects:
                    verb(obj)

        return Work(run, len(objects), **rest)

    def write_attribute(self, count: int = 200) -> Work:
        objects = self.live(count)
        return self._each(objects, self._hp_writer(), check=self._hp_check(objects))

    def write_attribute_full(self) -> Work:
        work = self.write_attribute(40)
        work.before, work.after = (lambda: self.durability("full")), (lambda: self.durability("normal"))
        return work

    def write_attributes(self) -> Work:
        objects = self.live(1000)
        return self._together(objects, self._hp_writer(), check=self._hp_check(objects))

    def _hp_writer(self) -> Callable[[Any], object]:
        write, value = self.write_hp, self.fresh_value
        return lambda obj: write(obj, value())

    def _hp_check(self, objects: list[Any]) -> Callable[[], object]:
        def check() -> None:
            assert self.held(objects[-1]).attributes["hp"] == self._next_value

        return check

    def write_attributes_coalesced(self) -> Work:
        objects = self.live(100)

        def run() -> None:
            values = [self.fresh_value() for _ in range(10)]
            with self.transaction():
                self.write_hp_often(objects, values)

        return Work(run, 10 * len(objects), check=self._hp_check(objects))

    def change_item(self) -> Work:
        return self._change_item(self._each, 200)

    def change_items(self) -> Work:
        return self._change_item(self._together, 1000)

    def _change_item(self, way: Callable[..., Work], count: int) -> Work:
        objects = self.live(count)
        last, before = objects[-1], [0]
        written = objects.count(last)

        def note() -> None:
            before[0] = self.held(last).attributes["inv"]["sword"]

        def check() -> None:
            assert self.held(last).attributes["inv"]["sword"] == before[0] + written

        return way(objects, self.add_sword, before=note, check=check)

    def rename(self) -> Work:
        return self._rename(self._each, 200)

    def rename_many(self) -> Work:
        return self._rename(self._together, 1000)

    def _rename(self, way: Callable[..., Work], count: int) -> Work:
        objects = self.live(count)

        def check() -> None:
            assert self.held(objects[-1]).key == f"renamed {self._next_value}"

        return way(objects, lambda obj: self.write_key(obj, f"renamed {self.fresh_value()}"), check=check)

    # --- creating and deleting

    def create_one(self) -> Work:
        made: list[Any] = []
        pending: list[Thing] = []

        def run() -> None:
            commit = self.commit
            for each in pending:
                made.append(self.make(each))
                commit()

        return self._creating(run, pending, made, self.scaled(50))

    def create_bulk(self) -> Work:
        made: list[Any] = []
        pending: list[Thing] = []

        def run() -> None:
            with self.transaction():
                made.extend(self.make_all(pending))

        return self._creating(run, pending, made, self.scaled(1000))

    def _creating(self, run: Callable[[], object], pending: list[Thing], made: list[Any], count: int) -> Work:
        def before() -> None:
            made.clear()
            pending[:] = self._fresh(count)

        def after() -> None:
            with self.transaction():
                for obj in made:
                    self.remove(obj)

        return Work(run, count, before=before, after=after, check=lambda: self._check_made(pending, made))

    def _fresh(self, count: int) -> list[Thing]:
        return [thing(number, self.size) for number in self.fresh_numbers(count)]

    def _check_made(self, pending: list[Thing], made: list[Any]) -> None:
        assert len(made) == len(pending)
        wanted, found = pending[-1], self.held(made[-1])
        assert (found.key, found.kind, found.tags) == (wanted.key, wanted.kind, set(wanted.tags)), found
        assert len(found.attributes) == 10, found.attributes
        assert all(found.attributes[name] == value for name, value in wanted.attributes.items()), found.attributes

    def delete_one(self) -> Work:
        return self._deleting(self._each, self.scaled(50))

    def delete_many(self) -> Work:
        return self._deleting(self._together, self.scaled(500))

    def _deleting(self, way: Callable[..., Work], count: int) -> Work:
        doomed: list[Any] = []
        identities: list[Any] = []

        def before() -> None:
            with self.transaction():
                doomed[:] = self.make_all(self._fresh(count))
            identities[:] = map(self.identity, doomed)
            assert self.stored(identities[-1]) is not None

        def check() -> None:
            assert self.stored(identities[-1]) is None

        work = way(doomed, self.remove, before=before, check=check)
        work.count = count
        return work

    # --- loading and changing

    def load_world(self) -> Work:
        def run() -> None:
            self.load()
            for obj in self.things:
                hp, title, inv = self.read_three(obj)
                assert hp is not None
                assert title
                assert inv

        return Work(run, self.size, check=self._check_loaded)

    def memory(self) -> Work:
        return Work(self.warm, self.size, check=self._check_loaded)

    def _check_loaded(self) -> None:
        assert len(self.things) >= self.size
        assert len(self.rooms) == rooms(self.size)

    def found(self, query: Callable[[], list[Any]], key: str) -> Work:
        """The query of this workload, timed as a whole."""
        results: list[Any] = []
        expected = hits(self.size)[key]

        def run() -> None:
            results[:] = query()

        def check() -> None:
            assert len(results) == expected, (len(results), expected)

        return Work(run, 1, check=check)

    def swap(self) -> Work:
        return self._swap(self._each, 100)

    def swap_many(self) -> Work:
        return self._swap(self._together, 500)

    def _swap(self, way: Callable[..., Work], count: int) -> Work:
        objects = [self.things[number] for number in self.sample_of_things(count)]

        def restore() -> None:
            with self.transaction():
                for obj in objects:
                    self.change_kind(obj, "Thing")

        def check() -> None:
            assert self.held(objects[-1]).kind == self.kind_of(objects[-1]) == SWAPPED

        return way(objects, lambda obj: self.change_kind(obj, SWAPPED), after=restore, check=check)

    def move(self) -> Work:
        objects = self.things[:100]
        where = [0]

        def note() -> None:
            where[0] = 1 - where[0]

        def check() -> None:
            assert self.held(objects[-1]).location == self.identity(self.rooms[where[0]])

        return self._each(objects, lambda obj: self.change_place(obj, self.rooms[where[0]]), before=note, check=check)
