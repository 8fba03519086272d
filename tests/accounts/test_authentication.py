"""Registering and authenticating: rules, bans, limits, all or nothing."""

from __future__ import annotations

import pytest

from perdure import signals
from perdure.accounts import bans
from perdure.accounts.accounts import DefaultAccount, DefaultGuest
from perdure.accounts.models import AccountDB
from perdure.accounts.throttle import Throttle
from perdure.create import create_account, create_channel, create_object
from perdure.errors import InvalidArgument
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter
from perdure.serverconfig.models import ServerConfig

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse"


class Clumsy(DefaultAccount):
    def at_post_create_character(self, character, **kwargs):
        raise ZeroDivisionError


class Watchful(DefaultAccount):
    def at_failed_login(self, session, **kwargs):
        self.db.failures = (self.db.failures or 0) + 1


# --- registering


def test_an_account_comes_with_everything(settings):
    settings.DEFAULT_CHANNELS = [{"key": "Public"}, {"key": "Closed"}, {"key": "Not there"}]
    public = create_channel("Public")
    closed = create_channel("Closed", locks="listen:false()")
    start = create_object("objects.objects.DefaultRoom", key="Start")
    settings.START_LOCATION = start.dbref
    heard = []

    def receiver(sender, ip, **kwargs):
        heard.append((sender, ip))

    signals.SIGNAL_ACCOUNT_POST_CREATE.connect(receiver)
    try:
        account, errors = DefaultAccount.create(username=" ＡｎｎａLind ", password=PASSWORD, ip="10.0.0.9")
    finally:
        signals.SIGNAL_ACCOUNT_POST_CREATE.disconnect(receiver)
    assert errors == []
    assert account.key == "AnnaLind"
    assert heard == [(account, "10.0.0.9")]
    assert (account.db.FIRST_LOGIN, account.db.creator_ip) == (True, "10.0.0.9")
    assert public.has_connection(account)
    assert not closed.has_connection(account)
    (character,) = account.characters.all()
    assert (type(character), character.key, character.location) == (DefaultCharacter, "AnnaLind", start)
    assert account.db._last_puppet is character
    assert character.access(account, "puppet")
    assert character.permissions.all() == account.permissions.all()


def test_without_a_first_character(settings):
    settings.AUTO_CREATE_CHARACTER_WITH_ACCOUNT = False
    account, errors = DefaultAccount.create("Anna", PASSWORD)
    assert errors == []
    assert account.characters.count() == 0
    assert not ObjectDB.objects.exists()


@pytest.mark.defect("H-1")
def test_what_fails_halfway_leaves_nothing(caplog):
    account, errors = DefaultAccount.create(username="Anna", password=PASSWORD, typeclass=Clumsy)
    assert account is None
    assert errors
    assert "ZeroDivisionError" in caplog.text
    assert not AccountDB.objects.exists()
    assert not ObjectDB.objects.exists()


def test_a_character_that_is_refused_undoes_the_account():
    create_object("objects.objects.DefaultCharacter", key="Anna")
    account, errors = DefaultAccount.create("Anna", PASSWORD)
    assert account is None
    assert "exists" in errors[0]
    assert not AccountDB.objects.exists()


def test_rules_for_names_and_passwords(settings):
    settings.AUTH_USERNAME_VALIDATORS = [
        {"NAME": "django.core.validators.MinLengthValidator", "OPTIONS": {"limit_value": 3}},
        {"NAME": "django.contrib.auth.validators.ASCIIUsernameValidator"},
    ]
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
        {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    ]
    settings.GUEST_ENABLED, settings.GUEST_LIST = True, ["Visitor"]
    create_account("Taken", "", None)
    for name in ("", "ab", "a b!", "tAKEN", "visitor"):
        account, errors = DefaultAccount.create(name, PASSWORD)
        assert account is None
        assert errors, name
    for password in ("", None, "short", "johnathan"):
        account, errors = DefaultAccount.create("johnathan", password)
        assert account is None
        assert errors, password
    assert AccountDB.objects.count() == 1
    assert DefaultAccount.validate_username("Fine") == (True, [])
    assert DefaultAccount.validate_password(PASSWORD) == (True, None)


def test_creation_is_limited(settings):
    settings.CREATION_THROTTLE_LIMIT = 2
    for name in ("Anna", "Bea"):
        assert DefaultAccount.create(name, PASSWORD, ip="10.0.0.1")[0]
    account, errors = DefaultAccount.create("Cleo", PASSWORD, ip="10.0.0.1")
    assert account is None
    assert "too many" in errors[0]
    assert DefaultAccount.create("Cleo", PASSWORD, ip="10.0.0.2")[0]


def test_characters_have_their_number(settings):
    settings.MAX_NR_CHARACTERS = 2
    anna = create_account("Anna", "", None)
    assert (anna.get_character_slots(), anna.get_available_character_slots()) == (2, 2)
    for key in ("Hero", "Mage"):
        assert anna.create_character(key=key)[0]
    assert anna.get_available_character_slots() == 0
    character, errors = anna.create_character(key="Thief")
    assert character is None
    assert errors
    anna.permissions.add("Developer")
    assert anna.create_character(key="Thief")[0].key == "Thief"
    settings.MAX_NR_CHARACTERS = None
    assert anna.get_available_character_slots() is None


# --- authenticating


def test_authenticating(new_session, settings):
    settings.LOGIN_THROTTLE_LIMIT = 3
    account = create_account("Anna", "", PASSWORD, typeclass=Watchful)
    heard = []

    def receiver(sender, session, **kwargs):
        heard.append((sender, session))

    assert DefaultAccount.authenticate("ANNA", PASSWORD, ip="10.0.0.1") == (account, [])
    assert not account.is_connected
    session = new_session()
    signals.SIGNAL_ACCOUNT_POST_LOGIN_FAIL.connect(receiver)
    try:
        wrong = DefaultAccount.authenticate("Anna", "wrong", ip="10.0.0.1", session=session)
        nobody = DefaultAccount.authenticate("Nobody", "wrong", ip="10.0.0.1", session=session)
    finally:
        signals.SIGNAL_ACCOUNT_POST_LOGIN_FAIL.disconnect(receiver)
    assert wrong[0] is nobody[0] is None
    assert wrong[1] == nobody[1]
    assert heard == [(account, session)]
    assert account.db.failures == 1
    assert DefaultAccount.authenticate("Anna", PASSWORD, ip="10.0.0.2")[0] is account


def test_a_broken_hook_does_not_change_the_answer(new_session, monkeypatch, caplog):
    create_account("Anna", "", PASSWORD, typeclass=Watchful)

    def at_failed_login(self, session, **kwargs):
        raise ZeroDivisionError("hooked")

    monkeypatch.setattr(Watchful, "at_failed_login", at_failed_login)
    assert DefaultAccount.authenticate("Anna", "wrong", session=new_session())[0] is None
    assert "hooked" in caplog.text


def test_who_is_banned_gets_neither_in_nor_an_account():
    create_account("Anna", "", PASSWORD)
    bans.add_ban(name="ANNA", reason="rude")
    bans.add_ban(ip="10.1.0.0/16")
    assert DefaultAccount.is_banned(username="anna")
    assert "banned" in DefaultAccount.authenticate("Anna", PASSWORD)[1][0]
    assert "banned" in DefaultAccount.create("Bea", PASSWORD, ip="10.1.2.3")[1][0]
    assert bans.remove_ban(name="anna")
    assert not bans.remove_ban(name="anna")
    assert DefaultAccount.authenticate("Anna", PASSWORD)[0].key == "Anna"


@pytest.mark.parametrize(
    ("pattern", "address", "banned"),
    [
        ("1.2.3.4", "1.2.3.4", True),
        ("1.2.3.4", "1.2.3.45", False),
        ("1.2.3.4", "::ffff:1.2.3.4", True),
        ("10.0.*.*", "10.0.9.9", True),
        ("10.0.*.*", "10.10.9.9", False),
        ("10.0.0.0/8", "10.200.1.1", True),
        ("2001:db8::/32", "2001:db8:1::5", True),
        ("2001:db8::/32", "2001:db9::5", False),
        ("2001:db8::/32", "10.0.0.1", False),
        ("10.0.0.0/8", "nonsense", False),
    ],
)
def test_addresses_are_banned_exactly(pattern, address, banned):
    bans.add_ban(ip=pattern)
    assert bans.is_banned(ip=address) is banned


def test_a_ban_that_makes_no_sense_is_refused():
    for arguments in ({}, {"name": "a", "ip": "1.2.3.4"}, {"ip": "1.2.3"}, {"ip": "1.2.*"}, {"ip": "1.2.3.4/99"}):
        with pytest.raises(InvalidArgument):
            bans.add_ban(**arguments)
    assert bans.all_bans() == []


def test_bans_of_the_documented_form_are_understood():
    ServerConfig.objects.conf("server_bans", [("anna", "", "", "2020-01-01", "x"), ("", "10.9.*.*", None, "", "")])
    assert bans.is_banned(username="Anna")
    assert bans.is_banned(ip="10.9.1.1")
    assert not bans.is_banned(username="Bea", ip="10.8.1.1")


# --- the limit on failures


def test_a_throttle(settings):
    settings.LOGIN_THROTTLE_LIMIT, settings.LOGIN_THROTTLE_TIMEOUT = 2, 60
    now = [0.0]
    throttle = Throttle("LOGIN_THROTTLE", clock=lambda: now[0], capacity=3)
    throttle.update("10.0.0.1")
    assert not throttle.check("10.0.0.1")
    now[0] = 50
    throttle.update("10.0.0.1")
    assert throttle.check("10.0.0.1")
    now[0] = 109
    assert throttle.check("10.0.0.1")
    now[0] = 110
    assert not throttle.check("10.0.0.1")
    for host in ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"):
        throttle.update(host)
    assert throttle.check("2001:db8:0:1::3")
    assert not throttle.check("2001:db8:0:2::3")
    for number in range(64):
        now[0] += 1
        throttle.update(f"10.0.1.{number}")
    assert len(throttle) < 64
    throttle.prune()
    assert len(throttle) == 3
    throttle.update("")
    assert not throttle.check("")
    settings.LOGIN_THROTTLE_LIMIT = None
    assert not throttle.check("10.0.1.49")


# --- guests


@pytest.fixture
def guests(settings):
    settings.GUEST_ENABLED, settings.GUEST_LIST = True, ["Visitor1", "Visitor2"]
    return settings


def test_guests_come_and_go(guests, new_session):
    first, errors = DefaultGuest.create(ip="10.0.0.1")
    assert errors == []
    second, _ = DefaultGuest.authenticate(ip="10.0.0.1")
    assert (type(first), first.key, second.key) == (DefaultGuest, "Visitor1", "Visitor2")
    assert first.permissions.all() == ["guests"]
    (character,) = first.characters.all()
    third, errors = DefaultGuest.create(ip="10.0.0.1")
    assert third is None
    assert "in use" in errors[0]
    session = new_session(first)
    first.at_post_login(session=session)
    assert session.puppet is character
    first.disconnect_session_from_account(session, "bye")
    assert not AccountDB.objects.filter(username="Visitor1").exists()
    assert not ObjectDB.objects.filter(db_key="Visitor1").exists()
    assert DefaultGuest.create()[0].key == "Visitor1"


def test_no_guests_where_they_are_not_wanted(settings):
    settings.GUEST_ENABLED = False
    assert DefaultGuest.create(ip="10.0.0.1")[0] is None


def test_a_guest_that_shuts_down_loses_its_characters(guests):
    guest, _ = DefaultGuest.create()
    guest.at_server_shutdown()
    assert not ObjectDB.objects.exists()
