"""Tokens: made, used, held to what they may, ended; and the other way in, the website's session."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from perdure.accounts import access_tokens, bans
from perdure.accounts.access_tokens import create_token, find_token, revoke_token
from perdure.accounts.throttle import KNOWN_THROTTLE, LOGIN_THROTTLE
from perdure.errors import InvalidArgument
from tests.web.rest.conftest import ADDRESS, Api, api_of, make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(rest: Any) -> Any:
    return make_account("Anna", "Builder")


# --- what a token is


@pytest.mark.defect("V-16")
def test_the_secret_is_shown_once_and_not_stored(anna: Any) -> None:
    token, secret = create_token(anna, "map")
    assert secret.startswith("perdure_")
    assert len(secret) == len("perdure_") + 43, "256 bits"
    stored = {field.name: str(getattr(token, field.name)) for field in token._meta.fields}
    assert not [name for name, value in stored.items() if secret[8:] in value]
    assert find_token(secret) == token
    assert find_token(secret).account is anna, "the live account"
    assert secret not in str(token)


@pytest.mark.parametrize(
    "secret", ["", "perdure_", "x" * 51, "perdure_" + "x" * 43, "perdure_" + "é" * 43, "perdure_" + "x" * 10_000]
)
def test_what_is_no_token(anna: Any, secret: str) -> None:
    assert find_token(secret) is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "a\nb"},
        {"name": "x" * 101},
        {"days": 0},
        {"days": -1},
        {"days": 5000},
        {"network": "here"},
        {"network": "10.0.0.0/99"},
    ],
)
def test_what_no_token_can_be_made_of(anna: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        create_token(anna, **{"name": "x", **arguments})


def test_an_account_has_so_many_tokens_and_no_more(anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_tokens, "MOST", 2)
    first, _ = create_token(anna, "one")
    create_token(anna, "two")
    with pytest.raises(InvalidArgument, match="revoke"):
        create_token(anna, "three")
    type(first).objects.filter(pk=first.pk).update(expires=timezone.now() - timedelta(days=1))
    create_token(anna, "three")


def test_tokens_that_ended_long_ago_are_forgotten(anna: Any) -> None:
    old, _ = create_token(anna, "old")
    ended, _ = create_token(anna, "ended")
    tokens = type(old).objects
    tokens.filter(pk=old.pk).update(expires=timezone.now() - timedelta(days=31))
    tokens.filter(pk=ended.pk).update(expires=timezone.now() - timedelta(days=29))
    create_token(anna, "new", days=None)
    create_token(anna, "newer")
    assert [one.name for one in access_tokens.tokens_of(anna)] == ["ended", "new", "newer"]


# --- its life


@pytest.mark.defect("V-9")
def test_a_token_lives_until_it_is_revoked(anna: Any) -> None:
    token, secret = create_token(anna, "map")
    api = Api(secret)
    said = api.get("/me").said
    assert said["key"] == "Anna"
    assert said["token"]["name"] == "map"
    assert revoke_token(token.pk)
    assert not revoke_token(token.pk)
    answer = api.get("/me")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.defect("V-9")
def test_a_token_ends_by_itself(anna: Any) -> None:
    token, secret = create_token(anna, "map", days=1)
    assert Api(secret).get("/me").status_code == 200
    type(token).objects.update(expires=timezone.now())
    assert Api(secret).get("/me").status_code == 401
    _, lasting = create_token(anna, "map", days=None)
    assert Api(lasting).get("/me").said["token"]["expires"] is None


def test_a_token_ends_with_its_account(anna: Any) -> None:
    api = api_of(anna)
    anna.delete()
    assert api.get("/me").status_code == 401


def test_a_token_of_an_account_that_is_not_active(anna: Any) -> None:
    api = api_of(anna)
    anna.is_active = False
    anna.save()
    assert api.get("/me").status_code == 401


@pytest.mark.defect("V-15")
def test_a_token_does_what_its_account_may_at_that_moment(anna: Any) -> None:
    api = api_of(anna)
    assert api.get("/rooms").status_code == 200
    anna.permissions.remove("Builder")
    assert api.get("/rooms").status_code == 403


def test_the_last_use_is_noted_once_a_minute(anna: Any, django_assert_num_queries: Any) -> None:
    token, secret = create_token(anna, "map")
    api = Api(secret)
    assert token.last_used is None
    api.get("/me")
    token.refresh_from_db()
    noted = token.last_used
    assert noted is not None
    api.get("/me")
    token.refresh_from_db()
    assert token.last_used == noted
    later = noted + timedelta(minutes=2)
    access_tokens.note_use(token, ADDRESS, now=later)
    token.refresh_from_db()
    assert token.last_used == later


def test_making_and_ending_is_logged_without_the_secret(anna: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "perdure.security"):
        token, secret = create_token(anna, "map")
        revoke_token(token.pk)
    assert [f"token #{token.pk}" in message for message in caplog.messages] == [True, True]
    assert secret not in caplog.text


# --- what it is held to


@pytest.mark.defect("V-9")
def test_a_token_that_only_reads(anna: Any, lamp: Any) -> None:
    anna.permissions.add("Admin")
    api = api_of(anna, read_only=True)
    assert api.get(f"/objects/{lamp.pk}").status_code == 200
    for answer in (
        api.patch(f"/objects/{lamp.pk}", {"key": "box"}),
        api.post("/objects", {"key": "box"}),
        api.put(f"/objects/{lamp.pk}/tags/x"),
        api.delete(f"/objects/{lamp.pk}"),
    ):
        assert answer.status_code == 403
        assert "only reads" in answer.said["detail"]
    assert lamp.key == "lamp"


@pytest.mark.parametrize(
    ("network", "address", "works"),
    [
        ("192.0.2.0/24", "192.0.2.200", True),
        ("192.0.2.0/24", "198.51.100.1", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.0/24", "::ffff:192.0.2.9", True),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "192.0.2.1", False),
        ("192.0.2.0/24", "", False),
    ],
)
def test_a_token_of_a_network(anna: Any, network: str, address: str, works: bool) -> None:
    _, secret = create_token(anna, "map", network=network)
    assert Api(secret, address=address).get("/me").status_code == (200 if works else 401)


# --- what counts for every entrance


@pytest.mark.parametrize("authorization", ["Basic QW5uYTpUcjFja3ktZW5vdWdo", "Bearer", "Bearer ", "perdure_x", ""])
def test_there_is_no_other_way_in(anna: Any, authorization: str) -> None:
    assert Api().get("/me", Authorization=authorization).status_code == 401
    is_a_try = authorization.startswith("Bearer")
    assert len(LOGIN_THROTTLE) == is_a_try, "a password that some proxy wants is no try"


def test_what_a_proxy_wants_does_not_keep_the_session_out(anna: Any) -> None:
    api = Api()
    api.client.force_login(anna)
    assert api.get("/me", Authorization="Basic QW5uYTpUcjFja3ktZW5vdWdo").status_code == 200


@pytest.mark.defect("V-7")
def test_wrong_tokens_count_as_failed_logins(anna: Any) -> None:
    wrong, right = Api("perdure_" + "x" * 43, "198.51.100.7"), api_of(anna)
    for _ in range(5):
        assert wrong.get("/me").status_code == 401
    refused = wrong.get("/me")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    from perdure.accounts.authentication import begin

    assert begin("anna", "198.51.100.7").errors, "at the other entrances too"
    right.client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    assert right.get("/me").status_code == 429, "nobody is known to use it from there"
    assert api_of(anna).get("/me").status_code == 200, "elsewhere it works"


@pytest.mark.defect("V-7")
def test_who_is_known_at_an_address_is_not_held_up_by_others_there(anna: Any) -> None:
    api = api_of(anna)
    assert api.get("/me").status_code == 200
    for _ in range(9):
        LOGIN_THROTTLE.update(ADDRESS)
    assert api.get("/me").status_code == 200
    assert len(KNOWN_THROTTLE) == 0


@pytest.mark.defect("V-7")
@pytest.mark.parametrize("ban", [{"ip": "192.0.2.0/24"}, {"name": "anna"}])
def test_bans_count(anna: Any, ban: dict[str, str]) -> None:
    api = api_of(anna)
    bans.add_ban(**ban)
    answer = api.get("/me")
    assert (answer.status_code, answer.said["detail"]) == (403, "You have been banned.")


@pytest.mark.defect("V-9")
def test_tokens_and_addresses_ask_so_often_and_no_more(anna: Any, rest: Any) -> None:
    from perdure.web.rest.rates import RATES

    rest.REST_API_RATE, rest.REST_API_BURST = 0.001, 3
    RATES.clear()
    api = api_of(anna)
    answers = [api.get("/me") for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1]["Retry-After"]) > 100
    assert Api(address=ADDRESS).get("/me").status_code == 429, "the address"
    api.client.defaults["REMOTE_ADDR"] = "192.0.2.99"
    assert api.get("/me").status_code == 429, "the token, from elsewhere"


def test_buckets_are_bounded_and_fill_up() -> None:
    from perdure.web.rest.rates import Rates

    now = [0.0]
    rates = Rates(clock=lambda: now[0], capacity=3)
    for number in range(10):
        rates.take(number)
    assert len(rates) == 3
    for _ in range(49):
        assert rates.take(9) == 0
    assert rates.take(9) == pytest.approx(0.1)
    now[0] += 0.1
    assert rates.take(9) == 0
    now[0] += 1000
    assert [rates.take(9) == 0 for _ in range(51)] == [True] * 50 + [False], "no more than a bucket holds"


# --- the website's session


@pytest.mark.defect("V-9")
def test_a_session_of_the_website_changes_something_with_its_csrf_token_only(anna: Any, lamp: Any) -> None:
    anna.permissions.add("Admin")
    api = Api()
    api.client.force_login(anna)
    assert api.get("/me").said["token"] is None
    refused = api.patch(f"/objects/{lamp.pk}", {"key": "box"})
    assert refused.status_code == 403
    assert "CSRF" in refused.said["detail"]
    token = str(api.client.get("/webclient/").context["csrf_token"])
    assert api.patch(f"/objects/{lamp.pk}", {"key": "box"}, **{"X-CSRFToken": token}).status_code == 200
    assert lamp.key == "box"
    assert api.patch(f"/objects/{lamp.pk}", {"key": "x"}, **{"X-CSRFToken": "y" * 64}).status_code == 403


def test_a_wrong_token_is_not_made_up_for_by_a_session(anna: Any) -> None:
    api = Api("perdure_" + "x" * 43)
    api.client.force_login(anna)
    assert api.get("/me").status_code == 401


def test_a_form_of_another_site_is_no_json(anna: Any, lamp: Any) -> None:
    api = api_of(anna)
    answer = api.client.post("/api/objects", {"key": "x"}, headers=api.headers)
    assert answer.status_code == 415
