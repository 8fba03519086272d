"""Building the world of airports.

Contract: `build()` makes the airports and, from each, flights to its nearest neighbours, all by `create_objects` with
hooks. What is there already (an airport by its ICAO code, a flight by where it leads from and to) is left as it is.

The work is committed batch by batch, so that it needs no more memory than the cache may have. A build that is cut off
leaves whole airports and whole flights, and the next one makes the rest.

Failure modes: `ConfigurationError` when the package `airportsdata` is not installed; `InvalidArgument` for a part of
the world that is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from perdure.create import create_objects
from perdure.errors import InvalidArgument
from perdure.worlds.airports import source
from perdure.worlds.airports.source import Record
from perdure.worlds.airports.sphere import kilometres, nearest_neighbours
from perdure.worlds.airports.typeclasses import Airport, Flight

__all__ = ["BuildReport", "Progress", "build"]

#: Called as `progress(done, total, what)`.
Progress = Callable[[int, int, str], None]

BATCH = 1000
NEIGHBOURS = 4
_Row = dict[str, Any]


@dataclass(frozen=True)
class BuildReport:
    """What a build found and did."""

    airports: int
    flights: int
    created: int

    @property
    def total(self) -> int:
        """Number of all things that there should be."""
        return self.airports + self.flights

    @property
    def unchanged(self) -> int:
        """Number of those that were there already."""
        return self.total - self.created

    def __str__(self) -> str:
        return (
            f"{self.airports} airports, {self.flights} flights: {self.created} created, {self.unchanged} there already"
        )


def build(
    progress: Progress | None = None,
    *,
    airports: int | None = None,
    countries: Sequence[str] = (),
    neighbours: int = NEIGHBOURS,
) -> BuildReport:
    """Build the airports and flights, or what is missing of them.

    Args:
        progress: told after each batch how far it is.
        airports: only so many airports, spread evenly over the world.
        countries: only the airports of these countries, by their two letters.
        neighbours: how many flights leave each airport: to the nearest of those that are built.

    Raises:
        ConfigurationError: the data is not installed.
        InvalidArgument: `airports` or `neighbours` is less than 1, or there is no such country.
    """
    if neighbours < 1:
        raise InvalidArgument(f"neighbours is {neighbours!r}; it must be at least 1")
    records = source.read(airports, countries)
    nearest = nearest_neighbours([(record.latitude, record.longitude) for record in records], neighbours)
    flights = sum(map(len, nearest))
    builder = _Builder(len(records) + flights, progress)
    places = builder.make_airports(records)
    builder.make_flights(records, nearest, places)
    return BuildReport(len(records), flights, builder.created)


class _Builder:
    """Makes what is missing, in batches, and keeps count."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total = total
        self.progress = progress
        self.done = 0
        self.created = 0

    def make_airports(self, records: list[Record]) -> list[Any]:
        """The airports of the records, in their order."""
        known = {airport.icao: airport for airport in Airport.objects.all_family().preload()}
        for batch in _batches(records):
            missing = [record for record in batch if record.icao not in known]
            made = self._make("airports", Airport, [_airport_row(record) for record in missing], len(batch))
            known.update((record.icao, airport) for record, airport in zip(missing, made, strict=True))
        return [known[record.icao] for record in records]

    def make_flights(self, records: list[Record], nearest: list[list[int]], places: list[Any]) -> None:
        """Flights from each airport to its neighbours; `nearest` has indices of `records` and `places`."""
        known = set(Flight.objects.all_family().values_list("db_location_id", "db_destination_id"))
        ways = [(start, end) for start, ends in enumerate(nearest) for end in ends]
        for batch in _batches(ways):
            rows = [
                _flight_row(records[start], records[end], places[start], places[end])
                for start, end in batch
                if (places[start].pk, places[end].pk) not in known
            ]
            self._make("flights", Flight, rows, len(batch))

    def _make(self, what: str, typeclass: type, rows: list[_Row], size: int) -> list[Any]:
        """Create these, of a batch of `size`."""
        made = create_objects(typeclass, rows) if rows else []
        self.created += len(made)
        self.done += size
        if self.progress is not None:
            self.progress(self.done, self.total, what)
        return made


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _airport_row(record: Record) -> _Row:
    """Arguments of `create_objects`."""
    attributes: dict[str, Any] = {
        "icao": record.icao,
        "elevation": record.elevation,
        "latitude": record.latitude,
        "longitude": record.longitude,
        "timezone": record.timezone,
    }
    optional = {"iata": record.iata, "city": record.city, "subdivision": record.subdivision}
    return {
        "key": record.name,
        "nohome": True,
        "aliases": list(record.codes),
        "tags": [(record.country, "country"), (record.region, "region"), (record.height, "height")],
        "attributes": attributes | {name: text for name, text in optional.items() if text},
    }


def _flight_row(start: Record, end: Record, location: Any, destination: Any) -> _Row:
    """Arguments of `create_objects`."""
    way = kilometres((start.latitude, start.longitude), (end.latitude, end.longitude))
    return {
        "key": end.name,
        "location": location,
        "destination": destination,
        "nohome": True,
        "aliases": list(end.codes),
        "attributes": {"distance": round(way, 1)},
    }
