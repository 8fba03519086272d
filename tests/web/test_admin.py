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
    (field,) = [name for name, value in data.items() if name.endswith("db_value") and value == "5"]
    data[field] = '{"left": [1, 2]}'
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
    (field,) = [name for name, value in data.items() if name.endswith("db_value") and value == "5"]
    data[field] = "__import__('os')"
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
