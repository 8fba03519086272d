"""Places on the globe: how far they are from each other, and which are nearest.

Contract: places are pairs of latitude and longitude in degrees. The earth is a sphere of its mean radius, so distances
are right to half a percent. `nearest_neighbours` gives exactly what a comparison of every place with every other would.

Places are compared as points on a unit sphere, by the straight line between them: it grows with the way along the
surface, and knows neither a date line nor poles. The points are kept in a k-d tree, which splits them in halves along
the axis on which they are spread most: 28,000 places have their neighbours within a second or two, by comparison of
each with each in minutes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["kilometres", "nearest_neighbours"]

EARTH_RADIUS = 6371.0088
LEAF = 12

Place = tuple[float, float]
_Point = tuple[float, float, float]
_Found = list[tuple[float, int]]


def kilometres(one: Place, other: Place) -> float:
    """The way from one place to another along the surface."""
    half = math.dist(_point(one), _point(other)) / 2
    return 2 * EARTH_RADIUS * math.asin(min(half, 1.0))


def nearest_neighbours(places: Sequence[Place], count: int) -> list[list[int]]:
    """For every place the indices of its `count` nearest others, nearest first.

    Of places that are equally far the one with the lower index comes first; there are fewer than `count` if there are
    not so many places.
    """
    points = [_point(place) for place in places]
    tree = _tree(list(range(len(points))), points)
    result = []
    for index, point in enumerate(points):
        found: _Found = []
        _search(tree, points, point, found, count + 1)
        result.append([other for _, other in found if other != index][:count])
    return result


def _point(place: Place) -> _Point:
    latitude, longitude = math.radians(place[0]), math.radians(place[1])
    return (
        math.cos(latitude) * math.cos(longitude),
        math.cos(latitude) * math.sin(longitude),
        math.sin(latitude),
    )


@dataclass(slots=True)
class _Branch:
    """Points up to `middle` on an axis, and those from there on; either part is a branch or a list of indices."""

    axis: int
    middle: float
    below: _Branch | list[int]
    above: _Branch | list[int]


def _tree(members: list[int], points: list[_Point]) -> _Branch | list[int]:
    if len(members) <= LEAF:
        return members
    axis = max(range(3), key=lambda axis: _spread(members, points, axis))
    members.sort(key=lambda index: points[index][axis])
    half = len(members) // 2
    middle = points[members[half]][axis]
    return _Branch(axis, middle, _tree(members[:half], points), _tree(members[half:], points))


def _spread(members: list[int], points: list[_Point], axis: int) -> float:
    values = [points[index][axis] for index in members]
    return max(values) - min(values)


def _search(tree: _Branch | list[int], points: list[_Point], point: _Point, found: _Found, count: int) -> None:
    """Have `found` hold the `count` nearest of itself and the tree, as square of the distance and index."""
    if isinstance(tree, list):
        x, y, z = point
        for index in tree:
            other = points[index]
            found.append(((other[0] - x) ** 2 + (other[1] - y) ** 2 + (other[2] - z) ** 2, index))
        found.sort()
        del found[count:]
        return
    beyond = point[tree.axis] - tree.middle
    near, far = (tree.below, tree.above) if beyond < 0 else (tree.above, tree.below)
    _search(near, points, point, found, count)
    # Not `<` alone: a place equally far with a lower index may be there.
    if len(found) < count or beyond * beyond <= found[-1][0]:
        _search(far, points, point, found, count)
