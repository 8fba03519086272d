"""Before login: connecting, making accounts, and the commands that need nobody."""

from __future__ import annotations

import logging

import pytest

from perdure import create_account
from perdure.accounts.models import AccountDB
from perdure.server.messages import EchoInput

PASSWORD = "correct horse battery staple"


@pytest.fixture
def anna(world):
    return world._make_account("Anna", False, [], True, PASSWORD)


def echo(player):
    return [message.visible for message in player.messages if isinstance(message, EchoInput)]


def test_the_first_screen_names_the_game_and_comes_by_itself(world, settings):
    settings.SERVERNAME = "Lost Valley"
    player = world.connect()
    player.send("look")
    assert "Lost Valley" in player.text()
    assert "connect" in player.text()


def test_a_game_has_its_own_screen_and_a_broken_one_keeps_nobody_out(world, settings, caplog):
    settings.CONNECTION_SCREEN_MODULE = "tests.commands.default.screens.told"
    assert "Told by a function" in world.connect().send("look")
    settings.CONNECTION_SCREEN_MODULE = "tests.commands.default.screens.drawn"
    assert world.connect().send("look") in ("First picture", "Second picture")
    settings.CONNECTION_SCREEN_MODULE = "tests.commands.default.screens.broken"
    assert "connect" in world.connect().send("look")
    assert "division by zero" in caplog.text


def test_connect(world, anna):
    player = world.connect()
    player.send(f"connect anna {PASSWORD}")
    assert player.account is anna
    assert player.character.key == "Anna"


@pytest.mark.parametrize("line", ['connect "Anna" "{}"', 'conn  Anna   "{}"', "co 'Anna' {}", 'con "Anna" {}'])
def test_names_and_passwords_in_quotes(world, anna, line):
    player = world.connect()
    player.send(line.format(PASSWORD))
    assert player.account is anna


@pytest.mark.defect("V-16")
def test_a_password_that_is_left_out_is_asked_for_unseen(world, anna):
    player = world.connect()
    assert "Password" in player.send("connect anna")
    assert echo(player) == [False]
    player.send(PASSWORD)
    assert player.account is anna
    assert echo(player) == [False, True]
    assert PASSWORD not in player.text()


def test_a_wrong_password_says_nothing_about_the_name(world, anna):
    player = world.connect()
    wrong, unknown = player.send("connect anna wrong"), player.send("connect nobody wrong")
    assert wrong == unknown != ""
    assert player.account is None
    assert "Usage" in player.send("connect")


@pytest.mark.defect("V-7")
def test_too_many_failures_are_refused_here_too(world, anna, settings):
    settings.LOGIN_THROTTLE_LIMIT = 3
    player = world.connect(address="192.0.2.1")
    for _ in range(3):
        player.send("connect anna wrong")
    player.send(f"connect anna {PASSWORD}")
    assert player.account is None
    other = world.connect(address="198.51.100.7")
    other.send(f"connect anna {PASSWORD}")
    assert other.account is anna


@pytest.mark.defect("V-8")
def test_the_hash_is_worked_out_off_the_game_thread(world, anna, monkeypatch):
    import threading

    from perdure.accounts import passwords

    threads, real = [], passwords.compare

    def compare(*args):
        threads.append(threading.current_thread())
        return real(*args)

    monkeypatch.setattr(passwords, "compare", compare)
    player = world.connect()
    player.send(f"connect anna {PASSWORD}")
    assert player.account is anna
    assert threads
    assert threading.main_thread() not in threads


@pytest.mark.defect("V-16")
def test_create_asks_for_the_password_twice_and_shows_it_nowhere(world, caplog):
    caplog.set_level(logging.DEBUG)
    player = world.connect()
    player.send("create Bob", "y", "a long secret", "a long secret")
    bob = AccountDB.objects.get_account_from_name("Bob")
    assert bob is not None
    assert player.account is None
    assert "a long secret" not in player.text()
    assert "a long secret" not in caplog.text
    player.send("connect bob a long secret")
    assert player.account is bob
    assert player.character.key == "Bob"


@pytest.mark.defect("V-16")
def test_a_password_is_in_no_log_when_something_goes_wrong(world, caplog, monkeypatch):
    from perdure.commands.default import unloggedin

    monkeypatch.setattr(unloggedin, "begin_creation", lambda *args, **kwargs: 1 / 0)
    player = world.connect()
    told = player.send("create Bob", "y", "a long secret", "a long secret")
    assert "error" in told
    player.send("create Bob another secret", "y")
    assert "division by zero" in caplog.text
    assert "secret" not in caplog.text
    assert "secret" not in told


def test_create_with_the_password_on_the_line(world):
    player = world.connect()
    told = player.send('create "Bob" "a long secret"', "yes")
    assert "a long secret" not in told
    assert AccountDB.objects.get_account_from_name("Bob").check_password("a long secret")


def test_create_makes_nothing_when_it_should_not(world, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}}
    ]
    player = world.connect()
    player.send("create Bob", "no")
    player.send("create Bob", "y", "a long secret", "another secret")
    player.send("create Bob", "y", "")
    assert "Bob" not in list(AccountDB.objects.values_list("username", flat=True))
    assert "8" in player.send("create Bob short", "y")
    create_account("Carl", "", None)
    assert "already" in player.send("create carl a long secret")
    settings.NEW_ACCOUNT_REGISTRATION_ENABLED = False
    assert "cannot be made" in player.send("create Bob a long secret")
    assert AccountDB.objects.count() == 1


def test_guests(world, settings):
    player = world.connect()
    player.send("connect guest")
    player.send("")
    assert player.account is None
    settings.GUEST_ENABLED = True
    settings.BASE_GUEST_TYPECLASS = "perdure.accounts.accounts.DefaultGuest"
    guest = world.connect()
    guest.send("connect guest")
    assert guest.account.key == "Guest1"
    assert "guest" in player.send("help")


def test_quit(world):
    player = world.connect()
    player.send("quit")
    assert player.closed is not None


def test_help_tells_how_to_come_in(world, settings):
    settings.STAFF_CONTACT_EMAIL = "staff@example.com"
    told = world.connect().send("help")
    assert "connect" in told
    assert "staff@example.com" in told


def test_encoding(world):
    player = world.connect()
    assert "utf-8" in player.send("encoding")
    assert "iso8859-1" in player.send("encoding latin-1")
    assert player.session.protocol_flags["ENCODING"] == "iso8859-1"
    for nonsense in ("klingon", "punycode", "raw_unicode_escape", "utf-16", "rot13", "hex"):
        assert "no encoding" in player.send(f"encoding {nonsense}")
    player.send("encoding/clear")
    assert player.session.protocol_flags["ENCODING"] == "utf-8"


def test_screenreader(world):
    player = world.connect()
    assert "on" in player.send("screenreader")
    assert player.session.protocol_flags["SCREENREADER"] is True
    assert player.record.flags["SCREENREADER"] is True
    assert "off" in player.send("screenreader")


def test_info_for_programs(world, settings):
    settings.SERVERNAME = "Lost Valley"
    world.player("Anna")
    told = world.connect().send("info")
    assert "Name: Lost Valley" in told
    assert "Connected: 1" in told
