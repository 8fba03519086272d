"""The containers an attribute gives out: tracked at every depth, and otherwise what they look like."""

from __future__ import annotations

import copy
import json
import pickle
import random
from bisect import insort
from collections import Counter, OrderedDict, defaultdict, deque

import pytest

from perdure.errors import DetachedContainer, InvalidArgument, UnstorableValue
from perdure.values import (
    TrackedCounter,
    TrackedDefaultDict,
    TrackedDeque,
    TrackedDict,
    TrackedList,
    TrackedOrderedDict,
    TrackedSet,
    adopt,
    decode,
    detach,
    encode,
    plain,
    register_factory,
    release,
)
from tests.values.fakes import CountingAnchor, Point, Recipe, Thing, containers, shape

ALL = [
    ([1, [2]], TrackedList),
    ({"a": [1]}, TrackedDict),
    ({1, 2}, TrackedSet),
    (deque([1, [2]], 5), TrackedDeque),
    (OrderedDict(b=1, a=[2]), TrackedOrderedDict),
    (defaultdict(list, a=[1]), TrackedDefaultDict),
    (Counter("aab"), TrackedCounter),
]


def live(value, anchor):
    return adopt(value, anchor, "value")


@pytest.mark.parametrize(("value", "tracked"), ALL)
@pytest.mark.defect("A-15")
def test_they_are_the_built_ins_they_stand_for(value, tracked, anchor):
    mine = live(value, anchor)
    assert type(mine) is tracked
    assert isinstance(mine, type(value))
    assert mine == value
    assert value == mine
    assert repr(mine) == repr(value)
    assert len(mine) == len(value)
    assert bool(mine)
    with pytest.raises(TypeError):
        hash(mine)
    if not isinstance(value, (set, deque)):
        assert json.dumps(mine) == json.dumps(value)


@pytest.mark.parametrize(("value", "tracked"), ALL)
def test_every_copy_is_plain(value, tracked, anchor):
    mine = live(value, anchor)
    for copied in (
        mine.copy(),
        copy.copy(mine),
        copy.deepcopy(mine),
        mine.deserialize(),
        plain(mine),
        pickle.loads(pickle.dumps(mine)),
        pickle.loads(pickle.dumps(mine, 0)),
    ):
        assert type(copied) is type(value)
        assert copied == value
    assert getattr(mine.copy(), "maxlen", None) == getattr(value, "maxlen", None)
    for deep in (copy.deepcopy(mine), mine.deserialize(), pickle.loads(pickle.dumps(mine))):
        assert containers(deep) == []
        assert shape(deep) == shape(value)
    assert anchor.asked == 0


def test_a_deep_copy_keeps_entities_themselves(anchor):
    thing = Thing(3)
    assert copy.deepcopy(live([thing], anchor))[0] is thing


@pytest.mark.defect("A-9")
def test_a_list_in_a_tuple_is_tracked(anchor):
    top = live(([1], {"a": ([2],)}), anchor)
    top[0].append(5)
    top[1]["a"][0].append(6)
    assert anchor.told == 2
    assert plain(top) == ([1, 5], {"a": ([2, 6],)})


def test_a_list_in_a_registered_record_is_tracked(anchor):
    top = live([Point([1], 2), Recipe("soup", [Point([3])])], anchor)
    top[0].x.append(4)
    top[1].parts[0].x.append(5)
    assert anchor.told == 2
    again = decode(encode(top).text, anchor)
    assert again == [Point([1, 4], 2), Recipe("soup", [Point([3, 5])])]


@pytest.mark.defect("A-10")
def test_nested_writes_are_never_lost(anchor):
    d = live({}, anchor)
    d.setdefault("a", []).append(1)
    d.update({"b": [1]})
    d["b"].append(2)
    d |= {"c": {"x": []}}
    d["c"]["x"].append(3)
    d["o"] = OrderedDict(x=[])
    d["o"]["x"].append(4)
    d["q"] = deque([[]])
    d["q"][0].append(5)
    d["q"].appendleft({"n": []})
    d["q"][0]["n"].append(6)
    assert anchor.told == 12
    assert plain(d) == {
        "a": [1],
        "b": [1, 2],
        "c": {"x": [3]},
        "o": {"x": [4]},
        "q": deque([{"n": [6]}, [5]]),
    }
    assert all(container._anchor is anchor for container in containers(d))


@pytest.mark.defect("A-11")
def test_augmented_assignment_keeps_the_container(anchor):
    x = first = live([1], anchor)
    x += [5]
    x.append(6)
    x *= 2
    assert x is first
    assert x == [1, 5, 6, 1, 5, 6]
    assert anchor.told == 3
    d = live({"rows": [[1]]}, anchor)
    row = d["rows"][0]
    d["rows"][0] += [2]
    d["rows"] += [[3]]
    row.append(4)
    assert plain(d) == {"rows": [[1, 2, 4], [3]]}


@pytest.mark.defect("A-12")
def test_set_algebra(anchor):
    s = live({1, 2}, anchor)
    for result, expected in (
        (s & {2}, {2}),
        ({2} & s, {2}),
        (s - {2}, {1}),
        ({2, 3} - s, {3}),
        (s ^ {2, 3}, {1, 3}),
        ({2, 3} ^ s, {1, 3}),
        (s | {3}, {1, 2, 3}),
        ({3} | s, {1, 2, 3}),
        (s.union([3], [4]), {1, 2, 3, 4}),
        (s.intersection([2]), {2}),
        (s.difference([2]), {1}),
        (s.symmetric_difference([2, 3]), {1, 3}),
        (frozenset({2}) | s, frozenset({1, 2})),
    ):
        assert result == expected
        assert type(result) in (set, frozenset)
    assert anchor.asked == 0
    s &= {2, 3}
    assert s == {2}
    s.symmetric_difference_update({2, 5})
    assert s == {5}
    assert s.pop() == 5
    assert s == set()
    assert anchor.told == 3


@pytest.mark.defect("A-12")
def test_merging_dicts_from_either_side(anchor):
    d = live({"a": 1}, anchor)
    assert {"a": 0} | d == {"a": 1}
    assert d | {"a": 2} == {"a": 2}
    for value, _ in ALL[4:6]:
        mine = live(value, anchor)
        assert type(mine | {"z": 1}) is type(value)
        assert type({"z": 1} | mine) is type({"z": 1} | value)


@pytest.mark.defect("A-13")
def test_asking_a_defaultdict_inserts_nothing(anchor):
    d = live(defaultdict(list), anchor)
    assert "x" not in d
    assert d.get("x") is None
    assert (len(d), anchor.told) == (0, 0)
    d["x"].append(1)
    assert anchor.told == 2
    d["x"].append(2)
    assert plain(d) == {"x": [1, 2]}
    d.default_factory = None
    assert anchor.told == 4
    with pytest.raises(KeyError):
        d["y"]
    assert decode(encode(d).text, anchor).default_factory is None


def test_a_factory_is_stored_by_name(anchor):
    def make():
        return {"hp": 1}

    with pytest.raises(UnstorableValue, match=r"inv\[0\]\.default_factory .*register_factory"):
        adopt([defaultdict(make)], anchor, "inv")
    d = live(defaultdict(list), anchor)
    with pytest.raises(UnstorableValue, match="register_factory"):
        d.default_factory = make
    assert d.default_factory is list
    register_factory("test.creature", make)
    d.default_factory = make
    again = decode(encode(d).text, anchor)
    again["x"]["hp"] += 1
    assert plain(again) == {"x": {"hp": 2}}
    with pytest.raises(InvalidArgument, match=r"test\.creature"):
        register_factory("test.creature", list)


@pytest.mark.defect("A-14")
def test_methods_the_reference_lacks(anchor):
    d = live({"a": 1, "b": 2}, anchor)
    assert d.fromkeys("ab", 0) == {"a": 0, "b": 0}
    assert type(d.fromkeys("ab")) is dict
    assert list(reversed(d)) == ["b", "a"]
    o = live(OrderedDict(a=1, b=2), anchor)
    o.move_to_end("a")
    assert o.popitem(last=False) == ("b", 2)
    q = live(deque([1, 2]), anchor)
    q.extend([3])
    q.insert(0, 0)
    q += [4]
    assert (q.index(3), q.count(4), q.copy()) == (3, 1, deque([0, 1, 2, 3, 4]))
    assert q + deque([5]) == deque([0, 1, 2, 3, 4, 5])
    assert type(q * 2) is deque
    xs = live([1], anchor)
    assert xs * 2 == [1, 1]
    assert [0] + xs == [0, 1]  # noqa: RUF005
    assert type(xs + xs) is list
    assert type(xs[:]) is list
    assert anchor.told == 5


@pytest.mark.defect("A-16")
def test_a_counter_counts(anchor):
    c = live(Counter("aab"), anchor)
    c.update("b")
    c.subtract({"a": 5})
    c += Counter("zz")
    assert c == Counter(b=2, z=2)
    assert c["missing"] == 0
    assert "missing" not in c
    del c["missing"]
    assert type(c + c) is Counter
    assert type(+c) is Counter
    assert c.most_common(1) == [("b", 2)]
    assert c.total() == 4
    assert decode(encode(c).text, anchor) == c
    assert type(decode(encode(c).text, anchor)) is TrackedCounter


@pytest.mark.defect("A-19")
@pytest.mark.parametrize(
    "cut",
    [
        lambda d: d.__setitem__("k", 1),
        lambda d: d.__delitem__("k"),
        lambda d: d.update(k=[]),
        lambda d: d.clear(),
        lambda d: d.__ior__({"k": [1]}),
    ],
)
def test_what_was_replaced_or_removed_refuses_changes(cut, anchor):
    d = live({"k": [[1], ({"deep": []},)]}, anchor)
    sub, inner, deep = d["k"], d["k"][0], d["k"][1][0]["deep"]
    cut(d)
    assert anchor.told == 1
    for gone in (sub, inner, deep):
        with pytest.raises(DetachedContainer, match=r"lamp\(#5\)\.db\.inv.*read it again"):
            gone.append(2)
    assert sub == [[1], ({"deep": []},)]
    assert anchor.told == 1
    free = sub.deserialize()
    free.append(3)


@pytest.mark.defect("A-19")
def test_items_of_sequences_are_detached(anchor):
    xs = live([[0], [1], [2], [3], [4]], anchor)
    items = list(xs)
    del xs[0]
    xs.remove([1])
    del xs[0:1]
    xs[0] = 0
    xs[1:] = []
    for item in items:
        with pytest.raises(DetachedContainer):
            item.append(1)
    q = live(deque([[0], [1]], 2), anchor)
    first, last = q
    q.append([2])
    with pytest.raises(DetachedContainer):
        first.append(1)
    q.appendleft([3])
    q.rotate()
    q.remove([1])
    with pytest.raises(DetachedContainer):
        last.append(1)
    closed = live(deque(maxlen=0), anchor)
    closed.append([1])
    assert len(closed) == 0


def test_what_is_taken_out_is_free(anchor):
    d = live({"a": [[1]], "b": [[2]], "c": [[3]]}, anchor)
    taken = [d.pop("a"), d.popitem()[1]]
    xs = live([[[1]], [[2]]], anchor)
    taken += [xs.pop(), xs.pop(0)]
    q = live(deque([[[1]], [[2]]]), anchor)
    taken += [q.pop(), q.popleft()]
    o = live(OrderedDict(a=[[1]], b=[[2]]), anchor)
    taken += [o.pop("a"), o.popitem()[1]]
    told = anchor.told
    assert told == 8
    for item in taken:
        item.append(object())
        item[0].append([])
        item += [1]
        assert item.pop() == 1
    assert anchor.told == told
    assert plain(d) == {"b": [[2]]}
    again = taken[0]
    again.pop()
    d["back"] = again
    again.append(9)
    assert plain(d["back"]) == [[1, []]]


@pytest.mark.defect("A-20")
def test_a_container_put_elsewhere_is_a_copy_there(anchor):
    other = CountingAnchor()
    mine, theirs = live({"k": [1]}, anchor), adopt({}, other, "theirs")
    theirs["k"] = mine["k"]
    theirs["k"].append(2)
    assert (anchor.told, other.told) == (0, 2)
    assert (plain(mine), plain(theirs)) == ({"k": [1]}, {"k": [1, 2]})
    mine["k"].append(3)
    mine["twice"] = mine["k"]
    mine["twice"].append(4)
    assert plain(mine) == {"k": [1, 3], "twice": [1, 3, 4]}
    mine["me"] = mine
    assert plain(mine)["me"] == {"k": [1, 3], "twice": [1, 3, 4]}


def test_the_callers_containers_are_never_shared(anchor):
    source = {"a": [1], "t": ([2],), "p": Point([3])}
    mine = live(source, anchor)
    source["a"].append(9)
    source["t"][0].append(9)
    source["p"].x.append(9)
    mine["a"].append(8)
    assert plain(mine) == {"a": [1, 8], "t": ([2],), "p": Point([3])}
    assert source["a"] == [1, 9]


def test_items_that_stay_are_still_themselves(anchor):
    xs = live([[3], [1], [2]], anchor)
    rows = list(xs)
    xs.sort()
    xs.reverse()
    xs[:] = [row for row in xs if row != [2]]
    assert [id(row) for row in xs] == [id(rows[0]), id(rows[1])]
    rows[0].append(1)
    with pytest.raises(DetachedContainer):
        rows[2].append(1)
    xs *= 2
    assert len({id(row) for row in xs}) == 4
    q = live(deque([[1], [2]]), anchor)
    first = q[0]
    q.extend([[3]])
    q.reverse()
    first.append(5)
    assert plain(q) == deque([[3], [2], [1, 5]])


def test_the_standard_library_works_on_them(anchor):
    xs = live([5, 1, 4], anchor)
    xs.sort(reverse=True)
    insort(xs, 9)
    random.Random(1).shuffle(xs)
    xs[0], xs[1] = xs[1], xs[0]
    assert sorted(xs) == [1, 4, 5, 9]
    rows = live([[1], [2]], anchor)
    rows[0], rows[1] = rows[1], rows[0]
    rows[0].append(3)
    assert plain(rows) == [[2, 3], [1]]
    assert {**live({"a": 1}, anchor)} == {"a": 1}
    assert dict(live(OrderedDict(a=1), anchor)) == {"a": 1}


def test_what_changes_nothing_is_not_written(anchor):
    d = live({"a": [1], "s": {1}}, anchor)
    d.setdefault("a", [2])
    d.pop("missing", None)
    d["s"].discard(7)
    d["s"].add(1)
    assert anchor.told == 0
    with pytest.raises(KeyError):
        d.pop("missing")
    with pytest.raises(KeyError):
        del d["missing"]
    with pytest.raises(KeyError):
        d["s"].remove(7)
    with pytest.raises(IndexError):
        d["a"].pop(5)
    with pytest.raises(ValueError, match="not in"):
        d["a"].remove(5)
    assert anchor.told == 0


def test_constructed_by_hand_they_are_free(anchor):
    for value, tracked in ALL:
        arguments = (value.default_factory, value) if tracked is TrackedDefaultDict else (value,)
        mine = tracked(*arguments)
        assert mine == value
        assert mine._anchor is None
        mine.clear()
        stored = live(value, anchor)
        with pytest.raises(TypeError, match="stored container"):
            stored.__init__()
        assert stored == value


def test_release_and_detach_reach_every_depth(anchor):
    top = live([({"a": [deque([Point([1])])]},)], anchor)
    found = containers(top)
    assert len(found) == 5
    detach(top)
    for container in found:
        with pytest.raises(DetachedContainer):
            container.clear()
    release(top)
    detach(top)  # a free tree is nobody's; nothing to cut off
    for container in found:
        container.clear()
    assert anchor.told == 0
    assert release(5) is detach("x") is None
