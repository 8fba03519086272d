"""The world that every contender builds: what the objects are, independent of how anybody stores them.

One logical object has a key, a class, a location, ten attributes (four whole numbers, three texts, a list, a dict, a
reference to another object) and three tags. A world of `size` objects has one room for each hundred of them. Everything
follows from the number of the object, so that all contenders hold the same data and a query has the same answer.

Needs the standard library only: it is also read by environments in which nothing of Perdure is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

PER_ROOM = 100
BATCH = 1000
#: One object in ten is of the family: half of those of `Weapon`, half of its subclass `Sword`.
FAMILY = "Weapon"
KINDS = ("Thing", "Weapon", "Sword")
#: One object in a hundred has this tag, one in a thousand this serial, nine in a thousand a weight in this range.
RARE_TAG = "shard7"
SERIAL = 7
LIGHT = (100, 190)


class Thing(NamedTuple):
    """One logical object; `location` and `target` are numbers, of a room and of an object (None: the room)."""

    number: int
    key: str
    kind: str
    location: int
    target: int | None
    attributes: dict[str, Any]
    tags: list[str]


def rooms(size: int) -> int:
    """How many rooms a world of `size` objects has."""
    return max(2, size // PER_ROOM)


def kind(number: int) -> str:
    """The class of the object with this number."""
    return {0: "Weapon", 10: "Sword"}.get(number % 20, "Thing")


def tags(number: int) -> list[str]:
    """The three tags of the object with this number."""
    return [f"area{number % 10}", f"shard{number % 100}", "portable" if number % 2 else "fixed"]


def weight(number: int) -> int:
    """An attribute in no order."""
    return number * 7919 % 10_000


def serial(number: int) -> int:
    """An attribute that one object in a thousand shares."""
    return number % 1000


def hits(size: int) -> dict[str, int]:
    """How many objects each query finds in a world of this size."""
    numbers = range(size)
    low, high = LIGHT
    return {
        "find_family": sum(kind(number) != "Thing" for number in numbers),
        "find_tag": sum(RARE_TAG in tags(number) for number in numbers),
        "find_equal": sum(serial(number) == SERIAL for number in numbers),
        "find_range": sum(low <= weight(number) < high for number in numbers),
    }


def attributes(number: int) -> dict[str, Any]:
    """The nine attributes that are plain data; the tenth, `target`, refers to another object."""
    return {
        "hp": number % 200,
        "strength": 3 + number % 15,
        "weight": weight(number),
        "serial": serial(number),
        "title": f"the thing numbered {number}",
        "desc": f"It lies where somebody left it, and {number % 97} others like it have been seen.",
        "mood": ("calm", "wary", "angry")[number % 3],
        "skills": ["climb", "swim", number % 9],
        "inv": {"sword": number % 5, "potion": 3},
    }


def thing(number: int, size: int) -> Thing:
    """The object with this number in a world of `size`; numbers beyond it are the ones made by workloads."""
    return Thing(
        number=number,
        key=f"thing {number}",
        kind=kind(number),
        location=number // PER_ROOM % rooms(size),
        target=number - BATCH if BATCH <= number < size else None,
        attributes=attributes(number),
        tags=tags(number),
    )


def batches(size: int) -> Iterator[list[Thing]]:
    """All objects in order; a target is always in an earlier batch."""
    for start in range(0, size, BATCH):
        yield [thing(number, size) for number in range(start, min(size, start + BATCH))]


def spread(size: int, count: int) -> list[int]:
    """`count` numbers of objects spread over the whole world; all of them when there are fewer."""
    return list(range(0, size, max(1, size // count)))[:count]


def spread_things(size: int, count: int) -> list[int]:
    """`count` numbers of objects of the class `Thing` itself, as `spread`."""
    plain = [number for number in range(size) if kind(number) == "Thing"]
    return [plain[index] for index in spread(len(plain), count)]
