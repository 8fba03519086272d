"""Lists: a page of them, filtered and counted in SQL, at a cost that does not grow with what there is."""

from __future__ import annotations

import gc
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from perdure.create import create_channel, create_object, create_objects, create_script
from perdure.objects.objects import DefaultCharacter, DefaultObject
from tests.web.rest.conftest import Api, api_of, make_account

pytestmark = pytest.mark.django_db


def ids(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.said
    return [one["id"] for one in answer.said["results"]]


@pytest.fixture
def box(room: Any) -> Any:
    """A box with ten lamps: lamp 3 has 30 of oil."""
    box = create_object(DefaultObject, key="box", location=room, home=room)
    for number in range(10):
        create_object(
            DefaultObject,
            key=f"lamp {number}",
            location=box,
            home=room,
            aliases=["light", f"l{number}"],
            tags=[("light", "kind"), "even" if number % 2 == 0 else "odd"],
            attributes=[("oil", number * 10), ("name", f"n{number}"), ("lit", number > 5), ("hp", number, "combat")],
        )
    return box


def lamps(builder: Api, **query: Any) -> list[int]:
    answer = builder.get(f"/objects?{urlencode({'location': query.pop('location'), **query})}")
    assert answer.status_code == 200, answer.said
    return [int(one["key"].split()[1]) for one in answer.said["results"]]


# --- pages


@pytest.mark.defect("V-9")
def test_a_page_has_25(builder: Api, room: Any) -> None:
    create_objects(DefaultObject, [{"key": f"thing {number}", "home": room} for number in range(120)])
    said = builder.get("/objects").said
    assert (said["count"], said["limit"], said["offset"], len(said["results"])) == (121, 25, 0, 25)
    assert len(builder.get("/objects?limit=100").said["results"]) == 100
    rest = builder.get("/objects?limit=100&offset=100").said
    assert [one["id"] for one in rest["results"]] == sorted(one["id"] for one in rest["results"])
    assert len(rest["results"]) == 21
    assert builder.get("/objects?offset=5000").said["results"] == []


@pytest.mark.defect("V-9")
@pytest.mark.parametrize(
    "query", ["limit=101", "limit=0", "limit=-1", "limit=x", "limit=", "limit=٣", "offset=-1", "offset=99999999999999"]
)
def test_a_page_has_bounds(builder: Api, room: Any, query: str) -> None:
    answer = builder.get(f"/objects?{query}")
    assert answer.status_code == 422
    assert answer.said["errors"][0]["path"] == query.split("=")[0]


# --- what it costs


@pytest.mark.defect("V-32")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["objects", "rooms", "scripts", "channels", "accounts"])
def test_a_list_costs_as_many_statements_whatever_is_in_it(rest: Any, kind: str) -> None:
    from perdure import flush_cache

    makers: dict[str, Any] = {
        "objects": lambda n: create_object(DefaultObject, key=f"o{n}", aliases=[f"a{n}"], tags=["t"]),
        "rooms": lambda n: create_object("perdure.objects.objects.DefaultRoom", key=f"r{n}", tags=["t"]),
        "scripts": lambda n: create_script(key=f"s{n}", obj=create_object(key=f"h{n}"), tags=["t"]),
        "channels": lambda n: create_channel(f"c{n}", desc="x", tags=["t"]),
        "accounts": lambda n: make_account(f"account{n}"),
    }
    admin = api_of(make_account("Boss", "Admin"))

    def cost() -> int:
        """Of a list of things of which none is in memory."""
        gc.collect()
        flush_cache()
        with CaptureQueriesContext(connection) as queries:
            answer = admin.get(f"/{kind}?limit=50")
        assert "tags" in answer.said["results"][0]
        assert [one for one in queries if "typeclasses_tag" in one["sql"]], "they were in memory"
        return len(queries)

    for number in range(3):
        makers[kind](number)
    admin.get(f"/{kind}")
    few = cost()
    for number in range(3, 30):
        makers[kind](number)
    assert cost() == few
    assert few < 20


@pytest.mark.defect("V-32")
def test_filters_are_met_in_sql(builder: Api, box: Any) -> None:
    query = "tag=light:kind&attr.oil__gte=20&attr.lit=false&alias=light&name=lamp%203"
    with CaptureQueriesContext(connection) as queries:
        answer = builder.get(f"/objects?{query}")
    assert answer.said["count"] == 1
    counting = [one["sql"] for one in queries if "COUNT(" in one["sql"] and "objects_objectdb" in one["sql"]]
    assert len(counting) == 1
    reading = [one["sql"] for one in queries if "LIMIT 25" in one["sql"] and '"db_key"' in one["sql"]]
    assert len(reading) == 1


# --- filters


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "LAMP 3"}, [3]),
        ({"name": "lamp"}, []),
        ({"alias": "L4"}, [4]),
        ({"tag": "even"}, [0, 2, 4, 6, 8]),
        ({"tag": "light"}, []),
        ({"tag": "light:kind", "attr.oil": 30}, [3]),
        ({"attr.oil": "30"}, [3]),
        ({"attr.oil": '"30"'}, []),
        ({"attr.name": "n3"}, [3]),
        ({"attr.name": '"n3"'}, [3]),
        ({"attr.lit": "true"}, [6, 7, 8, 9]),
        ({"attr.lit": "1"}, []),
        ({"attr.oil__gt": 70}, [8, 9]),
        ({"attr.oil__lte": 10}, [0, 1]),
        ({"attr.oil__range": "[20, 40]"}, [2, 3, 4]),
        ({"attr.oil__in": "[20, 50, 7]"}, [2, 5]),
        ({"attr.oil__gte": 20, "attr.oil__lt": 40}, [2, 3]),
        ({"attr.name__startswith": "n9"}, [9]),
        ({"attr.hp:combat": 4}, [4]),
        ({"attr.hp:Combat__gte": 8}, [8, 9]),
        ({"attr.hp": 4}, []),
        ({"attr.hp__exists": "true"}, []),
        ({"attr.oil__exists": "true", "attr.oil__lt": 5}, [0]),
        ({"attr.oil__isnull": "true"}, []),
        ({"typeclass": "perdure.objects.objects.DefaultObject", "attr.oil": 0}, [0]),
        ({"typeclass": "objects.objects.DefaultCharacter"}, []),
    ],
)
def test_a_filter_finds(builder: Api, box: Any, query: dict[str, Any], found: list[int]) -> None:
    assert lamps(builder, location=box.pk, **query) == found


def test_several_tags_are_all_wanted(builder: Api, box: Any) -> None:
    answer = builder.get(f"/objects?location={box.pk}&tag=even&tag=light:kind&limit=2")
    assert answer.said["count"] == 5
    assert len(answer.said["results"]) == 2


def test_filters_by_other_entities_and_flags(admin: Api, room: Any, box: Any) -> None:
    assert ids(admin.get(f"/objects?location={room.pk}")) == [box.pk]
    assert ids(admin.get(f"/objects?location=%23{room.pk}")) == [box.pk]
    assert room.pk in ids(admin.get("/rooms?location=null"))
    script = create_script(key="tick", obj=box, interval=60)
    create_script(key="idle")
    assert ids(admin.get(f"/scripts?obj={box.pk}")) == [script.pk]
    assert ids(admin.get("/scripts?active=true")) == [script.pk]
    assert len(ids(admin.get("/scripts?active=false"))) == 1
    assert ids(admin.get("/accounts?connected=true")) == []
    assert ids(admin.get("/accounts?permission=Admin")) == [admin.account.pk]


def test_families(builder: Api, room: Any) -> None:
    class RestHobbit(DefaultCharacter):
        pass

    hobbit = create_object(RestHobbit, key="Bilbo", home=room)
    other = create_object(DefaultCharacter, key="Gollum", home=room)
    assert ids(builder.get("/characters")) == [hobbit.pk, other.pk]
    assert ids(builder.get("/objects")) == sorted([room.pk, hobbit.pk, other.pk])
    assert ids(builder.get(f"/characters?typeclass={RestHobbit.path}")) == [hobbit.pk]
    assert ids(builder.get(f"/characters?typeclass={DefaultCharacter.path}")) == [hobbit.pk, other.pk]


@pytest.mark.defect("V-9")
@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("db_key=lamp", "db_key"),
        ("colour=red", "colour"),
        ("password=x", "password"),
        ("email=x", "email"),
        ("db_location__db_account__password__startswith=a", "db_location__db_account__password__startswith"),
        ("location=x", "location"),
        ("location=99999999999999999999", "location"),
        ("typeclass=os.system", ""),
        ("alias=", "alias"),
        ("tag=", "tag"),
        ("tag=x:" + "y" * 100, "tag"),
        ("attr.=5", "attr."),
        ("attr.oil__gt=true", "attr.oil__gt"),
        ("attr.oil__gt=[1]", "attr.oil__gt"),
        ("attr.oil__range=5", "attr.oil__range"),
        ("attr.oil__in=5", "attr.oil__in"),
        ("attr.oil=999999999999999999999999", "attr.oil"),
        ("attr.oil__isnull=maybe", "attr.oil__isnull"),
        ("attr.x=a%00b", "attr.x"),
        ("name=a%00b", "name"),
        ("attr.x=" + "y" * 2000, "attr.x"),
    ],
)
def test_a_filter_that_there_is_not_is_named(builder: Api, box: Any, query: str, path: str) -> None:
    answer = builder.get(f"/objects?{query}")
    assert answer.status_code == 422, answer.said
    if path:
        assert answer.said["errors"][0]["path"] == path


def test_so_many_filters_and_no_more(builder: Api, box: Any) -> None:
    assert builder.get("/objects?" + "&".join(["tag=even"] * 21)).status_code == 422
    assert builder.get("/objects?" + "&".join(["tag=even"] * 2000)).status_code == 400


@pytest.mark.defect("V-9")
def test_nobody_finds_out_by_comparing_what_they_may_not_read(builder: Api, as_rank: Any, box: Any) -> None:
    safe = create_object(DefaultObject, key="safe", location=box)
    safe.attributes.add("code", 1234, lockstring="attrread:perm(Developer)")
    chest = create_object(DefaultObject, key="chest", location=box)
    chest.attributes.add("code", 1234, lockstring="attredit:perm(Developer)")
    for query in ("attr.code=1234", "attr.code__gt=1000", "attr.code__exists=true", "attr.code__isnull=false"):
        assert ids(builder.get(f"/objects?{query}")) == [chest.pk], query
        assert ids(as_rank("superuser").get(f"/objects?{query}")) == [safe.pk, chest.pk], query
    assert safe.pk in ids(builder.get("/objects?attr.code__exists=false&limit=100"))
    quelled = make_account("Quelled", "Builder", is_superuser=True)
    quelled.attributes.add("_quell", True)
    assert ids(api_of(quelled).get("/objects?attr.code=1234")) == [chest.pk]


@pytest.mark.defect("V-9")
@pytest.mark.parametrize(
    ("locks", "finders"),
    [
        ("examine:perm(Builder)", {"Builder", "Admin", "superuser"}),
        ("examine:all()", {"Builder", "Admin", "superuser"}),
        ("examine:perm(Admin)", {"Admin", "superuser"}),
        ("examine:perm(Developer)", {"superuser"}),
        ("examine:perm(Builder) and false()", {"superuser"}),
        ("examine:not perm(Builder)", {"superuser"}),
        ("xexamine:perm(Builder);examine:false()", {"superuser"}),
        ("examine:all();api:false()", {"superuser"}),
    ],
)
def test_what_may_not_be_examined_is_not_found_by_its_attributes(
    as_rank: Any, box: Any, locks: str, finders: set[str]
) -> None:
    safe = create_object(DefaultObject, key="safe", location=box, attributes={"code": 1234})
    safe.locks.add(locks)
    for rank in ("Builder", "Admin", "superuser"):
        found = ids(as_rank(rank).get("/objects?attr.code__gt=1000"))
        assert found == ([safe.pk] if rank in finders else []), rank


def test_other_kinds_are_found_by_their_attributes(builder: Api, admin: Api, box: Any) -> None:
    idle = create_script(key="idle", attributes={"code": 1})
    tick = create_script(key="tick", obj=box, attributes={"code": 1}, locks="examine:perm(Builder)")
    heard = create_channel("heard", attrs={"code": 1})
    create_channel("secret", attrs={"code": 1}, locks="listen:perm(Developer)")
    assert ids(builder.get("/scripts?attr.code=1")) == [tick.pk]
    assert ids(admin.get("/scripts?attr.code=1")) == [idle.pk, tick.pk]
    assert ids(builder.get("/channels?attr.code=1")) == [heard.pk]
    make_account("Coder").attributes.add("code", 1)
    assert len(ids(admin.get("/accounts?attr.code=1"))) == 1


def test_accounts_are_filtered_by_admins(builder: Api, admin: Api) -> None:
    for query in ("attr.x=1", "tag=x", "permission=Admin"):
        assert builder.get(f"/accounts?{query}").status_code == 403
        assert admin.get(f"/accounts?{query}").status_code == 200
    assert builder.get("/accounts?name=theadmin").said["results"] == [
        {
            "id": admin.account.pk,
            "key": "TheAdmin",
            "typeclass": admin.account.typeclass_path,
            "restricted": True,
        }
    ]


def test_what_is_listed_is_what_is_shown_alone(builder: Api, box: Any) -> None:
    listed = builder.get(f"/objects?location={box.pk}").said["results"]
    for one in listed[:3]:
        assert builder.get(f"/objects/{one['id']}").said == one
    assert json.dumps(listed)
