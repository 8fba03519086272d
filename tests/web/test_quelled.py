"""Who has quelled has laid down the powers of the website too, at once, and is told how to take them up again."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.decorators import permission_required, user_passes_test
from django.http import HttpRequest, HttpResponse
from django.urls import path

from perdure.locks.permissions import QUELL_ATTRIBUTE
from tests.web.conftest import PASSWORD, post

pytestmark = [pytest.mark.django_db, pytest.mark.defect("V-15")]

RIGHT = "objects.change_objectdb"


@permission_required(RIGHT, raise_exception=True)
def guarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


@user_passes_test(lambda user: user.has_perms([RIGHT]), login_url="/auth/login/", redirect_field_name=None)
def open_to_builders(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


@pytest.fixture
def owner(anna: Any, site: Any) -> Any:
    import importlib

    urls = importlib.import_module(site.ROOT_URLCONF)
    urls.urlpatterns += [path("guarded/", guarded), path("tested/", open_to_builders)]  # type: ignore[attr-defined]
    anna.is_staff = anna.is_superuser = True
    anna.save()
    return anna


@pytest.fixture
def client(browser_of: Any, owner: Any) -> Any:
    client = browser_of()
    post(client, "/auth/login/", {"username": "anna", "password": PASSWORD})
    return client


def quell(account: Any) -> None:
    account.attributes.add(QUELL_ATTRIBUTE, True)


def test_pages_that_ask_for_a_permission_are_closed_and_open_at_once(client: Any, owner: Any) -> None:
    for _ in range(2):
        assert client.get("/guarded/").content == client.get("/tested/").content == b"open"
        quell(owner)
        assert client.get("/guarded/").status_code == 403
        assert client.get("/tested/").status_code == 302
        owner.attributes.remove(QUELL_ATTRIBUTE)


@pytest.mark.parametrize(
    "page", ["/admin/", "/admin/objects/objectdb/", "/admin/objects/objectdb/add/", "/admin/jsi18n/", "/admin/nothing/"]
)
def test_every_page_of_the_admin_says_so(client: Any, owner: Any, page: str) -> None:
    quell(owner)
    response = client.get(page)
    assert response.status_code == 403
    text = response.content.decode()
    assert "quelled" in text
    assert "unquell" in text
    assert "no-store" in response["Cache-Control"]
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_nothing_is_changed_by_who_has_quelled(client: Any, owner: Any) -> None:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultObject

    lamp = create_object(DefaultObject, key="lamp")
    page = f"/admin/objects/objectdb/{lamp.pk}/delete/"
    token = str(client.get(page).context["csrf_token"])
    quell(owner)
    assert client.post(page, {"post": "yes", "csrfmiddlewaretoken": token}).status_code == 403
    assert lamp.key == "lamp"


def test_unquelling_on_the_page_leads_back(client: Any, owner: Any) -> None:
    quell(owner)
    page = client.get("/admin/objects/objectdb/?q=lamp")
    token = str(page.context["csrf_token"])
    assert client.get("/auth/unquell/").status_code == 405
    assert client.post("/auth/unquell/").status_code == 403  # of another site
    assert owner.attributes.has(QUELL_ATTRIBUTE)
    data = {"next": page.context["next"], "csrfmiddlewaretoken": token}
    response = client.post("/auth/unquell/", data)
    assert response["Location"] == "/admin/objects/objectdb/?q=lamp"
    assert not owner.attributes.has(QUELL_ATTRIBUTE)
    assert client.get(response["Location"]).status_code == 200
    assert client.post("/auth/unquell/", {**data, "next": "https://evil.example/"})["Location"] == "/"


def test_a_stranger_unquells_nobody(browser_of: Any, owner: Any) -> None:
    quell(owner)
    assert post(browser_of(), "/auth/unquell/", page="/auth/login/")["Location"] == "/auth/login/"
    assert owner.attributes.has(QUELL_ATTRIBUTE)


def test_the_quelled_log_out_of_the_admin(client: Any, owner: Any) -> None:
    token = str(client.get("/admin/").context["csrf_token"])
    quell(owner)
    assert client.post("/admin/logout/", {"csrfmiddlewaretoken": token}).status_code == 302
    assert "Anna" not in client.get("/").content.decode()


def test_staff_without_superpowers_lay_the_admin_down_too(client: Any, owner: Any) -> None:
    from django.contrib.auth.models import Permission

    owner.is_superuser = False
    owner.save()
    owner.user_permissions.add(Permission.objects.get(codename="view_objectdb"))
    assert client.get("/admin/objects/objectdb/").status_code == 200
    assert client.get("/admin/objects/objectdb/add/").status_code == 403
    quell(owner)
    assert b"You have quelled" in client.get("/admin/objects/objectdb/").content
    owner.attributes.remove(QUELL_ATTRIBUTE)
    owner.user_permissions.clear()
    assert client.get("/admin/objects/objectdb/").status_code == 403


def test_somebody_who_is_no_staff_is_asked_to_log_in_as_another(client: Any, owner: Any) -> None:
    owner.is_staff = owner.is_superuser = False
    owner.save()
    quell(owner)
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
