"""The classes of the ZODB contender: persistent objects that refer to each other, and indexes kept by hand.

`__getnewargs__` makes a stored reference hold the object's id alone, without its class, which then comes from the
object's own record: that is what lets an object change its class.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from BTrees.LOBTree import LOBTree
from BTrees.OOBTree import OOBTree, OOTreeSet
from persistent import Persistent
from persistent.list import PersistentList
from persistent.mapping import PersistentMapping

from benchmarks.contenders.peer import Hooks
from benchmarks.logical_world import Thing as LogicalThing


class Entity(Hooks, Persistent):
    """Any object, rooms too; every attribute is an attribute."""

    id: int
    key: str
    location: Any = None

    def __init__(self, number: int, key: str) -> None:
        self.id = number
        self.key = key

    def __getnewargs__(self) -> tuple[()]:
        """None are needed; see above."""
        return ()


class Room(Entity):
    """A place, with its contents by id."""

    def __init__(self, number: int, key: str) -> None:
        super().__init__(number, key)
        self.contents = LOBTree()


class Thing(Entity):
    """A thing."""

    def __init__(self, each: LogicalThing, location: Any, target: Any) -> None:
        super().__init__(each.number, each.key)
        self.location = location
        self.target = target
        self.tags = tuple(each.tags)
        for name, value in each.attributes.items():
            setattr(self, name, tracked(value))


class Weapon(Thing):
    """A thing of the family."""


class Sword(Weapon):
    """A subclass in the family."""


class Blade(Thing):
    """What objects are swapped to."""


CLASSES: dict[str, type[Entity]] = {each.__name__: each for each in (Room, Thing, Weapon, Sword, Blade)}


def tracked(value: Any) -> Any:
    """The value as a container that notices changes, if it is one."""
    if isinstance(value, dict):
        return PersistentMapping(value)
    return PersistentList(value) if isinstance(value, list) else value


class World(Persistent):
    """All objects by id, and the indexes that the queries need; whoever changes what is indexed changes the index."""

    def __init__(self) -> None:
        self.rooms = LOBTree()
        self.things = LOBTree()
        self.by_tag = OOBTree()
        self.by_kind = OOBTree()
        self.by_serial = OOBTree()
        self.by_weight = OOTreeSet()

    def add(self, obj: Any) -> None:
        """Put a new thing into its place and into the indexes."""
        self.things[obj.id] = obj
        obj.location.contents[obj.id] = obj
        for index, key in self._entries(obj):
            found = index.get(key)
            if found is None:
                found = index[key] = LOBTree()
            found[obj.id] = obj
        self.by_weight.add((obj.weight, obj.id))

    def discard(self, obj: Any) -> None:
        """Take a thing out of everything; what nothing refers to any more goes when the storage is packed."""
        del self.things[obj.id]
        del obj.location.contents[obj.id]
        for index, key in self._entries(obj):
            del index[key][obj.id]
        self.by_weight.remove((obj.weight, obj.id))

    def _entries(self, obj: Any) -> Iterable[tuple[Any, Any]]:
        yield self.by_kind, type(obj).__name__
        yield self.by_serial, obj.serial
        for tag in obj.tags:
            yield self.by_tag, tag

    def change_class(self, obj: Any, kind: str) -> None:
        """Make it another class of the same layout."""
        del self.by_kind[type(obj).__name__][obj.id]
        obj.__class__ = CLASSES[kind]
        obj._p_changed = True
        self.by_kind.setdefault(kind, LOBTree())[obj.id] = obj

    def move(self, obj: Any, room: Room) -> None:
        """Put it into another room."""
        del obj.location.contents[obj.id]
        obj.location = room
        room.contents[obj.id] = obj
