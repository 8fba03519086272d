"""Logging in and out: order, signals, modes, and messages to accounts."""

from __future__ import annotations

from typing import ClassVar

import pytest

from perdure import signals
from perdure.accounts.accounts import DefaultAccount
from perdure.accounts.logins import clear_stale, login, logout
from perdure.create import create_account, create_channel, create_object
from perdure.errors import ConfigurationError, Veto
from perdure.objects.objects import DefaultCharacter

pytestmark = pytest.mark.django_db

HOOKS = (
    "at_init",
    "at_first_login",
    "at_pre_login",
    "at_login",
    "at_post_login",
    "at_disconnect",
    "at_post_disconnect",
)


class Listening(DefaultAccount):
    """Notes its hooks and the signals it sends."""

    heard: ClassVar[list[str]] = []


def _noting(name):
    def hook(self, *args, **kwargs):
        self.heard.append(name)
        return getattr(super(Listening, self), name)(*args, **kwargs)

    return hook


for _name in HOOKS:
    setattr(Listening, _name, _noting(_name))

SIGNALS = {
    "first": signals.SIGNAL_ACCOUNT_POST_FIRST_LOGIN,
    "login": signals.SIGNAL_ACCOUNT_POST_LOGIN,
    "last": signals.SIGNAL_ACCOUNT_POST_LAST_LOGOUT,
    "logout": signals.SIGNAL_ACCOUNT_POST_LOGOUT,
}


@pytest.fixture
def heard():
    Listening.heard.clear()
    receivers = {name: (lambda sender, name=name, **kwargs: Listening.heard.append(name)) for name in SIGNALS}
    for name, receiver in receivers.items():
        SIGNALS[name].connect(receiver, weak=False)
    yield Listening.heard
    for name, receiver in receivers.items():
        SIGNALS[name].disconnect(receiver)


@pytest.fixture
def anna():
    return create_account("Anna", "", None, typeclass=Listening, attributes={"FIRST_LOGIN": True})


def test_the_order_of_a_login(anna, new_session, heard):
    session = new_session()
    heard.clear()
    login(anna, session)
    assert heard == ["at_init", "at_first_login", "at_pre_login", "at_login", "at_post_login", "first", "login"]
    assert anna.is_connected
    assert anna.last_login is not None
    assert (session.account, session.uid, session.logged_in) == (anna, anna.pk, True)
    assert any("logged_in" in message for message in session.sent)
    assert not anna.attributes.has("FIRST_LOGIN")
    logout(anna, session)
    heard.clear()
    login(anna, session)
    assert "at_first_login" not in heard


def test_the_order_of_a_logout(anna, new_session, heard, settings):
    settings.MULTISESSION_MODE = 1
    one, two = new_session(), new_session()
    login(anna, one)
    login(anna, two)
    heard.clear()
    logout(anna, one, "bye")
    assert heard == ["at_disconnect", "at_post_disconnect", "logout"]
    assert anna.is_connected
    assert one.account is None
    heard.clear()
    logout(anna, two)
    assert heard == ["last", "at_disconnect", "at_post_disconnect", "logout"]
    assert not anna.is_connected


def test_where_one_session_is_the_rule_the_older_one_ends(anna, new_session, settings):
    settings.MULTISESSION_MODE = 0
    old, new = new_session(), new_session()
    login(anna, old)
    login(anna, new)
    assert "somewhere else" in old.closed
    assert anna.sessions.all() == [new]
    assert anna.is_connected


def test_a_login_that_is_refused_leaves_the_account_offline(anna, new_session, monkeypatch):
    def at_pre_login(self, **kwargs):
        raise Veto("closed for today")

    monkeypatch.setattr(Listening, "at_pre_login", at_pre_login)
    session = new_session()
    with pytest.raises(Veto):
        login(anna, session)
    assert not anna.is_connected
    assert session.account is None
    assert anna.db.FIRST_LOGIN


def test_a_logout_goes_through_whatever_comes(anna, new_session, monkeypatch, caplog):
    session = new_session()
    login(anna, session)

    def at_disconnect(self, reason=None, **kwargs):
        raise ZeroDivisionError("stay")

    monkeypatch.setattr(Listening, "at_disconnect", at_disconnect)
    logout(anna, session)
    assert "stay" in caplog.text
    assert session.account is None
    assert not anna.is_connected


def test_a_puppet_that_will_not_let_go_is_let_go_anyway(anna, new_session, monkeypatch, caplog):
    hero = create_object(DefaultCharacter, key="Hero", locks=f"puppet:pid({anna.pk})")
    session = new_session()
    login(anna, session)
    assert anna.puppet_object(session, hero)

    def at_pre_unpuppet(self, **kwargs):
        raise ZeroDivisionError("mine")

    monkeypatch.setattr(DefaultCharacter, "at_pre_unpuppet", at_pre_unpuppet)
    logout(anna, session)
    assert "mine" in caplog.text
    assert session.puppet is None
    assert hero.account is None
    assert not hero.tags.has("puppeted", category="account")


def test_the_last_character_is_played_again(anna, new_session):
    hero = create_object(DefaultCharacter, key="Hero", locks=f"puppet:pid({anna.pk})")
    anna.db._last_puppet = hero
    session = new_session()
    login(anna, session)
    assert session.puppet is hero
    logout(anna, session)
    hero.locks.add("puppet:false()")
    login(anna, session)
    assert session.puppet is None
    assert "may not become Hero" in session.text
    logout(anna, session)
    hero.delete()
    login(anna, session)
    assert session.puppet is None


def test_those_who_choose_see_their_characters(anna, new_session, settings):
    settings.AUTO_PUPPET_ON_LOGIN = False
    anna.characters.add(create_object(DefaultCharacter, key="Hero"))
    session = new_session()
    login(anna, session)
    assert "Hero" in session.text
    assert "Anna" in session.text


def test_connections_are_announced(anna, new_session, settings):
    settings.CHANNEL_CONNECTINFO = {"key": "Connections"}
    channel = create_channel("Connections")
    watcher = create_account("Watcher", "", None)
    watching = new_session(watcher)
    channel.connect(watcher)
    session = new_session()
    login(anna, session)
    assert "Anna connected" in watching.text
    logout(anna, session, "tired")
    assert "Anna disconnected (tired)" in watching.text


def test_saved_flags_come_back(anna, new_session):
    anna.attributes.add("_saved_protocol_flags", {"SCREENREADER": True})
    session = new_session()
    login(anna, session)
    assert session.protocol_flags == {"SCREENREADER": True}
    assert anna.uses_screenreader()


# --- messages


def test_messages_reach_all_sessions_or_the_one_named(anna, new_session):
    one, two = new_session(anna), new_session(anna)
    anna.msg("all")
    anna.msg(("one", {"type": "test"}), session=one, options={"raw": True})
    anna.msg(5, map={"x": 1})
    assert one.sent == [
        {"options": None, "text": "all"},
        {"options": {"raw": True}, "text": ("one", {"type": "test"})},
        {"options": None, "text": "5", "map": {"x": 1}},
    ]
    assert len(two.sent) == 2


@pytest.mark.defect("H-23")
def test_messages_are_dropped_by_false_only(anna, new_session, monkeypatch, caplog):
    session = new_session(anna)
    answers = {"none": lambda *a, **k: None, "false": lambda *a, **k: False}
    for name, answer in answers.items():
        monkeypatch.setattr(Listening, "at_msg_receive", answer)
        anna.msg(name)
    assert session.text == "none"

    def broken(self, text=None, from_obj=None, **kwargs):
        raise ZeroDivisionError("hook")

    monkeypatch.setattr(Listening, "at_msg_receive", broken)
    anna.msg("anyway")
    assert "anyway" in session.text
    assert "hook" in caplog.text


def test_the_sender_hears_of_it(anna, new_session, monkeypatch):
    sent = []
    monkeypatch.setattr(
        Listening, "at_msg_send", lambda self, text=None, to_obj=None, **kw: sent.append((text, to_obj))
    )
    anna.msg("hello", from_obj=[anna, "somebody"])
    assert sent == [("hello", anna)]


def test_looking(anna, new_session):
    assert anna.at_look() == ""
    session = new_session(anna)
    assert "Characters (0 of 1)" in anna.at_look(session=session)
    box = create_object(key="box", attributes={"desc": "A plain box."})
    assert "A plain box." in anna.at_look(box)


def test_commands_need_a_command_layer(anna):
    with pytest.raises(ConfigurationError, match="command_line"):
        anna.execute_cmd("look")


@pytest.mark.defect("V-39")
def test_sessions_are_told_apart_by_their_id(anna, new_session):
    bea = create_account("Bea", "", None)
    one, two = new_session(anna, address="10.0.0.1"), new_session(bea, address="10.0.0.1")
    assert anna.sessions.all() == [one]
    assert bea.sessions.get(two.sessid) == [two]
    assert bea.sessions.get(one.sessid) == []


def test_logins_on_the_website_that_are_over_are_forgotten_at_the_start(settings):
    from datetime import timedelta

    from django.contrib.sessions.models import Session
    from django.utils import timezone

    now = timezone.now()
    Session.objects.create(session_key="over", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="good", session_data="", expire_date=now + timedelta(hours=1))
    clear_stale()
    assert [session.session_key for session in Session.objects.all()] == ["good"]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    clear_stale()
