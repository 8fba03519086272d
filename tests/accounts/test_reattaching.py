"""Sessions that outlive a world, and sessions that follow what is undone."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from perdure import transaction
from perdure.accounts.accounts import DefaultGuest
from perdure.accounts.logins import clear_stale, login, logout, release_unheld, restore
from perdure.accounts.models import AccountDB
from perdure.create import create_account, create_object
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter
from perdure.sessions import SESSION_HANDLER

pytestmark = pytest.mark.django_db


class Record(NamedTuple):
    """What a gateway keeps of a session."""

    sessid: int
    uid: int | None


class Hero(DefaultCharacter):
    """Notes what it hears of."""

    def at_pre_puppet(self, account, session=None, **kwargs):
        self.attributes.add("heard", [*(self.db.heard or []), "pre"])
        super().at_pre_puppet(account, session=session, **kwargs)

    def at_pre_unpuppet(self, **kwargs):
        self.attributes.add("heard", [*(self.db.heard or []), "pre un"])

    def at_post_unpuppet(self, account=None, session=None, **kwargs):
        self.attributes.add("heard", [*(self.db.heard or []), f"post un {account} {kwargs.get('reason')}"])
        super().at_post_unpuppet(account, session=session, **kwargs)


class Stubborn(DefaultCharacter):
    def at_pre_unpuppet(self, **kwargs):
        raise ZeroDivisionError("not me")


@pytest.fixture(autouse=True)
def _several(settings):
    settings.MULTISESSION_MODE = 3
    settings.MAX_NR_SIMULTANEOUS_PUPPETS = None


@pytest.fixture
def room():
    return create_object("objects.objects.DefaultRoom", key="Hall")


@pytest.fixture
def playing(room, new_session):
    """Makes an account that plays a character through a session."""

    def make(name, typeclass=Hero):
        account = create_account(name, "", None)
        hero = create_object(typeclass, key=name, locks=f"puppet:pid({account.pk})", location=room, home=room)
        account.db._last_puppet = hero
        session = new_session()
        login(account, session)
        assert session.puppet is hero
        hero.db.heard = []
        return account, hero, session

    return make


def as_after_a_restart(*sessions, new_session, same=True):
    """New sessions with the same numbers; the world that knew the old ones has gone."""
    SESSION_HANDLER.clear()
    anew = []
    for old in sessions:
        session = new_session()
        SESSION_HANDLER.remove(session)
        if same:
            session.sessid = old.sessid
        SESSION_HANDLER.add(session)
        anew.append(session)
    return anew


# --- what is undone


def who(session):
    return session.account, session.uid, session.logged_in, session.puppet, session.puid


def test_a_login_that_is_undone_later_is_undone_for_the_session(playing, new_session):
    anna, hero, _ = playing("Anna")
    session = new_session()
    with pytest.raises(ZeroDivisionError), transaction():
        login(anna, session)
        assert who(session) == (anna, anna.pk, True, hero, hero.pk)
        raise ZeroDivisionError
    assert who(session) == (None, None, False, None, None)
    assert hero.sessions.count() == 1


def test_a_logout_that_is_undone_later_is_undone_for_the_session(playing):
    anna, hero, session = playing("Anna")
    before = who(session)
    with pytest.raises(ZeroDivisionError), transaction():
        logout(anna, session)
        assert session.account is None
        raise ZeroDivisionError
    assert who(session) == before
    assert anna.is_connected
    assert hero.sessions.all() == [session]


def test_a_switch_that_is_undone_later_is_undone_for_all_sessions(playing, new_session, room):
    anna, hero, first = playing("Anna")
    mage = create_object(Hero, key="Mage", locks=f"puppet:pid({anna.pk})", location=room, home=room)
    second = new_session(anna)
    assert anna.puppet_object(second, mage)
    for undone in (
        lambda: anna.puppet_object(first, mage),
        lambda: anna.unpuppet_object(first),
        lambda: anna.unpuppet_all(),
        lambda: anna.unlink_puppet(second),
    ):
        with pytest.raises(ZeroDivisionError), transaction():
            with transaction():
                undone()
            raise ZeroDivisionError
        assert (first.puppet, first.puid, second.puppet, second.puid) == (hero, hero.pk, mage, mage.pk)
        assert (hero.sessions.all(), mage.sessions.all()) == ([first], [second])
    # An inner block that is undone leaves what the outer one did.
    with transaction():
        anna.unpuppet_object(first)
        with pytest.raises(ZeroDivisionError), transaction():
            anna.puppet_object(first, mage)
            raise ZeroDivisionError
    assert first.puppet is None
    assert mage.sessions.all() == [second]


# --- after a reload


def test_a_session_has_account_and_puppet_again_without_hooks(playing, new_session, django_assert_max_num_queries):
    anna, hero, old = playing("Anna")
    (session,) = as_after_a_restart(old, new_session=new_session)
    clear_stale([Record(old.sessid, anna.pk)])
    with django_assert_max_num_queries(2):  # a savepoint of this test's transaction: nothing is read or written
        restore(anna, session, hero)
    assert who(session) == (anna, anna.pk, True, hero, hero.pk)
    assert anna.sessions.all() == hero.sessions.all() == [session]
    assert anna.is_connected
    assert hero.account is anna
    assert hero.db.heard == []
    assert session.sent == []


def test_what_was_stored_last_counts(playing, new_session):
    """The gateway may not have heard of the last switch when the world died."""
    anna, hero, old = playing("Anna")
    bea, _mage, hers = playing("Bea")
    bea.unpuppet_object(hers)
    session, session_of_bea = as_after_a_restart(old, hers, new_session=new_session)
    clear_stale([Record(old.sessid, anna.pk), Record(hers.sessid, bea.pk)])
    restore(anna, session, None)
    assert session.puppet is hero
    restore(bea, session_of_bea, _mage)
    assert session_of_bea.puppet is None
    assert _mage.location is None


def test_a_puppet_that_is_gone_leaves_the_account_without(playing, new_session):
    anna, hero, old = playing("Anna")
    (session,) = as_after_a_restart(old, new_session=new_session)
    hero.delete()
    restore(anna, session, hero)
    assert (session.account, session.puppet) == (anna, None)


# --- after a cold start


def test_nothing_is_left_of_those_who_were_connected(playing, new_session, room, caplog, settings):
    settings.GUEST_ENABLED, settings.GUEST_START_LOCATION = True, room.dbref
    anna, hero, _ = playing("Anna")
    _bea, rock, _ = playing("Bea", Stubborn)
    guest, _errors = DefaultGuest.create()
    login(guest, new_session())
    SESSION_HANDLER.clear()
    untouched = create_object(Hero, key="Untouched", location=room)
    clear_stale()
    assert not AccountDB.objects.filter(db_is_connected=True).exists()
    assert not anna.is_connected
    for one in (hero, rock):
        assert (one.account, one.db_sessid) == (None, None)
        assert not one.tags.has("puppeted", category="account")
        assert one.location is None
    assert hero.db.heard == ["pre un", "post un None the server was restarted"]
    assert "not me" in caplog.text
    assert guest._is_deleted
    assert not ObjectDB.objects.filter(db_key="Guest1").exists()
    assert untouched.location is room
    assert untouched.db.heard is None
    hero.db.heard = []
    clear_stale()
    assert hero.db.heard == []


def test_those_whose_sessions_go_on_are_left_alone(playing, new_session, settings, room):
    settings.GUEST_ENABLED, settings.GUEST_START_LOCATION = True, room.dbref
    anna, hero, here = playing("Anna")
    bea, mage, _gone = playing("Bea")
    guest, _ = DefaultGuest.create()
    visiting = new_session()
    login(guest, visiting)
    SESSION_HANDLER.clear()
    clear_stale([Record(here.sessid, anna.pk), Record(visiting.sessid, guest.pk), Record(4711, None)])
    assert (anna.is_connected, bea.is_connected, guest.is_connected) == (True, False, True)
    assert (hero.location, mage.location) == (room, None)
    assert not guest._is_deleted
    # A number alone is not enough: the account must be the one that holds the object.
    clear_stale([Record(here.sessid, bea.pk)])
    assert hero.location is None


def test_what_nobody_holds_is_let_go_of_while_the_world_runs(playing):
    _anna, hero, session = playing("Anna")
    assert release_unheld("lost") == 0
    SESSION_HANDLER.remove(session)
    assert release_unheld("lost") == 1
    assert hero.db.heard == ["pre un", "post un None lost"]
    assert release_unheld("lost") == 0


def test_cleaning_up_reads_no_more_when_there_is_more_in_the_world(room, django_assert_max_num_queries):
    for number in range(30):
        create_object(Hero, key=f"Hero {number}", location=room)
        create_account(f"Account {number}", "", None)
    with django_assert_max_num_queries(20):
        clear_stale()
