"""Making, finding and deleting accounts, and what Django does with them."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError

from perdure.accounts.accounts import DefaultAccount
from perdure.accounts.backends import CaseInsensitiveModelBackend
from perdure.accounts.models import AccountDB
from perdure.conf import conf
from perdure.create import create_account, create_object
from perdure.errors import InvalidArgument
from perdure.objects.objects import DefaultObject
from perdure.search import search_account

pytestmark = pytest.mark.django_db
WEAK = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}}]


class Hooked(DefaultAccount):
    def at_account_creation(self):
        super().at_account_creation()
        self.db.made = True

    def at_password_change(self, **kwargs):
        self.ndb.changed = (self.ndb.changed or 0) + 1


class FailingAccount(DefaultAccount):
    def at_account_creation(self):
        raise ZeroDivisionError


# --- creation


def test_what_is_made_is_there():
    account = create_account(
        "Anna",
        "anna@Example.COM",
        "secret words",
        typeclass=Hooked,
        locks="boot:false()",
        tags="vip",
        attributes={"rank": 3},
    )
    assert AccountDB.objects.get(pk=account.pk) is account
    assert type(account) is Hooked
    assert (account.email, account.db.made, account.db.rank) == ("anna@example.com", True, 3)
    assert account.check_password("secret words")
    assert account.tags.has("vip")
    assert account.locks.get("boot") == "boot:false()"
    assert account.locks.get("msg") == "msg:all()"
    assert account.permissions.all() == ["player"]
    assert account.cmdset_storage == [conf.CMDSET_ACCOUNT]
    assert account.attributes.get("_playable_characters") == []
    assert not account.is_superuser


def test_permissions_given_replace_the_default():
    assert create_account("Anna", "", None, permissions=["Builder"]).permissions.all() == ["builder"]


@pytest.mark.defect("H-8")
def test_no_permissions_at_all_can_be_given():
    assert create_account("Anna", "", None, permissions=[]).permissions.all() == []


@pytest.mark.defect("H-39")
def test_an_account_without_a_password_is_closed():
    bot = create_account("Bot", "", None)
    assert not bot.has_usable_password()
    for guess in ("", None, "!"):
        assert not bot.check_password(guess)
    assert authenticate(None, username="Bot", password="") is None


def test_passwords_are_checked_by_the_settings(settings):
    settings.AUTH_PASSWORD_VALIDATORS = WEAK
    with pytest.raises(ValidationError):
        create_account("Anna", "", "short")
    with pytest.raises(InvalidArgument):
        create_account("Anna", "", "")
    assert not AccountDB.objects.exists()


@pytest.mark.defect("H-1")
def test_a_hook_that_raises_leaves_nothing():
    with pytest.raises(ZeroDivisionError):
        create_account("Anna", "", None, typeclass=FailingAccount)
    assert not AccountDB.objects.exists()
    assert create_account("Anna", "", None).key == "Anna"


def test_what_it_does_not_take_is_named():
    with pytest.raises(InvalidArgument, match="colour"):
        AccountDB.objects.create_account("Anna", "", None, colour="red")


# --- Django


def test_django_makes_accounts_with_hooks(settings):
    settings.BASE_ACCOUNT_TYPECLASS = f"{__name__}.Hooked"
    user = AccountDB.objects.create_user("anna", password="x")
    root = AccountDB.objects.create_superuser("root", "root@example.com", "x")
    assert (type(user), user.db.made, user.is_superuser, user.is_staff) == (Hooked, True, False, False)
    assert (root.db.made, root.is_superuser, root.is_staff) == (True, True, True)
    with pytest.raises(InvalidArgument):
        AccountDB.objects.create_superuser("toor", is_staff=False)


@pytest.mark.parametrize("name", ["Anna", "anna", "ANNA"])
def test_django_knows_the_name_in_any_case(name):
    account = create_account("Anna", "", "secret words")
    assert authenticate(None, username=name, password="secret words") is account
    backend = CaseInsensitiveModelBackend()
    assert backend.authenticate(None, username=name, password="secret words") is account
    assert backend.authenticate(None, username=name, password="wrong") is None
    assert backend.authenticate(None, username="nobody", password="wrong") is None
    account.is_active = False
    assert backend.authenticate(None, username=name, password="secret words") is None


def test_there_is_no_way_in_without_a_password():
    account = create_account("Anna", "", "secret words")
    assert CaseInsensitiveModelBackend().authenticate(None, username="Anna", autologin=account) is None
    assert authenticate(None, autologin=account) is None


def test_django_logs_in(client):
    account = create_account("Anna", "", "secret words")
    assert client.login(username="anna", password="secret words")
    assert account.last_login is not None


def test_a_new_password_is_heard_and_an_old_hash_is_not_news(settings):
    account = create_account("Anna", "", "secret words", typeclass=Hooked)
    assert account.ndb.changed is None
    account.set_password("other words")
    account.save()
    assert account.ndb.changed == 1
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert account.check_password("other words")
    assert account.password.startswith("pbkdf2")
    assert AccountDB.objects.filter(pk=account.pk).values_list("password", flat=True).get() == account.password
    assert account.ndb.changed == 1


# --- finding


def test_searching():
    anna, bea = create_account("Anna", "a@example.com", None), create_account("Bea", "", None, typeclass=Hooked)
    bea.aliases.add("Bumble")
    assert list(search_account("ANNA")) == list(search_account(anna.dbref)) == list(search_account(anna.pk)) == [anna]
    assert list(search_account(anna)) == list(search_account("*anna")) == [anna]
    assert list(search_account("bumble")) == [bea]
    assert list(search_account("nn", exact=False)) == [anna]
    assert list(search_account("umbl", exact=False)) == [bea]
    assert list(search_account("bea", typeclass=Hooked)) == [bea]
    assert not search_account("anna", typeclass=Hooked)
    assert not search_account("bumble", typeclass="accounts.accounts.DefaultGuest")
    for nothing in ("", " ", "*", None, "#99999", "nn"):
        assert not search_account(nothing)
    manager = AccountDB.objects
    assert manager.num_total_accounts() == 2
    assert list(manager.get_account_from_email("A@example.com")) == [anna]
    assert not manager.get_account_from_email("")
    assert manager.get_account_from_uid(bea.pk) is bea
    assert manager.get_account_from_name("bea") is bea
    assert not manager.get_connected_accounts()
    anna.is_connected = True
    assert list(manager.get_connected_accounts()) == [anna]
    assert list(manager.get_recently_created_accounts()) == [bea, anna]
    assert not manager.get_recently_connected_accounts()


@pytest.mark.defect("H-20")
def test_several_matches_can_be_listed(new_session):
    anna, bea = create_account("Anna", "", None), create_account("Bea", "", None)
    for account in (anna, bea):
        account.aliases.add("twin")
    session = new_session(anna)
    assert bea.get_extra_info(anna) == ""
    assert anna.search("twin") is None
    assert "Anna" in session.text
    assert "Bea" in session.text
    assert anna.search("twin", quiet=True) == [anna, bea]


def test_an_account_searches(new_session):
    anna = create_account("Anna", "", None)
    session = new_session(anna)
    box = create_object(DefaultObject, key="box")
    for me in ("me", "self", "*me", "ME"):
        assert anna.search(me) is anna
    assert anna.search("anna") is anna
    assert anna.search("box", search_object=True) is box
    assert anna.search("nobody") is None
    assert "nobody" in session.text
    anna.nicks.add("boss", "Anna", category="account")
    assert anna.search("boss") is anna
    assert anna.search("boss", use_nicks=False, quiet=True) == []


# --- the end


def test_deleting_ends_the_sessions_and_leaves_the_characters(new_session):
    anna = create_account("Anna", "", None)
    hero = create_object("objects.objects.DefaultCharacter", key="Hero")
    anna.characters.add(hero)
    script = anna.scripts.add("scripts.scripts.Store")
    session = new_session(anna)
    assert anna.delete() is True
    assert session.closed
    assert session.account is None
    assert not AccountDB.objects.exists()
    assert hero.pk is not None
    assert not type(script).objects.exists()
    assert type(hero).objects.get() is hero


def test_what_an_account_controlled_is_free(new_session):
    anna, hero = create_account("Anna", "", None), create_object(key="Hero")
    hero.account = anna
    anna.delete()
    assert hero.account is None


@pytest.mark.defect("H-11")
def test_another_class_with_all_hooks_takes_nothing_away():
    anna = create_account("Anna", "", None, permissions=["Builder"])
    hero = create_object(key="Hero")
    anna.characters.add(hero)
    anna.swap_typeclass(Hooked)
    assert anna.db.made
    assert anna.characters.all() == [hero]
    assert anna.permissions.all() == ["builder"]


# --- options and characters


def test_options(settings):
    settings.OPTIONS_ACCOUNT_DEFAULT = {
        "border": ("Color of borders.", "Color", "n"),
        "sound": ("Play sounds.", "Boolean", True),
        "width": ("Columns.", "PositiveInteger", 78),
        "zone": ("Time zone.", "Timezone", "UTC"),
    }
    anna = create_account("Anna", "", None)
    assert (anna.options.border, anna.options.get("width")) == ("n", 78)
    anna.options.sound = "no"
    assert anna.options.set("zone", "europe/stockholm") == "Europe/Stockholm"
    assert (anna.options.sound, anna.options.zone) == (False, "Europe/Stockholm")
    assert anna.attributes.get("sound", category="option") is False
    assert anna.options.all() == ["border", "sound", "width", "zone"]
    assert [option.changed for option in anna.options.all(return_objs=True)] == [False, True, False, True]
    for width in (0, "-1", "9" * 5000, "1e3"):
        with pytest.raises(InvalidArgument, match="width"):
            anna.options.width = width
    with pytest.raises(InvalidArgument, match="zone"):
        anna.options.zone = "Mars/Olympus"
    with pytest.raises(InvalidArgument, match="there is no option"):
        anna.options.set("smell", 1)
    assert anna.options.get("smell", "none") == "none"
    with pytest.raises(AttributeError):
        anna.options.get("smell", raise_error=True)


def test_characters(monkeypatch):
    anna = create_account("Anna", "", None)
    heard = []
    monkeypatch.setattr(Hooked, "at_post_add_character", lambda self, char: heard.append(("add", char)))
    monkeypatch.setattr(Hooked, "at_post_remove_character", lambda self, char: heard.append(("remove", char)))
    anna.swap_typeclass(Hooked, run_start_hooks=None)
    hero, mage = create_object(key="Hero"), create_object(key="Mage")
    for _ in range(2):
        anna.characters.add(hero)
        anna.characters.add(mage)
    assert (anna.characters.all(), len(anna.characters), list(anna.characters)) == ([hero, mage], 2, [hero, mage])
    anna.characters.remove(mage)
    anna.characters.remove(mage)
    assert heard == [("add", hero), ("add", mage), ("remove", mage)]
    hero.delete()
    assert anna.characters.all() == []
    with pytest.raises(InvalidArgument):
        anna.characters.add(anna)
