"""Distances on the globe, and nearest neighbours, against comparing every place with every other."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.worlds.airports import source
from perdure.worlds.airports.sphere import EARTH_RADIUS, kilometres, nearest_neighbours

Place = tuple[float, float]
degrees = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def haversine(one: Place, other: Place) -> float:
    """The same by another formula."""
    (a, b), (c, d) = (map(math.radians, place) for place in (one, other))
    inside = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(min(1.0, inside)))


def by_comparison(places: list[Place], index: int, count: int) -> list[float]:
    """The distances to the nearest others."""
    others = places[:index] + places[index + 1 :]
    return sorted(haversine(places[index], other) for other in others)[:count]


def check(places: list[Place], count: int, indices: list[int] | None = None) -> None:
    found = nearest_neighbours(places, count)
    assert len(found) == len(places)
    for index in range(len(places)) if indices is None else indices:
        assert index not in found[index]
        assert len(set(found[index])) == min(count, len(places) - 1)
        distances = [haversine(places[index], places[other]) for other in found[index]]
        # Half a metre: on the far side of the globe both formulas lose digits.
        assert distances == pytest.approx(by_comparison(places, index, count), rel=1e-6, abs=5e-4)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0), (0, 90), math.pi / 2 * EARTH_RADIUS),
        ((90, 0), (-90, 0), math.pi * EARTH_RADIUS),
        ((90, 17), (90, -120), 0),
        ((0, 179.5), (0, -179.5), math.radians(1) * EARTH_RADIUS),
        ((52.36, 13.5), (52.36, 13.5), 0),
    ],
)
def test_distances(one: Place, other: Place, expected: float) -> None:
    assert kilometres(one, other) == pytest.approx(expected, abs=1e-6)
    assert kilometres(other, one) == kilometres(one, other)


@given(degrees, degrees)
def test_distances_are_those_of_another_formula(one: Place, other: Place) -> None:
    assert kilometres(one, other) == pytest.approx(haversine(one, other), rel=1e-6, abs=5e-4)


@given(st.lists(degrees, max_size=60), st.integers(1, 6))
def test_neighbours_of_any_places(places: list[Place], count: int) -> None:
    check(places, count)


def test_neighbours_across_the_date_line_and_around_a_pole() -> None:
    ring = [(89.0, float(angle)) for angle in range(-180, 180, 45)]
    pacific = [(-17.0, 179.9), (-17.0, -179.9), (-17.0, 170.0)]
    found = nearest_neighbours([*ring, (90.0, 0.0), *pacific], 2)
    pole, west, east = len(ring), len(ring) + 1, len(ring) + 2
    assert all(pole not in found[index] for index in range(len(ring))), "the next on the ring are nearer"
    assert found[0] == [1, 7]
    assert found[west][0] == east
    assert found[east][0] == west


def test_of_equally_near_the_first_comes_first() -> None:
    same = [(10.0, 10.0)] * 40
    found = nearest_neighbours(same, 3)
    assert found[0] == [1, 2, 3]
    assert found[2] == [0, 1, 3]
    assert found[39] == [0, 1, 2]


def test_neighbours_of_the_real_airports() -> None:
    places = [(record.latitude, record.longitude) for record in source.read()]
    edges = [index for index, (north, east) in enumerate(places) if abs(north) > 80 or abs(east) > 179]
    check(places, 4, [*edges, *random.Random(4).sample(range(len(places)), 25)])
