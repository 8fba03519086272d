"""Multisession modes: how many sessions an account has, how many a puppet, and who hears what."""

from __future__ import annotations

import pytest

from perdure.accounts.accounts import DefaultAccount, DefaultGuest
from perdure.accounts.logins import login, logout
from perdure.create import create_account, create_object
from perdure.objects.objects import DefaultCharacter

pytestmark = pytest.mark.django_db

# mode: sessions of the account after a second login, sessions of its puppet, and whether the first session plays on
AFTER_A_SECOND_LOGIN = {0: (1, 1, False), 1: (2, 2, True), 2: (2, 1, False), 3: (2, 2, True)}


@pytest.fixture
def anna():
    return create_account("Anna", "", None)


@pytest.fixture
def bea():
    return create_account("Bea", "", None)


@pytest.fixture
def room():
    return create_object("objects.objects.DefaultRoom", key="Hall")


def character(key, *accounts, **kwargs):
    locks = "puppet:" + " or ".join(f"pid({account.pk})" for account in accounts)
    return create_object(DefaultCharacter, key=key, locks=locks, **kwargs)


@pytest.mark.parametrize("mode", range(4))
def test_a_second_login_of_one_account(mode, anna, room, new_session, settings):
    settings.MULTISESSION_MODE = mode
    hero = character("Hero", anna, location=room, home=room)
    anna.db._last_puppet = hero
    first, second = new_session(), new_session()
    login(anna, first)
    assert first.puppet is hero
    login(anna, second)
    sessions, sharing, plays_on = AFTER_A_SECOND_LOGIN[mode]
    assert (anna.sessions.count(), hero.sessions.count()) == (sessions, sharing)
    assert second.puppet is hero
    assert first.puppet is (hero if plays_on else None)
    assert (first.closed is not None) is (mode == 0)
    assert (first.account is anna) is (mode != 0)
    assert anna.is_connected
    assert hero.account is anna
    assert hero.location is room
    assert hero.tags.has("puppeted", category="account")
    first.sent.clear()
    second.sent.clear()
    hero.msg("to the puppet")
    assert ["to the puppet" in one.text for one in (first, second)] == [plays_on, True]
    first.sent.clear()
    second.sent.clear()
    anna.msg("to the account")
    assert ["to the account" in one.text for one in (first, second)] == [mode != 0, True]


@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize("limit", [1, 2, None])
def test_two_puppets_of_one_account(mode, limit, anna, room, new_session, settings):
    settings.MULTISESSION_MODE, settings.MAX_NR_SIMULTANEOUS_PUPPETS = mode, limit
    settings.AUTO_PUPPET_ON_LOGIN = False
    hero, mage = (character(key, anna, location=room, home=room) for key in ("Hero", "Mage"))
    first, second = new_session(), new_session()
    login(anna, first)
    login(anna, second)
    if mode != 0:
        assert anna.puppet_object(first, hero)
    outcome = anna.puppet_object(second, mage)
    alone = mode == 0
    assert bool(outcome) is (alone or limit != 1)
    assert first.puppet is (None if alone else hero)
    played = [puppet for puppet in (first.puppet, second.puppet) if puppet is not None]
    assert sorted(anna.get_all_puppets(), key=lambda one: one.pk) == sorted(played, key=lambda one: one.pk)
    assert anna.puppet == (played[0] if mode in (0, 1) else played)


@pytest.mark.parametrize("mode", range(4))
def test_the_last_session_that_leaves_lets_go(mode, anna, room, new_session, settings):
    settings.MULTISESSION_MODE = mode
    hero = character("Hero", anna, location=room, home=room)
    anna.db._last_puppet = hero
    sessions = [new_session(), new_session()]
    for session in sessions:
        login(anna, session)
    for session in sessions:
        if session.account is not None:
            played = session.puppet
            logout(anna, session)
            still = anna.sessions.count()
            assert anna.is_connected is bool(still)
            if played is hero and not hero.sessions.count():
                assert hero.location is None
                assert hero.account is None
    assert not hero.tags.has("puppeted", category="account")
    assert hero.db.prelogout_location is room


@pytest.mark.parametrize("mode", range(4))
def test_nobody_takes_what_another_account_plays(mode, anna, bea, room, new_session, settings):
    settings.MULTISESSION_MODE, settings.AUTO_PUPPET_ON_LOGIN = mode, False
    hero = character("Hero", anna, bea, location=room, home=room)
    hers, his = new_session(), new_session()
    login(anna, hers)
    login(bea, his)
    assert anna.puppet_object(hers, hero)
    assert not bea.puppet_object(his, hero)
    assert (hers.puppet, his.puppet, hero.account) == (hero, None, anna)
    logout(anna, hers)
    assert bea.puppet_object(his, hero)
    assert hero.account is bea


@pytest.mark.parametrize("mode", range(4))
def test_each_guest_has_a_session_of_its_own(mode, room, new_session, settings):
    settings.MULTISESSION_MODE, settings.GUEST_ENABLED = mode, True
    settings.GUEST_START_LOCATION = settings.GUEST_HOME = room.dbref
    sessions = [new_session(), new_session()]
    for session in sessions:
        guest, errors = DefaultGuest.authenticate(ip="10.0.0.1")
        assert errors == []
        login(guest, session)
    assert sessions[0].puppet is not sessions[1].puppet
    assert [session.puppet.location for session in sessions] == [room, room]
    sessions[0].account.disconnect_session_from_account(sessions[0], "bye")
    assert [account.key for account in DefaultAccount.objects.all_family()] == [sessions[1].account.key]
    assert sessions[1].puppet.location is room
