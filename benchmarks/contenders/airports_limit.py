"""The physical limit in the world of airports: the tables and the plain objects of `limit`, other data."""

from __future__ import annotations

from random import Random
from time import perf_counter
from typing import Any

from benchmarks import logical_airports as logical
from benchmarks.contenders.base import Work
from benchmarks.contenders.limit import (
    INSERT_ATTRIBUTE,
    INSERT_LINK,
    INSERT_OBJECT,
    UPDATE_LOCATION,
    Limit,
    Plain,
)
from perdure.worlds.airports.source import Record

BATCH = 1000
FIRST_FLIGHT = 1_000_001  # airports come before
TRAVELLER = 10_000_000
INSERT_TAG = "INSERT INTO tag (id, key) VALUES (?, ?)"
WRITE_NUMBER = (
    "INSERT INTO attribute (owner, key, kind, number, text) VALUES (?, ?, 'f', ?, NULL)"
    " ON CONFLICT (owner, key) DO UPDATE SET number = excluded.number"
)
TAGGED = "FROM tag t JOIN link l ON l.tag = t.id JOIN object o ON o.id = l.object"
WITH_NUMBER = "JOIN attribute a ON a.owner = o.id AND a.key = ?"


class AirportsLimit(Limit):
    """Raw SQL and plain Python. Where a flight leads is an attribute of it: the tables have no column for it."""

    notes = {
        "build_airports": "no hooks, locks or checks; both read the data and find the neighbours first",
        "fly": "one column and three attributes written, no lock, no hooks, nobody told",
    }

    # --- building

    def build(self) -> None:
        started = perf_counter()
        super().build()
        self._write_figure("build_airports", (perf_counter() - started) / self.size)

    def _fill(self) -> None:
        records = logical.airports(self.size)
        ways = logical.ways(records)
        with self.transaction():
            for start in range(0, len(records), BATCH):
                numbered = enumerate(records[start : start + BATCH], start + 1)
                self._insert_rows([self._airport_rows(pk, record) for pk, record in numbered])
            for start in range(0, len(ways), BATCH):
                flights = enumerate(ways[start : start + BATCH], FIRST_FLIGHT + start)
                self._insert_rows([self._flight_rows(pk, way, records[way.end]) for pk, way in flights])

    def _airport_rows(self, pk: int, record: Record) -> tuple[Any, Any, Any]:
        values = {
            "icao": record.icao,
            "iata": record.iata,
            "city": record.city,
            "subdivision": record.subdivision,
            "timezone": record.timezone,
            "elevation": record.elevation,
            "latitude": record.latitude,
            "longitude": record.longitude,
        }
        tags = [f"country {record.country}", f"region {record.region}", f"height {record.height}"]
        attributes = [(pk, key, *self._encode(value)) for key, value in values.items() if value != ""]
        return (pk, record.name, "Airport", None), attributes, [*tags, *map(_alias, record.codes)]

    def _flight_rows(self, pk: int, way: logical.Way, end: Record) -> tuple[Any, Any, Any]:
        attributes = [(pk, "distance", "f", way.distance, None), (pk, "destination", "r", way.end + 1, None)]
        return (pk, end.name, "Flight", way.start + 1), attributes, list(map(_alias, end.codes))

    def _encode(self, value: Any) -> tuple[str, float | None, str | None]:
        return ("f", value, None) if isinstance(value, float) else super()._encode(value)

    def _insert_rows(self, rows: list[tuple[Any, Any, Any]]) -> None:
        new = dict.fromkeys(key for _, _, keys in rows for key in keys if key not in self.tags)
        self.tags.update((key, number) for number, key in enumerate(new, len(self.tags) + 1))
        self.execute_many(INSERT_TAG, [(self.tags[key], key) for key in new])
        self.execute_many(INSERT_OBJECT, [row for row, _, _ in rows])
        self.execute_many(INSERT_ATTRIBUTE, [row for _, attributes, _ in rows for row in attributes])
        self.execute_many(INSERT_LINK, [(row[0], self.tags[key]) for row, _, keys in rows for key in keys])

    def build_airports(self) -> float:
        return self._read_figure("build_airports")

    # --- loading

    def _load(self) -> None:
        known = self.known
        for row in self.execute("SELECT id, key, class, location FROM object"):
            known[row[0]] = Plain(*row)
        for owner, key, kind, number, text in self.execute("SELECT owner, key, kind, number, text FROM attribute"):
            value: Any = text
            if kind == "r":
                value = known[int(number)]
            elif kind != "s":
                value = int(number) if kind == "i" else number
            known[owner].__dict__[key] = value
        for obj in known.values():
            if obj.location is not None:
                self.contents.setdefault(obj.location, {})[obj.id] = obj

    def load_airports(self) -> Work:
        def run() -> None:
            self._load()
            for obj in self.known.values():
                if obj.kind == "Airport":
                    assert obj.elevation is not None
                    assert obj.latitude is not None
                    assert obj.timezone
                else:
                    assert obj.distance is not None

        return Work(run, self.size, check=self._check_loaded)

    def memory_airports(self) -> Work:
        return Work(self._load, self.size, check=self._check_loaded)

    def _check_loaded(self) -> None:
        assert len(self.known) >= self.size * (1 + logical.NEIGHBOURS)

    # --- queries

    def hits(self) -> dict[str, int]:
        return logical.hits(self.size)

    def find_by_code(self) -> Work:
        text = "FROM attribute a JOIN object o ON o.id = a.owner WHERE a.key = ? AND a.text = ? AND a.kind = 's'"
        return self._find(text, ("icao", logical.code(self.size)), "find_by_code")

    def find_country(self) -> Work:
        return self._find(f"{TAGGED} WHERE t.key = ?", (f"country {logical.COUNTRY}",), "find_country")

    def find_high(self) -> Work:
        return self._find(f"FROM object o {WITH_NUMBER} WHERE a.number > ?", ("elevation", logical.HIGH), "find_high")

    def find_high_in_country(self) -> Work:
        text = f"{TAGGED} {WITH_NUMBER} WHERE t.key = ? AND a.number > ?"
        arguments = ("elevation", f"country {logical.COUNTRY}", logical.HIGH_FOR_COUNTRY)
        return self._find(text, arguments, "find_high_in_country")

    def find_box(self) -> Work:
        text = (
            f"FROM object o {WITH_NUMBER} JOIN attribute b ON b.owner = o.id AND b.key = ?"
            " WHERE a.number BETWEEN ? AND ? AND b.number BETWEEN ? AND ?"
        )
        return self._find(text, ("latitude", "longitude", *logical.BOX[0], *logical.BOX[1]), "find_box")

    def find_highest(self) -> Work:
        text = f"FROM object o {WITH_NUMBER} ORDER BY a.number DESC LIMIT {logical.HIGHEST}"
        return self._find(text, ("elevation",), "find_highest")

    # --- flying

    def fly(self) -> Work:
        traveller = self._traveller()
        chance = Random(logical.SEED)
        move, write = self.sql(UPDATE_LOCATION), self.sql(WRITE_NUMBER)

        def run() -> None:
            execute, contents = self.execute, self.contents
            for _ in range(logical.STEPS):
                ways = [obj for obj in contents[traveller.location].values() if obj.kind == "Flight"]
                flight = ways[chance.randrange(len(ways))]
                end = flight.destination
                with self.transaction():
                    del contents[traveller.location][traveller.id]
                    traveller.location = end.id
                    contents[end.id][traveller.id] = traveller
                    execute(move, (end.id, traveller.id))
                    end.arrivals = end.__dict__.get("arrivals", 0) + 1
                    execute(write, (end.id, "arrivals", end.arrivals))
                    traveller.flights += 1
                    execute(write, (traveller.id, "flights", traveller.flights))
                    traveller.kilometres_flown += flight.distance
                    execute(write, (traveller.id, "kilometres_flown", traveller.kilometres_flown))

        return Work(run, logical.STEPS, check=lambda: self._check_column("location", traveller))

    def _traveller(self) -> Any:
        traveller: Any = Plain(TRAVELLER, "Auda", "Traveller", 1)
        traveller.flights, traveller.kilometres_flown = 0, 0.0
        with self.transaction():
            self.execute(self.sql("DELETE FROM attribute WHERE owner = ?"), (TRAVELLER,))
            self.execute(self.sql("DELETE FROM object WHERE id = ?"), (TRAVELLER,))
            self.execute(self.sql(INSERT_OBJECT), (TRAVELLER, "Auda", "Traveller", 1))
        self.contents.setdefault(1, {})[TRAVELLER] = traveller
        return traveller


def _alias(code: str) -> str:
    return f"alias {code}"
