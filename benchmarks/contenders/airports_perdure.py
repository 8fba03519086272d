"""Perdure in the world of airports: the demo world as it is, with its hooks."""

from __future__ import annotations

from random import Random
from time import perf_counter
from typing import Any

from benchmarks import logical_airports as logical
from benchmarks.contenders.base import Work
from benchmarks.contenders.perdure_objects import Perdure

SETTINGS = """
PERDURE_WORLD = "airports"
"""


class AirportsPerdure(Perdure):
    """The demo world. Its game is migrated without a world, which is built, and timed, by itself."""

    notes = {
        "build_airports": "`perdure world build airports`, in batches of a transaction each, creation hooks included",
        "fly": "`with transaction(): flight.go_through(traveller)`, lock, all hooks and announcements",
    }

    # --- building

    def _make_game(self) -> None:
        super()._make_game()
        with (self.place.directory / "game" / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS)

    def _fill(self) -> None:
        from perdure.worlds.airports import build

        started = perf_counter()
        report = build(airports=self.size, neighbours=logical.NEIGHBOURS)
        assert report.created == report.total
        self._write_figure("build_airports", (perf_counter() - started) / self.size)

    def build_airports(self) -> float:
        return self._read_figure("build_airports")

    # --- loading

    def _load(self) -> None:
        from perdure.worlds.airports import Airport, Flight

        self.airports = list(Airport.objects.all())
        self.flights = list(Flight.objects.all())
        for airport in self.airports:
            assert airport.elevation is not None
            assert airport.latitude is not None
            assert airport.timezone
        for flight in self.flights:
            assert flight.distance is not None

    def warm(self) -> None:
        self._load()

    def load_airports(self) -> Work:
        return Work(self._load, self.size, check=self._check_loaded)

    def memory_airports(self) -> Work:
        return Work(self._load, self.size, check=self._check_loaded)

    def _check_loaded(self) -> None:
        assert len(self.airports) == self.size
        assert len(self.flights) == self.size * logical.NEIGHBOURS

    # --- queries

    def hits(self) -> dict[str, int]:
        return logical.hits(self.size)

    @property
    def _all(self) -> Any:
        from perdure.worlds.airports import Airport

        return Airport.objects

    def find_by_code(self) -> Work:
        manager, code = self._all, logical.code(self.size)
        return self._find(lambda: manager.filter_attributes(icao=code), "find_by_code")

    def find_country(self) -> Work:
        manager = self._all
        return self._find(lambda: manager.get_by_tag(logical.COUNTRY, category="country"), "find_country")

    def find_high(self) -> Work:
        manager = self._all
        return self._find(lambda: manager.filter_attributes(elevation__gt=logical.HIGH), "find_high")

    def find_high_in_country(self) -> Work:
        manager = self._all

        def query() -> Any:
            found = manager.get_by_tag(logical.COUNTRY, category="country")
            return found.filter_attributes(elevation__gt=logical.HIGH_FOR_COUNTRY)

        return self._find(query, "find_high_in_country")

    def find_box(self) -> Work:
        manager, (latitudes, longitudes) = self._all, logical.BOX
        return self._find(
            lambda: manager.filter_attributes(latitude__range=latitudes, longitude__range=longitudes), "find_box"
        )

    def find_highest(self) -> Work:
        manager = self._all
        return self._find(lambda: manager.order_by_attribute("-elevation")[: logical.HIGHEST], "find_highest")

    # --- flying

    def fly(self) -> Work:
        from perdure import create_object, transaction
        from perdure.worlds.airports import Traveller

        for old in Traveller.objects.all():
            old.delete()
        first = min(self.airports, key=lambda airport: airport.pk)
        traveller: Any = create_object(Traveller, key="Auda", location=first, nohome=True)
        chance = Random(logical.SEED)
        for airport in self.airports:
            assert airport.contents

        def run() -> None:
            for _ in range(logical.STEPS):
                ways = traveller.location.exits
                with transaction():
                    assert ways[chance.randrange(len(ways))].go_through(traveller)

        def check() -> None:
            self._check_column("db_location_id", traveller.location.pk, traveller)

        return Work(run, logical.STEPS, check=check)
