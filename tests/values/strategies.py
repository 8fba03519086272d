"""Hypothesis strategies for values that can be stored."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.values.fakes import Bits, Colour, Gold, Mode, Perm, Point, Rank, Recipe, Thing

THINGS = [Thing(pk) for pk in (1, 2, 3)]
ZONES = [
    UTC,
    timezone(timedelta(hours=-3, minutes=-30)),
    timezone(timedelta(seconds=3601, microseconds=5)),
    timezone(timedelta(hours=1), "CET"),
    timezone(timedelta(0), "nought"),
    ZoneInfo("UTC"),
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("America/New_York"),
]
zones = st.none() | st.sampled_from(ZONES)


def named(strategy):
    """The same strategy under a short name: hypothesis builds the whole text of a strategy whenever it filters."""

    @st.composite
    def drawn(draw):
        return draw(strategy)

    return drawn()


hashable_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**53, -(2**53), 2**63, 10**400, -(10**400)]),
    st.floats(),
    st.text(),
    st.sampled_from(["~tuple", "~", '{"~ref":["objects.objectdb",1]}', "\0", "é"]),
    st.binary(),
    st.complex_numbers(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.datetimes(timezones=zones, allow_imaginary=True),
    st.datetimes().map(lambda moment: moment.replace(fold=1)),
    st.times(timezones=zones),
    st.timedeltas(),
    st.uuids(),
    st.sampled_from([*Colour, *Rank, *Mode, *Perm, Perm(0), *Bits, Bits(7), Bits.A | Bits.B]),
    st.sampled_from([re.compile("a+", re.I), re.compile(b"\xff|b"), re.compile("(?m)^x")]),
    st.builds(range, st.integers(), st.integers(), st.integers(1, 2**70)),
    st.sampled_from(THINGS),
)
hashables = st.recursive(
    named(hashable_leaves),
    lambda inner: st.one_of(
        st.tuples(inner, inner), st.frozensets(inner, max_size=3), st.builds(Point, inner, inner), st.just(())
    ),
    max_leaves=4,
)
hashables = named(hashables)
leaves = hashables | st.decimals()


def containers_of(inner):
    pairs = st.lists(st.tuples(hashables, inner), max_size=4)
    return st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
        st.dictionaries(st.sampled_from(["~ref", "~tuple", "~type", "a"]), inner, max_size=2),
        pairs.map(dict),
        pairs.map(OrderedDict),
        st.builds(lambda factory, items: defaultdict(factory, items), st.sampled_from([None, list, int, dict]), pairs),
        st.sets(hashables, max_size=4),
        st.builds(deque, st.lists(inner, max_size=4), st.none() | st.integers(0, 5)),
        st.dictionaries(hashables, st.integers(), max_size=3).map(Counter),
        st.builds(Point, inner, inner),
        st.builds(Recipe, st.text(max_size=3), inner),
        st.builds(Gold, inner),
    )


values = st.recursive(leaves, containers_of, max_leaves=12)
