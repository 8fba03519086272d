"""A forgotten password: letters with links for one use, and nothing that says who exists."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.core import mail
from django.core.checks import run_checks
from django.test import Client

from perdure.accounts import bans, throttle
from perdure.accounts.password_resets import account_of, reset_path
from perdure.create import create_account
from perdure.web import letters
from perdure.web.letters import LETTERS, Letters
from tests.web.conftest import PASSWORD, Bridged, post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.defect("V-16")]

ASK, DONE = "/auth/password_reset/", "/auth/password_reset/done/"
NEW = "another-long-pw-2"
TWICE = {"password1": NEW, "password2": NEW}


def ask(client: Client, asked: str) -> Any:
    """Ask for a letter; wait until what was to be sent is sent."""
    response = post(client, ASK, {"asked": asked})
    assert LETTERS.wait(20)
    return response


def links() -> list[str]:
    """The paths in the letters that were sent."""
    return [path for letter in mail.outbox for path in re.findall(r"http://testserver(/\S+)", letter.body)]


@pytest.fixture
def player(browser_of: Any, anna: Any) -> Client:
    client: Client = browser_of()
    return client


# --- the way through


@pytest.mark.parametrize("asked", ["anna", "ANNA", " Anna ", "anna@example.com", "ANNA@example.com"])
def test_a_letter_leads_to_another_password(player: Client, anna: Any, asked: str) -> None:
    heard: list[str] = []
    anna.msg = lambda text=None, **kwargs: heard.append(text)
    assert ask(player, asked)["Location"] == DONE
    (letter,) = mail.outbox
    assert letter.to == ["anna@example.com"]
    assert "The <Cave>" in letter.subject
    assert "Anna" in letter.body
    assert "for 72 hours" in letter.body
    (link,) = links()
    moved = player.get(link)
    assert moved.status_code == 302
    token = link.rstrip("/").rpartition("/")[2]
    assert token not in moved["Location"]
    page = player.get(moved["Location"])
    assert "Anna" in page.content.decode()
    assert token not in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "same-origin"
    response = post(player, moved["Location"], TWICE)
    assert response["Location"] == "/auth/login/"
    assert "is changed, Anna" in player.get("/auth/login/").content.decode()
    assert anna.check_password(NEW)
    assert "changed on the website" in heard[-1]
    assert post(player, "/auth/login/", {"username": "anna", "password": NEW}).status_code == 302


def test_a_link_is_good_once(player: Client, anna: Any, browser_of: Any) -> None:
    ask(player, "anna")
    (link,) = links()
    second = browser_of("192.0.2.9")
    first_page, second_page = player.get(link)["Location"], second.get(link)["Location"]
    assert post(player, first_page, TWICE).status_code == 302
    stale = second.get(second_page)
    assert stale.status_code == 410
    assert "void" in stale.content.decode()
    assert second.get(link).status_code == 410
    assert player.get(first_page).status_code == 410
    assert anna.check_password(NEW)


def test_a_login_a_change_of_address_and_time_make_a_link_void(
    player: Client, anna: Any, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import datetime, timedelta

    from django.contrib.auth.tokens import default_token_generator

    def path() -> str:
        return reset_path(anna)

    link = path()
    post(player, "/auth/login/", {"username": "anna", "password": PASSWORD})
    assert player.get(link).status_code == 410
    link = path()
    anna.email = "new@example.com"
    anna.save()
    assert player.get(link).status_code == 410
    link = path()
    assert player.get(link).status_code == 302
    later = datetime.now() + timedelta(seconds=site.PASSWORD_RESET_TIMEOUT + 2)
    monkeypatch.setattr(type(default_token_generator), "_now", lambda self: later)
    assert player.get(link).status_code == 410


@pytest.mark.parametrize("what", ["uid", "token", "both", "other"])
def test_links_that_were_never_good_are_all_alike(player: Client, anna: Any, what: str) -> None:
    _, _, _, uid, token, _ = reset_path(anna).split("/")
    bea = create_account("Bea", "", PASSWORD)
    uids = {
        "uid": ["AAAA", "%ff", "x" * 300, "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"],
        "other": [reset_path(bea).split("/")[3]],
    }
    tokens = {"token": ["x", "a-b", token[:-1], token + "0"]}
    for one in uids.get(what, [uid]) if what != "both" else ["AAAA"]:
        for other in tokens.get(what, [token]) if what != "both" else ["x"]:
            response = player.get(f"/auth/reset/{one}/{other}/")
            assert response.status_code == 410, (one, other)
    assert player.get(f"/auth/reset/{uid}/choose/").status_code == 410
    assert "sessionid" not in player.cookies


def test_a_weak_password_is_refused_and_the_link_stays_good(player: Client, anna: Any) -> None:
    page = player.get(reset_path(anna))["Location"]
    for data, told in (
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password1": NEW, "password2": "different-long-3"}, "not the same"),
        ({"password1": "password1", "password2": "password1"}, "too common"),
    ):
        response = post(player, page, data)
        assert response.status_code == 200
        assert told in response.content.decode()
    assert anna.check_password(PASSWORD)
    assert post(player, page, TWICE).status_code == 302


def test_who_is_logged_in_as_another_is_logged_out(player: Client, anna: Any, browser_of: Any) -> None:
    bea = create_account("Bea", "", PASSWORD)
    player.force_login(bea)
    page = player.get(reset_path(anna))["Location"]
    post(player, page, TWICE)
    assert "Log out" not in player.get("/").content.decode()
    other = browser_of()
    other.force_login(anna)
    assert "Log out" in other.get("/").content.decode()


def test_other_browsers_are_logged_out(player: Client, anna: Any, browser_of: Any) -> None:
    other = browser_of()
    other.force_login(anna)
    post(player, player.get(reset_path(anna))["Location"], TWICE)
    assert "Log out" not in other.get("/").content.decode()


def test_the_owner_gets_in_though_somebody_hammers_at_the_name(player: Client, anna: Any, site: Any) -> None:
    from perdure.accounts.authentication import begin

    site.LOGIN_THROTTLE_ACCOUNT_LIMIT = 3
    for number in range(4):
        check = begin("anna", f"10.0.0.{number}")
        check.finish(check.verify("guess"))
    assert "Too many" in begin("anna", "192.0.2.1").errors[0]
    post(player, player.get(reset_path(anna))["Location"], TWICE)
    assert post(player, "/auth/login/", {"username": "anna", "password": NEW}).status_code == 302


@pytest.mark.defect("V-8")
def test_hashing_is_done_elsewhere(bridged: Bridged, browser_of: Any) -> None:
    bea = create_account("Bea", "", PASSWORD)
    before = len(bridged.hashed_in)
    bridged.client = browser_of()
    page = bridged.client.get(reset_path(bea))["Location"]
    assert bridged.post(page, {"password1": "short", "password2": "short"}).status_code == 200
    assert bridged.hashed_in[before:] == []
    assert bridged.post(page, TWICE)["Location"] == "/auth/login/"
    assert set(bridged.hashed_in[before:]) == {"pool"}
    assert bea.check_password(NEW)


def test_accounts_of_one_address_share_a_letter(player: Client, anna: Any) -> None:
    create_account("Bea", "anna@EXAMPLE.com", PASSWORD)
    ask(player, "anna@example.com")
    (letter,) = mail.outbox
    assert "Anna" in letter.body
    assert "Bea" in letter.body
    assert len(links()) == 2


# --- nothing that says who exists


def asked_for(browser_of: Any, asked: str, django_assert_num_queries: Any = None) -> tuple[Any, ...]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = browser_of(f"192.0.2.{len(asked)}")
    token = str(client.get(ASK).context["csrf_token"])
    with CaptureQueriesContext(
        connection,
    ) as asked_of_the_database:
        response = client.post(ASK, {"asked": asked, "csrfmiddlewaretoken": token})
    page = client.get(response["Location"]).content.decode()
    statements = [re.sub(r"SAVEPOINT.*", "SAVEPOINT", query["sql"][:40]) for query in asked_of_the_database]
    return response.status_code, response["Location"], sorted(response.cookies), statements, page


@pytest.mark.defect("V-7")
def test_who_is_there_and_who_is_not_is_answered_alike(browser_of: Any, anna: Any) -> None:
    create_account("Nomail", "", PASSWORD)
    create_account("Robot", "robot@example.com", None)
    bans.add_ban(name="bandit")
    create_account("Bandit", "bandit@example.com", PASSWORD)
    away = create_account("Away", "away@example.com", PASSWORD)
    away.is_active = False
    away.save()
    there = asked_for(browser_of, "anna")
    for asked in ("Nobody", "Nomail", "Robot", "Bandit", "Away"):
        assert asked_for(browser_of, asked) == there, asked
    assert asked_for(browser_of, "nobody@example.com") == asked_for(browser_of, "anna@example.com")
    assert LETTERS.wait(20)
    assert {letter.to[0] for letter in mail.outbox} == {"anna@example.com"}


def test_no_page_waits_for_the_mail_server(player: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    sent_by: list[str] = []

    def slow(self: Any, *args: Any) -> int:
        sent_by.append(threading.current_thread().name)
        goes_on.wait(30)
        return 1

    monkeypatch.setattr("django.core.mail.EmailMessage.send", slow)
    try:
        assert post(player, ASK, {"asked": "anna"})["Location"] == DONE
    finally:
        goes_on.set()
    assert LETTERS.wait(20)
    assert sent_by == ["perdure-letters"]


def test_a_mail_server_that_fails_is_logged_and_the_next_letter_is_sent(
    player: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMessage.send", lambda self: 1 / 0)
        assert ask(player, "anna")["Location"] == DONE
    assert "could not be sent" in caplog.text
    ask(player, "anna")
    assert len(mail.outbox) == 1


def test_a_letter_of_a_request_that_is_undone_is_not_sent(
    player: Client, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> None:
    from perdure.transactions import transaction

    token = str(player.get(ASK).context["csrf_token"])
    with pytest.raises(ZeroDivisionError), transaction():
        player.post(ASK, {"asked": "anna", "csrfmiddlewaretoken": token})
        raise ZeroDivisionError
    assert LETTERS.wait(20)
    assert mail.outbox == []


def test_how_many_letters_wait_is_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(letters, "MAX_WAITING", 3)
    some = Letters()
    goes_on = threading.Event()
    some.send(lambda: goes_on.wait(30))  # type: ignore[arg-type, return-value]
    while some._waiting.qsize():  # until the thread has taken the first
        threading.Event().wait(0.005)
    assert [some.send(lambda: 1 / 0) for _ in range(4)] == [True, True, True, False]  # type: ignore[arg-type, return-value]
    goes_on.set()
    assert some.wait(20)
    assert "wait already" in caplog.text


# --- how often


@pytest.mark.defect("V-7")
def test_who_asks_too_often_is_told(player: Client, site: Any) -> None:
    site.PASSWORD_RESET_THROTTLE_LIMIT = 3
    for number in range(3):
        assert post(player, ASK, {"asked": f"somebody{number}"}).status_code == 302
    response = post(player, ASK, {"asked": "anna"})
    assert response.status_code == 200
    assert "too often" in response.content.decode()
    assert LETTERS.wait(20)
    assert mail.outbox == []


@pytest.mark.defect("V-7")
def test_nobodys_letter_box_is_filled(browser_of: Any, anna: Any, site: Any) -> None:
    site.PASSWORD_RESET_THROTTLE_LIMIT = 3
    for number in range(8):
        asked = "anna" if number % 2 else "ANNA@example.com"
        assert ask(browser_of(f"198.51.100.{number}"), asked)["Location"] == DONE
    assert len(mail.outbox) == 3


@pytest.mark.defect("V-7")
def test_a_banned_address_gets_no_letter_and_no_page(player: Client, anna: Any) -> None:
    link = reset_path(anna)
    page = player.get(link)["Location"]
    bans.add_ban(ip="192.0.2.0/24")
    assert "banned" in ask(player, "anna").content.decode()
    assert mail.outbox == []
    assert post(player, page, TWICE, page=ASK).status_code == 403
    assert anna.check_password(PASSWORD)


@pytest.mark.parametrize("page", [ASK, "/auth/reset/MQ/choose/", "/auth/email/"])
def test_forms_of_other_sites_are_refused(player: Client, anna: Any, page: str) -> None:
    player.force_login(anna)
    assert player.post(page, {"asked": "anna", **TWICE}).status_code == 403


# --- whether there is mail at all


@pytest.fixture
def no_mail(site: Any) -> Any:
    site.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    return site


def test_where_no_mail_is_sent_the_page_says_whom_to_ask(player: Client, no_mail: Any) -> None:
    page = player.get(ASK).content.decode()
    assert "sends no mail" in page
    assert 'name="asked"' not in page
    assert "staff in the game" in page
    no_mail.STAFF_CONTACT_EMAIL = "staff@example.com"
    assert "mailto:staff@example.com" in player.get(ASK).content.decode()
    token = str(player.get("/auth/login/").context["csrf_token"])
    assert "sends no mail" in player.post(ASK, {"asked": "anna", "csrfmiddlewaretoken": token}).content.decode()


def test_the_settings_of_a_game_send_none_until_told_to(site: Any) -> None:
    from perdure import settings_default

    site.EMAIL_BACKEND = settings_default.EMAIL_BACKEND
    assert not letters.mail_is_configured()
    site.DEBUG = True
    assert letters.mail_is_configured()
    site.DEBUG, site.EMAIL_BACKEND = False, "django.core.mail.backends.smtp.EmailBackend"
    assert letters.mail_is_configured()


# --- where links lead


def test_a_link_leads_to_the_site_and_not_where_the_request_says(player: Client, site: Any) -> None:
    token = str(player.get(ASK).context["csrf_token"])
    data = {"asked": "anna", "csrfmiddlewaretoken": token}
    assert player.post(ASK, data, headers={"host": "evil.example"}).status_code == 400
    site.ALLOWED_HOSTS, site.SITE_URL = ["*"], "https://game.example.org/"
    assert player.post(ASK, data, headers={"host": "evil.example"}).status_code == 302
    assert LETTERS.wait(20)
    (letter,) = mail.outbox
    assert "https://game.example.org/auth/reset/" in letter.body
    assert "evil" not in letter.body


def test_a_game_that_answers_to_every_name_is_told_to_say_its_own(site: Any) -> None:
    site.ALLOWED_HOSTS, site.EMAIL_BACKEND = ["*"], "django.core.mail.backends.smtp.EmailBackend"

    def told() -> bool:
        return "perdure.W004" in [message.id for message in run_checks()]

    assert told()
    site.SITE_URL = "https://game.example.org"
    assert not told()
    site.SITE_URL = ""
    site.ALLOWED_HOSTS = ["game.example.org"]
    assert not told()


# --- the address of the account


def test_changing_the_address_takes_the_password(player: Client, anna: Any) -> None:
    assert player.get("/auth/email/")["Location"].startswith("/auth/login/?next=")
    player.force_login(anna)
    link = reset_path(anna)
    wrong = post(player, "/auth/email/", {"password": "wrong", "email": "new@example.com"})
    assert "not your password" in wrong.content.decode()
    assert anna.email == "anna@example.com"
    bad = post(player, "/auth/email/", {"password": PASSWORD, "email": "nowhere"})
    assert "valid email" in bad.content.decode()
    assert post(player, "/auth/email/", {"password": PASSWORD, "email": "new@EXAMPLE.com"}).status_code == 302
    assert anna.email == "new@example.com"
    assert account_of(*link.split("/")[3:5]) is None
    assert post(player, "/auth/email/", {"password": PASSWORD, "email": ""}).status_code == 302
    assert anna.email == ""
    assert not throttle.LOGIN_THROTTLE.check("192.0.2.1")


@pytest.mark.defect("V-16")
def test_staff_hand_out_a_link_for_one_use(world: Any, browser_of: Any, site: Any) -> None:
    site.SITE_URL = "https://cave.example"
    admin, player = world.player("Ada", permissions="Admin"), world.player("Bert")
    before = player.account.password
    told = admin.send("userpassword/link bert")
    assert player.account.password == before
    path = told.partition("https://cave.example")[2].split()[0]
    assert browser_of().get(path, follow=True).status_code == 200
    assert "Usage" in admin.send("userpassword/link bert = nothing to say here")
    owner = world.player("Olga", superuser=True)
    assert "may not" in admin.send(f"userpassword/link {owner.account.key}")
    player.account.set_password("brand new secret")
    player.account.save()
    assert browser_of().get(path, follow=True).status_code == 410
