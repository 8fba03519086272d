"""No method of a built-in that could change it, or make another of its class, goes past the tracking."""

from __future__ import annotations

import pytest

from perdure.values import (
    TrackedCounter,
    TrackedDefaultDict,
    TrackedDeque,
    TrackedDict,
    TrackedList,
    TrackedOrderedDict,
    TrackedSet,
)

# Looked at one by one: these only read, and what they give is no container of our class. A name that a later Python
# adds is in neither list and fails the test until somebody has looked at it.
READS = set(dir(object)) - {"__init__", "__reduce__", "__reduce_ex__", "__repr__"}
READS |= {"__contains__", "__getitem__", "__iter__", "__len__", "__class_getitem__", "__dict__", "__module__"}
READS |= {"__reversed__", "__weakref__"}
LIST_READS = {"__add__", "__mul__", "__rmul__", "count", "index"}  # of a subclass, too, they give a list
DEQUE_READS = {"count", "index", "maxlen"}
SET_READS = {"isdisjoint", "issubset", "issuperset"}
DICT_READS = {"get", "items", "keys", "values"}
PLAIN_DICT_READS = {"__or__", "__ror__"}  # dict's own give a dict
# Counter's operators build a plain Counter; `__missing__` answers 0 and inserts nothing.
COUNTER_READS = {"__add__", "__and__", "__missing__", "__neg__", "__or__", "__pos__", "__ror__", "__sub__"}
COUNTER_READS |= {"elements", "most_common", "total"}

CASES = [
    (TrackedList, LIST_READS),
    (TrackedDeque, DEQUE_READS),
    (TrackedSet, SET_READS),
    (TrackedDict, DICT_READS | PLAIN_DICT_READS),
    (TrackedOrderedDict, DICT_READS),
    (TrackedDefaultDict, DICT_READS),
    (TrackedCounter, DICT_READS | COUNTER_READS),
]


@pytest.mark.defect("A-14")
@pytest.mark.parametrize(("tracked", "reads"), CASES)
def test_every_other_method_is_our_own(tracked, reads):
    order = tracked.__mro__
    ours = {name for cls in order[: order.index(tracked._builtin)] for name in vars(cls)}
    forgotten = set(dir(tracked._builtin)) - READS - reads - ours
    assert not forgotten


@pytest.mark.parametrize(("tracked", "reads"), CASES)
def test_reading_is_the_code_of_the_built_in(tracked, reads):
    order = tracked.__mro__
    ours = {name for cls in order[: order.index(tracked._builtin)] for name in vars(cls)}
    assert not ours & (reads | {"__getitem__", "__iter__", "__len__", "__contains__", "__eq__"})


@pytest.mark.parametrize(("tracked", "reads"), CASES)
def test_operators_that_only_read_give_a_plain_one(tracked, reads):
    builtin = tracked._builtin
    mine = tracked(list, {}) if tracked is TrackedDefaultDict else tracked()
    other = builtin()
    for name in ("__add__", "__and__", "__or__", "__ror__", "__sub__", "__xor__", "__neg__", "__pos__"):
        if name not in dir(builtin):
            continue
        method = getattr(mine, name)
        result = method() if name in ("__neg__", "__pos__") else method(other)
        assert type(result) in (builtin, dict), name


def test_they_carry_no_dict_of_their_own():
    for tracked in (TrackedList, TrackedDict, TrackedSet, TrackedDeque, TrackedDefaultDict):
        assert not hasattr(tracked(), "__dict__")
