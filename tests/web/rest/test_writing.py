"""What can be written, in which form, and what becomes of it; what cannot is refused by name and changes nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from perdure.accounts.models import AccountDB
from perdure.conf import conf
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultObject
from tests.web.rest.conftest import Api, api_of, make_account

pytestmark = pytest.mark.django_db

CREATION = {
    "objects": {"key", "typeclass", "location", "home", "destination", "aliases", "tags", "permissions", "locks"}
    | {"attributes"},
    "accounts": {"key", "typeclass", "password", "email", "permissions"},
    "scripts": {"key", "typeclass", "obj", "account", "desc", "interval", "start_delay", "repeats", "persistent"}
    | {"autostart", "tags", "locks", "attributes"},
    "channels": {"key", "typeclass", "desc", "aliases", "keep_log", "tags", "locks", "attributes"},
}
CHANGE = {
    "objects": {"key", "aliases", "permissions", "locks", "location", "home", "destination"},
    "accounts": {"key", "aliases", "permissions", "locks", "email"},
    "scripts": {"key", "aliases", "permissions", "locks", "desc", "interval", "repeats", "start_delay", "persistent"}
    | {"timer"},
    "channels": {"key", "aliases", "permissions", "locks", "desc"},
}
SAME = {"characters": "objects", "rooms": "objects", "exits": "objects"}


# --- write lists


@pytest.mark.defect("V-9")
@pytest.mark.parametrize("kind", ["accounts", "objects", "characters", "rooms", "exits", "scripts", "channels"])
def test_what_can_be_written_is_a_list_and_every_field_of_it_is_dealt_with(rest: Any, kind: str) -> None:
    from perdure.web.rest.changing import _SETTERS, _TIMER
    from perdure.web.rest.kinds import KINDS

    known = KINDS[kind]
    assert set(known.creation.model_fields) == CREATION[SAME.get(kind, kind)]
    assert set(known.change.model_fields) == CHANGE[SAME.get(kind, kind)]
    assert set(known.change.model_fields) <= {*_SETTERS, *_TIMER}


@pytest.mark.defect("V-9")
@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("accounts", "password"),
        ("accounts", "is_superuser"),
        ("accounts", "is_staff"),
        ("accounts", "db_is_connected"),
        ("objects", "db_account"),
        ("objects", "account"),
        ("objects", "typeclass"),
        ("objects", "id"),
        ("objects", "attributes"),
        ("objects", "db_lock_storage"),
        ("scripts", "obj"),
        ("scripts", "next_due"),
        ("channels", "db_account_subscriptions"),
        ("channels", "__class__"),
    ],
)
def test_other_fields_are_refused_by_name(as_rank: Any, lamp: Any, kind: str, field: str) -> None:
    from perdure.create import create_channel, create_script

    thing = {
        "accounts": lambda: make_account("Somebody"),
        "objects": lambda: lamp,
        "scripts": lambda: create_script(key="s"),
        "channels": lambda: create_channel("c"),
    }[kind]()
    name = thing.key
    answer = as_rank("superuser").patch(f"/{kind}/{thing.pk}", {"key": "changed", field: "x"})
    assert answer.status_code == 422
    assert answer.said["errors"] == [{"path": field, "message": f"there is no field {field!r}"}]
    assert thing.key == name


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({}, "key"),
        ({"key": ""}, "key"),
        ({"key": " \n "}, "key"),
        ({"key": "a\nb"}, "key"),
        ({"key": "a\0b"}, "key"),
        ({"key": "x" * 256}, "key"),
        ({"key": 5}, "key"),
        ({"key": None}, "key"),
        ({"key": "x", "location": "here"}, "location"),
        ({"key": "x", "location": True}, "location"),
        ({"key": "x", "location": 2**70}, "location"),
        ({"key": "x", "location": -1}, "location"),
        ({"key": "x", "aliases": "lamp"}, "aliases"),
        ({"key": "x", "aliases": ["a", ""]}, "aliases.1"),
        ({"key": "x", "tags": ["light"]}, "tags.0"),
        ({"key": "x", "tags": [{"key": "a", "colour": "b"}]}, "tags.0.colour"),
        ({"key": "x", "permissions": ["a b"]}, "permissions.0"),
        ({"key": "x", "locks": "get:true()"}, "locks"),
    ],
)
def test_values_have_their_types(builder: Api, room: Any, said: dict[str, Any], path: str) -> None:
    number = ObjectDB.objects.count()
    answer = builder.post("/objects", said)
    assert answer.status_code == 422
    assert path in [one["path"] for one in answer.said["errors"]]
    assert ObjectDB.objects.count() == number


@pytest.mark.parametrize("said", [[], "x", 5, None, b"", b"null", b"[{}]"])
def test_a_body_is_an_object(builder: Api, room: Any, said: Any) -> None:
    assert builder.post("/objects", said).status_code == 422


# --- making


@pytest.mark.defect("V-9")
def test_a_new_object_is_as_it_was_said(builder: Api, room: Any) -> None:
    said = {
        "key": "brass lamp",
        "location": room.pk,
        "home": None,
        "aliases": ["Lamp"],
        "tags": [{"key": "light", "category": "kind"}, {"key": "old"}],
        "locks": {"get": "false()"},
        "attributes": {"oil": 5, "seen": {"~set": [1, 2]}, "pair": {"~tuple": ["a", {"b": [1.5, None]}]}},
    }
    made = builder.post("/objects", said)
    assert made.status_code == 201
    lamp = ObjectDB.objects.get(pk=made.said["id"])
    assert type(lamp) is DefaultObject
    assert (lamp.key, lamp.location, lamp.home) == ("brass lamp", room, None)
    assert lamp.aliases.all() == ["lamp"]
    assert lamp.tags.all(return_key_and_category=True) == [("light", "kind"), ("old", None)]
    assert lamp.locks.get("get") == "get:false()"
    assert lamp.db.oil == 5
    assert lamp.db.seen == {1, 2}
    assert lamp.db.pair == ("a", {"b": [1.5, None]})
    assert lamp.db.creator_id == builder.account.pk
    assert lamp in room.contents
    assert builder.get(f"/objects/{lamp.pk}").content == made.content
    assert builder.delete(f"/objects/{lamp.pk}").status_code == 204, "who made it controls it"


def test_kinds_have_their_classes(builder: Api, room: Any) -> None:
    assert builder.post("/rooms", {"key": "x"}).said["typeclass"] == conf.BASE_ROOM_TYPECLASS
    assert builder.post("/rooms", {"key": "x", "typeclass": "objects.objects.DefaultRoom"}).status_code == 201
    for wrong in ("perdure.objects.objects.DefaultObject", "perdure.scripts.scripts.DefaultScript"):
        answer = builder.post("/rooms", {"key": "x", "typeclass": wrong})
        assert answer.status_code == 422, wrong
    assert builder.get(f"/exits/{room.pk}").status_code == 404, "a room is no exit"
    assert builder.get(f"/objects/{room.pk}").status_code == 200, "but an object"


@pytest.mark.defect("V-9")
def test_no_module_is_imported_for_a_client(builder: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from perdure.typeclasses import registry

    monkeypatch.setattr(registry, "_import", lambda *args: pytest.fail("imported"))
    for path in ("perdure.cli.main.app", "os.system", "perdure.worlds.nowhere.Lamp", "DefaultObject"):
        assert builder.post("/objects", {"key": "x", "typeclass": path}).status_code == 422


def test_a_character_of_the_api_is_nobodys(builder: Api, room: Any) -> None:
    made = builder.post("/characters", {"key": "Bilbo", "location": room.pk}).said
    bilbo = DefaultCharacter.objects.get(pk=made["id"])
    assert bilbo not in builder.account.characters.all()
    assert bilbo.access(builder.account, "edit")


@pytest.mark.defect("V-7")
def test_an_account_is_made_as_people_register(admin: Api, room: Any, rest: Any) -> None:
    said = {"key": "Bob", "password": "l0ng-enough-for-all", "email": "bob@example.com"}
    made = admin.post("/accounts", said)
    assert made.status_code == 201
    bob = AccountDB.objects.get(pk=made.said["id"])
    assert bob.check_password(said["password"])
    assert not bob.is_superuser
    assert bob.permissions.all() == ["player"]
    assert said["password"] not in made.content.decode()
    for wrong, status in (
        ({**said, "key": "bob"}, 422),
        ({**said, "key": "b"}, 422),
        ({**said, "key": "Carol", "password": "12345"}, 422),
        ({**said, "key": "Carol", "email": "nobody"}, 422),
    ):
        assert admin.post("/accounts", wrong).status_code == status, wrong
    assert admin.post("/accounts", {**said, "key": "Carol"}).status_code == 201
    throttled = admin.post("/accounts", {**said, "key": "Dave"})
    assert throttled.status_code == 429, "the throttle of registration counts here"
    rest.NEW_ACCOUNT_REGISTRATION_ENABLED = False
    rest.CREATION_THROTTLE_LIMIT = None
    assert admin.post("/accounts", {**said, "key": "Dave"}).status_code == 403


def test_a_new_script_ticks(builder: Api) -> None:
    made = builder.post("/scripts", {"key": "tick", "interval": 60, "repeats": 3, "start_delay": True}).said
    assert (made["timer"], made["interval"], made["repeats"], made["obj"]) == ("running", 60, 3, None)
    quiet = builder.post("/scripts", {"key": "tick", "interval": 60, "autostart": False}).said
    assert quiet["timer"] == "stopped"


def test_a_script_has_one_host(admin: Api, lamp: Any) -> None:
    said = {"key": "x", "obj": lamp.pk, "account": admin.account.pk}
    assert admin.post("/scripts", said).status_code == 422
    assert admin.post("/scripts", {"key": "x", "obj": 999_999}).status_code == 422


# --- changing


def test_fields_that_are_not_sent_stay(admin: Api, lamp: Any, room: Any) -> None:
    lamp.aliases.add(["old", "torch"])
    before = admin.get(f"/objects/{lamp.pk}").said
    assert admin.patch(f"/objects/{lamp.pk}", {}).said == before
    after = admin.patch(f"/objects/{lamp.pk}", {"aliases": ["New", "torch"]}).said
    assert after == {**before, "aliases": ["new", "torch"]}
    assert set(lamp.aliases.all()) == {"new", "torch"}


def test_places_are_changed_with_the_hooks(admin: Api, lamp: Any, room: Any) -> None:
    box = admin.post("/objects", {"key": "box", "location": room.pk}).said["id"]
    answer = admin.patch(f"/objects/{lamp.pk}", {"location": box, "home": box, "destination": room.pk})
    assert (answer.said["location"], answer.said["home"], answer.said["destination"]) == (box, box, room.pk)
    inside = admin.patch(f"/objects/{box}", {"location": lamp.pk})
    assert inside.status_code in (409, 422), "not inside itself"
    assert admin.patch(f"/objects/{box}", {"home": box}).status_code == 422
    for name in ("location", "home", "destination"):
        answer = admin.patch(f"/objects/{lamp.pk}", {name: 999_999})
        assert answer.status_code == 422
        assert name in answer.said["detail"]


def test_an_account_is_renamed_by_the_rules(admin: Api) -> None:
    somebody, address = make_account("Somebody"), None
    address = f"/accounts/{somebody.pk}"
    make_account("Taken")
    assert admin.patch(address, {"key": "taken"}).status_code == 422
    assert admin.patch(address, {"key": "x"}).status_code == 422, "too short"
    assert admin.patch(address, {"key": "SOMEBODY"}).said["key"] == "SOMEBODY"
    assert admin.patch(address, {"email": "no address"}).status_code == 422
    assert admin.patch(address, {"email": ""}).said["email"] == ""


def test_a_name_is_stored_as_registration_stores_it(admin: Api) -> None:
    address = f"/accounts/{make_account('Somebody').pk}"
    assert admin.patch(address, {"key": "\uff33ome  \uff22ody"}).status_code == 422, "no spaces in names"
    assert admin.patch(address, {"key": "\uff21nybody"}).said["key"] == "Anybody"


def test_aliases_of_the_engine_are_left_alone(admin: Api, lamp: Any) -> None:
    lamp.aliases.add("lamps", category=lamp.plural_category)
    address = f"/objects/{lamp.pk}"
    assert admin.get(address).said["aliases"] == []
    assert admin.patch(address, {"aliases": ["torch"]}).said["aliases"] == ["torch"]
    assert admin.patch(address, {"aliases": []}).said["aliases"] == []
    assert lamp.aliases.all() == ["lamps"]


def test_permissions_are_taken_away_whatever_their_category(as_rank: Any, lamp: Any) -> None:
    lamp.permissions.add("Builder", category="old")
    lamp.permissions.add("Player")
    answer = as_rank("superuser").patch(f"/objects/{lamp.pk}", {"permissions": ["Player", "helper"]})
    assert answer.said["permissions"] == ["helper", "player"]
    assert "builder" not in lamp.permissions.all()


def test_what_the_api_hides_cannot_be_named(admin: Api, lamp: Any, room: Any) -> None:
    for kind in ("objects", "rooms"):
        hidden = admin.post(f"/{kind}", {"key": "hidden"}).said["id"]
        ObjectDB.objects.get(pk=hidden).locks.add("api:false()")
        for name in ("location", "home", "destination"):
            for answer in (
                admin.patch(f"/objects/{lamp.pk}", {name: hidden}),
                admin.post("/objects", {"key": "x", name: hidden}),
            ):
                assert answer.status_code == 422
                assert answer.said["detail"] == f"{name} is {hidden}, but there is no such object"
        assert admin.post("/scripts", {"key": "x", "obj": hidden}).status_code == 422


def test_locks_that_cannot_be_read_hide_nothing_else(admin: Api, as_rank: Any, lamp: Any, room: Any) -> None:
    ObjectDB.objects.filter(pk=lamp.pk).update(db_lock_storage="get:(;nonsense")
    lamp.refresh_from_db()
    assert admin.get(f"/objects/{lamp.pk}").status_code == 404, "closed"
    assert {"id": lamp.pk, "restricted": True} in admin.get("/objects").said["results"]
    owner = as_rank("superuser")
    assert owner.get(f"/objects/{lamp.pk}").said["locks"] == {"": "get:(;nonsense"}
    assert owner.get("/objects").said["count"] == 2


def test_the_timer_of_a_script(builder: Api) -> None:
    address = f"/scripts/{builder.post('/scripts', {'key': 'tick', 'interval': 60}).said['id']}"
    for operation, state in (("pause", "paused"), ("unpause", "running"), ("stop", "stopped"), ("start", "running")):
        assert builder.patch(address, {"timer": operation}).said["timer"] == state
    changed = builder.patch(address, {"interval": 90, "repeats": 2, "persistent": False, "desc": "ticks"}).said
    assert (changed["interval"], changed["repeats"], changed["persistent"]) == (90, 2, False)
    assert (changed["desc"], changed["timer"]) == ("ticks", "running")
    assert builder.patch(address, {"timer": "explode"}).status_code == 422
    assert builder.patch(address, {"interval": 0}).said["timer"] == "stopped"
    assert builder.patch(address, {"timer": "start"}).status_code == 409
    assert builder.patch(address, {"timer": "pause"}).status_code == 409


def test_a_channel_is_described(builder: Api) -> None:
    made = builder.post("/channels", {"key": "News", "desc": "what happens"}).said
    assert made["desc"] == "what happens"
    assert builder.patch(f"/channels/{made['id']}", {"desc": "", "key": "Olds"}).said["desc"] == ""
    taken = builder.post("/channels", {"key": "OLDS"})
    assert taken.status_code == 409
    assert "Olds" in taken.said["detail"]


# --- attributes


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -5,
        2.5,
        "",
        "text with \0 and ü",
        [],
        [1, [2, {"a": None}]],
        {"~tuple": [1, "a"]},
        {"~set": [1, 2]},
        {"~frozenset": ["a"]},
        {"~dict": [["a", 1], ["~b", 2]]},
        {"~dict": [[1, "a"], [{"~tuple": [1]}, "b"]]},
        {"~datetime": "2026-01-31T12:00:00"},
        {"~date": "2026-01-31"},
        {"~timedelta": [1, 2, 3]},
        {"~decimal": "1.10"},
        {"~int": "12345678901234567890123"},
        {"~float": "nan"},
        {"~bytes": "AAE="},
        {"~uuid": "12345678-1234-5678-1234-567812345678"},
        {"~deque": [[1, 2], 5]},
    ],
)
def test_a_value_comes_back_as_it_was_sent(admin: Api, lamp: Any, value: Any) -> None:
    address = f"/objects/{lamp.pk}/attributes/thing"
    put = admin.put(address, {"value": value})
    assert put.status_code == 201
    assert put.said == {"key": "thing", "category": None, "value": value, "locks": ""}
    lamp.attributes.reset_cache()
    got = admin.get(address)
    assert got.said["value"] == value
    assert admin.put(address, {"value": got.said["value"]}).status_code == 200
    assert admin.get(address).content == got.content


@pytest.mark.defect("V-9")
@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, {"~type": ["game.Sword", {}]}]}, "value['a'][1]"),
        ({"~pattern": ["(a+)+", 0]}, "value"),
        ({"~defaultdict": ["list", []]}, "value"),
        ({"~lambda": "x"}, "value"),
        ({"~": 1}, "value"),
        ({"~ref": ["objects.objectdb", 999_999]}, "value"),
        ({"~ref": ["auth.permission", 1]}, "value"),
        ({"~ref": "x"}, "value"),
        ({"~ref": [["objects.objectdb"], {}]}, "value"),
        ([{"~ref": ["objects.objectdb", "1"]}], "value[0]"),
        ({"~datetime": "yesterday"}, "value"),
        ({"~datetime": ["2026-01-31T12:00:00", "Europe"]}, "value"),
        ({"~datetime": ["2026-01-31T12:00:00", "../../etc/passwd"]}, "value"),
        ({"~set": [[1]]}, "value"),
        ({"~int": "9" * 6000}, "value"),
        ({"~tuple": 5}, "value"),
        ({"~timedelta": [10**12, 0, 0]}, "value"),
        ({"~decimal": "x"}, "value"),
        ({"~range": [0, 1, 0]}, "value"),
    ],
)
def test_what_is_no_value_is_refused_where_it_stands(as_rank: Any, lamp: Any, value: Any, path: str) -> None:
    answer = as_rank("superuser").put(f"/objects/{lamp.pk}/attributes/thing", {"value": value})
    assert answer.status_code == 422
    assert answer.said["detail"].startswith(path)
    assert answer.said["errors"][0]["path"] == path
    assert not lamp.attributes.has("thing")


def test_a_value_refers_to_what_one_may_change(admin: Api, lamp: Any, room: Any) -> None:
    address = f"/objects/{lamp.pk}/attributes/owner"
    reference = {"~ref": ["objects.objectdb", room.pk]}
    assert admin.put(address, {"value": [reference]}).status_code == 201
    assert lamp.db.owner == [room]
    room.locks.add("edit:false();control:false()")
    assert admin.put(address, {"value": [reference]}).status_code == 403
    room.locks.add("api:false()")
    assert admin.put(address, {"value": reference}).status_code == 422, "as if it were not there"


@pytest.mark.defect("V-9")
def test_attributes_have_locks_of_their_own(admin: Api, as_rank: Any, lamp: Any) -> None:
    lamp.attributes.add("secret", 5, lockstring="attrread:perm(Developer);attredit:perm(Developer)")
    lamp.attributes.add("shown", 1)
    lamp.attributes.add("fixed", 1, lockstring="attredit:perm(Developer)")
    address = f"/objects/{lamp.pk}/attributes"
    assert [one["key"] for one in admin.get(address).said["results"]] == ["fixed", "shown"]
    assert admin.get(address).said["count"] == 2
    hidden, missing = admin.get(f"{address}/secret"), admin.get(f"{address}/nothing")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.said["detail"].replace("secret", "") == missing.said["detail"].replace("nothing", "")
    for key in ("secret", "fixed"):
        assert admin.put(f"{address}/{key}", {"value": 6}).status_code == 403
        assert admin.delete(f"{address}/{key}").status_code == 403
    assert (lamp.db.secret, lamp.db.fixed) == (5, 1)
    assert as_rank("superuser").get(f"{address}/secret").said["value"] == 5
    lamp.locks.add("attrcreate:perm(Developer)")
    assert admin.put(f"{address}/new", {"value": 1}).status_code == 403
    lamp.attributes.add("open", 1, lockstring="attrread:perm(Developer);attredit:all()")
    assert admin.put(f"{address}/open", {"value": 7}).status_code == 204, "written, and not shown"
    assert lamp.db.open == 7


def test_an_attribute_gets_its_locks_with_it(admin: Api, lamp: Any) -> None:
    address = f"/objects/{lamp.pk}/attributes/oil"
    said = {"value": 5, "locks": "attrread:perm(Builder)"}
    assert admin.put(address, said).said["locks"] == "attrread:perm(Builder)"
    assert admin.put(address, {"value": 6}).said["locks"] == "attrread:perm(Builder)"
    assert admin.put(address, {"value": 7, "locks": "nonsense"}).status_code == 422
    assert lamp.db.oil == 6
    assert admin.put(address, {"value": 7, "locks": ""}).said["locks"] == ""


def test_keys_and_categories_of_attributes(admin: Api, lamp: Any) -> None:
    address = f"/objects/{lamp.pk}/attributes"
    assert admin.put(f"{address}/HP?category=Combat", {"value": 5}).said["category"] == "combat"
    assert lamp.attributes.get("hp", category="combat") == 5
    assert admin.get(f"{address}/hp").status_code == 404
    assert admin.put(f"{address}/a/b%20c", {"value": 5}).said["key"] == "a/b c"
    for bad in ("a%00b", "a%1Bb", "%20", "x" * 300):
        assert admin.put(f"{address}/{bad}", {"value": 5}).status_code == 422, bad
        assert admin.get(f"{address}/{bad}").status_code == 404, bad
        assert admin.delete(f"{address}/{bad}").status_code == 404, bad
    assert admin.put(f"{address}/x?category={'x' * 200}", {"value": 5}).status_code == 422
    assert admin.get(f"{address}?limit=1").said["count"] == 2
    assert admin.delete(f"{address}/hp?category=combat").status_code == 204


def test_a_declared_attribute_has_its_type(admin: Api, room: Any) -> None:
    from perdure import AttributeProperty

    class RestLantern(DefaultObject):
        oil: int = AttributeProperty(5)

    lantern = RestLantern.objects.create(db_key="lantern")
    answer = admin.put(f"/objects/{lantern.pk}/attributes/oil", {"value": 6})
    assert answer.status_code == 200
    assert lantern.oil == 6


def test_nicks_are_no_attributes(admin: Api, lamp: Any) -> None:
    lamp.nicks.add("x", "look")
    assert admin.get(f"/objects/{lamp.pk}/attributes").said["count"] == 0


# --- tags


def test_tags_are_put_and_taken_away(admin: Api, lamp: Any) -> None:
    address = f"/objects/{lamp.pk}/tags"
    both = [{"key": "light", "category": "kind"}, {"key": "old", "category": None}]
    admin.put(f"{address}/Old")
    assert admin.put(f"{address}/light?category=kind").said["results"] == both
    assert admin.put(f"{address}/light?category=kind").said["results"] == both
    assert admin.delete(f"{address}/light").said["results"] == both, "of another category"
    assert admin.delete(f"{address}/light?category=kind").said["results"] == both[1:]
    assert lamp.tags.all() == ["old"]
    for bad in ("a%00b", "%20", "x" * 300, "x?category=a%0Ab", "x?category=" + "x" * 100):
        assert admin.put(f"{address}/{bad}").status_code == 422, bad


# --- what is written down


@pytest.mark.defect("V-9")
def test_changes_are_in_the_audit_log_and_refusals_are_not(
    admin: Api, lamp: Any, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    with caplog.at_level(logging.INFO, "perdure.audit"), django_capture_on_commit_callbacks(execute=True):
        admin.patch(f"/objects/{lamp.pk}", {"key": "box"})
        admin.put(f"/objects/{lamp.pk}/attributes/oil", {"value": "very private"})
        admin.patch(f"/objects/{lamp.pk}", {"key": ""})
        admin.delete(f"/objects/{lamp.pk}")
    lines = [record.getMessage() for record in caplog.records if record.name == "perdure.audit"]
    assert len(lines) == 3
    assert all(f"account #{admin.account.pk} (TheAdmin) by token #" in line and "192.0.2.1" in line for line in lines)
    assert [f"of object #{lamp.pk}" in line or f"object #{lamp.pk}" in line for line in lines] == [True] * 3
    assert "very private" not in caplog.text


def test_the_email_is_shown_to_who_may_edit_the_account(admin: Api, builder: Api) -> None:
    somebody = make_account("Somebody")
    assert admin.get(f"/accounts/{somebody.pk}").said["email"] == "somebody@example.com"
    somebody.locks.add("examine:perm(Builder)")
    said = builder.get(f"/accounts/{somebody.pk}").said
    assert "email" not in said
    assert not [name for name in said if "password" in name]


def test_a_class_that_is_missing_keeps_its_data(admin: Api, lamp: Any) -> None:
    ObjectDB.objects.filter(pk=lamp.pk).update(db_typeclass_path="typeclasses.gone.Lamp")
    address = f"/objects/{lamp.pk}"
    assert admin.get(address).said["typeclass"] == "typeclasses.gone.Lamp"
    for answer in (admin.patch(address, {"key": "x"}), admin.put(f"{address}/attributes/a", {"value": 1})):
        assert answer.status_code == 409
    assert admin.get("/objects").status_code == 200


def test_a_hook_that_refuses_is_told(admin: Api, room: Any) -> None:
    from perdure.errors import Veto

    class RestIdol(DefaultObject):
        def at_object_delete(self) -> bool:
            raise Veto("It is holy.")

        def at_pre_move(self, destination: Any, **kwargs: Any) -> bool:
            raise Veto("It is heavy.")

    idol = RestIdol.objects.create(db_key="idol")
    for answer, why in (
        (admin.delete(f"/objects/{idol.pk}"), "holy"),
        (admin.patch(f"/objects/{idol.pk}", {"key": "statue", "location": room.pk}), "heavy"),
    ):
        assert answer.status_code == 409
        assert why in answer.said["detail"]
    assert idol.key == "idol", "what came before the refusal is undone"


def test_who_makes_and_who_is_told(rest: Any) -> None:
    account = make_account("Maker", "Builder")
    other = make_account("Other", "Builder")
    made = api_of(account).post("/objects", {"key": "mine"}).said["id"]
    assert api_of(other).patch(f"/objects/{made}", {"key": "yours"}).status_code == 403
