"""What there is in the world of airports, as typeclasses.

An airport is found by its codes: as attributes (`find`), and as aliases, by which people search; a flight is taken by
the codes of where it goes. Country, region and height are tags: ways to divide all airports. What has an order is an
attribute.
"""

from __future__ import annotations

from typing import Any

from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultRoom
from perdure.typeclasses.attributes import AttributeProperty
from perdure.worlds.airports.sphere import kilometres

__all__ = ["Airport", "Flight", "Traveller", "find"]

IATA_LENGTH = 3


def find(code: str) -> Any:
    """The airport with this ICAO or IATA code, or None."""
    code = code.strip().upper()
    lookup = "iata" if len(code) == IATA_LENGTH else "icao"
    return Airport.objects.all_family().filter_attributes(**{lookup: code}).first()


class Airport(DefaultRoom):
    """An airport. Nothing is stored of what the data does not say: `iata` is empty for most."""

    icao: str = AttributeProperty("", autocreate=False)
    iata: str = AttributeProperty("", autocreate=False)
    city: str = AttributeProperty("", autocreate=False)
    subdivision: str = AttributeProperty("", autocreate=False)
    #: In feet.
    elevation: int = AttributeProperty(0, autocreate=False)
    #: In degrees, north and east of zero.
    latitude: float = AttributeProperty(0.0, autocreate=False)
    longitude: float = AttributeProperty(0.0, autocreate=False)
    timezone: str = AttributeProperty("UTC", autocreate=False)
    #: How many travellers have come.
    arrivals: int = AttributeProperty(0, autocreate=False)

    def distance_to(self, other: Airport) -> float:
        """The way to another airport in kilometres, along the surface of the earth."""
        return kilometres((self.latitude, self.longitude), (other.latitude, other.longitude))

    def get_display_desc(self, looker: Any, **kwargs: Any) -> str:
        """What is written on it with `desc`, else a line from the data."""
        if self.db.desc:
            return super().get_display_desc(looker, **kwargs)
        place = ", ".join(part for part in (self.city, self.subdivision, *self._countries()) if part)
        codes = "/".join(code for code in (self.icao, self.iata) if code)
        return (
            f"{place}. {self.elevation} feet above the sea, {_degrees(self.latitude, 'NS')} "
            f"{_degrees(self.longitude, 'EW')}. Codes: {codes}. Clocks: {self.timezone}."
        )

    def at_object_receive(self, moved_obj: Any, source_location: Any, move_type: str = "move", **kwargs: Any) -> None:
        """Count the travellers who come by a flight."""
        if move_type == "traverse":
            self.arrivals += 1

    def _countries(self) -> list[str]:
        return [tag.upper() for tag in self.tags.get(category="country", return_list=True)]


class Flight(DefaultExit):
    """A flight from one airport to another, called after where it goes."""

    #: In kilometres.
    distance: float = AttributeProperty(0.0, autocreate=False)

    def at_post_traverse(self, traversing_object: Any, source_location: Any, **kwargs: Any) -> None:
        """Have it counted by those who count."""
        if isinstance(traversing_object, Traveller):
            traversing_object.at_flown(self)


class Traveller(DefaultCharacter):
    """Somebody who flies, and counts it."""

    flights: int = AttributeProperty(0)
    kilometres_flown: float = AttributeProperty(0.0)

    def at_post_move(self, source_location: Any, move_type: str = "move", **kwargs: Any) -> None:
        """Walk on: who changes planes does not look around."""

    def at_flown(self, flight: Flight) -> None:
        """Called when a flight has been taken."""
        self.flights += 1
        self.kilometres_flown += flight.distance


def _degrees(value: float, letters: str) -> str:
    return f"{abs(value):.3f}°{letters[value < 0]}"
