"""One service for every entrance: steps that may run elsewhere, waits that grow, and nobody locked out by others."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import authenticate as django_authenticate
from django.contrib.auth import hashers
from django.core.checks import run_checks
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import Client, RequestFactory

from perdure.accounts import authentication, bans, throttle
from perdure.accounts.accounts import DefaultAccount, DefaultGuest
from perdure.accounts.authentication import begin, begin_password_change
from perdure.accounts.backends import CaseInsensitiveModelBackend
from perdure.accounts.models import AccountDB, KnownAddress, ThrottleRecord
from perdure.accounts.passwords import MAX_PASSWORD
from perdure.accounts.registration import begin_creation
from perdure.accounts.throttle import ACCOUNT_THROTTLE, KNOWN_THROTTLE, LOGIN_THROTTLE, Throttle
from perdure.create import create_account

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse"
HERE, THERE, ELSEWHERE = "10.0.0.1", "10.0.0.2", "10.0.0.3"


@pytest.fixture
def anna():
    return create_account("Anna", "", PASSWORD)


@pytest.fixture
def clock(monkeypatch):
    """The time of all throttles."""
    now = [1_000_000.0]
    for one in (LOGIN_THROTTLE, ACCOUNT_THROTTLE, KNOWN_THROTTLE, throttle.CREATION_THROTTLE):
        monkeypatch.setattr(one, "clock", lambda: now[0])
    return now


def test_a_ban_of_the_name_ends_a_login_on_the_website(anna):
    backend = CaseInsensitiveModelBackend()
    assert backend.get_user(anna.pk) == anna
    bans.add_ban(name="anna")
    assert backend.get_user(anna.pk) is None
    bans.remove_ban(name="anna")
    assert backend.get_user(anna.pk) == anna
    assert backend.get_user(10**6) is None


def attempt(password, ip, name="Anna"):
    return DefaultAccount.authenticate(name, password, ip=ip)


def elsewhere(function, *args):
    """What comes of it on another thread, and whether a database was opened there."""

    def run():
        result = function(*args)
        return result, [one.alias for one in connections.all(initialized_only=True) if one.connection is not None]

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


# --- steps


@pytest.mark.defect("V-8")
def test_hashing_needs_neither_the_thread_of_the_game_nor_a_database(anna):
    for name, password, right in (("anna", PASSWORD, True), ("Anna", "wrong", False), ("Nobody", PASSWORD, False)):
        check = begin(name, HERE)
        assert check.errors == []
        verdict, opened = elsewhere(check.verify, password)
        assert (verdict.right, opened) == (right, [])
        account, errors = check.finish(verdict)
        assert (account is anna, bool(errors)) == (right, not right)
    creation = begin_creation("Bea", PASSWORD, "bea@example.com", HERE)
    encoded, opened = elsewhere(creation.hash, PASSWORD)
    assert opened == []
    bea, errors = creation.finish(encoded)
    assert errors == []
    assert (bea.email, bea.check_password(PASSWORD)) == ("bea@example.com", True)


@pytest.mark.defect("V-8")
def test_nothing_is_hashed_where_the_game_runs(anna, monkeypatch, settings):
    settings.GUEST_ENABLED = True

    def refuse(*args, **kwargs):
        raise AssertionError("hashed on the thread of the game")

    for name in ("encode", "verify", "harden_runtime"):
        monkeypatch.setattr(hashers.MD5PasswordHasher, name, refuse)
    check = begin("Anna", HERE)
    assert check.finish(authentication.Verdict(True))[0] is anna
    assert check.finish(authentication.Verdict(False))[0] is None
    creation = begin_creation("Bea", PASSWORD, ip=HERE)
    assert creation.finish("md5$salt$hash")[0].key == "Bea"
    change = begin_password_change(anna, "other horses")
    assert change.finish("md5$salt$hash") == (True, [])
    assert DefaultGuest.create(ip=HERE)[1] == []


@pytest.mark.defect("V-8")
def test_how_many_hash_at_once_is_bounded(anna):
    gc.collect()
    waiting = [begin(f"Somebody{number}", f"10.1.{number}.1") for number in range(authentication.MAX_PENDING)]
    assert not any(check.errors for check in waiting)
    one_more = begin("Anna", HERE)
    assert "Try again" in one_more.errors[0]
    waiting.pop().finish(authentication.Verdict(False))
    assert begin("Anna", HERE).errors == []
    waiting.clear()


def test_a_name_that_nobody_has_costs_as_much_as_a_wrong_password(anna, monkeypatch):
    hashed = []
    original = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(
        hashers.MD5PasswordHasher, "encode", lambda self, *args: hashed.append(1) or original(self, *args)
    )
    costs = []
    bot = create_account("Bot", "", None)
    for name in (anna.key, "Nobody", bot.key):
        hashed.clear()
        check = begin(name, HERE)
        check.finish(check.verify("wrong"))
        costs.append(len(hashed))
    assert costs == [1, 1, 1]


def test_an_old_hash_is_made_anew_at_login(anna, settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.Argon2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    check = begin("Anna", HERE)
    assert anna.password.startswith("md5$")
    assert check.finish(check.verify("wrong"))[0] is None
    assert anna.password.startswith("md5$")
    check = begin("Anna", HERE)
    assert check.finish(check.verify(PASSWORD))[0] is anna
    anna.refresh_from_db()
    assert anna.password.startswith("argon2$")
    assert attempt(PASSWORD, HERE)[0] is anna


def test_a_password_that_changes_between_the_steps_is_not_accepted(anna):
    check = begin("Anna", HERE)
    verdict = check.verify(PASSWORD)
    anna.set_password("another one")
    anna.save()
    account, errors = check.finish(verdict)
    assert account is None
    assert "changed" in errors[0]
    assert not ThrottleRecord.objects.exists()


def test_an_account_that_is_switched_off_or_gone_lets_nobody_in(anna):
    check = begin("Anna", HERE)
    verdict = check.verify(PASSWORD)
    anna.is_active = False
    anna.save()
    assert check.finish(verdict)[0] is None
    check = begin("Anna", HERE)
    anna.delete()
    assert check.finish(verdict)[0] is None


def test_what_is_no_password_is_wrong(anna):
    for password in ("", None, 5, "x" * (MAX_PASSWORD + 1), PASSWORD + "\0"):
        assert attempt(password, "")[0] is None


@pytest.mark.defect("V-12")
def test_a_password_has_a_longest(anna):
    assert begin_creation("Bea", "ab" * MAX_PASSWORD).errors
    assert begin_password_change(anna, "ab" * MAX_PASSWORD).errors


def test_changing_a_password(anna, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    ]
    refused = begin_password_change(anna, "short")
    assert refused.errors
    assert refused.finish(refused.hash("short"))[0] is False
    heard = []
    anna.at_password_change = lambda **kwargs: heard.append(kwargs)
    change = begin_password_change(anna, "quite another")
    assert change.finish(change.hash("quite another"), why="bored") == (True, [])
    assert heard == [{"why": "bored"}]
    assert attempt("quite another", HERE)[0] is anna
    assert attempt(PASSWORD, HERE)[0] is None


def test_a_name_taken_between_the_steps_of_a_creation(settings):
    first, second = begin_creation("Bea", PASSWORD), begin_creation("BEA", PASSWORD)
    assert first.finish(first.hash(PASSWORD))[1] == []
    account, errors = second.finish(second.hash(PASSWORD))
    assert account is None
    assert "name" in errors[0]
    assert AccountDB.objects.count() == 1


def test_many_creations_at_once_are_not_more_than_are_allowed(settings):
    settings.CREATION_THROTTLE_LIMIT = 2
    checks = [begin_creation(f"Somebody{number}", PASSWORD, ip=HERE) for number in range(5)]
    made = [check.finish(check.hash(PASSWORD))[0] for check in checks]
    assert sum(account is not None for account in made) == 2


def test_players_make_no_accounts_where_registration_is_closed(settings):
    settings.NEW_ACCOUNT_REGISTRATION_ENABLED = False
    assert begin_creation("Bea", PASSWORD).errors
    assert DefaultAccount.create("Bea", PASSWORD)[0]  # staff may


# --- waits


@pytest.mark.defect("V-7")
def test_waits_double_and_are_remembered_over_a_restart(settings):
    settings.LOGIN_THROTTLE_LIMIT, settings.LOGIN_THROTTLE_TIMEOUT = 2, 60
    now = [1_000.0]

    def started_anew():
        return Throttle("LOGIN_THROTTLE", clock=lambda: now[0])

    started_anew().update(HERE)
    started_anew().update(HERE)
    assert started_anew().wait(HERE) == 60
    for wait in (60, 120, 240, 480):
        now[0] += wait - 1
        assert started_anew().check(HERE)
        now[0] += 1
        assert not started_anew().check(HERE)
        started_anew().update(HERE)
    for _ in range(20):
        started_anew().update(HERE)
    assert started_anew().wait(HERE) == throttle.DAY
    now[0] -= 1_000_000  # a clock that is set back
    assert started_anew().wait(HERE) == throttle.DAY
    now[0] += 1_000_000 + 2 * throttle.DAY
    started_anew().update(HERE)
    assert started_anew().wait(HERE) == 0


@pytest.mark.defect("V-7")
def test_whoever_fails_elsewhere_locks_nobody_out(anna, settings, clock):
    settings.LOGIN_THROTTLE_LIMIT, settings.LOGIN_THROTTLE_ACCOUNT_LIMIT = 3, 5
    assert attempt(PASSWORD, HERE)[0] is anna
    for number in range(8):
        attempt("guess", f"10.9.0.{number}")
    assert "Too many" in attempt(PASSWORD, THERE)[1][0]  # a stranger's right guess would not help
    assert attempt(PASSWORD, HERE)[0] is anna
    # Nor does somebody else at the same address.
    for number in range(4):
        attempt("guess", HERE, name=f"Nobody{number}")
    assert "Too many" in attempt("guess", HERE, name="Nobody9")[1][0]
    assert attempt(PASSWORD, HERE)[0] is anna
    clock[0] += throttle.HOUR
    assert attempt(PASSWORD, THERE)[0] is anna


@pytest.mark.defect("V-7")
def test_guessing_from_where_the_account_is_used_is_limited_too(anna, settings, clock):
    settings.LOGIN_THROTTLE_LIMIT, settings.LOGIN_THROTTLE_TIMEOUT = 3, 60
    attempt(PASSWORD, HERE)
    for _ in range(3):
        assert "wrong" in attempt("guess", HERE)[1][0]
    assert "Too many" in attempt(PASSWORD, HERE)[1][0]
    clock[0] += 60
    assert attempt(PASSWORD, HERE)[0] is anna
    assert not ThrottleRecord.objects.filter(kind="known_throttle").exists()


@pytest.mark.defect("V-7")
def test_guessing_in_many_connections_at_once_gives_no_more_guesses(anna, settings, clock):
    settings.LOGIN_THROTTLE_LIMIT, settings.LOGIN_THROTTLE_TIMEOUT = 3, 60
    gc.collect()
    checks = [begin("Anna", HERE) for _ in range(10)]
    assert sum(not check.errors for check in checks) == 3
    for check in checks:
        check.finish(check.verify("guess"))
    del check
    checks.clear()
    clock[0] += 60
    after = [begin("Anna", HERE) for _ in range(3)]
    assert sum(not check.errors for check in after) == 1
    # What nobody finishes is forgotten with whoever held it.
    after.clear()
    gc.collect()
    assert not begin("Anna", HERE).errors


@pytest.mark.defect("V-7")
def test_a_name_that_nobody_has_is_throttled_alike(anna, settings, clock):
    settings.LOGIN_THROTTLE_ACCOUNT_LIMIT = 3
    answers = {
        name: [attempt("guess", f"10.{column}.0.{number}", name=name)[1] for number in range(5)]
        for column, name in enumerate(("Anna", "Nobody"))
    }
    assert answers["Anna"] == answers["Nobody"]
    assert "Too many" in answers["Anna"][-1][0]


@pytest.mark.defect("V-7")
def test_the_website_and_the_admin_are_no_way_around(anna, settings, clock):
    settings.LOGIN_THROTTLE_LIMIT = 3
    settings.AUTHENTICATION_BACKENDS = [
        "perdure.accounts.backends.CaseInsensitiveModelBackend",
        "django.contrib.auth.backends.ModelBackend",  # would let in, were it asked
    ]
    request = RequestFactory().get("/", REMOTE_ADDR=HERE)
    assert django_authenticate(request, username="ANNA", password=PASSWORD) == anna
    assert KnownAddress.objects.get().network == HERE
    anna.is_staff = True
    anna.save()
    page = Client(REMOTE_ADDR=THERE)
    for _ in range(3):
        page.post("/admin/login/", {"username": "Anna", "password": "guess"})
    assert "Too many" in attempt(PASSWORD, THERE)[1][0]
    page.post("/admin/login/", {"username": "Anna", "password": PASSWORD})
    assert "_auth_user_id" not in page.session
    here = Client(REMOTE_ADDR=HERE)
    here.post("/admin/login/", {"username": "Anna", "password": PASSWORD})
    assert here.session["_auth_user_id"] == str(anna.pk)


@pytest.mark.defect("V-7")
def test_bans_count_at_every_entrance(anna, settings):
    settings.AUTHENTICATION_BACKENDS = ["perdure.accounts.backends.CaseInsensitiveModelBackend"]
    bans.add_ban(ip="2001:db8::/32")
    assert "banned" in begin("Anna", "2001:db8:5::1").errors[0]
    assert "banned" in begin_creation("Bea", PASSWORD, ip="2001:db8:5::1").errors[0]
    request = RequestFactory().get("/", REMOTE_ADDR="2001:db8:5::1")
    with pytest.raises(PermissionDenied):
        CaseInsensitiveModelBackend().authenticate(request, "Anna", PASSWORD)
    assert django_authenticate(request, username="Anna", password=PASSWORD) is None
    assert attempt(PASSWORD, "2001:db9::1")[0] is anna


# --- what is kept


@pytest.mark.defect("V-7")
def test_what_is_kept_is_bounded(anna, settings, clock, django_assert_num_queries):
    settings.LOGIN_THROTTLE_LIMIT = 2
    for _ in range(30):
        attempt("guess", HERE)
    record = ThrottleRecord.objects.get(kind="login_throttle")
    assert record.count == 2  # who is refused is not written down
    for number in range(throttle.KNOWN_PER_ACCOUNT + 5):
        throttle.remember(anna.pk, f"10.2.0.{number}", clock=lambda number=number: float(number))
    assert KnownAddress.objects.count() == throttle.KNOWN_PER_ACCOUNT
    assert not throttle.is_known(anna.pk, "10.2.0.0")
    now = throttle.KNOWN_FOR
    throttle.remember(anna.pk, "2001:db8::1", clock=lambda: now)
    with django_assert_num_queries(1):  # the same day: nothing to write
        throttle.remember(anna.pk, "2001:db8::ffff", clock=lambda: now + 5)
    clock[0] += 3 * throttle.DAY
    throttle.prune(clock=lambda: now + throttle.DAY)
    assert [known.network for known in KnownAddress.objects.all()] == ["2001:db8::/64"]
    assert not ThrottleRecord.objects.exists()
    anna.delete()
    assert not KnownAddress.objects.exists()


def test_a_login_takes_few_statements(anna, django_assert_max_num_queries):
    attempt(PASSWORD, HERE)
    check = begin("Anna", HERE)
    verdict = check.verify(PASSWORD)
    del check
    with django_assert_max_num_queries(4):
        check = begin("Anna", HERE)
    with django_assert_max_num_queries(4):
        check.finish(verdict)


@pytest.mark.defect("V-7")
def test_settings_that_open_a_way_around_are_told_of(settings):
    ours, djangos = "perdure.accounts.backends.CaseInsensitiveModelBackend", "django.contrib.auth.backends.ModelBackend"
    for backends, told in (([ours], 0), ([ours, djangos], 0), ([djangos, ours], 1), ([djangos], 1), (["no.such"], 1)):
        settings.AUTHENTICATION_BACKENDS = backends
        assert [message.id for message in run_checks()].count("perdure.W002") == told, backends


@pytest.mark.defect("V-7")
def test_the_oldest_of_too_many_are_forgotten_and_no_others(clock, monkeypatch):
    monkeypatch.setattr(LOGIN_THROTTLE, "capacity", 3)
    for number in range(6):
        clock[0] += 1
        LOGIN_THROTTLE.update(f"10.0.0.{number}")
        ACCOUNT_THROTTLE.update(f"somebody{number}")
    throttle.prune()
    assert sorted(ThrottleRecord.objects.filter(kind="login_throttle").values_list("subject", flat=True)) == [
        "10.0.0.3",
        "10.0.0.4",
        "10.0.0.5",
    ]
    assert ThrottleRecord.objects.filter(kind="account_throttle").count() == 6
