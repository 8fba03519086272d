"""The world of airports: what is built is what the data has, part or whole; again changes nothing."""

from __future__ import annotations

import sys
from typing import Any

import airportsdata
import pytest

from perdure.errors import ConfigurationError, InvalidArgument, WrongType
from perdure.objects.models import ObjectDB
from perdure.search import search_object
from perdure.worlds.airports import Airport, BuildReport, Flight, Traveller, build, find, source

pytestmark = pytest.mark.django_db

SIZE, WAYS = 200, 3


@pytest.fixture(scope="module")
def data() -> Any:
    """The data as the package reads it, not as we do."""
    return airportsdata.load()


@pytest.fixture
def world() -> BuildReport:
    return build(airports=SIZE, neighbours=WAYS)


@pytest.fixture
def iceland() -> BuildReport:
    return build(countries=["IS"])


@pytest.fixture
def traveller(iceland: BuildReport) -> Any:
    from perdure import create_object

    return create_object(Traveller, key="Auda", location=find("KEF"))


# --- the data


def test_the_records_are_the_data(data: Any) -> None:
    records = source.read()
    assert [record.icao for record in records] == sorted(data)
    for record in records:
        given = data[record.icao]
        assert (record.latitude, record.longitude, record.timezone) == (given["lat"], given["lon"], given["tz"])
        assert abs(record.elevation - given["elevation"]) <= 0.5
        assert type(record.elevation) is int
        assert record.name == given["name"].strip() != ""
        assert record.region
    assert {record.height for record in records} == {"low", "middle", "high", "alpine"}


def test_a_part_is_spread_over_the_world() -> None:
    records = source.read(airports=300)
    assert len({record.icao for record in records}) == 300
    assert {"Africa", "America", "Asia", "Australia", "Europe", "Pacific"} <= {record.region for record in records}


def test_a_part_by_countries() -> None:
    assert {record.country for record in source.read(countries=["is", "FO"])} == {"IS", "FO"}
    assert source.read(countries="IS") == source.read(countries=["IS"])
    assert len(source.read(airports=5, countries=["IS"])) == 5
    everything = source.read()
    assert source.read(airports=len(everything) + 1) == everything


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"airports": 0}, "airports is 0"),
        ({"countries": ["IS", "Atlantis"]}, "no airport is in ATLANTIS"),
        ({"neighbours": 0}, "neighbours is 0"),
    ],
)
def test_a_part_that_is_none(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        build(**options)
    assert Airport.objects.count() == 0


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airportsdata", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'perdure\[airports\]'"):
        build()
    assert Airport.objects.count() == 0


# --- what is built


def test_every_airport_has_what_the_data_says(data: Any, world: BuildReport) -> None:
    built = {airport.icao: airport for airport in Airport.objects.all().preload()}
    assert len(built) == world.airports == SIZE
    for icao, airport in built.items():
        given = data[icao]
        stored = {attribute.key: attribute.value for attribute in airport.attributes.all()}
        expected = {
            "icao": icao,
            "iata": given["iata"],
            "city": given["city"].strip(),
            "subdivision": given["subd"].strip(),
            "elevation": round(given["elevation"]),
            "latitude": given["lat"],
            "longitude": given["lon"],
            "timezone": given["tz"],
        }
        assert stored == {name: value for name, value in expected.items() if value != ""}
        assert {name: type(value) for name, value in stored.items()} == {name: type(expected[name]) for name in stored}
        assert (airport.key, airport.iata, airport.city) == (given["name"].strip(), given["iata"], expected["city"])
        assert airport.tags.get(category="country", return_list=True) == [given["country"].lower()]
        assert airport.tags.get(category="region", return_list=True) == [given["tz"].split("/")[0].lower()]
        assert sorted(airport.aliases.all()) == sorted(filter(None, {icao.lower(), given["iata"].lower()}))
        assert (airport.location, airport.home) == (None, None)


def test_every_airport_has_flights_to_its_nearest(world: BuildReport) -> None:
    airports = list(Airport.objects.all().preload())
    assert world.flights == Flight.objects.count() == SIZE * WAYS
    for airport in airports[::7]:
        near = sorted((airport.distance_to(other), other.pk) for other in airports if other is not airport)[:WAYS]
        flights = airport.exits
        assert sorted((flight.distance, flight.destination.pk) for flight in flights) == [
            (round(distance, 1), pk) for distance, pk in near
        ]
        for flight in flights:
            assert type(flight) is Flight
            assert flight.key == flight.destination.key
            assert sorted(flight.aliases.all()) == sorted(flight.destination.aliases.all())


def test_the_way_back_is_as_long(world: BuildReport) -> None:
    returns = [(flight, flight.get_return_exit()) for flight in Flight.objects.all().preload()]
    there_and_back = [(one, other) for one, other in returns if other is not None]
    assert there_and_back
    for one, other in there_and_back:
        assert other.distance == one.distance
        assert other.get_return_exit() is one


def test_the_creation_hooks_have_run(iceland: BuildReport) -> None:
    assert not find("KEF").access(None, "get")
    assert find("KEF").locks.get("teleport_here")
    assert find("KEF").exits[0].locks.get("traverse")


def test_it_is_found_by_its_codes(iceland: BuildReport) -> None:
    keflavik = find("KEF")
    assert keflavik is find(" bikf ")
    assert keflavik in search_object("KEF")
    assert find("JFK") is None
    assert "KEF" in keflavik.return_appearance(keflavik)
    assert "Atlantic/Reykjavik" in keflavik.return_appearance(keflavik)
    keflavik.db.desc = "Rain."
    assert "Rain." in keflavik.return_appearance(keflavik)


def test_the_declared_types_hold(iceland: BuildReport) -> None:
    with pytest.raises(WrongType, match="elevation"):
        find("KEF").elevation = "high"


# --- building again


def test_building_again_leaves_what_is_there(world: BuildReport, django_assert_max_num_queries: Any) -> None:
    airport = Airport.objects.first()
    airport.key, airport.elevation = "Renamed", -7
    before = sorted(ObjectDB.objects.values_list("pk", "db_key", "db_location", "db_version"))
    with django_assert_max_num_queries(10):
        again = build(airports=SIZE, neighbours=WAYS)
    assert (world.created, again.created, again.unchanged) == (world.total, 0, world.total)
    assert sorted(ObjectDB.objects.values_list("pk", "db_key", "db_location", "db_version")) == before
    assert (airport.key, airport.elevation) == ("Renamed", -7)
    assert str(again) == "200 airports, 600 flights: 0 created, 800 there already"


def test_building_again_makes_what_is_missing(world: BuildReport) -> None:
    gone = Airport.objects.first()
    icao, flights = gone.icao, len(gone.exits)
    arriving = Flight.objects.filter(db_destination=gone).count()
    gone.delete()
    lost = world.total - Airport.objects.count() - Flight.objects.count()
    again = build(airports=SIZE, neighbours=WAYS)
    assert again.created == lost >= 1 + arriving
    assert len(find(icao).exits) == flights
    assert (Airport.objects.count(), Flight.objects.count()) == (world.airports, world.flights)


def test_more_of_the_world_and_more_flights(iceland: BuildReport) -> None:
    more = build(countries=["IS", "FO"], neighbours=5)
    assert more.airports == Airport.objects.count() == len(source.read(countries=["IS", "FO"])) > iceland.airports
    assert more.flights == more.airports * 5
    assert Flight.objects.count() >= more.flights
    pairs = list(Flight.objects.values_list("db_location_id", "db_destination_id"))
    assert len(set(pairs)) == len(pairs)


def test_one_airport_has_nowhere_to_go() -> None:
    assert str(build(airports=1)) == "1 airports, 0 flights: 1 created, 0 there already"
    assert Airport.objects.get().exits == []


@pytest.mark.parametrize("stage", ["airports", "flights"])
def test_a_build_that_was_cut_off_is_continued(stage: str) -> None:
    class PowerCut(Exception):
        pass

    def interrupt(done: int, total: int, what: str) -> None:
        if what == stage:
            raise PowerCut

    with pytest.raises(PowerCut):
        build(progress=interrupt, countries=["IS"])
    there = Airport.objects.count() + Flight.objects.count()
    rest = build(countries=["IS"])
    assert there > 0
    assert (rest.created, rest.unchanged) == (rest.total - there, there)


def test_progress_tells_how_far_it_is() -> None:
    calls: list[tuple[int, int, str]] = []
    report = build(progress=lambda done, total, what: calls.append((done, total, what)), countries=["IS"])
    done = [call[0] for call in calls]
    assert done == sorted(set(done))
    assert calls[-1] == (report.total, report.total, "flights")
    assert {call[1] for call in calls} == {report.total}
    assert list(dict.fromkeys(call[2] for call in calls)) == ["airports", "flights"]


# --- travelling


def test_a_flight_is_counted(traveller: Any) -> None:
    start = traveller.location
    flight = min(start.exits, key=lambda way: way.distance)
    assert flight.go_through(traveller)
    assert traveller.location is flight.destination
    assert flight.destination.arrivals == 1
    assert (traveller.flights, traveller.kilometres_flown) == (1, flight.distance)
    assert start.arrivals == 0


def test_other_ways_to_come_are_not(traveller: Any) -> None:
    traveller.move_to(find("BIRK"))
    assert (find("BIRK").arrivals, traveller.flights) == (0, 0)


def test_it_goes_on_and_on(traveller: Any) -> None:
    for step in range(20):
        ways = traveller.location.exits
        assert ways[step % len(ways)].go_through(traveller)
    assert traveller.flights == 20
    assert sum(airport.arrivals for airport in Airport.objects.all().preload()) == 20


# --- queries on real data


def test_ranges_and_tags(iceland: BuildReport) -> None:
    records = source.read(countries=["IS"])
    high = sorted(record.icao for record in records if record.elevation > 500)
    found = Airport.objects.get_by_tag("is", category="country").filter_attributes(elevation__gt=500)
    assert sorted(airport.icao for airport in found.preload()) == high
    ordered = [airport.elevation for airport in Airport.objects.order_by_attribute("-elevation")[:10]]
    assert ordered == sorted((record.elevation for record in records), reverse=True)[:10]
    north = Airport.objects.filter_attributes(latitude__range=(66, 67), longitude__lt=-15.5)
    assert {airport.icao for airport in north} == {
        record.icao for record in records if 66 <= record.latitude <= 67 and record.longitude < -15.5
    }
    assert {airport.iata for airport in Airport.objects.filter_attributes(iata__isnull=False)} == {
        record.iata for record in records if record.iata
    }
