"""Equal values have equal keys, everywhere; order of keys is order of values."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.errors import DeletedObject, UnsavedObject, UnstorableValue
from perdure.values import comparison_key, encode
from tests.values.fakes import Gold, Mode, Point, Rank, Recipe, Thing

NUMBERS = [0, 1, True, False, -0.0, 1.0, Decimal(1), Decimal("1.0"), Decimal("1E+0"), complex(1, 0), Rank.LOW]
NUMBERS += [2, Rank.HIGH, 0.5, Decimal("0.5"), Decimal("0.1"), 0.1, 2**80, float(2**80), Decimal(2) ** 80, 2**80 + 1]
NUMBERS += [float("inf"), Decimal("Infinity"), Decimal("-Infinity"), 10**300, Decimal("1E+300"), 1e300]
ALIKE = [*NUMBERS, None, "1", "walk", Mode.WALK, b"1", "", range(1), range(0, 1, 5), range(0), range(5, 5), 1j]
ALIKE += [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))]
ALIKE += [datetime(2024, 1, 1), date(2024, 1, 1), timedelta(1), timedelta(hours=24), UUID(int=1)]

hashables = st.recursive(
    st.sampled_from(ALIKE), lambda inner: st.tuples(inner) | st.frozensets(inner, max_size=3) | inner.map(Point)
)
values = st.recursive(
    hashables,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.lists(inner, max_size=2).map(deque),
        st.dictionaries(hashables, inner, max_size=3),
        st.dictionaries(hashables, inner, max_size=3).map(lambda items: defaultdict(list, items)),
        st.sets(hashables, max_size=3),
        st.builds(Recipe, st.just("a"), inner),
        st.builds(Gold, inner),
    ),
    max_leaves=5,
)


@given(values, values)
def test_keys_are_equal_exactly_when_values_are(one, other):
    # In a list, so that the kinds of scalars (a bool is no number to a query) do not enter.
    assert (comparison_key([one]) == comparison_key([other])) == (one == other)


@pytest.mark.parametrize("one", ALIKE, ids=repr)
def test_keys_of_single_values_are_equal_exactly_when_they_are(one):
    for other in ALIKE:
        assert (comparison_key([one]) == comparison_key([other])) == (one == other), (one, other)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=6), st.randoms())
@pytest.mark.defect("M-9")
def test_order_of_a_dict_does_not_matter(items, random):
    pairs = list(items.items())
    random.shuffle(pairs)
    assert comparison_key(items) == comparison_key(dict(pairs)) == comparison_key(OrderedDict(pairs))
    assert comparison_key(items) == comparison_key(Counter(items))


@pytest.mark.defect("M-9")
def test_keys_and_texts_do_not_depend_on_the_hash_seed():
    code = (
        "from perdure.values import encode;"
        "print(encode([{'sword', 'lamp', 'rope', 'bread', ('x', 'y')}, frozenset('abcdef'), {'a': {'z', 'q'}}]))"
    )
    seen = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        seen.add(run.stdout)
    assert len(seen) == 1


def test_bool_and_number_are_told_apart_by_kind_only():
    assert comparison_key(True) == ("b", 1, None)
    assert comparison_key(1) == comparison_key(Decimal(1)) == ("i", 1, None)


@given(st.lists(st.integers() | st.floats(allow_nan=False) | st.decimals(allow_nan=False), min_size=2, max_size=2))
def test_numbers_never_come_in_the_wrong_order(pair):
    one, other = sorted(pair)
    assert comparison_key(one)[1] <= comparison_key(other)[1]


def test_numbers_beyond_every_column():
    assert comparison_key(2**63 - 1)[1] == 2**63 - 1
    assert comparison_key(-(2**63))[1] == -(2**63)
    assert type(comparison_key(2**63)[1]) is float
    assert comparison_key(10**400)[1] == float("inf")
    assert comparison_key(-(10**400))[1] == float("-inf")
    assert comparison_key(float("nan"))[1] is None
    assert comparison_key(Decimal("sNaN"))[1] is None
    assert comparison_key(timedelta.max)[1] == float(timedelta.max // timedelta(microseconds=1))
    assert comparison_key(timedelta(seconds=1)) == ("D", 1_000_000, None)


ZONES = [UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))]


@given(st.lists(st.datetimes(timezones=st.sampled_from(ZONES)), min_size=2, max_size=2))
def test_aware_datetimes_sort_by_instant(pair):
    one, other = sorted(pair)
    assert comparison_key(one)[2] <= comparison_key(other)[2]
    assert (comparison_key(one) == comparison_key(other)) == (one == other)


def test_the_ends_of_the_calendar_keep_their_place():
    east, west = ZONES[1], ZONES[2]
    moments = [
        datetime.min.replace(tzinfo=east),
        datetime.min.replace(hour=1, tzinfo=east),
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime.max.replace(hour=22, tzinfo=west),
        datetime.max.replace(tzinfo=west),
    ]
    texts = [comparison_key(moment)[2] for moment in moments]
    assert texts == sorted(set(texts))


@given(st.datetimes(), st.datetimes())
def test_naive_datetimes_sort_as_text(one, other):
    assert (comparison_key(one)[2] < comparison_key(other)[2]) == (one < other)


def test_text_with_nul_has_no_column():
    assert encode("a\0b").sortable is None
    assert comparison_key("a\0b") == ("s", None, None)


def test_references_are_compared_by_row():
    thing = Thing(5)
    assert comparison_key(thing) == ("r", None, "objects.objectdb:5")
    assert comparison_key([thing]) == comparison_key([thing])
    assert comparison_key([thing]) != comparison_key([Thing(6)])


def test_what_cannot_be_stored_cannot_be_searched():
    with pytest.raises(UnstorableValue, match=r"value\['a'\]"):
        comparison_key({"a": object()})
    with pytest.raises(UnsavedObject):
        comparison_key([Thing(None)])
    gone = Thing(8)
    gone.delete()
    with pytest.raises(DeletedObject):
        comparison_key(gone)
