"""What goes wrong: undone in database and memory, told as a problem, with an id where it is the game's own error."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from perdure.create import create_object
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.web.rest.answers import PAGES, SHOWN, AttributePage, AttributeShown, Me, ProblemShown, TagsShown
from tests.web.rest.conftest import Api, make_account

pytestmark = pytest.mark.django_db


class RestBomb(DefaultObject):
    """Breaks when it is renamed to a name that says so."""

    def at_rename(self, oldname: str, newname: str) -> None:
        self.db.renamed = newname
        if newname == "boom":
            raise RuntimeError("a secret of the code")

    def at_object_creation(self) -> None:
        if self.db_key == "dud":
            raise RuntimeError("a secret of the code")


@pytest.fixture
def bomb(room: Any) -> Any:
    return create_object(RestBomb, key="bomb", location=room, home=room)


@pytest.mark.defect("V-14")
def test_an_error_of_the_game_is_undone_logged_and_told_by_its_id(
    admin: Api, bomb: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "perdure.web.rest"):
        answer = admin.patch(f"/objects/{bomb.pk}", {"key": "boom", "aliases": ["x"]})
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert "secret" not in answer.content.decode()
    (record,) = [one for one in caplog.records if one.name == "perdure.web.rest"]
    assert answer.said["error_id"] in record.getMessage()
    assert answer.said["error_id"] in answer.said["detail"]
    assert "a secret of the code" in str(record.exc_info[1])
    assert (bomb.key, bomb.aliases.all(), bomb.db.renamed) == ("bomb", [], None)
    assert ObjectDB.objects.filter(db_key="bomb").exists()


def test_a_creation_that_breaks_leaves_nothing(builder: Api, room: Any) -> None:
    number = ObjectDB.objects.count()
    assert builder.post("/objects", {"key": "dud", "typeclass": RestBomb.path}).status_code == 500
    assert builder.post("/objects", {"key": "ok", "locks": {"get": "nonsense"}}).status_code == 422
    assert builder.post("/objects", {"key": "ok", "attributes": {"a": 1, "b": {"~type": []}}}).status_code == 422
    assert ObjectDB.objects.count() == number
    assert not ObjectDB.objects.filter(db_key="ok").exists()


@pytest.mark.defect("V-9")
def test_a_field_that_is_refused_undoes_those_before_it(admin: Api, lamp: Any) -> None:
    answer = admin.patch(
        f"/objects/{lamp.pk}", {"key": "changed", "aliases": ["x"], "home": 999_999, "locks": {"get": "all()"}}
    )
    assert answer.status_code == 422
    assert (lamp.key, lamp.aliases.all()) == ("lamp", [])
    lamp.refresh_from_db()
    assert lamp.key == "lamp"


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("PUT", "/objects", 405, {"GET", "POST"}),
        ("POST", "/objects/1", 405, {"GET", "PATCH", "DELETE"}),
        ("OPTIONS", "/objects", 405, {"GET", "POST"}),
        ("POST", "/openapi.json", 405, {"GET"}),
        ("GET", "/objects/99999999", 404, None),
        ("GET", "/objects/99999999999999999999999999", 404, None),
        ("GET", "/objects/0", 404, None),
        ("GET", "/objects/-1", 404, None),
        ("GET", "/objects/x", 404, None),
        ("GET", "/objects/", 404, None),
        ("GET", "/helpentries", 404, None),
        ("GET", "/docs", 404, None),
    ],
)
def test_every_answer_is_a_problem(
    builder: Api, room: Any, method: str, path: str, status: int, allowed: set[str] | None
) -> None:
    answer = builder(method, path)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    problem = ProblemShown.model_validate(answer.said)
    assert problem.status == status
    if allowed is not None:
        assert {name.strip() for name in answer["Allow"].split(",")} == allowed


def test_only_the_head_can_be_asked_for(builder: Api, lamp: Any) -> None:
    whole, head = builder.get(f"/objects/{lamp.pk}"), builder("HEAD", f"/objects/{lamp.pk}")
    assert (head.status_code, head.content) == (200, b"")
    assert head["ETag"] == whole["ETag"]
    assert builder("HEAD", "/objects/999").status_code == 404


# --- bodies


@pytest.mark.defect("V-12")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b'{"key": NaN}', 400),
        (b'{"key": "\\ud800"}', 400),
        (b"[" * 100_000, 400),
        (b'{"key": "x", "attributes": {"a": ' + b"[" * 70 + b"]" * 70 + b"}}", 400),
        (b'{"key": "x", "attributes": {"a": ' + b"[" * 50 + b"]" * 50 + b"}}", 201),
        (b'{"key": "x", "attributes": {"a": ' + b"9" * 5000 + b"}}", 400),
        (b'{"key": "' + b"x" * 300_000 + b'"}', 413),
    ],
)
def test_a_body_is_bounded(builder: Api, room: Any, body: bytes, status: int) -> None:
    assert builder("POST", "/objects", body).status_code == status


def test_a_body_that_lies_about_its_length(builder: Api, rest: Any) -> None:
    rest.REST_API_MAX_BODY = 10
    assert builder("POST", "/objects", b'{"key": "longer than it"}').status_code == 413


# --- changes that rest on what was seen


def test_a_change_is_held_to_what_was_seen(admin: Api, lamp: Any) -> None:
    address = f"/objects/{lamp.pk}"
    seen = admin.get(address)["ETag"]
    assert admin.get(address)["ETag"] == seen
    first = admin.patch(address, {"key": "mine"}, **{"If-Match": seen})
    assert first.status_code == 200
    late = admin.patch(address, {"key": "yours"}, **{"If-Match": seen})
    assert late.status_code == 412
    assert lamp.key == "mine"
    lamp.tags.add("x")
    assert admin.delete(address, **{"If-Match": first["ETag"]}).status_code == 412, "its tags are shown, too"
    now = admin.get(address)["ETag"]
    assert admin.patch(address, {"key": "yours"}, **{"If-Match": f'"other", {now}'}).status_code == 200
    assert admin.delete(address, **{"If-Match": "*"}).status_code == 204


def test_an_attribute_is_held_to_what_was_seen(admin: Api, lamp: Any) -> None:
    address = f"/objects/{lamp.pk}/attributes/oil"
    assert admin.put(address, {"value": 1}, **{"If-Match": "*"}).status_code == 412, "there is none"
    seen = admin.put(address, {"value": 1})["ETag"]
    assert admin.get(address)["ETag"] == seen
    assert admin.put(address, {"value": 2}, **{"If-Match": seen}).status_code == 200
    assert admin.put(address, {"value": 3}, **{"If-Match": seen}).status_code == 412
    assert admin.delete(address, **{"If-Match": seen}).status_code == 412
    assert lamp.db.oil == 2


def test_who_changes_at_the_same_moment_is_told_to_ask_again(
    admin: Api, lamp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the game loop, which would run it again."""
    from perdure.errors import StaleObject

    def stale(*args: Any) -> None:
        raise StaleObject("row 5 of some table")

    monkeypatch.setattr("perdure.web.rest.entity_routes.change", stale)
    answer = admin.patch(f"/objects/{lamp.pk}", {"key": "x"})
    assert answer.status_code == 409
    assert "table" not in answer.said["detail"]


# --- the description


@pytest.mark.defect("V-9")
def test_the_description_names_every_address_and_loads_nothing(builder: Api, rest: Any) -> None:
    from perdure.web.rest.kinds import KINDS

    answer = builder.get("/openapi.json")
    assert answer["Content-Type"] == "application/json"
    said = answer.said
    assert said["openapi"].startswith("3.")
    verbs = {path: {verb.upper() for verb in entry} for path, entry in said["paths"].items()}
    expected: dict[str, set[str]] = {"/api/me": {"GET"}}
    for kind in KINDS:
        expected[f"/api/{kind}"] = {"GET", "POST"}
        expected[f"/api/{kind}/{{number}}"] = {"GET", "PATCH", "DELETE"}
        expected[f"/api/{kind}/{{number}}/attributes"] = {"GET"}
        expected[f"/api/{kind}/{{number}}/attributes/{{key}}"] = {"GET", "PUT", "DELETE"}
        expected[f"/api/{kind}/{{number}}/tags"] = {"GET"}
        expected[f"/api/{kind}/{{number}}/tags/{{key}}"] = {"PUT", "DELETE"}
    assert verbs == expected
    ids = [verb["operationId"] for entry in said["paths"].values() for verb in entry.values()]
    assert len(ids) == len(set(ids))
    schemas = said["components"]["schemas"]
    references = {one.split("/")[-1] for one in _references(said)}
    assert references <= set(schemas), references - set(schemas)
    assert {"ObjectChange", "AccountCreation", "ProblemShown"} <= references
    assert schemas["ObjectChange"]["additionalProperties"] is False
    parameters = {one["name"] for one in said["paths"]["/api/objects"]["get"]["parameters"]}
    assert {"limit", "offset", "tag", "attr.<key>", "location"} <= parameters
    assert set(said["components"]["securitySchemes"]) == {"token", "session"}
    assert "http://" not in answer.content.decode().replace("http://json-schema", "")


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(part) for part in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(part) for part in node))
    return set()


def test_answers_are_as_described(as_rank: Any, lamp: Any) -> None:
    from perdure.create import create_channel, create_script

    api = as_rank("superuser")
    things = {
        "accounts": make_account("Somebody"),
        "objects": lamp,
        "rooms": lamp.location,
        "scripts": create_script(key="tick", interval=60),
        "channels": create_channel("news", desc="x"),
    }
    for kind, thing in things.items():
        thing.attributes.add("a", [1], lockstring="attrread:all()")
        thing.attributes.add("s", "text", strattr=True)
        thing.tags.add("t", category="c")
        address = f"/{kind}/{thing.pk}"
        one = api.get(address).said
        SHOWN[kind].model_validate(one)
        assert set(one) == set(SHOWN[kind].model_fields) - {"restricted"}
        PAGES[kind].model_validate(api.get(f"/{kind}").said)
        AttributePage.model_validate(api.get(f"{address}/attributes").said)
        AttributeShown.model_validate(api.get(f"{address}/attributes/a").said)
        assert api.get(f"{address}/attributes/s").said["strvalue"] == "text"
        TagsShown.model_validate(api.get(f"{address}/tags").said)
    Me.model_validate(api.get("/me").said)
    assert json.dumps(one)
