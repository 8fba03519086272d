"""Throwing out, banning, permissions, accounts, and texts for everybody."""

from __future__ import annotations

import logging

import pytest

from perdure import create_account
from perdure.accounts import bans
from perdure.accounts.models import AccountDB
from perdure.server.messages import Bans

PASSWORD = "correct horse battery staple"


@pytest.fixture
def owner(world):
    """Who may do everything."""
    return world.player("Olga", superuser=True)


@pytest.fixture
def admin(world):
    return world.player("Ada", permissions="Admin")


@pytest.fixture
def developer(world):
    return world.player("Dan", permissions="Developer")


# --- boot


def test_boot_by_name(world, admin, caplog):
    caplog.set_level(logging.INFO, "perdure.security")
    anna = world.player("Anna")
    admin.send("boot anna: enough")
    assert anna.session is None
    assert anna.closed is not None
    assert "Reason: enough" in anna.text()
    assert "booted by" in caplog.text
    assert "Nobody" in admin.send("boot anna")
    assert "Usage" in admin.send("boot")


@pytest.mark.defect("V-37")
def test_boot_by_session(world, admin, settings):
    settings.MULTISESSION_MODE = 1
    one, two = world.player("Anna"), world.player("Anna")
    admin.send(f"boot/sid {two.record.sessid}")
    assert two.session is None
    assert one.session is not None
    stranger = world.connect()
    assert "not logged in" in admin.send(f"boot/sid {stranger.record.sessid}")
    assert stranger.session is None
    assert "no session" in admin.send("boot/sid 99999")
    assert "no session" in admin.send("boot/sid anna")


def test_boot_is_quiet_if_asked(world, admin):
    anna = world.player("Anna")
    anna.heard()
    admin.send("boot/quiet anna: enough")
    assert "enough" not in anna.text()


def test_nobody_boots_those_above(world, owner, admin, developer):
    anna = world.player("Anna")
    for target in (owner, developer):
        assert "may not" in admin.send(f"boot {target.account.key}")
        assert target.session is not None
    assert "no command" in anna.send("boot ada")
    owner.send("quell")
    assert "no command" in owner.send("boot dan")


# --- bans


def test_ban_a_name(world, developer, caplog):
    caplog.set_level(logging.INFO, "perdure.security")
    anna = world.player("Anna")
    assert "1 session" in developer.send("ban anna: noise")
    assert anna.session is None
    again = world.connect()
    again.send(f"connect anna {PASSWORD}")
    assert again.account is None
    assert "anna" in developer.send("ban")
    assert "noise" in developer.send("bans")
    assert "no longer" in developer.send("unban 1")
    again.send(f"connect anna {PASSWORD}")
    assert again.account is not None
    assert "banned by" in caplog.text
    assert "lifted" in caplog.text


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("192.0.2.4", "192.0.2.4", "192.0.2.45"),
        ("192.0.2.0/24", "192.0.2.9", "192.0.3.9"),
        ("10.9.*.*", "10.9.8.7", "10.8.8.7"),
        ("2001:db8::/32", "2001:db8::1", "2001:db9::1"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
    ],
)
@pytest.mark.defect("V-7")
def test_ban_addresses_of_both_families_and_end_their_sessions(world, developer, monkeypatch, pattern, inside, outside):
    told = []
    monkeypatch.setattr(world.world, "send_now", lambda *messages: told.extend(messages))
    bad, good = world.connect(address=inside), world.connect(address=outside)
    developer.send(f"ban {pattern}: a flood: of lines")
    assert bans.all_bans()[0][1] == pattern
    assert bans.all_bans()[0][4] == "a flood: of lines"
    assert bad.session is None
    assert good.session is not None
    assert told == [Bans([bans.as_network(pattern)])]
    assert bans.is_banned(ip=inside)
    assert not bans.is_banned(ip=outside)
    developer.send(f"unban {pattern}")
    assert bans.all_bans() == []
    assert told[-1] == Bans([])


def test_nobody_bans_oneself_or_those_above(world, owner, developer, admin):
    assert "yourself" in developer.send("ban 10.0.0.0/8")
    assert "may not" in developer.send("ban dan") or "yourself" in developer.send("ban dan")
    assert "may not" in developer.send("ban olga")
    assert bans.all_bans() == []
    assert "no command" in admin.send("ban anna")
    assert "not banned" in developer.send("unban nobody")
    assert "cannot" in developer.send("ban/ip 300.1.2.3")
    assert owner.session is not None


@pytest.mark.parametrize(
    ("pattern", "network"),
    [
        ("10.9.*.*", "10.9.0.0/16"),
        ("10.9.8.*", "10.9.8.0/24"),
        ("*.*.*.*", "0.0.0.0/0"),
        ("192.0.2.4", "192.0.2.4"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("10.*.8.7", None),
        ("nonsense", None),
    ],
)
def test_patterns_as_the_door_looks_them_up(pattern, network):
    assert bans.as_network(pattern) == network


# --- permissions


def test_perm_shows_gives_and_takes(world, developer, caplog):
    caplog.set_level(logging.INFO, "perdure.security")
    anna = world.player("Anna")
    assert "player" in developer.send("perm *anna")
    developer.send("perm *anna = Builder, storyteller")
    assert set(anna.account.permissions.all()) == {"player", "builder", "storyteller"}
    assert "given" in anna.heard()
    developer.send("perm/account/del anna = builder")
    assert "builder" not in anna.account.permissions.all()
    developer.send("perm anna = helper")
    assert "helper" in anna.character.permissions.all()
    assert "already" in developer.send("perm anna = Helper")
    assert "does not hold" in developer.send("perm/del anna = admin")
    assert "no permission" in developer.send("perm anna = two words")
    assert "Could not find" in developer.send("perm nobody = x")
    assert "no account" in developer.send("perm *nobody = x")
    assert "permission builder given to account" in caplog.text


def test_nobody_gives_or_takes_above_their_own_rank(world, owner, developer, admin):
    anna = world.player("Anna")
    admin.account.permissions.add("perm")
    assert "above" in admin.send("perm *anna = Developer")
    assert "above" in admin.send("perm *anna = developers")
    assert "may not" in admin.send("perm/del *dan = player")
    assert "may not" in admin.send("perm *olga = player")
    admin.send("perm *anna = Builder")
    assert "builder" in anna.account.permissions.all()
    developer.account.attributes.add("_quell", True)
    developer.character.permissions.clear()
    developer.character.permissions.add("Builder")
    developer.account.permissions.add("perm")
    developer.character.permissions.add("perm")
    assert "above" in developer.send("perm anna = Admin") or "may not" in developer.send("perm anna = Admin")
    assert "admin" not in anna.character.permissions.all()


# --- accounts


def test_accounts(world, admin):
    world.player("Anna")
    shown = admin.send("accounts 1")
    assert "2 accounts" in shown
    assert "Anna" in shown
    assert "DefaultAccount" in shown
    assert "no command" in world.player("Bob").send("accounts")


@pytest.mark.defect("V-36")
def test_deleting_an_account_asks_and_is_for_developers(world, owner, developer, admin):
    create_account("Gone", "", None)
    assert "Only developers" in admin.send("accounts/delete gone")
    developer.send("accounts/delete gone", "")
    developer.send("accounts/delete gone", "no")
    assert AccountDB.objects.get_account_from_name("Gone") is not None
    assert "is gone" in developer.send("accounts/delete gone: spam", "yes")
    assert AccountDB.objects.get_account_from_name("Gone") is None
    assert "may not" in developer.send("accounts/delete olga")
    assert "may not" in developer.send("accounts/delete dan")
    assert "no such" in developer.send("accounts/delete nobody")


# --- texts for others


def test_wall(world, admin):
    anna, stranger = world.player("Anna"), world.connect()
    anna.heard()
    admin.send("wall Down in five minutes.")
    assert "Ada tells everybody: Down in five minutes." in anna.heard()
    assert "five minutes" in stranger.text()
    assert "no command" in anna.send("wall hello")


def test_emit(world):
    builder, anna = world.player("Bert", permissions="Builder"), world.player("Anna")
    box = world.create("box")
    anna.heard()
    builder.send("emit The earth shakes.")
    assert "The earth shakes." in anna.heard()
    assert "may not" in builder.send("emit anna = Boo!")
    anna.character.locks.add("tell:perm(Builder)")
    builder.send("pemit anna = Boo!")
    assert "Boo!" in anna.heard()
    box.locks.add("tell:all()")
    assert "Nobody plays" in builder.send("pemit box = x")
    assert "no room" in builder.send("remit box = x")
    world.room.locks.add("tell:all()")
    builder.send(f"remit {world.room.dbref} = It rains.")
    assert "It rains." in anna.heard()


@pytest.mark.defect("V-36")
def test_deleting_an_account_asks_for_access_again_after_the_answer(world):
    developer = world.player("Dan", permissions="Developer")
    anna = world.player("Anna")
    developer.send("accounts/delete anna")
    anna.account.locks.add("delete:false()")
    assert "may not" in developer.send("yes")
    assert not anna.account._is_deleted
