"""Who may do what: every kind, every verb, every rank. Nobody may what is not in these tables."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.web.rest.conftest import Api, api_of, make_account

pytestmark = [pytest.mark.django_db, pytest.mark.defect("V-9")]

RANKS = ("", "Player", "Builder", "Admin", "quelled", "superuser")
KINDS = ("accounts", "objects", "characters", "rooms", "exits", "scripts", "channels")

#: Per kind and verb: what Builder, Admin and superuser are answered. The locks are those that new things have.
ALLOWED = {
    "accounts": {"GET": (403, 200, 200), "PATCH": (403, 200, 200), "DELETE": (403, 204, 204)},
    "objects": {"GET": (200, 200, 200), "PATCH": (403, 200, 200), "DELETE": (403, 204, 204)},
    "characters": {"GET": (200, 200, 200), "PATCH": (403, 200, 200), "DELETE": (403, 204, 204)},
    "rooms": {"GET": (200, 200, 200), "PATCH": (403, 200, 200), "DELETE": (403, 204, 204)},
    "exits": {"GET": (200, 200, 200), "PATCH": (403, 200, 200), "DELETE": (403, 204, 204)},
    "scripts": {"GET": (403, 200, 200), "PATCH": (403, 200, 200), "DELETE": (403, 204, 204)},
    "channels": {"GET": (200, 200, 200), "PATCH": (403, 200, 200), "DELETE": (403, 204, 204)},
}
COLUMNS = ("Builder", "Admin", "superuser")


def expected(kind: str, verb: str, rank: str) -> int:
    if rank == "":
        return 401
    if rank in ("Player", "quelled"):
        return 403
    return ALLOWED[kind][verb][COLUMNS.index(rank)]


@pytest.fixture
def things(room: Any) -> dict[str, Any]:
    """One of each kind, made as code makes them."""
    from perdure.create import create_channel, create_object, create_script
    from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultObject

    return {
        "accounts": make_account("Somebody"),
        "objects": create_object(DefaultObject, key="lamp", location=room, home=room),
        "characters": create_object(DefaultCharacter, key="Bilbo", location=room, home=room),
        "rooms": room,
        "exits": create_object(DefaultExit, key="out", location=room, destination=room, home=room),
        "scripts": create_script(key="clock"),
        "channels": create_channel("news"),
    }


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("kind", KINDS)
def test_one_thing(as_rank: Any, things: dict[str, Any], kind: str, rank: str) -> None:
    api, thing = as_rank(rank), things[kind]
    address, name = f"/{kind}/{thing.pk}", thing.key
    got = api.get(address)
    assert got.status_code == expected(kind, "GET", rank)
    assert (got.said.get("key") == name) is (got.status_code == 200)
    changed = api.patch(address, {"key": "changed"})
    assert changed.status_code == expected(kind, "PATCH", rank)
    assert thing.key == ("changed" if changed.status_code == 200 else name)
    deleted = api.delete(address)
    assert deleted.status_code == expected(kind, "DELETE", rank)
    assert thing._is_deleted is (deleted.status_code == 204)


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("kind", KINDS)
def test_all_of_a_kind(as_rank: Any, things: dict[str, Any], kind: str, rank: str) -> None:
    api = as_rank(rank)
    allowed = rank in COLUMNS
    refused = 403 if rank else 401
    listed = api.get(f"/{kind}")
    assert listed.status_code == (200 if allowed else refused)
    said = {"key": "new one"}
    if kind == "accounts":
        said = {"key": "newcomer", "password": "l0ng-enough-for-all"}
    made = api.post(f"/{kind}", said)
    assert made.status_code == (201 if allowed else refused), made.said
    if allowed:
        model = things[kind].__dbclass__
        assert model.objects.get(pk=made.said["id"]).key == said["key"]
        assert made["Location"] == f"/api/{kind}/{made.said['id']}"


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("kind", KINDS)
def test_attributes_and_tags(as_rank: Any, things: dict[str, Any], kind: str, rank: str) -> None:
    api, thing = as_rank(rank), things[kind]
    thing.attributes.add("colour", "red")
    read, write = expected(kind, "GET", rank), expected(kind, "PATCH", rank)
    address = f"/{kind}/{thing.pk}"
    for path in ("attributes", "attributes/colour", "tags"):
        assert api.get(f"{address}/{path}").status_code == read, path
    assert api.put(f"{address}/attributes/colour", {"value": "blue"}).status_code == write
    assert thing.attributes.get("colour") == ("blue" if write == 200 else "red")
    assert api.put(f"{address}/tags/seen").status_code == write
    assert thing.tags.has("seen") is (write == 200)
    assert api.delete(f"{address}/tags/seen").status_code == write
    assert api.delete(f"{address}/attributes/colour").status_code == (204 if write == 200 else write)
    assert thing.attributes.has("colour") is (write != 200)


@pytest.mark.parametrize("path", ["/", "/openapi.json", "/me", "/objects/", "/nowhere", "/objects/1/nothing", "/docs"])
def test_nobody_learns_what_there_is(as_rank: Any, path: str) -> None:
    answer = as_rank("").get(path)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer["Content-Type"] == "application/problem+json"
    assert as_rank("Player").get(path).status_code == 403


def test_there_is_no_api_unless_it_is_wanted(site: Any, db: Any) -> None:
    assert Api().get("/objects").status_code == 404
    assert b"<html" in Api().get("/objects").content, "not the API's own 404"


def test_a_quelled_superuser_is_what_it_is_without(rest: Any, things: dict[str, Any]) -> None:
    account = make_account("Quelled", "Builder", is_superuser=True)
    api = api_of(account)
    assert api.patch(f"/rooms/{things['rooms'].pk}", {"key": "palace"}).status_code == 200
    account.attributes.add("_quell", True)
    assert api.get("/rooms").status_code == 200
    assert api.patch(f"/rooms/{things['rooms'].pk}", {"key": "hall"}).status_code == 403
    # Not even itself: what it has laid down protects it still.
    account.locks.add("edit:all()")
    assert api.delete(f"/accounts/{account.pk}/attributes/_quell").status_code == 403
    assert account.attributes.get("_quell") is True


def test_the_lock_of_the_api_is_a_setting(as_rank: Any, rest: Any, lamp: Any) -> None:
    player = as_rank("Player")
    rest.REST_API_LOCK = "perm(Player)"
    assert player.get("/me").said["rank"] == "Player"
    assert player.get("/objects").status_code == 403, "listing takes a builder"
    assert player.post("/objects", {"key": "box"}).status_code == 403
    assert player.get(f"/objects/{lamp.pk}").status_code == 404, "builders alone know of what has no lock api"
    lamp.locks.add("api:all()")
    assert player.get(f"/objects/{lamp.pk}").status_code == 403
    lamp.locks.add("examine:all()")
    assert player.get(f"/objects/{lamp.pk}").said["key"] == "lamp"
    assert player.patch(f"/objects/{lamp.pk}", {"key": "box"}).status_code == 403
    rest.REST_API_LOCK = "api:false()"
    assert as_rank("Admin").get("/me").status_code == 403
    assert as_rank("superuser").get("/me").status_code == 200


@pytest.mark.parametrize("lock", ["perm(", "", "nosuch()"])
def test_a_lock_of_the_api_that_cannot_be_read_lets_nobody_by(as_rank: Any, rest: Any, lock: str) -> None:
    rest.REST_API_LOCK = lock
    assert as_rank("Developer").get("/me").status_code == 403


def test_an_entity_that_the_api_does_not_know_of(builder: Api, admin: Api, lamp: Any) -> None:
    lamp.locks.add("api:perm(Developer)")
    address = f"/objects/{lamp.pk}"
    lamp.attributes.add("oil", 5)
    for method, path, said in (
        ("GET", address, None),
        ("PATCH", address, {"key": "x"}),
        ("DELETE", address, None),
        ("GET", f"{address}/attributes", None),
        ("GET", f"{address}/attributes/oil", None),
        ("PUT", f"{address}/attributes/oil", {"value": 1}),
        ("DELETE", f"{address}/attributes/oil", None),
        ("GET", f"{address}/tags", None),
        ("PUT", f"{address}/tags/x", None),
        ("DELETE", f"{address}/tags/x", None),
    ):
        assert admin(method, path, said).status_code == 404, (method, path)
    listed = builder.get("/objects").said["results"]
    assert {"id": lamp.pk, "restricted": True} in listed
    assert builder.get(f"/objects/{lamp.pk}").said["detail"] == "There is no such thing here."


def test_what_may_not_be_examined_shows_no_more_than_its_name(builder: Api, lamp: Any) -> None:
    lamp.locks.add("examine:perm(Developer)")
    (found,) = [one for one in builder.get("/objects").said["results"] if one["id"] == lamp.pk]
    assert found == {"id": lamp.pk, "key": "lamp", "typeclass": lamp.typeclass_path, "restricted": True}


def test_who_stands_above_is_left_alone(admin: Api, as_rank: Any) -> None:
    developer = make_account("Dev", "Developer")
    address = f"/accounts/{developer.pk}"
    assert admin.get(address).status_code == 200
    for answer in (
        admin.patch(address, {"email": "mine@example.com"}),
        admin.put(f"{address}/attributes/x", {"value": 1}),
        admin.delete(address),
    ):
        assert answer.status_code == 403
        assert "stands above" in answer.said["detail"]
    assert developer.email == "dev@example.com"
    assert as_rank("superuser").patch(address, {"email": "new@example.com"}).status_code == 200


def test_permissions_are_given_by_who_may_and_never_above_their_own(builder: Api, admin: Api, as_rank: Any) -> None:
    somebody = make_account("Somebody")
    address = f"/accounts/{somebody.pk}"
    assert admin.patch(address, {"permissions": ["player", "builder"]}).status_code == 403, "not with this rank alone"
    assert builder.post("/objects", {"key": "golem", "permissions": ["Builder"]}).status_code == 403
    password = "l0ng-enough-for-all"
    said = {"key": "minion", "password": password, "permissions": ["Admin"]}
    assert builder.post("/accounts", said).status_code == 403
    admin.account.permissions.add("perm")
    assert admin.patch(address, {"permissions": ["player", "Builder"]}).said["permissions"] == ["builder", "player"]
    above = admin.patch(address, {"permissions": ["Developer"]})
    assert above.status_code == 403
    assert "above your own rank" in above.said["detail"]
    assert set(somebody.permissions.all()) == {"player", "builder"}
    made = as_rank("superuser").post("/accounts", said)
    assert made.said["permissions"] == ["admin"]


def test_what_is_given_and_taken_is_in_the_security_log(
    as_rank: Any, lamp: Any, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    somebody = make_account("Somebody")
    owner = as_rank("superuser")
    with caplog.at_level(logging.WARNING, "perdure.security"), django_capture_on_commit_callbacks(execute=True):
        owner.patch(f"/accounts/{somebody.pk}", {"permissions": ["Builder"]})
        owner.post("/objects", {"key": "golem", "permissions": ["Helper"]})
        owner.patch(f"/accounts/{somebody.pk}", {"permissions": ["Admin"], "email": "none"})
    told = [line for line in caplog.messages if line.startswith("permission")]
    assert [" ".join(line.split()[:4]) for line in told] == [
        "permission builder given to",
        "permission player taken from",
        "permission Helper given to",
    ]
    assert all("by Superuser(account" in line and line.endswith(", api") for line in told)


def test_control_is_changed_by_who_controls(admin: Api, builder: Api, lamp: Any) -> None:
    assert admin.patch(f"/objects/{lamp.pk}", {"locks": {"get": "perm(Admin)"}}).status_code == 200
    assert admin.patch(f"/objects/{lamp.pk}", {"locks": {"control": "perm(Admin)"}}).status_code == 403
    assert admin.patch(f"/objects/{lamp.pk}", {"locks": {" Control ": None}}).status_code == 403
    assert lamp.locks.get("control") == "control:perm(Developer)"
    mine = builder.post("/objects", {"key": "mine"}).said
    changed = builder.patch(f"/objects/{mine['id']}", {"locks": {"control": "perm(Player)", "get": None}})
    assert changed.said["locks"]["control"] == "perm(Player)"
    assert "get" not in changed.said["locks"]


@pytest.mark.parametrize(
    "locks",
    [
        {"get": "true();edit:true()"},
        {"get:true();edit": "true()"},
        {"get": "nosuch()"},
        {"get": "("},
        {"a b": "true()"},
    ],
)
def test_one_lock_is_one_lock(admin: Api, lamp: Any, locks: dict[str, str]) -> None:
    before = lamp.lock_storage
    assert admin.patch(f"/objects/{lamp.pk}", {"locks": locks}).status_code == 422
    assert lamp.lock_storage == before


def test_a_script_goes_by_its_host(builder: Api, admin: Api, lamp: Any) -> None:
    assert builder.post("/scripts", {"key": "tick", "obj": lamp.pk}).status_code == 403
    made = admin.post("/scripts", {"key": "tick", "obj": lamp.pk}).said
    address = f"/scripts/{made['id']}"
    assert builder.get(address).status_code == 200, "who may examine the lamp"
    assert builder.delete(address).status_code == 403
    lamp.locks.add(f"edit:pid({builder.account.pk})")
    assert builder.patch(address, {"desc": "ticks"}).said["desc"] == "ticks"
    assert builder.delete(address).status_code == 204


def test_places_are_asked(builder: Api, admin: Api, lamp: Any, room: Any) -> None:
    vault = admin.post("/rooms", {"key": "vault", "locks": {"teleport_here": "perm(Admin)"}}).said["id"]
    assert builder.post("/objects", {"key": "spy", "location": vault}).status_code == 403
    mine = builder.post("/objects", {"key": "mine", "location": room.pk}).said["id"]
    assert builder.patch(f"/objects/{mine}", {"location": vault}).status_code == 403
    assert admin.patch(f"/objects/{mine}", {"location": vault}).said["location"] == vault
    assert builder.patch(f"/objects/{mine}", {"location": None}).said["location"] is None


def test_what_is_needed_stays(admin: Api, lamp: Any, room: Any, rest: Any) -> None:
    rest.DEFAULT_HOME = room.dbref
    assert admin.delete(f"/rooms/{room.pk}").status_code == 409
    assert admin.delete(f"/accounts/{admin.account.pk}").status_code == 409
    assert not room._is_deleted
