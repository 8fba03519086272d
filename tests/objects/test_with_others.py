"""Objects together with accounts and scripts."""

from __future__ import annotations

import pytest

from perdure.create import create_account, create_script
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter
from perdure.scripts.models import ScriptDB
from perdure.scripts.scripts import DefaultScript


@pytest.fixture
def account():
    return create_account("Alice", "", "correct horse battery")


class ObjectClock(DefaultScript):
    """Belongs to an object."""

    def at_script_delete(self):
        return False


def test_a_character_for_an_account(account, room):
    made, errors = DefaultCharacter.create("Alix", account=account, location=room, ip="::1")
    assert errors == []
    assert made in account.characters.all()
    assert made.access(account, "puppet")
    assert made.access(account, "delete")
    assert (made.db.creator_id, made.db.creator_ip) == (account.id, "::1")
    again, errors = DefaultCharacter.create("alix", account=account)
    assert again is None
    assert "already exists" in " ".join(errors)


def test_deleting_a_character_takes_it_off_the_account(account, room):
    made, _ = DefaultCharacter.create("Alix", account=account, location=room)
    made.db_account = account
    made.save()
    made.delete()
    assert list(account.characters.all()) == []


def test_superusers_pass_by_their_account(account, lamp, bob):
    lamp.locks.add("get:false()")
    bob.account = account
    assert not lamp.access(bob, "get")
    account.is_superuser = True
    account.save()
    assert bob.is_superuser
    assert lamp.access(bob, "get")
    account.attributes.add("_quell", True)
    assert not bob.is_superuser
    assert not lamp.access(bob, "get")
    assert list(ObjectDB.objects.get_object_with_account("*alice")) == [bob]


def test_searching_for_accounts(account, bob, connect):
    session = connect(bob)
    assert bob.search_account("alice") is account
    assert bob.search_account(account) is account
    assert bob.search_account("me") is None
    assert bob.search_account("me", quiet=True) == []
    assert bob.search_account("", quiet=True) == []
    assert bob.search_account("nobody") is None
    assert session.texts == ["Could not find 'nobody'."]
    bob.account = account
    assert bob.search_account("self") is account


@pytest.mark.defect("H-29")
def test_scripts_go_with_their_object_whatever_they_say(lamp):
    clock = create_script(ObjectClock, key="clock", obj=lamp, autostart=False)
    plain = create_script(DefaultScript, key="plain", obj=lamp, autostart=False)
    lamp.delete()
    assert clock._is_deleted
    assert plain._is_deleted
    assert not ScriptDB.objects.exists()


@pytest.mark.defect("H-30")
def test_scripts_are_copied_with_their_settings(lamp):
    script = create_script(
        DefaultScript, key="pulse", obj=lamp, interval=60, repeats=3, desc="ticks", persistent=False, autostart=False
    )
    script.db.count = 5
    copy = lamp.copy()
    (copied,) = copy.scripts.all()
    assert copied is not script
    assert (copied.key, copied.db_interval, copied.db_repeats) == ("pulse", 60, 3)
    assert (copied.db_desc, copied.db_persistent, copied.db.count) == ("ticks", False, 5)
