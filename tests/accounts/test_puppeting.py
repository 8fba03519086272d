"""Taking control of objects, and letting go."""

from __future__ import annotations

import pytest

from perdure import signals
from perdure.accounts.puppeting import Refusal
from perdure.create import create_account, create_object
from perdure.errors import PuppetingError, Veto
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultObject

pytestmark = pytest.mark.django_db


class Body(DefaultObject):
    """Notes its hooks; raises or refuses on demand."""

    def _note(self, name):
        self.ndb.heard = [*(self.ndb.heard or []), name]
        if self.ndb.explode == name:
            raise ZeroDivisionError(name)

    def at_pre_puppet(self, account, session=None, **kwargs):
        self._note("pre")
        if self.ndb.refuse:
            raise Veto("The body is cold.")

    def at_post_puppet(self, **kwargs):
        self._note("post")

    def at_pre_unpuppet(self, **kwargs):
        self._note("pre un")

    def at_post_unpuppet(self, account=None, session=None, **kwargs):
        self._note("post un")


@pytest.fixture
def anna():
    return create_account("Anna", "", None)


@pytest.fixture
def bea():
    return create_account("Bea", "", None)


def body(key, *accounts):
    return create_object(Body, key=key, locks=f"puppet:{' or '.join(f'pid({account.pk})' for account in accounts)}")


def stored(obj):
    return ObjectDB.objects.filter(pk=obj.pk).values_list("db_account_id", "db_sessid").get()


def assert_puppets(session, obj):
    assert session.puppet is obj
    assert session.puid == obj.pk
    assert obj.account is session.account
    assert session in obj.sessions.all()
    assert obj.tags.has("puppeted", category="account")
    assert stored(obj)[0] == session.account.pk


def assert_free(obj):
    assert obj.account is None
    assert obj.sessions.count() == 0
    assert not obj.tags.has("puppeted", category="account")
    assert stored(obj)[0] is None


def test_taking_and_letting_go(anna, new_session):
    session, hero = new_session(anna), body("Hero", anna)
    heard = []

    def taken(sender, account, session, **kwargs):
        heard.append(("taken", sender, account, session))

    def left(sender, account, session, **kwargs):
        heard.append(("left", sender, account, session))

    signals.SIGNAL_OBJECT_POST_PUPPET.connect(taken)
    signals.SIGNAL_OBJECT_POST_UNPUPPET.connect(left)
    try:
        outcome = anna.puppet_object(session, hero)
        assert outcome
        assert outcome.refusal is None
        assert_puppets(session, hero)
        assert anna.get_puppet(session) is anna.puppet is anna.character is hero
        assert anna.get_all_puppets() == [hero]
        assert hero.has_account == 1
        anna.unpuppet_object(session)
    finally:
        signals.SIGNAL_OBJECT_POST_PUPPET.disconnect(taken)
        signals.SIGNAL_OBJECT_POST_UNPUPPET.disconnect(left)
    assert (session.puppet, session.puid) == (None, None)
    assert_free(hero)
    assert hero.ndb.heard == ["pre", "post", "pre un", "post un"]
    assert heard == [("taken", hero, anna, session), ("left", hero, anna, session)]
    anna.unpuppet_object(session)
    assert hero.ndb.heard == ["pre", "post", "pre un", "post un"]


def test_without_object_or_session_is_an_error(anna, new_session):
    with pytest.raises(PuppetingError):
        anna.puppet_object(new_session(anna), None)
    with pytest.raises(RuntimeError):
        anna.puppet_object(None, body("Hero", anna))


@pytest.mark.defect("H-38")
def test_refusals_say_why_and_change_nothing(anna, bea, new_session):
    mine, hers = new_session(anna), new_session(bea)
    hero, mage, rock = body("Hero", anna), body("Mage", anna, bea), body("Rock", bea)
    assert anna.puppet_object(mine, hero)
    assert bea.puppet_object(hers, mage)
    for obj, refusal in ((hero, Refusal.ALREADY), (rock, Refusal.NO_ACCESS), (mage, Refusal.TAKEN)):
        outcome = anna.puppet_object(mine, obj)
        assert not outcome
        assert outcome.refusal is refusal
        assert obj.key in outcome.message
        assert_puppets(mine, hero)
    assert_puppets(hers, mage)
    assert rock.ndb.heard is None


@pytest.mark.defect("H-38")
def test_the_limit_is_checked_before_the_old_puppet_is_released(anna, new_session, settings):
    settings.MULTISESSION_MODE = 3
    first, second = new_session(anna), new_session(anna)
    hero, mage, thief = body("Hero", anna), body("Mage", anna), body("Thief", anna)
    assert anna.puppet_object(first, hero)
    outcome = anna.puppet_object(second, mage)
    assert outcome.refusal is Refusal.TOO_MANY
    assert anna.puppet_object(second, hero)
    outcome = anna.puppet_object(second, mage)
    assert outcome.refusal is Refusal.TOO_MANY
    assert_puppets(second, hero)
    assert_puppets(first, hero)
    anna.unpuppet_object(second)
    assert anna.puppet_object(first, mage), "one session may change its only puppet"
    assert_free(hero)
    anna.permissions.add("Developer")
    assert anna.puppet_object(second, thief)
    assert anna.puppet == [mage, thief]


@pytest.mark.defect("H-38")
@pytest.mark.parametrize("hook", ["pre", "post"])
def test_a_hook_that_raises_leaves_everything_as_it_was(anna, new_session, hook):
    session, hero, mage = new_session(anna), body("Hero", anna), body("Mage", anna)
    assert anna.puppet_object(session, hero)
    mage.ndb.explode = hook
    with pytest.raises(ZeroDivisionError):
        anna.puppet_object(session, mage)
    assert_puppets(session, hero)
    assert_free(mage)


@pytest.mark.defect("H-23")
def test_a_veto_keeps_the_old_puppet_and_tells_why(anna, new_session):
    session, hero, mage = new_session(anna), body("Hero", anna), body("Mage", anna)
    assert anna.puppet_object(session, hero)
    mage.ndb.refuse = True
    outcome = anna.puppet_object(session, mage)
    assert (outcome.refusal, outcome.message) == (Refusal.VETO, "The body is cold.")
    assert_puppets(session, hero)
    assert_free(mage)


@pytest.mark.parametrize("mode", [0, 2])
def test_another_session_takes_the_puppet_over(anna, new_session, settings, mode):
    settings.MULTISESSION_MODE = mode
    old, new, hero = new_session(anna), new_session(anna), body("Hero", anna)
    anna.puppet_object(old, hero)
    assert anna.puppet_object(new, hero)
    assert old.puppet is None
    assert "taken over" in old.text
    assert_puppets(new, hero)
    assert hero.ndb.heard == ["pre", "post", "pre un", "post un", "pre", "post"]


@pytest.mark.defect("H-38")
@pytest.mark.parametrize("mode", [1, 3])
def test_sessions_share_a_puppet_and_the_tag_stays_until_the_last(anna, new_session, settings, mode):
    settings.MULTISESSION_MODE = mode
    first, second, hero = new_session(anna), new_session(anna), body("Hero", anna)
    assert anna.puppet_object(first, hero)
    assert anna.puppet_object(second, hero)
    assert hero.has_account == 2
    assert_puppets(first, hero)
    assert_puppets(second, hero)
    anna.unpuppet_object(first)
    assert_puppets(second, hero)
    anna.unpuppet_all()
    assert_free(hero)


def test_a_link_left_over_from_a_crash_is_no_obstacle(anna, bea, new_session):
    hero = body("Hero", anna, bea)
    hero.account = bea
    bea.is_connected = True
    session = new_session(anna)
    assert anna.puppet_object(session, hero)
    assert_puppets(session, hero)


@pytest.mark.defect("H-38")
@pytest.mark.parametrize("mode", [0, 1])
def test_a_character_is_in_the_world_while_somebody_plays_it(anna, new_session, settings, mode):
    settings.MULTISESSION_MODE = mode
    room = create_object("objects.objects.DefaultRoom", key="Room")
    hero = create_object(DefaultCharacter, key="Hero", location=room, home=room, locks=f"puppet:pid({anna.pk})")
    first, second = new_session(anna), new_session(anna)
    assert anna.puppet_object(first, hero)
    assert anna.puppet_object(second, hero)
    assert hero.location is room
    anna.unpuppet_all()
    assert hero.location is None
    assert anna.puppet_object(first, hero)
    assert hero.location is room


@pytest.mark.defect("H-38")
def test_a_character_without_a_place_can_be_played(anna, new_session):
    hero = create_object(DefaultCharacter, key="Hero", nohome=True, locks=f"puppet:pid({anna.pk})")
    session = new_session(anna)
    assert anna.puppet_object(session, hero)
    assert_puppets(session, hero)


def test_deleting_the_puppet_frees_the_session(anna, new_session):
    session, hero = new_session(anna), body("Hero", anna)
    anna.characters.add(hero)
    anna.puppet_object(session, hero)
    assert hero.delete()
    assert session.puppet is None
    assert anna.characters.all() == []
