"""What cannot be stored is refused at once, by path and type, and nothing has changed."""

from __future__ import annotations

import enum
import threading
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque, namedtuple
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from perdure.errors import DeletedObject, UnsavedObject, UnstorableValue
from perdure.values import adopt, encode, register_value_type
from perdure.values.adoption import MAX_DEPTH
from tests.values.fakes import CountingAnchor, Gold, Recipe, Thing, shape


class Text(str):
    __slots__ = ()


class Numbers(list):
    pass


class Shade(enum.Enum):
    DARK = 1


@dataclass(frozen=True)
class Unregistered:
    x: int = 1


class Zone(tzinfo):
    def utcoffset(self, moment):
        return None


@register_value_type
@dataclass(frozen=True, eq=False)
class Box:
    """Hashable, though what it holds can be changed."""

    content: list


Pair = namedtuple("Pair", "x y")

BAD = [
    (lambda: 0, "code cannot be stored"),
    (len, "code cannot be stored"),
    ("".join, "code cannot be stored"),
    (dict, "a class cannot be stored"),
    (Gold, "a class cannot be stored"),
    ((n for n in [1]), r"store list\(...\)"),
    (iter([1]), r"store list\(...\)"),
    ({}.keys(), r"store list\(...\)"),
    (map(str, []), r"store list\(...\)"),
    (Text("x"), r"store str\(...\)"),
    (Numbers(), r"store list\(...\)"),
    (Pair(1, 2), "named tuple is not registered"),
    (Shade.DARK, "enum is not registered"),
    (Unregistered(), "dataclass is not registered"),
    (bytearray(b"x"), "bytes"),
    (memoryview(b"x"), "bytes"),
    (UserDict(), "register"),
    (UserList(), "register"),
    (ChainMap(), "register"),
    (threading.Lock(), "register"),
    (Path(), "register"),
    (object(), "register"),
    (Ellipsis, "register"),
    (slice(1), "register"),
    (threading, "register"),
    ("\ud800", "lone surrogate at index 0"),
    (datetime(2024, 1, 1, tzinfo=Zone()), "time zones"),
]


@pytest.mark.parametrize(("bad", "why"), BAD, ids=lambda part: type(part).__name__)
def test_refused_wherever_it_stands(bad, why, anchor):
    places = [
        (bad, ""),
        ([1, bad], "[1]"),
        ({"sword": [1, 2, bad]}, "['sword'][2]"),
        ((1, (bad,)), "[1][0]"),
        (deque([bad]), "[0]"),
        (OrderedDict(a=bad), "['a']"),
        (defaultdict(list, a=[bad]), "['a'][0]"),
        (Counter({"a": bad}), "['a']"),
        (Recipe("x", [bad]), ".parts[0]"),
    ]
    for value, steps in places:
        with pytest.raises(UnstorableValue, match=why) as caught:
            adopt(value, anchor, "lamp(#5).db.inv")
        assert caught.value.path.startswith("lamp(#5).db.inv" + steps)
        with pytest.raises(UnstorableValue, match=why):
            encode(value)
    assert anchor.told == 0


def test_a_bad_key_or_member_is_named(anchor):
    with pytest.raises(UnstorableValue, match=r"inv\['a'\] key") as caught:
        adopt({"a": {Text("k"): 1}}, anchor, "inv")
    assert caught.value.found_type is Text
    with pytest.raises(UnstorableValue, match=r"inv\{'k'\}"):
        adopt({Text("k")}, anchor, "inv")
    with pytest.raises(UnstorableValue, match="a key or a member"):
        adopt({}, anchor, "inv")[Box([])] = 1
    with pytest.raises(TypeError, match="unhashable"):
        adopt({}, anchor, "inv")[([],)] = 1
    with pytest.raises(UnstorableValue, match=r"inv\[0x3.*\.\.\..*\]"):
        adopt({10**5000: len}, anchor, "inv")


@pytest.mark.defect("A-16")
def test_circles_and_towers_are_refused_with_a_path(anchor):
    circle: list = [1]
    circle.append({"a": circle})
    with pytest.raises(UnstorableValue, match=r"inv\[1\]\['a'\] .*contains itself"):
        adopt(circle, anchor, "inv")
    through: list = []
    through.append((through,))
    with pytest.raises(UnstorableValue, match="contains itself"):
        adopt(through, anchor, "inv")
    with pytest.raises(UnstorableValue, match="contains itself"):
        encode(circle)
    gold = Gold(None)
    gold.coins = [gold]
    with pytest.raises(UnstorableValue, match="contains itself"):
        adopt(gold, anchor, "inv")
    tower: list = []
    for _ in range(MAX_DEPTH - 1):
        tower = [tower]
    assert encode(adopt(tower, anchor, "inv")).text == "[" * MAX_DEPTH + "]" * MAX_DEPTH
    with pytest.raises(UnstorableValue, match="deep"):
        adopt([tower], anchor, "inv")


def test_a_tower_built_step_by_step_is_refused_when_written(anchor):
    top = adopt([], anchor, "inv")
    inner = top
    for _ in range(MAX_DEPTH):
        inner.append([])
        inner = inner[0]
    with pytest.raises(UnstorableValue, match="deep"):
        encode(top)


def test_the_same_list_twice_is_two_lists(anchor):
    row = [0]
    grid = adopt([row, row], anchor, "inv")
    grid[0][0] = 1
    assert grid == [[1], [0]]
    assert row == [0]


@pytest.mark.defect("T-19")
def test_an_iterable_entity_is_a_reference():
    thing = Thing(4)
    assert adopt([thing], CountingAnchor(), "x")[0] is thing
    assert encode(thing).text == '{"~ref":["objects.objectdb",4]}'


def test_an_unsaved_or_deleted_entity_is_refused(anchor):
    unsaved = Thing(None)
    for value in (unsaved, [unsaved], {unsaved: 1}, {(unsaved,)}):
        with pytest.raises(UnsavedObject):
            adopt(value, anchor, "x")
    assert unsaved.pk is None, "saved as a side effect"
    gone = Thing(9)
    gone.delete()
    with pytest.raises(DeletedObject):
        adopt([gone], anchor, "x")


MUTATIONS = {
    "append": lambda live, bad: live["list"].append(bad),
    "extend": lambda live, bad: live["list"].extend([1, bad]),
    "iadd": lambda live, bad: live["list"].__iadd__([1, bad]),
    "insert": lambda live, bad: live["list"].insert(0, bad),
    "set item": lambda live, bad: live["list"].__setitem__(0, bad),
    "set slice": lambda live, bad: live["list"].__setitem__(slice(0, 1), [5, bad]),
    "dict item": lambda live, bad: live.__setitem__("list", [bad]),
    "dict new item": lambda live, bad: live.__setitem__("new", bad),
    "setdefault": lambda live, bad: live.setdefault("new", bad),
    "update": lambda live, bad: live.update({"set": 1, "new": bad}),
    "ior": lambda live, bad: live.__ior__({"set": 1, "new": bad}),
    "deque append": lambda live, bad: live["deque"].append(bad),
    "deque extend": lambda live, bad: live["deque"].extend([7, bad]),
    "odict update": lambda live, bad: live["odict"].update(a=1, b=bad),
    "default": lambda live, bad: live["default"].__setitem__("x", bad),
    "counter": lambda live, bad: live["counter"].__setitem__("a", bad),
}


@pytest.mark.defect("A-7")
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_refused_change_leaves_memory_as_it_was(name, anchor):
    live = adopt(
        {
            "list": [[1], 2],
            "set": {1},
            "deque": deque([1, 2], 2),
            "odict": OrderedDict(a=[1]),
            "default": defaultdict(list),
            "counter": Counter("ab"),
        },
        anchor,
        "x",
    )
    before = shape(live)
    with pytest.raises(UnstorableValue, match=r"given to lamp\(#5\)\.db\.inv"):
        MUTATIONS[name](live, lambda: 0)
    assert shape(live) == before
    assert anchor.told == 0


@pytest.mark.defect("A-7")
def test_a_sort_that_fails_and_a_source_that_fails_change_nothing(anchor):
    def source():
        yield 7
        raise ZeroDivisionError

    def key(item):
        return 1 / (item - 2)

    live = adopt({"list": [3, 1, 2], "set": {1}, "deque": deque([1])}, anchor, "x")
    before = shape(live)
    for change in (
        lambda: live["list"].sort(key=key),
        lambda: live["list"].extend(source()),
        lambda: live["set"].update({5}, source()),
        lambda: live["deque"].extend(source()),
    ):
        with pytest.raises(ZeroDivisionError):
            change()
        assert shape(live) == before
    assert anchor.told == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda live: live["list"].append(1),
        lambda live: live["set"].add(9),
        lambda live: live.pop("list"),
        lambda live: live["list"].sort(),
        lambda live: live["list"].__imul__(2),
        lambda live: live["default"]["missing"],
    ],
)
def test_a_closed_attribute_is_asked_first(change, anchor):
    live = adopt({"list": [2, 1], "set": {1}, "default": defaultdict(list)}, anchor, "x")
    before = shape(live)
    anchor.open = False
    with pytest.raises(RuntimeError, match="overwritten"):
        change(live)
    assert shape(live) == before
    assert anchor.told == 0


def test_what_changed_raises_reaches_the_caller(anchor, monkeypatch):
    live = adopt([], anchor, "x")

    def refuse():
        raise OSError("disk full")

    monkeypatch.setattr(anchor, "changed", refuse)
    with pytest.raises(OSError, match="disk full"):
        live.append(1)
