"""The admin pages of all four kinds: what is typed there goes through the live instances."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

KINDS = ["objects.objectdb", "scripts.scriptdb", "comms.channeldb", "accounts.accountdb"]


@pytest.fixture
def client() -> Client:
    from perdure.create import create_account

    owner = create_account("owner", "owner@example.com", "a-long-password-1", is_superuser=True)
    owner.is_staff = True
    owner.save()
    client = Client()
    client.force_login(owner)
    return client


def one_of(label: str) -> Any:
    from perdure.create import create_account, create_channel, create_object, create_script
    from perdure.objects.objects import DefaultObject

    if label == "objects.objectdb":
        return create_object(DefaultObject, key="lamp", tags=[("light", "kind")], attributes=[("oil", 5)])
    if label == "scripts.scriptdb":
        return create_script(key="ticker", attributes=[("oil", 5)])
    if label == "comms.channeldb":
        return create_channel("gossip", attrs=[("oil", 5)])
    account = create_account("ariadne", "a@example.com", "a-long-password-1")
    account.db.oil = 5
    return account


def text_of(response: Any) -> str:
    return response.content.decode()


def address(label: str, page: str, *args: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def form_data(response: Any) -> dict[str, Any]:
    """What a browser would send back of a change page if nothing were touched."""
    data: dict[str, Any] = {}
    forms = [response.context["adminform"].form]
    for formset in response.context["inline_admin_formsets"]:
        forms += [formset.formset.management_form, *formset.formset.forms]
    for form in forms:
        for bound in form:
            if bound.field.show_hidden_initial:
                data |= hidden_initial(bound)
            value = bound.value()
            if value is None or value is False or bound.field.disabled:
                continue
            widget = bound.field.widget
            if hasattr(widget, "widgets"):
                parts = widget.decompress(value)
                data |= {f"{bound.html_name}_{i}": part for i, part in enumerate(parts) if part is not None}
            else:
                data[bound.html_name] = "on" if value is True else value
    return data


def hidden_initial(bound: Any) -> dict[str, Any]:
    """What the page says that the field showed."""
    import html
    import re

    tags = re.findall(r"<input[^>]*>", bound.as_hidden(only_initial=True))
    values = [html.unescape(found[0]) for tag in tags if (found := re.findall(r' value="([^"]*)"', tag))]
    return {bound.html_initial_name: values[0] if len(values) == 1 else values} if values else {}


@pytest.mark.parametrize("label", KINDS)
def test_list_and_change_pages_open(client: Client, label: str) -> None:
    obj = one_of(label)
    listing = client.get(address(label, "changelist"))
    assert listing.status_code == 200
    assert str(obj.pk) in listing.content.decode()
    page = client.get(address(label, "change", obj.pk))
    assert page.status_code == 200
    assert "oil" in page.content.decode()
    assert client.get(obj.web_get_admin_url()).status_code == 200


@pytest.mark.parametrize("label", KINDS)
def test_an_attribute_changed_inline_is_changed_in_memory(client: Client, label: str) -> None:
    obj = one_of(label)
    assert obj.db.oil == 5
    url = address(label, "change", obj.pk)
    data = form_data(client.get(url))
    data[f"{row_of(data, '5')}db_value"] = '{"left": [1, 2]}'
    response = client.post(url, data)
    assert response.status_code == 302, response.context["errors"]
    assert obj.db.oil == {"left": [1, 2]}
    obj.db.oil["left"].append(3)
    assert type(obj).objects.filter_attributes(oil={"left": [1, 2, 3]}).get() is obj


@pytest.mark.parametrize("label", KINDS)
def test_an_attribute_that_is_no_value_is_refused(client: Client, label: str) -> None:
    obj = one_of(label)
    url = address(label, "change", obj.pk)
    data = form_data(client.get(url))
    data[f"{row_of(data, '5')}db_value"] = "__import__('os')"
    response = client.post(url, data)
    assert response.status_code == 200
    assert "double quotes" in response.content.decode()
    assert obj.db.oil == 5


@pytest.mark.parametrize("label", KINDS)
def test_deleting_marks_the_live_object(client: Client, label: str) -> None:
    from perdure.errors import DeletedObject

    obj = one_of(label)
    response = client.post(address(label, "delete", obj.pk), {"post": "yes"})
    assert response.status_code == 302
    with pytest.raises(DeletedObject):
        obj.db.oil  # noqa: B018


def test_fields_changed_in_the_admin_are_changed_in_memory(client: Client) -> None:
    lamp = one_of("objects.objectdb")
    url = address("objects.objectdb", "change", lamp.pk)
    data = form_data(client.get(url)) | {"db_key": "brass lamp", "db_lock_storage": "get:false()"}
    assert client.post(url, data).status_code == 302
    assert lamp.key == "brass lamp"
    assert not lamp.access(None, "get", default=True)


def test_a_malformed_lock_is_refused_and_the_live_object_untouched(client: Client) -> None:
    lamp = one_of("objects.objectdb")
    before = lamp.lock_storage
    url = address("objects.objectdb", "change", lamp.pk)
    data = form_data(client.get(url)) | {"db_key": "never", "db_lock_storage": "get:nosuch("}
    assert client.post(url, data).status_code == 200
    assert (lamp.key, lamp.lock_storage) == ("lamp", before)


def test_another_class_is_a_swap(client: Client) -> None:
    from perdure.objects.objects import DefaultObject

    class AdminLantern(DefaultObject):
        swapped = False

        def at_typeclass_swap(self, old_class: type, new_class: type) -> None:
            type(self).swapped = True

    lamp = one_of("objects.objectdb")
    url = address("objects.objectdb", "change", lamp.pk)
    data = form_data(client.get(url)) | {"db_typeclass_path": AdminLantern.path}
    assert client.post(url, data).status_code == 302
    assert type(lamp) is AdminLantern
    assert AdminLantern.swapped
    assert lamp.db.oil == 5


def test_a_tag_added_inline_is_carried_at_once(client: Client) -> None:
    from perdure.typeclasses.tag_model import Tag

    lamp = one_of("objects.objectdb")
    assert not lamp.tags.has("brass")
    tag = Tag.objects.create(db_key="brass", db_model="objectdb")
    url = address("objects.objectdb", "change", lamp.pk)
    data = form_data(client.get(url))
    (prefix,) = {name.split("-")[0] for name in data if name.endswith("-TOTAL_FORMS") and "tags" in name.lower()}
    number = int(data[f"{prefix}-TOTAL_FORMS"])
    data |= {
        f"{prefix}-TOTAL_FORMS": number + 1,
        f"{prefix}-{number}-tag": tag.pk,
        f"{prefix}-{number}-objectdb": lamp.pk,
    }
    assert client.post(url, data).status_code == 302
    assert lamp.tags.has("brass")
    assert lamp.tags.has("light", category="kind")


def test_an_object_added_in_the_admin_runs_its_creation_hooks(client: Client) -> None:
    from perdure.objects.models import ObjectDB
    from perdure.objects.objects import DefaultObject

    class AdminKettle(DefaultObject):
        def at_object_creation(self) -> None:
            self.db.water = "cold"

    url = address("objects.objectdb", "add")
    data = form_data(client.get(url)) | {"db_key": "kettle", "db_typeclass_path": AdminKettle.path}
    response = client.post(url, data)
    assert response.status_code == 302, response.context["errors"]
    kettle = ObjectDB.objects.get(db_key="kettle")
    assert type(kettle) is AdminKettle
    assert kettle.db.water == "cold"
    assert kettle.access(None, "view")


def test_selected_objects_are_deleted_or_none_of_them_is(client: Client) -> None:
    from perdure.create import create_object
    from perdure.errors import Veto
    from perdure.objects.models import ObjectDB
    from perdure.objects.objects import DefaultObject

    class AdminStone(DefaultObject):
        def at_object_delete(self) -> bool:
            raise Veto("it is too heavy")

    stone, twig = create_object(AdminStone, key="stone"), create_object(DefaultObject, key="twig")
    data = {"action": "delete_selected", "_selected_action": [stone.pk, twig.pk], "post": "yes"}
    page = client.post(address("objects.objectdb", "changelist"), data, follow=True)
    assert "too heavy" in text_of(page)
    assert "Successfully" not in text_of(page)
    assert set(ObjectDB.objects.filter(db_key__in=["stone", "twig"])) == {stone, twig}
    data["_selected_action"] = [twig.pk]
    assert "Successfully" in text_of(client.post(address("objects.objectdb", "changelist"), data, follow=True))
    assert list(ObjectDB.objects.filter(db_key__in=["stone", "twig"])) == [stone]
    page = client.post(address("objects.objectdb", "delete", stone.pk), {"post": "yes"}, follow=True)
    assert "too heavy" in text_of(page)
    assert "deleted successfully" not in text_of(page)


def test_who_is_no_staff_sees_nothing() -> None:
    from perdure.create import create_account

    client = Client()
    player = create_account("player", "", "a-long-password-1")
    client.force_login(player)
    assert client.get(address("objects.objectdb", "changelist")).status_code == 302


# --- what happens while the page is open


def row_of(data: dict[str, Any], value: str) -> str:
    """The beginning of the names of an inline attribute's fields."""
    shown = {name: held for name, held in data.items() if not name.startswith("initial-")}
    (field,) = [name for name, held in shown.items() if name.endswith("-db_value") and held == value]
    return field.removesuffix("db_value")


def test_who_walks_while_the_page_is_open_is_not_taken_back(client: Client) -> None:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultObject

    here, there = (create_object(DefaultObject, key=key) for key in ("here", "there"))
    lamp = create_object(DefaultObject, key="lamp", location=here, attributes=[("oil", 5), ("lit", True)])
    url = address("objects.objectdb", "change", lamp.pk)
    data = form_data(client.get(url))
    lamp.location = there
    lamp.db.oil = 4
    lamp.locks.add("get:false()")
    data |= {"db_key": "brass lamp", f"{row_of(data, 'true')}db_value": "false"}
    assert client.post(url, data).status_code == 302
    assert (lamp.key, lamp.location, lamp.db.oil, lamp.db.lit) == ("brass lamp", there, 4, False)
    assert not lamp.access(None, "get", default=True)
    assert lamp in there.contents
    assert here.contents == []


def test_what_both_have_changed_is_refused_with_the_value_of_now(client: Client) -> None:
    lamp = one_of("objects.objectdb")
    url = address("objects.objectdb", "change", lamp.pk)
    data = form_data(client.get(url))
    lamp.key = "lantern"
    page = client.post(url, data | {"db_key": "brass lamp"})
    assert "it is now: lantern" in text_of(page)
    assert lamp.key == "lantern"
    lamp.db.oil = 4
    data = form_data(client.get(url))
    lamp.db.oil = 3
    page = client.post(url, data | {f"{row_of(data, '4')}db_value": "99"})
    assert "it is now: 3" in text_of(page)
    assert lamp.db.oil == 3


def test_an_attribute_that_is_gone_meanwhile_is_told_of(client: Client) -> None:
    lamp = one_of("objects.objectdb")
    url = address("objects.objectdb", "change", lamp.pk)
    data = form_data(client.get(url))
    del lamp.db.oil
    page = client.post(url, data | {f"{row_of(data, '5')}db_value": "99"})
    assert page.status_code == 200
    assert page.context["errors"]
    assert lamp.db.oil is None


# --- what cannot be is refused with a reason, and nothing is changed


def refused(client: Client, label: str, obj: Any, change: dict[str, Any]) -> str:
    """Post a changed page; what it says, on a page of its own or at once."""
    url = address(label, "change", obj.pk)
    response = client.post(url, form_data(client.get(url)) | change, follow=True)
    assert response.status_code == 200
    text = text_of(response)
    assert "was changed successfully" not in text
    assert "errornote" in text or 'class="error"' in text, text
    return text


def test_a_thing_is_moved(client: Client) -> None:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultObject

    box = create_object(DefaultObject, key="box")
    lamp = one_of("objects.objectdb")
    url = address("objects.objectdb", "change", lamp.pk)
    assert client.post(url, form_data(client.get(url)) | {"db_location": box.pk}).status_code == 302
    assert lamp.location is box
    assert box.contents == [lamp]
    assert "inside it" in refused(client, "objects.objectdb", box, {"db_location": lamp.pk})
    assert "the object itself" in refused(client, "objects.objectdb", lamp, {"db_location": lamp.pk})
    refused(client, "objects.objectdb", lamp, {"db_location": 999999})
    assert (lamp.location, box.location) == (box, None)
    url = address("objects.objectdb", "change", lamp.pk)
    assert client.post(url, form_data(client.get(url)) | {"db_location": ""}).status_code == 302
    assert lamp.location is None
    assert box.contents == []


@pytest.mark.parametrize("label", KINDS)
def test_a_key_is_not_blank_nor_too_long(client: Client, label: str) -> None:
    obj = one_of(label)
    before = obj.key
    field = "username" if label == "accounts.accountdb" else "db_key"
    for key in ("", "   ", "x" * 300):
        refused(client, label, obj, {field: key})
        assert obj.key == before


def test_a_rename_is_heard(client: Client) -> None:
    heard: list[Any] = []
    lamp = one_of("objects.objectdb")
    lamp.at_rename = lambda *args: heard.append(args)
    url = address("objects.objectdb", "change", lamp.pk)
    assert client.post(url, form_data(client.get(url)) | {"db_key": "lantern"}).status_code == 302
    assert heard == [("lamp", "lantern")]


def test_a_name_of_another_channel_is_refused(client: Client) -> None:
    from perdure.create import create_channel

    create_channel("Public")
    gossip = one_of("comms.channeldb")
    assert "choose another name" in refused(client, "comms.channeldb", gossip, {"db_key": "PUBLIC"})
    assert gossip.key == "gossip"


def test_a_class_that_is_none_is_refused(client: Client) -> None:
    lamp = one_of("objects.objectdb")
    for path in ("os.path", "perdure.accounts.accounts.DefaultAccount", ""):
        refused(client, "objects.objectdb", lamp, {"db_typeclass_path": path})
        assert type(lamp).__name__ == "DefaultObject"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("db_value", "", "required"),
        ("db_value", "five", "double quotes"),
        ("db_value", '{"~ref": ["objects.objectdb", 999999]}', None),
        ("db_value", '{"~nosuch": 1}', "double quotes"),
        ("db_value", "[" * 5000 + "]" * 5000, "double quotes"),
        ("db_value", "1" * 70_000, "at most 65536"),
        ("db_key", "  ", "required"),
        ("db_key", "x" * 300, "at most"),
        ("db_category", "x" * 300, "at most"),
        ("db_lock_storage", "attrread:nosuch()", "nosuch"),
        ("db_lock_storage", "attrread:(", "attrread"),
    ],
)
def test_an_inline_attribute_that_cannot_be(client: Client, field: str, value: str, told: str | None) -> None:
    lamp = one_of("objects.objectdb")
    url = address("objects.objectdb", "change", lamp.pk)
    row = row_of(form_data(client.get(url)), "5")
    if told is None:
        assert client.post(url, form_data(client.get(url)) | {f"{row}{field}": value}).status_code in (200, 302)
        return
    assert told in refused(client, "objects.objectdb", lamp, {f"{row}{field}": value, "db_key": "never"})
    assert (lamp.key, lamp.db.oil) == ("lamp", 5)


@pytest.mark.parametrize("label", KINDS)
def test_attributes_are_added_and_removed(client: Client, label: str) -> None:
    obj = one_of(label)
    url = address(label, "change", obj.pk)
    data = form_data(client.get(url))
    row = row_of(data, "5")
    prefix = row.split("-")[0]
    number = int(data[f"{prefix}-TOTAL_FORMS"])
    new = f"{prefix}-{number}-"
    added = {
        f"{prefix}-TOTAL_FORMS": number + 1,
        f"{new}owner": obj.pk,
        f"{new}db_key": "Wick",
        f"{new}db_value": '"new"',
    }
    response = client.post(url, data | added)
    assert response.status_code == 302, response.context["errors"]
    assert obj.db.wick == "new"
    page = text_of(
        client.post(
            url,
            form_data(client.get(url))
            | {
                f"{prefix}-TOTAL_FORMS": number + 2,
                f"{prefix}-{number + 1}-owner": obj.pk,
                f"{prefix}-{number + 1}-db_key": "wick",
                f"{prefix}-{number + 1}-db_value": "1",
            },
        )
    )
    assert "of this key and category already" in page
    assert obj.db.wick == "new"
    data = form_data(client.get(url))
    assert client.post(url, data | {f"{row_of(data, '5')}DELETE": "on"}).status_code == 302
    assert obj.db.oil is None
    assert not obj.attributes.has("oil")


@pytest.mark.parametrize("label", KINDS)
def test_tags_come_and_go(client: Client, label: str) -> None:
    from perdure.typeclasses.tag_model import Tag

    obj = one_of(label)
    obj.tags.add("old", category="kind")
    tag = Tag.objects.create(db_key="brass", db_model=label.split(".")[1])
    url = address(label, "change", obj.pk)
    data = form_data(client.get(url))
    (prefix,) = {name.split("-")[0] for name in data if name.endswith("-TOTAL_FORMS") and "tags" in name.lower()}
    number = int(data[f"{prefix}-TOTAL_FORMS"])
    owner = label.split(".")[1]
    old = Tag.objects.get(db_key="old", db_category="kind", db_model=owner)
    (row,) = {name.removesuffix("tag") for name, held in data.items() if name.endswith("-tag") and held == old.pk}
    data |= {
        f"{prefix}-TOTAL_FORMS": number + 1,
        f"{prefix}-{number}-tag": tag.pk,
        f"{prefix}-{number}-{owner}": obj.pk,
        f"{row}DELETE": "on",
    }
    response = client.post(url, data)
    assert response.status_code == 302, response.context["errors"]
    assert obj.tags.has("brass")
    assert not obj.tags.has("old", category="kind")
    # The same one twice is refused.
    data = form_data(client.get(url))
    number = int(data[f"{prefix}-TOTAL_FORMS"])
    data |= {
        f"{prefix}-TOTAL_FORMS": number + 1,
        f"{prefix}-{number}-tag": tag.pk,
        f"{prefix}-{number}-{owner}": obj.pk,
    }
    assert client.post(url, data).status_code == 200


def test_an_object_with_many_attributes_can_be_changed(client: Client, settings: Any) -> None:
    from perdure import settings_default

    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = settings_default.DATA_UPLOAD_MAX_NUMBER_FIELDS
    lamp = one_of("objects.objectdb")
    for number in range(300):
        lamp.attributes.add(f"a{number}", number + 1000)
    url = address("objects.objectdb", "change", lamp.pk)
    data = form_data(client.get(url))
    response = client.post(url, data | {f"{row_of(data, '1299')}db_value": "7"})
    assert response.status_code == 302, response.context["errors"]
    assert (lamp.db.a299, lamp.db.a298) == (7, 1298)


@pytest.mark.defect("V-4")
@pytest.mark.parametrize("label", KINDS)
def test_a_name_is_no_html(client: Client, label: str) -> None:
    evil = "<img src=x onerror=alert(1)>"
    obj = one_of(label)
    obj.key = evil
    obj.db.oil = evil
    obj.attributes.add(evil, 1)
    obj.tags.add("</script><script>alert(1)</script>")
    pages = [
        address(label, "changelist"),
        address(label, "change", obj.pk),
        address(label, "history", obj.pk),
        address(label, "delete", obj.pk),
    ]
    for page in pages:
        text = text_of(client.get(page))
        assert "&lt;img src=x onerror" in text, page
        assert "<img src=x" not in text.lower(), page
        assert "<script>alert" not in text, page
    data = {"action": "delete_selected", "_selected_action": [obj.pk]}
    assert "<img src=x" not in text_of(client.post(pages[0], data))
    page = text_of(client.post(pages[1], form_data(client.get(pages[1])) | {"_continue": "1"}, follow=True))
    assert "<img src=x" not in page


# --- tags and messages


def test_a_tag_is_kept_in_normal_form_and_carriers_hear_of_it(client: Client) -> None:
    from perdure.typeclasses.tag_model import Tag

    lamp = one_of("objects.objectdb")
    assert lamp.tags.has("light", category="kind")
    tag = Tag.objects.get(db_key="light")
    url = reverse("admin:typeclasses_tag_change", args=[tag.pk])
    data = form_data(client.get(url)) | {"db_key": " Dark ", "db_category": "KIND"}
    response = client.post(url, data)
    assert response.status_code == 302, response.context["errors"]
    assert lamp.tags.has("dark", category="kind")
    assert not lamp.tags.has("light", category="kind")
    add = reverse("admin:typeclasses_tag_add")
    for change, told in (
        ({"db_key": "DARK", "db_category": "kind"}, "already"),
        ({"db_key": "  "}, "required"),
        ({"db_model": "nothing"}, "valid choice"),
        ({"db_tagtype": "nothing"}, "valid choice"),
    ):
        page = client.post(add, {"db_key": "new", "db_model": "objectdb", "db_tagtype": "", **change})
        assert told in text_of(page), change
    assert client.post(add, {"db_key": "Dark", "db_model": "objectdb", "db_tagtype": ""}).status_code == 302
    assert client.post(reverse("admin:typeclasses_tag_delete", args=[tag.pk]), {"post": "yes"}).status_code == 302
    assert not lamp.tags.has("dark", category="kind")


@pytest.mark.parametrize("label", KINDS)
def test_an_object_carries_tags_of_its_own_kind(client: Client, label: str) -> None:
    from perdure.typeclasses.tag_model import Tag

    obj = one_of(label)
    owner = label.split(".")[1]
    before = obj.tags.all()
    tag = Tag.objects.create(db_key="wrong", db_model="scriptdb" if owner != "scriptdb" else "objectdb")
    url = address(label, "change", obj.pk)
    data = form_data(client.get(url))
    (prefix,) = {name.split("-")[0] for name in data if name.endswith("-TOTAL_FORMS") and "tags" in name.lower()}
    number = int(data[f"{prefix}-TOTAL_FORMS"])
    data |= {
        f"{prefix}-TOTAL_FORMS": number + 1,
        f"{prefix}-{number}-tag": tag.pk,
        f"{prefix}-{number}-{owner}": obj.pk,
    }
    assert f"not for {owner}" in text_of(client.post(url, data))
    assert obj.tags.all() == before


def test_a_message_has_locks_that_can_be_read(client: Client) -> None:
    from perdure.create import create_message

    message = create_message("Radio", "hello", receivers="everybody")
    url = reverse("admin:comms_msg_change", args=[message.pk])
    data = form_data(client.get(url))
    assert "nosuch" in text_of(client.post(url, data | {"db_lock_storage": "read:nosuch()"}))
    assert client.post(url, data | {"db_lock_storage": "read:false()", "db_message": "bye"}).status_code == 302
    assert (message.db_message, message.access(None, "read")) == ("bye", False)
