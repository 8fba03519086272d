"""The website: who comes in, who does not, and what pages tell browsers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from tests.web.conftest import PASSWORD, post

pytestmark = pytest.mark.django_db

PAGES = ["/", "/auth/login/", "/auth/register/", "/auth/logout/", "/webclient/", "/nowhere/"]


def text_of(response: Any) -> str:
    return response.content.decode()


# --- front page


def test_the_front_page_names_the_game_and_who_is_on(browser_of: Any, anna: Any):
    from perdure.sessions import SESSION_HANDLER

    session = SimpleNamespace(sessid=4711, logged_in=True, account=anna, puppet=SimpleNamespace(key="Bilbo <b>"))
    SESSION_HANDLER.add(session)
    try:
        page = text_of(browser_of().get("/"))
    finally:
        SESSION_HANDLER.remove(session)
    assert "The &lt;Cave&gt;" in page
    assert "Bilbo &lt;b&gt;" in page
    assert "<code>testserver</code>" in page
    assert "4000" in page
    assert "Bilbo" not in text_of(browser_of().get("/"))


def test_the_front_page_asks_the_database_nothing_for_a_stranger(browser_of: Any, django_assert_num_queries: Any):
    client = browser_of()
    with django_assert_num_queries(0):
        client.get("/")


# --- logging in and out


def test_logging_in_and_out(browser_of: Any, anna: Any):
    client = browser_of()
    response = post(client, "/auth/login/", {"username": "anna", "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert "Anna" in text_of(client.get("/"))
    assert client.get("/auth/login/").status_code == 302
    assert client.get("/auth/logout/").status_code == 200
    assert "Anna" in text_of(client.get("/")), "a link does not log out"
    assert post(client, "/auth/logout/").status_code == 302
    assert "Anna" not in text_of(client.get("/"))


def test_the_session_gets_another_key_at_login(browser_of: Any, anna: Any):
    client = browser_of()
    client.cookies["sessionid"] = "a" * 32
    post(client, "/auth/login/", {"username": "Anna", "password": PASSWORD})
    assert client.cookies["sessionid"].value != "a" * 32


@pytest.mark.parametrize(
    ("username", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("anna", ""), ("", PASSWORD)]
)
def test_wrong_passwords_do_not_let_in(browser_of: Any, anna: Any, username: str, password: str):
    client = browser_of()
    response = post(client, "/auth/login/", {"username": username, "password": password})
    assert response.status_code == 200
    assert "errorlist" in text_of(response)
    assert "sessionid" not in client.cookies


def test_what_is_answered_does_not_tell_who_exists(browser_of: Any, anna: Any):
    def answer(username: str) -> list[str]:
        response = post(browser_of(), "/auth/login/", {"username": username, "password": "wrong"})
        return response.context["form"].non_field_errors()

    assert answer("anna") == answer("nobody")


@pytest.mark.defect("V-7")
def test_the_website_counts_failures_like_every_entrance(browser_of: Any, anna: Any, settings: Any):
    from perdure.accounts.authentication import begin

    client = browser_of("198.51.100.7")
    for _ in range(settings.LOGIN_THROTTLE_LIMIT if hasattr(settings, "LOGIN_THROTTLE_LIMIT") else 5):
        post(client, "/auth/login/", {"username": "anna", "password": "wrong"})
    # The right password does not help from there, here or at another entrance; elsewhere it does.
    assert post(client, "/auth/login/", {"username": "anna", "password": PASSWORD}).status_code == 200
    assert begin("anna", "198.51.100.7").errors
    assert post(client, "/admin/login/", {"username": "anna", "password": PASSWORD}).status_code == 200
    assert (
        post(browser_of("198.51.100.8"), "/auth/login/", {"username": "anna", "password": PASSWORD}).status_code == 302
    )


@pytest.mark.defect("V-7")
def test_bans_count_on_the_website(browser_of: Any, anna: Any):
    from perdure.accounts import bans

    bans.add_ban(ip="203.0.113.0/24")
    client = browser_of("203.0.113.9")
    assert post(client, "/auth/login/", {"username": "anna", "password": PASSWORD}).status_code == 200
    data = {"username": "Berta", "password1": "long-enough-pw-1", "password2": "long-enough-pw-1"}
    assert post(client, "/auth/register/", data).status_code == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_login_leads_to_no_other_site(browser_of: Any, anna: Any, target: str):
    client = browser_of()
    response = post(client, "/auth/login/", {"username": "anna", "password": PASSWORD, "next": target})
    assert response["Location"] == "/"


def test_login_leads_back_to_where_one_was(browser_of: Any, anna: Any):
    client = browser_of()
    data = {"username": "anna", "password": PASSWORD, "next": "/auth/password_change/"}
    assert post(client, "/auth/login/", data)["Location"] == "/auth/password_change/"


@pytest.mark.parametrize("page", ["/auth/login/", "/auth/register/", "/auth/logout/", "/webclient/ticket"])
def test_forms_of_other_sites_are_refused(browser_of: Any, anna: Any, page: str):
    client = browser_of()
    client.force_login(anna)
    response = client.post(page, {"username": "anna", "password": PASSWORD})
    assert response.status_code == 403
    assert "not accepted" in text_of(response)


# --- registering


def test_registering(browser_of: Any):
    from perdure.accounts.models import AccountDB

    client = browser_of()
    data = {"username": "Berta", "password1": "long-enough-pw-1", "password2": "long-enough-pw-1"}
    response = post(client, "/auth/register/", data)
    assert response.status_code == 302
    account = AccountDB.objects.get(username="Berta")
    assert account.check_password("long-enough-pw-1")
    assert account.db.creator_ip == "192.0.2.1"
    assert "Berta" in text_of(client.get("/"))


@pytest.mark.parametrize(
    "change",
    [
        {"username": "anna"},
        {"username": "x"},
        {"password1": "short", "password2": "short"},
        {"password2": "another-long-pw-2"},
        {"email": "no address"},
        {"password1": "p" * 2000, "password2": "p" * 2000},
    ],
)
def test_registrations_that_are_refused(browser_of: Any, anna: Any, change: dict[str, str]):
    from perdure.accounts.models import AccountDB

    data = {"username": "Berta", "password1": "long-enough-pw-1", "password2": "long-enough-pw-1", **change}
    response = post(browser_of(), "/auth/register/", data)
    assert response.status_code == 200
    assert "errorlist" in text_of(response)
    assert AccountDB.objects.count() == 1


def test_registration_can_be_closed(browser_of: Any, site: Any):
    site.NEW_ACCOUNT_REGISTRATION_ENABLED = False
    client = browser_of()
    assert client.get("/auth/register/").status_code == 403
    assert "/auth/register/" not in text_of(client.get("/"))


# --- another password


def test_changing_the_password(browser_of: Any, anna: Any):
    client, other = browser_of(), browser_of()
    for one in (client, other):
        post(one, "/auth/login/", {"username": "anna", "password": PASSWORD})
    data = {"old_password": PASSWORD, "password1": "another-long-pw-2", "password2": "another-long-pw-2"}
    wrong = post(client, "/auth/password_change/", {**data, "old_password": "wrong"})
    assert wrong.status_code == 200
    assert anna.check_password(PASSWORD)
    assert post(client, "/auth/password_change/", data).status_code == 302
    assert anna.check_password("another-long-pw-2")
    assert "Anna" in text_of(client.get("/")), "who changed it stays logged in"
    assert "Anna" not in text_of(other.get("/")), "other browsers do not"


def test_only_who_is_logged_in_changes_a_password(browser_of: Any):
    assert browser_of().get("/auth/password_change/")["Location"].startswith("/auth/login/?next=")


# --- admin


def test_the_admin_logs_in_by_the_page_of_the_site(browser_of: Any, anna: Any):
    client = browser_of()
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/admin/login/")
    assert "perdure/login.html" in [template.name for template in response.templates]
    post(client, "/admin/login/?next=/admin/", {"username": "anna", "password": PASSWORD, "next": "/admin/"})
    refused = client.get("/admin/", follow=True)
    assert "may not see that page" in text_of(refused)
    anna.is_staff = anna.is_superuser = True
    anna.save()
    page = text_of(client.get("/admin/"))
    assert "perdure/css/admin.css" in page
    assert "The &lt;Cave&gt;" in page
    assert client.get("/admin/password_change/").status_code == 200
    assert post(client, "/admin/logout/", page="/auth/logout/").status_code == 302
    assert client.get("/admin/").status_code == 302


# --- what pages tell browsers


@pytest.mark.defect("V-4")
@pytest.mark.parametrize("page", [*PAGES, "/admin/", "/static/perdure/js/main.js"])
def test_nothing_inline_and_nothing_foreign_runs(browser_of: Any, anna: Any, page: str):
    import re

    anna.is_staff = anna.is_superuser = True
    anna.save()
    client = browser_of()
    client.force_login(anna)
    response = client.get(page)
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"
    if page.startswith("/static/"):
        return
    html = text_of(response)
    assert not re.search(r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")", html)
    assert not re.search(r"\son[a-z]+\s*=", html)
    assert not re.search(r"<[^>]+\sstyle\s*=", html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)


def test_cookies_are_out_of_reach_and_secure_behind_tls(browser_of: Any, anna: Any):
    client = browser_of()
    login = {"username": "anna", "password": PASSWORD}
    response = post(client, "/auth/login/", login)
    cookie = response.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]
    secure = browser_of()
    page = secure.get("/auth/login/", secure=True)
    token = str(page.context["csrf_token"])
    headers = {"referer": "https://testserver/auth/login/"}
    response = secure.post("/auth/login/", {**login, "csrfmiddlewaretoken": token}, secure=True, headers=headers)
    assert response.cookies["sessionid"]["secure"]
    assert page.cookies["csrftoken"]["secure"]
    assert page.cookies["csrftoken"]["httponly"]


def test_pages_for_one_person_are_kept_nowhere(browser_of: Any):
    for page in ("/", "/auth/login/", "/webclient/"):
        assert "no-store" in browser_of().get(page)["Cache-Control"]


def test_error_pages(browser_of: Any, site: Any):
    response = browser_of().get("/nowhere/")
    assert response.status_code == 404
    assert "no such page" in text_of(response)
    from django.template.loader import render_to_string

    for status in ("403", "500", "503"):
        assert f">{status}<" in render_to_string(f"{status}.html")


def test_an_error_of_a_page_is_a_page(site: Any, browser_of: Any, monkeypatch: pytest.MonkeyPatch):
    from perdure.web import views

    monkeypatch.setattr(views, "_who_is_on", lambda: 1 / 0)
    client = browser_of(raise_request_exception=False)
    response = client.get("/")
    assert response.status_code == 500
    assert "ZeroDivision" not in text_of(response)


def test_a_game_changes_pages_by_templates_of_the_same_name(site: Any, browser_of: Any, tmp_path: Any):
    (tmp_path / "perdure").mkdir()
    (tmp_path / "perdure" / "index.html").write_text(
        '{% extends "perdure/index.html" %}{% block welcome %}<h1>Mind the bear</h1>{% endblock %}'
    )
    (tmp_path / "perdure" / "webclient.html").write_text(
        '{% extends "perdure/webclient.html" %}'
        '{% block head %}{{ block.super }}<script src="/map.js"></script>{% endblock %}'
    )
    site.TEMPLATES = [{**site.TEMPLATES[0], "DIRS": [tmp_path]}]
    assert "Mind the bear" in text_of(browser_of().get("/"))
    page = text_of(browser_of().get("/webclient/"))
    assert "map.js" in page
    assert "perdure/js/main.js" in page


def test_a_host_that_is_not_ours_is_refused(browser_of: Any):
    response = browser_of().get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "evil.example" not in text_of(response)


# --- tickets


@pytest.mark.defect("V-5")
def test_a_page_gets_a_ticket_for_its_client(browser_of: Any, anna: Any):
    from perdure.web.tickets import TICKETS

    client = browser_of()
    post(client, "/auth/login/", {"username": "anna", "password": PASSWORD})
    page = client.get("/webclient/")
    token = str(page.context["csrf_token"])
    assert client.cookies["sessionid"].value not in text_of(page)
    answer = client.post("/webclient/ticket", headers={"X-CSRFToken": token}).json()
    assert TICKETS.redeem(answer["ticket"]) == anna.pk
    assert TICKETS.redeem(answer["ticket"]) is None


@pytest.mark.defect("V-5")
def test_strangers_and_the_banned_get_no_ticket(browser_of: Any, anna: Any):
    from perdure.accounts import bans

    client = browser_of()
    token = str(client.get("/webclient/").context["csrf_token"])
    assert client.post("/webclient/ticket", headers={"X-CSRFToken": token}).json() == {"ticket": ""}
    post(client, "/auth/login/", {"username": "anna", "password": PASSWORD})
    token = str(client.get("/webclient/").context["csrf_token"])
    assert client.get("/webclient/ticket").status_code == 405
    bans.add_ban(ip="192.0.2.0/24")
    response = client.post("/webclient/ticket", headers={"X-CSRFToken": token})
    assert response.status_code == 403
    assert not response.json()["ticket"]
    bans.remove_ban(ip="192.0.2.0/24")
    bans.add_ban(name="anna")  # then the website knows nobody by that cookie any more
    assert client.post("/webclient/ticket", headers={"X-CSRFToken": token}).json() == {"ticket": ""}


# --- the bridge


@pytest.mark.defect("V-8")
@pytest.mark.parametrize("page", ["/auth/login/", "/auth/register/", "/auth/password_change/"])
def test_passwords_are_hashed_elsewhere_when_there_is_a_bridge(
    browser_of: Any, anna: Any, page: str, monkeypatch: pytest.MonkeyPatch
):
    import threading

    from django.contrib.auth import hashers
    from django.contrib.auth.hashers import MD5PasswordHasher

    from perdure.web.offloading import CAN_OFFLOAD, OFFLOADED, OffloadResponse

    client = browser_of()
    if "password" in page:
        client.force_login(anna)
    hashed_in: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda *args, **kwargs: hashed_in.append(threading.current_thread().name) or encode(*args, **kwargs),
    )
    assert hashers.get_hasher().algorithm == "md5"
    data = {
        "/auth/login/": {"username": "anna", "password": PASSWORD},
        "/auth/register/": {"username": "Berta", "password1": "long-enough-pw-1", "password2": "long-enough-pw-1"},
        "/auth/password_change/": {
            "old_password": PASSWORD,
            "password1": "another-long-pw-2",
            "password2": "another-long-pw-2",
        },
    }[page]
    first = post(client, page, data, **{CAN_OFFLOAD: True})
    assert isinstance(first, OffloadResponse)
    assert hashed_in == []
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(first.work()), name="pool")
    thread.start()
    thread.join()
    second = post(client, page, data, **{CAN_OFFLOAD: True, OFFLOADED: {first.key: results[0]}})
    assert second.status_code == 302
    assert set(hashed_in) == {"pool"}


def test_without_a_bridge_the_work_is_done_at_once(site: Any):
    from django.test import RequestFactory

    from perdure.web.offloading import offload, offloaded

    request = RequestFactory().get("/")
    assert offload(request, "sum", lambda: 1 + 1) == 2
    assert offloaded(request, "sum") is None
    # A client cannot say that it has been done.
    request = RequestFactory().get("/", headers={"perdure.offloaded": "x", "Perdure-Offloaded": "x"})
    assert offloaded(request, "sum") is None


def test_the_client_of_the_tests_needs_no_token(site: Any, anna: Any):
    assert Client().post("/auth/login/", {"username": "anna", "password": PASSWORD}).status_code == 302


def test_an_account_whose_class_is_missing_is_told_so_and_nothing_breaks(browser_of: Any, anna: Any):
    from perdure.accounts.models import AccountDB
    from perdure.accounts.password_resets import reset_path

    link = reset_path(anna)
    inside = browser_of()
    inside.force_login(anna)
    AccountDB.objects.filter(pk=anna.pk).update(db_typeclass_path="nowhere.gone.Account")
    assert anna._unavailable
    client = browser_of()
    wrong = post(client, "/auth/login/", {"username": "anna", "password": "guess"})
    assert "class is missing" not in text_of(wrong)
    page = post(client, "/auth/login/", {"username": "anna", "password": PASSWORD})
    assert "class is missing" in text_of(page)
    assert client.get(link).status_code == 410
    assert post(client, "/auth/password_reset/", {"asked": "anna"}).status_code == 302
    for address in ("/", "/webclient/", "/auth/password_change/", "/auth/email/"):
        assert inside.get(address).status_code == 200, address
    data = {"old_password": PASSWORD, "password1": "another-long-pw-2", "password2": "another-long-pw-2"}
    assert "class is missing" in text_of(post(inside, "/auth/password_change/", data))


def test_the_admin_shows_an_account_whose_class_is_missing_and_changes_nothing(browser_of: Any, anna: Any):
    from perdure.accounts.models import AccountDB
    from perdure.create import create_account
    from tests.web.test_admin import form_data

    anna.is_staff = anna.is_superuser = True
    anna.save()
    bea = create_account("Bea", "", PASSWORD)
    AccountDB.objects.filter(pk=bea.pk).update(db_typeclass_path="nowhere.gone.Account")
    client = browser_of()
    client.force_login(anna)
    page = f"/admin/accounts/accountdb/{bea.pk}/"
    response = client.get(f"{page}change/")
    assert response.status_code == 200
    token = str(response.context["csrf_token"])
    data = form_data(response) | {"email": "new@example.com", "csrfmiddlewaretoken": token}
    answer = client.post(f"{page}change/", data, follow=True)
    assert "nowhere.gone" in text_of(answer)
    assert bea.email == ""
    answer = post(client, f"{page}password/", {"password1": "another-long-pw-2", "password2": "another-long-pw-2"})
    assert answer.status_code == 302
    assert bea.check_password(PASSWORD)
