"""Doubles for the layers above: an anchor that counts, and entities without a database."""

from __future__ import annotations

import enum
import re
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from perdure.errors import DeletedObject, DetachedContainer, UnsavedObject
from perdure.values import Reference, Tracked, register_value_type
from perdure.values.structure import _tracked


class CountingAnchor:
    """An attribute that notes what it is asked and told."""

    def __init__(self) -> None:
        self.asked = 0
        self.told = 0
        self.open = True

    def check_writable(self) -> None:
        self.asked += 1
        if not self.open:
            raise DetachedContainer("overwritten")

    def changed(self) -> None:
        self.told += 1

    def describe(self) -> str:
        return "lamp(#5).db.inv"


class Thing:
    """An entity. Iterable, as a game's class may well be, and not to be iterated."""

    rows: dict[Reference, Thing] = {}
    lookups: list[set[Reference]] = []

    def __init__(self, pk: int | None) -> None:
        self.pk = pk
        self.deleted = False
        if pk is not None:
            Thing.rows[Reference("objects.objectdb", pk)] = self

    def __iter__(self):
        raise AssertionError("an entity was iterated")

    def __repr__(self) -> str:
        return f"Thing({self.pk})"

    def delete(self) -> None:
        self.deleted = True
        Thing.rows = {ref: thing for ref, thing in Thing.rows.items() if thing is not self}


def is_entity(value: object) -> bool:
    return isinstance(value, Thing)


def to_reference(value: Any) -> Reference:
    if value.deleted:
        raise DeletedObject(f"{value!r} was deleted")
    if value.pk is None:
        raise UnsavedObject(f"{value!r} has no row: save it first")
    return Reference("objects.objectdb", value.pk)


def resolve(wanted):
    Thing.lookups.append(set(wanted))
    return {ref: Thing.rows[ref] for ref in wanted if ref in Thing.rows}


@register_value_type(name="test.colour")
class Colour(enum.Enum):
    RED = 1
    GREEN = "g"


@register_value_type
class Rank(enum.IntEnum):
    LOW = 1
    HIGH = 2


@register_value_type
class Mode(enum.StrEnum):
    WALK = "walk"


@register_value_type
class Perm(enum.Flag):
    READ = 1
    WRITE = 2
    ALL = 3


@register_value_type
class Bits(enum.IntFlag):
    A = 1
    B = 2


@register_value_type
class Point(NamedTuple):
    x: Any
    y: Any = 0


@register_value_type
@dataclass(frozen=True)
class Recipe:
    name: str
    parts: Any = field(default_factory=list)


class Gold:
    """Stored by functions."""

    def __init__(self, coins: Any) -> None:
        self.coins = coins

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gold) and other.coins == self.coins

    __hash__ = None  # type: ignore[assignment]


register_value_type(Gold, encode=lambda gold: {"coins": gold.coins}, decode=lambda form: Gold(form["coins"]))


def shape(value: Any) -> Any:
    """A form of a value that tells exact types, order, signs of zero, zones and fold apart, tracked or not."""
    kind = value._builtin if isinstance(value, Tracked) else type(value)
    name = kind.__name__
    if isinstance(value, Point):
        return name, tuple(map(shape, value))
    if kind in (list, tuple):
        return name, tuple(map(shape, value))
    if kind in (set, frozenset):
        return name, frozenset(Counter(map(shape, value)).items())
    if kind is deque:
        return name, value.maxlen, tuple(map(shape, value))
    if kind in (dict, OrderedDict, Counter):
        return name, tuple((shape(k), shape(v)) for k, v in value.items())
    if kind is defaultdict:
        return name, value.default_factory, tuple((shape(k), shape(v)) for k, v in value.items())
    if is_dataclass(value):
        return name, tuple(shape(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, Gold):
        return name, shape(value.coins)
    if kind in (datetime, time):
        return name, value.replace(tzinfo=None).isoformat(), value.fold, repr(value.tzinfo)
    if kind in (float, complex, Decimal, range) or kind is re.Pattern:
        return name, repr(value)
    if isinstance(value, Thing):
        return name, id(value)
    return name, value


def containers(value: Any) -> list[Any]:
    """Every tracked container in a value."""
    return list(_tracked(value))
