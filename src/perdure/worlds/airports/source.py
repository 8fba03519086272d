"""The data of the airports, as plain records.

Contract: `read()` gives what the package `airportsdata` has, in order of the ICAO code, whole or in part. Nothing here
knows of the engine.

Every airport has a code of its own (`icao`; the package makes one up, with an underscore in front, where ICAO has
none), a name, a country, coordinates and a time zone. An IATA code, city or subdivision that there is not is empty.

Failure modes: `ConfigurationError` when the package is not installed; `InvalidArgument` for a part that has no airport.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from perdure.errors import ConfigurationError, InvalidArgument

__all__ = ["Record", "read"]

#: Feet above the sea up to which an airport counts as this.
_HEIGHTS = ((1_000, "low"), (5_000, "middle"), (8_000, "high"))


@dataclass(frozen=True, slots=True)
class Record:
    """An airport; `elevation` in feet, `latitude` and `longitude` in degrees."""

    icao: str
    iata: str
    name: str
    city: str
    subdivision: str
    country: str
    elevation: int
    latitude: float
    longitude: float
    timezone: str

    @property
    def region(self) -> str:
        """The part of the world, as the names of time zones have it: `Europe`, `Pacific`."""
        return self.timezone.partition("/")[0]

    @property
    def height(self) -> str:
        """The elevation in a word: low, middle, high or alpine."""
        return next((word for limit, word in _HEIGHTS if self.elevation < limit), "alpine")

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that people know it by."""
        return (self.icao, self.iata) if self.iata else (self.icao,)


def read(airports: int | None = None, countries: Iterable[str] = ()) -> list[Record]:
    """Read the data.

    Args:
        airports: only so many of them, spread evenly over the codes and so over the world.
        countries: only those of these countries, by their two letters.

    Raises:
        ConfigurationError: the package `airportsdata` is not installed.
        InvalidArgument: there is no such country, or `airports` is less than 1.
    """
    if airports is not None and airports < 1:
        raise InvalidArgument(f"airports is {airports!r}; it must be at least 1")
    records = [_record(data) for _, data in sorted(_load().items())]
    if isinstance(countries, str):
        countries = (countries,)
    wanted = {country.upper() for country in countries}
    if wanted:
        unknown = wanted - {record.country for record in records}
        if unknown:
            raise InvalidArgument(
                f"no airport is in {', '.join(sorted(unknown))}: give countries by their two letters, as IS for Iceland"
            )
        records = [record for record in records if record.country in wanted]
    if airports is None or airports >= len(records):
        return records
    return [records[index * len(records) // airports] for index in range(airports)]


def _load() -> dict[str, Any]:
    try:
        import airportsdata
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "the world of airports is made from the data of the package airportsdata, which is not installed: "
            "pip install 'perdure[airports]'"
        ) from error
    return dict(airportsdata.load("ICAO"))


def _record(data: Any) -> Record:
    return Record(
        icao=data["icao"],
        iata=data["iata"],
        name=data["name"].strip(),
        city=data["city"].strip(),
        subdivision=data["subd"].strip(),
        country=data["country"],
        elevation=round(data["elevation"]),
        latitude=float(data["lat"]),
        longitude=float(data["lon"]),
        timezone=data["tz"],
    )
