"""Passwords, quelling, leaving."""

from __future__ import annotations

import logging

import pytest

from perdure.locks import check_perm
from perdure.server.messages import EchoInput

OLD = "correct horse battery staple"


def test_password_with_commas_and_signs(world):
    anna = world.player("Anna")
    assert "changed" in anna.send(f"password {OLD} = a,b,c|rx/y z")
    assert anna.account.check_password("a,b,c|rx/y z")


@pytest.mark.defect("V-16")
def test_password_is_asked_for_unseen(world, caplog):
    caplog.set_level(logging.DEBUG)
    anna = world.player("Anna")
    told = anna.send("password", OLD, "brand new secret", "brand new secret")
    assert "changed" in told
    assert "brand new secret" not in told
    assert "brand new secret" not in caplog.text
    assert anna.account.check_password("brand new secret")
    echo = [message.visible for message in anna.messages if isinstance(message, EchoInput)]
    assert echo[0] is False
    assert echo[-1] is True


def test_password_stays_when_something_is_wrong(world, settings):
    settings.AUTH_PASSWORD_VALIDATORS = [
        {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}}
    ]
    anna = world.player("Anna")
    assert "not your password" in anna.send("password wrong = brand new secret")
    assert "8" in anna.send(f"password {OLD} = short")
    assert "differ" in anna.send("password", OLD, "brand new secret", "other new secret")
    assert "Usage" in anna.send("password nothing")
    assert anna.account.check_password(OLD)


@pytest.mark.defect("V-16")
def test_userpassword_does_not_show_it_to_the_owner(world, caplog):
    admin, anna = world.player("Ada", permissions="Admin"), world.player("Anna")
    anna.heard()
    told = admin.send("userpassword anna = a,brand new secret")
    assert "changed" in told
    assert "a,brand new secret" not in told
    assert "Ada" in anna.heard()
    assert "secret" not in anna.text()
    assert "secret" not in caplog.text
    assert anna.account.check_password("a,brand new secret")
    made_up = admin.send("userpassword anna").split("It is ")[1].split(";")[0]
    assert anna.account.check_password(made_up)


def test_userpassword_says_when_the_site_has_no_page_for_a_new_password(world):
    admin, _anna = world.player("Ada", permissions="Admin"), world.player("Anna")
    assert "no page" in admin.send("userpassword/link anna")


def test_userpassword_is_for_admins_and_not_for_those_above(world):
    anna, admin = world.player("Anna"), world.player("Ada", permissions="Admin")
    owner, other = world.player("Olga", superuser=True), world.player("Dan", permissions="Developer")
    assert "no command" in anna.send("userpassword ada = brand new secret")
    for target in (owner, other):
        assert "may not" in admin.send(f"userpassword {target.account.key} = brand new secret")
        assert target.account.check_password(OLD)


# --- quelling


@pytest.mark.defect("V-15")
def test_a_quelled_superuser_passes_nowhere_as_puppet_or_as_account(world):
    anna = world.player("Anna", superuser=True)
    box = world.create("box")
    box.locks.add("get:false();view:all();edit:superuser();examine:attr(is_superuser)")
    channel_lock = "send:false()"
    assert box.access(anna.account, "edit")
    assert box.access(anna.account, "examine", no_superuser_bypass=True)
    assert box.access(anna.character, "edit")
    anna.send("quell")
    for subject in (anna.account, anna.character, anna.session):
        assert not box.access(subject, "edit")
        assert not box.access(subject, "examine")
    assert not check_perm(anna.account, "Developer")
    assert not anna.account.locks.check_lockstring(anna.account, channel_lock)
    assert "no command" in anna.send("reload")
    assert "cannot take" in anna.send("get box")
    anna.send("ooc")
    assert "no command" in anna.send("reload")
    assert "no command" in anna.send("userpassword anna = another secret")
    anna.send("unquell")
    assert box.access(anna.account, "edit")


@pytest.mark.defect("V-15")
def test_unquell_works_with_no_permission_left(world):
    anna = world.player("Anna", superuser=True)
    anna.send("quell")
    anna.account.permissions.clear()
    anna.character.permissions.clear()
    assert "take up" in anna.send("unquell")
    assert check_perm(anna.character, "Developer")
    anna.send("quell", "ooc")
    assert "take up" in anna.send("unquell")


@pytest.mark.defect("V-15")
def test_a_promotion_counts_at_once(world):
    anna = world.player("Anna")
    box = world.create("box")
    box.locks.add("get:perm(Admin)")
    assert "cannot take" in anna.send("get box")
    anna.account.is_superuser = True
    anna.account.save()
    assert "pick up" in anna.send("get box")
    anna.send("drop box")
    anna.account.is_superuser = False
    anna.account.save()
    assert "cannot take" in anna.send("get box")


@pytest.mark.defect("V-15")
def test_a_quelled_superuser_has_no_more_characters_than_others(world):
    anna = world.player("Anna", superuser=True)
    assert anna.account.check_available_slots() is None
    anna.send("quell")
    assert anna.account.check_available_slots() is not None
    assert "only" in anna.send("charcreate Second")


def test_quell_twice_and_unquell_without(world):
    anna = world.player("Anna", permissions="Builder")
    assert "not quelled" in anna.send("unquell")
    anna.character.permissions.clear()
    anna.character.permissions.add("Player")
    assert "lay down" in anna.send("quell")
    assert "already" in anna.send("quell")
    assert not check_perm(anna.character, "Builder")


# --- leaving


def test_quit_ends_this_session_and_with_all_every_one(world, settings):
    settings.MULTISESSION_MODE = 1
    one, two = world.player("Anna"), world.player("Anna")
    one.send("quit")
    assert one.closed is not None
    assert two.closed is None
    three = world.player("Anna")
    two.send("quit/all")
    assert two.closed is not None
    assert three.closed is not None


def test_what_is_about_a_connection_says_so_without_one(world):
    anna = world.player("Anna")
    for line in ("quit", "option", "ic", "ooc"):
        anna.heard()
        world.loop.submit(lambda line=line: anna.character.execute_cmd(line))
        world.run()
        assert "about a connection" in anna.heard()
    assert anna.session is not None


@pytest.mark.defect("V-15")
def test_an_owner_who_quells_is_a_developer_whom_locks_hold_up(world):
    olga = world.player("Olga", superuser=True, permissions="Developer")
    box = world.create("box")
    box.locks.add("get:false()")
    assert "pick up" in olga.send("get box")
    olga.send("drop box", "quell")
    assert "cannot take" in olga.send("get box")
    assert "counts now: Developer" in olga.send("access")
    olga.send("reload")
    assert world.asked[-1][0] == "reload"
