"""One name for an account, unique without regard to case."""

from __future__ import annotations

import pytest
from django.core import serializers
from django.db import IntegrityError

from perdure import signals
from perdure.accounts.accounts import DefaultAccount
from perdure.accounts.models import AccountDB
from perdure.create import create_account, create_accounts
from perdure.errors import InvalidArgument, InvalidKey, NameTaken
from perdure.transactions import transaction

pytestmark = pytest.mark.django_db


def stored(account):
    return AccountDB.objects.filter(pk=account.pk).values_list("username", "db_key", "db_folded").get()


class Renamed(DefaultAccount):
    def at_rename(self, oldname, newname):
        self.ndb.renamed = (oldname, newname)
        if newname == "Forbidden":
            raise ZeroDivisionError


@pytest.fixture
def anna():
    return create_account("Anna", "", None, typeclass=Renamed)


@pytest.mark.defect("H-39")
def test_there_is_one_name(anna):
    assert anna.key == anna.name == anna.username == anna.db_key == "Anna"
    assert stored(anna) == ("Anna", "Anna", "anna")
    assert AccountDB.objects.get(db_key="Anna") is anna
    assert str(anna) == f"Anna(account {anna.pk})"
    assert anna.uid == anna.pk


@pytest.mark.defect("H-39")
def test_every_way_of_writing_the_name_writes_all_of_it(anna):
    anna.key = "Bea"
    assert stored(anna) == ("Bea", "Bea", "bea")
    anna.name = "Cleo"
    assert stored(anna) == ("Cleo", "Cleo", "cleo")
    anna.username = "Dora"
    anna.save()
    assert (anna.db_key, stored(anna)) == ("Dora", ("Dora", "Dora", "dora"))
    anna.db_key = "Elsa"
    anna.save()
    assert (anna.key, stored(anna)) == ("Elsa", ("Elsa", "Elsa", "elsa"))
    anna.db_key = "Fay"
    anna.save(update_fields=["db_key"])
    assert (anna.key, stored(anna)) == ("Fay", ("Fay", "Fay", "fay"))
    AccountDB.objects.filter(pk=anna.pk).update(username="Gil")
    assert (anna.key, anna.db_key, stored(anna)) == ("Gil", "Gil", ("Gil", "Gil", "gil"))
    AccountDB.objects.filter(pk=anna.pk).update(db_key="Hal")
    assert (anna.key, stored(anna)) == ("Hal", ("Hal", "Hal", "hal"))
    anna.username = "Ida"
    AccountDB.objects.bulk_update([anna], ["username"])
    assert (anna.key, stored(anna)) == ("Ida", ("Ida", "Ida", "ida"))
    with transaction():
        anna.key = "Joy"
        anna.key = "Kai"
    assert stored(anna) == ("Kai", "Kai", "kai")
    made = DefaultAccount(db_key="Lou")
    made.save()
    assert stored(made) == ("Lou", "Lou", "lou")


@pytest.mark.defect("H-39")
def test_a_rename_is_heard_by_the_hook_and_both_signals(anna):
    heard = []

    def account_renamed(sender, old_name, new_name, **kwargs):
        heard.append((sender, old_name, new_name))

    def renamed(sender, old_key, new_key, **kwargs):
        heard.append((sender, old_key, new_key))

    signals.SIGNAL_ACCOUNT_POST_RENAME.connect(account_renamed)
    signals.SIGNAL_TYPED_OBJECT_POST_RENAME.connect(renamed)
    try:
        anna.key = "Bea"
        anna.key = "Bea"
    finally:
        signals.SIGNAL_ACCOUNT_POST_RENAME.disconnect(account_renamed)
        signals.SIGNAL_TYPED_OBJECT_POST_RENAME.disconnect(renamed)
    assert heard == [(anna, "Anna", "Bea")] * 2
    assert anna.ndb.renamed == ("Anna", "Bea")


@pytest.mark.defect("H-2")
def test_a_collision_leaves_memory_as_it_was(anna):
    bea = create_account("Bea", "", None)
    for name in ("Anna", "ANNA", " anna "):
        with pytest.raises(NameTaken, match="Anna"):
            bea.key = name
        assert (bea.key, bea.db_key, bea.username, stored(bea)) == ("Bea", "Bea", "Bea", ("Bea", "Bea", "bea"))
    with pytest.raises(IntegrityError):
        bea.key = "anna"
    bea.username = "aNNa"
    with pytest.raises(NameTaken):
        bea.save()
    assert bea.username == "Bea"
    bea.key = "Cleo"
    assert stored(bea) == ("Cleo", "Cleo", "cleo")


@pytest.mark.defect("H-2")
def test_a_hook_that_raises_takes_the_rename_back(anna):
    with pytest.raises(ZeroDivisionError):
        anna.key = "Forbidden"
    assert anna.key == "Anna"
    assert stored(anna) == ("Anna", "Anna", "anna")


def test_the_case_of_a_name_can_change(anna):
    anna.key = "ANNA"
    assert stored(anna) == ("ANNA", "ANNA", "anna")


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("Émile", "émile"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("a b", "A  B")]
)
def test_case_means_nothing_in_any_alphabet(one, other):
    create_account(one, "", None)
    with pytest.raises(NameTaken):
        create_account(other, "", None)
    assert AccountDB.objects.get_account_from_name(other).key == one


@pytest.mark.parametrize("name", ["", "   ", None, 5, "x" * 151])
def test_names_that_cannot_be(anna, name):
    with pytest.raises(InvalidKey):
        create_account(name, "", None)
    with pytest.raises(InvalidKey):
        anna.key = name
    assert anna.key == "Anna"


def test_an_account_without_a_name_is_not_saved():
    with pytest.raises(InvalidKey):
        DefaultAccount().save()


def test_a_bulk_update_that_cannot_be_checked_is_refused(anna):
    from django.db.models.functions import Upper

    with pytest.raises(InvalidArgument):
        AccountDB.objects.update(username=Upper("username"))


def test_many_at_once_are_all_or_none(anna):
    accounts = create_accounts(Renamed, [{"key": f"user{number}"} for number in range(5)])
    assert [stored(account)[2] for account in accounts] == [f"user{number}" for number in range(5)]
    with pytest.raises(IntegrityError), transaction():
        create_accounts(Renamed, [{"key": "fresh"}, {"key": "anna"}])
    assert AccountDB.objects.get_account_from_name("fresh") is None


def test_a_fixture_brings_the_name_back():
    anna = create_account("Anna", "", None, permissions=[])
    text = serializers.serialize("json", [anna])
    pk = anna.pk
    anna.delete()
    for item in serializers.deserialize("json", text):
        item.save()
    assert AccountDB.objects.get(pk=pk).key == "Anna"
    assert stored(AccountDB.objects.get(pk=pk)) == ("Anna", "Anna", "anna")
