"""The world of airports as every contender builds it: the data, the flights, and what the queries ask for.

All contenders read the same data and find the same neighbours with the code of the demo world, so that a query has the
same answer and a walk the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

from perdure.worlds.airports.source import Record, read
from perdure.worlds.airports.sphere import kilometres, nearest_neighbours

NEIGHBOURS = 4
COUNTRY = "FR"
#: Feet above which an airport counts as high, also in a country that has no high ones.
HIGH = 7_000
HIGH_FOR_COUNTRY = 1_000
HIGHEST = 10
#: Degrees: from south to north, from west to east.
BOX = ((46.0, 48.0), (6.0, 10.0))
STEPS = 10_000
SEED = 28


@dataclass(frozen=True)
class Way:
    """A flight; `start` and `end` are numbers of airports."""

    start: int
    end: int
    distance: float


def airports(size: int) -> list[Record]:
    """The airports; their number is their place in this list."""
    return read(airports=size)


def ways(records: list[Record]) -> list[Way]:
    """All flights, those of an airport together and the shortest first."""
    places = [(record.latitude, record.longitude) for record in records]
    return [
        Way(start, end, round(kilometres(places[start], places[end]), 1))
        for start, ends in enumerate(nearest_neighbours(places, NEIGHBOURS))
        for end in ends
    ]


def in_country(record: Record) -> bool:
    """Whether `find_country` finds it."""
    return record.country == COUNTRY


def is_high(record: Record) -> bool:
    """Whether `find_high` finds it."""
    return record.elevation > HIGH


def is_high_in_country(record: Record) -> bool:
    """Whether `find_high_in_country` finds it."""
    return in_country(record) and record.elevation > HIGH_FOR_COUNTRY


def in_box(record: Record) -> bool:
    """Whether `find_box` finds it."""
    (south, north), (west, east) = BOX
    return south <= record.latitude <= north and west <= record.longitude <= east
