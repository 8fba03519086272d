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


def code(size: int) -> str:
    """What `find_by_code` looks for."""
    return airports(size)[size // 2].icao


def hits(size: int) -> dict[str, int]:
    """How many airports each of the queries finds."""
    records = airports(size)
    (south, north), (west, east) = BOX
    in_country = [record for record in records if record.country == COUNTRY]
    return {
        "find_by_code": 1,
        "find_country": len(in_country),
        "find_high": sum(record.elevation > HIGH for record in records),
        "find_high_in_country": sum(record.elevation > HIGH_FOR_COUNTRY for record in in_country),
        "find_box": sum(south <= record.latitude <= north and west <= record.longitude <= east for record in records),
        "find_highest": HIGHEST,
    }
