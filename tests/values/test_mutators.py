"""Random changes against the plain built-in: same results, same errors, one tree, told once."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.values import adopt, decode, encode, plain
from perdure.values.anchors import Detached
from tests.values.fakes import CountingAnchor, containers, shape

keys = st.sampled_from(["a", "b", "c", 1, (1, 2)])
numbers = st.integers(-3, 6)
items = st.recursive(
    numbers, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2) | st.tuples(inner)
)
many = st.lists(items, max_size=3)
members = st.sampled_from([0, 1, 2, 3, 4, "a", (1, 2), frozenset({1})])
some = st.lists(members, max_size=4)
slices = st.builds(slice, st.none() | numbers, st.none() | numbers, st.none() | st.sampled_from([1, 2, -1]))
dicts = st.dictionaries(keys, items, max_size=3)
counts = st.dictionaries(keys, numbers, max_size=3)


def call(name, *arguments, **keywords):
    """Strategy for one call: the method's name, its arguments."""
    return st.tuples(st.just(name), st.tuples(*arguments), st.fixed_dictionaries(keywords))


LIST = st.one_of(
    call("append", items),
    call("extend", many),
    call("__iadd__", many),
    call("insert", numbers, items),
    call("pop"),
    call("pop", numbers),
    call("remove", items),
    call("clear"),
    call("reverse"),
    call("sort", key=st.just(repr), reverse=st.booleans()),
    call("sort"),
    call("__setitem__", numbers, items),
    call("__setitem__", slices, many),
    call("__delitem__", numbers | slices),
    call("__imul__", st.integers(-1, 2)),
    call("__imul__", st.just("x")),
)
DEQUE = st.one_of(
    call("append", items),
    call("appendleft", items),
    call("extend", many),
    call("extendleft", many),
    call("__iadd__", many),
    call("insert", numbers, items),
    call("pop"),
    call("popleft"),
    call("remove", items),
    call("clear"),
    call("reverse"),
    call("rotate", numbers),
    call("__setitem__", numbers, items),
    call("__delitem__", numbers),
    call("__imul__", st.integers(-1, 2)),
)
SET = st.one_of(
    call("add", members | st.just([])),
    call("discard", members),
    call("remove", members),
    call("clear"),
    call("update", some, some),
    *[call(f"{name}_update", some) for name in ("difference", "intersection", "symmetric_difference")],
    *[call(f"__{name}__", some.map(set)) for name in ("ior", "iand", "isub", "ixor")],
)
DICT = st.one_of(
    call("__setitem__", keys, items),
    call("__delitem__", keys),
    call("pop", keys),
    call("pop", keys, items),
    call("popitem"),
    call("setdefault", keys, items),
    call("setdefault", keys),
    call("update", dicts),
    call("update", st.lists(st.tuples(keys, items), max_size=3)),
    call("update", a=items),
    call("__ior__", dicts),
    call("clear"),
)
ORDERED = DICT | call("popitem", last=st.booleans()) | call("move_to_end", keys, last=st.booleans())
DEFAULT = DICT | call("__missing__", st.sampled_from(["new", "newer"]))
COUNTER = st.one_of(
    call("__setitem__", keys, numbers),
    call("__delitem__", keys),
    call("pop", keys),
    call("popitem"),
    call("setdefault", keys, numbers),
    call("update", counts),
    call("update", st.lists(keys, max_size=4)),
    call("update", a=numbers),
    call("subtract", counts),
    call("clear"),
    *[call(f"__{name}__", counts.map(Counter)) for name in ("iadd", "isub", "ior", "iand")],
)

CASES = {
    "list": (many, LIST),
    "deque": (many.map(deque), DEQUE),
    "bounded deque": (st.lists(items, max_size=2).map(lambda xs: deque(xs, 2)), DEQUE),
    "set": (some.map(set), SET),
    "dict": (dicts, DICT),
    "OrderedDict": (dicts.map(OrderedDict), ORDERED),
    "defaultdict": (dicts.map(lambda items: defaultdict(list, items)), DEFAULT),
    "Counter": (counts.map(Counter), COUNTER),
}


def attempt(target, name, arguments, keywords):
    try:
        return "gave", getattr(target, name)(*arguments, **keywords)
    except (TypeError, ValueError, LookupError) as error:
        return "raised", error


def check_tree(value, anchor):
    found = containers(value)
    assert all(container._anchor is anchor for container in found)
    assert len({id(container) for container in found}) == len(found), "one container in two places"


@pytest.mark.parametrize("case", CASES)
@given(data=st.data())
def test_as_the_built_in_does(case, data):
    start, calls = CASES[case]
    model = data.draw(start)
    anchor = CountingAnchor()
    tree = adopt([model], anchor, "value")
    model = plain(tree[0])  # shared parts become two, as they do on adoption
    for name, arguments, keywords in data.draw(st.lists(calls, max_size=8)):
        mine = tree[0]
        before, known, told = shape(mine), containers(tree), anchor.told
        expected = attempt(model, name, arguments, keywords)
        actual = attempt(mine, name, arguments, keywords)
        model = plain(model)

        assert expected[0] == actual[0], (name, expected, actual)
        if actual[0] == "raised":
            assert isinstance(actual[1], type(expected[1]))
            assert shape(mine) == before
            assert anchor.told == told
            model = plain(mine)  # a sort that fails leaves the built-in half sorted; ours stays as it was
        elif expected[1] is not NotImplemented and not name.startswith("__i"):
            assert shape(actual[1]) == shape(expected[1])
        else:
            assert actual[1] is mine
        assert mine == model
        assert shape(mine) == shape(model)
        assert anchor.told - told in ((1,) if shape(mine) != before else (0, 1))
        check_tree(tree, anchor)
        inside = {id(container) for container in containers(tree)}
        taken_out = {id(container) for container in containers(actual[1])} if name.startswith("pop") else set()
        for container in known:
            if id(container) in taken_out:
                assert container._anchor is None
            elif id(container) not in inside:
                assert type(container._anchor) is Detached
    assert shape(decode(encode(tree).text, anchor)) == shape(tree)


@given(many, st.lists(LIST, max_size=5))
def test_a_free_list_is_a_list(start, calls):
    model, free = list(start), adopt(start, None, "value")
    model = plain(free)
    for name, arguments, keywords in calls:
        expected, actual = attempt(model, name, arguments, keywords), attempt(free, name, arguments, keywords)
        assert expected[0] == actual[0]
        assert free == model
        assert free._anchor is None
