"""The admin's pages for accounts: made and changed as elsewhere, hashed elsewhere, and nobody lifts themselves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from perdure.accounts.models import AccountDB
from perdure.create import create_account
from tests.web.conftest import PASSWORD, Bridged, post
from tests.web.test_admin import form_data

pytestmark = pytest.mark.django_db

LIST, ADD = "/admin/accounts/accountdb/", "/admin/accounts/accountdb/add/"
NEW = "another-long-pw-2"
CLASS = "perdure.accounts.accounts.DefaultAccount"


def change(account: Any) -> str:
    return f"{LIST}{account.pk}/change/"


def password(account: Any) -> str:
    return f"{LIST}{account.pk}/password/"


@pytest.fixture
def bea(site: Any, db: Any) -> Any:
    return create_account("Bea", "bea@example.com", PASSWORD)


# --- making accounts


@pytest.mark.defect("V-8")
def test_an_account_is_made_as_by_its_player(bridged: Bridged, site: Any) -> None:
    from perdure.create import create_channel

    site.DEFAULT_CHANNELS = [{"key": "Public"}]
    channel = create_channel("Public")
    data = {
        "username": "Cleo",
        "email": "c@example.com",
        "password1": NEW,
        "password2": NEW,
        "db_typeclass_path": CLASS,
    }
    response = bridged.post(ADD, data)
    cleo = AccountDB.objects.get(username="Cleo")
    assert (response.status_code, response["Location"]) == (302, change(cleo))
    assert set(bridged.hashed_in) == {"pool"}
    assert cleo.check_password(NEW)
    assert cleo.email == "c@example.com"
    assert [character.key for character in cleo.characters.all()] == ["Cleo"]
    assert channel.has_connection(cleo)
    assert cleo.db.FIRST_LOGIN
    assert cleo.permissions.all() == ["player"]
    assert bridged.client.get(f"{LIST}{cleo.pk}/history/").content.count(b"Added") == 1


def test_an_account_without_a_password_waits_for_its_owner(staff: Client) -> None:
    data = {"username": "Cleo", "email": "", "password1": "", "password2": "", "db_typeclass_path": CLASS}
    assert post(staff, ADD, data).status_code == 302
    assert not AccountDB.objects.get(username="Cleo").has_usable_password()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"username": "anna"}, "this name already"),
        ({"username": "a b c"}, "letters from a to z"),
        ({"username": "Αnna"}, "letters from a to z"),
        ({"password2": "different-long-3"}, "not the same"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"email": "nowhere"}, "valid email"),
        ({"db_typeclass_path": "os.path"}, "Select a valid choice"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_the_reason(staff: Client, wrong: dict[str, str], told: str) -> None:
    data = {"username": "Cleo", "email": "", "password1": NEW, "password2": NEW, "db_typeclass_path": CLASS, **wrong}
    response = post(staff, ADD, data)
    assert response.status_code == 200
    assert told in response.content.decode()
    assert AccountDB.objects.count() == 1


def test_staff_make_accounts_where_players_make_none(staff: Client, site: Any) -> None:
    site.NEW_ACCOUNT_REGISTRATION_ENABLED = False
    data = {"username": "Cleo", "email": "", "password1": NEW, "password2": NEW, "db_typeclass_path": CLASS}
    assert post(staff, ADD, data).status_code == 302


# --- names


def test_a_new_name_is_a_rename_and_follows_the_rules(staff: Client, bea: Any) -> None:
    heard = []
    bea.at_rename = lambda old, new: heard.append((old, new))
    data = form_data(staff.get(change(bea)))
    for name, told in (("Anna", "this name already"), ("B e a", "letters from a to z"), ("Βea", "letters from a to z")):
        response = post(staff, change(bea), {**data, "username": name})
        assert told in response.content.decode(), name
        assert bea.key == "Bea"
    assert post(staff, change(bea), {**data, "username": "BEA"}).status_code == 302  # only the case is another
    data = form_data(staff.get(change(bea)))
    assert post(staff, change(bea), {**data, "username": "Ｂｅａｔｅ"}).status_code == 302
    assert bea.key == "Beate"
    assert heard == [("Bea", "BEA"), ("BEA", "Beate")]


def test_an_old_name_stays(staff: Client) -> None:
    old = create_account("Ánna of Green Gables", "", PASSWORD)
    data = form_data(staff.get(change(old)))
    response = post(staff, change(old), {**data, "email": "anna@example.org"})
    assert response.status_code == 302, response.context["errors"]
    assert (old.key, old.email) == ("Ánna of Green Gables", "anna@example.org")


# --- passwords


@pytest.mark.defect("V-8")
def test_another_password_is_hashed_elsewhere(bridged: Bridged, bea: Any, site: Any) -> None:
    other = Client()
    other.force_login(bea)
    before = len(bridged.hashed_in)
    response = bridged.post(password(bea), {"password1": NEW, "password2": NEW})
    assert response["Location"] == change(bea)
    assert bridged.rounds == 2
    assert set(bridged.hashed_in[before:]) == {"pool"}
    assert bea.check_password(NEW)
    assert b"Bea" not in other.get("/").content, "who was logged in with the old one is not any more"
    history = bridged.client.get(f"{LIST}{bea.pk}/history/").content.decode()
    assert history.count("Set another password") == 1


@pytest.mark.defect("V-8")
def test_what_is_refused_is_not_hashed(bea: Any, bridged: Bridged) -> None:
    for data, told in (
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password1": NEW, "password2": "different-long-3"}, "not the same"),
        ({"password1": "", "password2": ""}, "required"),
        ({"password1": "x" * 2000, "password2": "x" * 2000}, "at most"),
    ):
        assert told in bridged.post(password(bea), data).content.decode()
    assert bridged.hashed_in == []
    assert bea.check_password(PASSWORD)


def test_ones_own_password_does_not_log_one_out(staff: Client, owner: Any) -> None:
    assert post(staff, password(owner), {"password1": NEW, "password2": NEW}).status_code == 302
    assert owner.check_password(NEW)
    assert staff.get("/admin/").status_code == 200


def test_a_password_can_be_taken_away(staff: Client, bea: Any) -> None:
    assert post(staff, password(bea), {"none": "1"}).status_code == 302
    assert not bea.has_usable_password()


@pytest.mark.defect("V-16")
def test_a_link_is_handed_over_instead_of_a_password(staff: Client, bea: Any, browser_of: Any) -> None:
    page = post(staff, password(bea), {"link": "1"})
    assert "no-store" in page["Cache-Control"]
    (link,) = re.findall(r'value="http://testserver(/auth/reset/[^"]+)"', page.content.decode())
    assert bea.check_password(PASSWORD), "until it is used"
    player = browser_of("192.0.2.77")
    response = player.get(link)
    assert post(player, response["Location"], {"password1": NEW, "password2": NEW}).status_code == 302
    assert bea.check_password(NEW)
    assert player.get(link).status_code == 410


def test_the_hash_of_a_password_is_not_on_the_page_nor_taken_from_it(staff: Client, bea: Any) -> None:
    page = staff.get(change(bea))
    assert bea.password not in page.content.decode()
    data = form_data(page)
    assert post(staff, change(bea), {**data, "password": "md5$salt$0"}).status_code == 302
    assert bea.check_password(PASSWORD)


# --- nobody lifts themselves


@pytest.fixture
def helper(site: Any, db: Any) -> Any:
    """Staff who may do anything to accounts, and is no superuser."""
    helper = create_account("Helper", "", PASSWORD)
    helper.is_staff = True
    helper.save()
    helper.user_permissions.set(Permission.objects.filter(content_type__app_label__in=("accounts", "typeclasses")))
    return helper


@pytest.fixture
def helping(browser_of: Any, helper: Any) -> Client:
    client: Client = browser_of()
    client.force_login(helper)
    return client


@pytest.mark.defect("V-15")
def test_who_may_change_accounts_makes_no_superuser_of_themselves(helping: Client, helper: Any, bea: Any) -> None:
    from perdure.typeclasses.tag_model import Tag

    tag = Tag.objects.create(db_key="developer", db_tagtype="permission", db_model="accountdb")
    for account in (helper, bea):
        page = helping.get(change(account))
        assert "permissions" in page.content.decode()
        data = form_data(page) | {
            "email": "new@example.com",
            "is_superuser": "on",
            "is_staff": "on",
            "user_permissions": [str(one.pk) for one in Permission.objects.all()],
            "AccountDB_db_tags-TOTAL_FORMS": "1",
            "AccountDB_db_tags-INITIAL_FORMS": "0",
            "AccountDB_db_tags-0-tag": str(tag.pk),
            "AccountDB_db_tags-0-accountdb": str(account.pk),
        }
        assert post(helping, change(account), data).status_code == 302
        assert account.email == "new@example.com"
        assert not account.is_superuser
        assert not account.permissions.has("developer")
    assert not bea.is_staff
    assert not helper.has_perm("objects.view_objectdb")


@pytest.mark.defect("V-15")
def test_nobody_but_a_superuser_touches_one(helping: Client, owner: Any, bea: Any) -> None:
    assert post(helping, password(bea), {"password1": NEW, "password2": NEW}, page=change(bea)).status_code == 302
    for page, data in (
        (password(owner), {"password1": NEW, "password2": NEW}),
        (password(owner), {"link": "1"}),
        (change(owner), {"email": "mine@example.com"}),
        (f"{LIST}{owner.pk}/delete/", {"post": "yes"}),
    ):
        response = post(helping, page, data, page=change(bea))
        assert response.status_code == 403, page
    assert owner.email == "anna@example.com"
    assert owner.check_password(PASSWORD)
    data = {"action": "delete_selected", "_selected_action": str(owner.pk), "post": "yes"}
    post(helping, LIST, data)
    assert AccountDB.objects.filter(pk=owner.pk).exists()


def test_deleting_ones_own_account(staff: Client, owner: Any) -> None:
    response = post(staff, f"{LIST}{owner.pk}/delete/", {"post": "yes"})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert not AccountDB.objects.exists()
    page = staff.get("/").content.decode()
    assert "Your account is deleted" in page
    assert "Log in" in page


def test_selecting_ones_own_account_for_deletion(staff: Client, owner: Any, bea: Any) -> None:
    data = {"action": "delete_selected", "_selected_action": [str(owner.pk), str(bea.pk)], "post": "yes"}
    response = staff.post(LIST, {**data, "csrfmiddlewaretoken": str(staff.get(LIST).context["csrf_token"])})
    assert response.status_code == 302
    assert not AccountDB.objects.exists()
    assert staff.get("/").status_code == 200


@pytest.mark.defect("V-15")
def test_a_permission_is_not_made_of_another_tag(helping: Client) -> None:
    from perdure.typeclasses.tag_model import Tag

    held = Tag.objects.create(db_key="player2", db_tagtype="permission", db_model="accountdb")
    plain = Tag.objects.create(db_key="developer", db_model="accountdb")
    for tag, status in ((held, 403), (plain, 200)):
        data = {"db_key": "developer", "db_category": "", "db_tagtype": "permission", "db_model": "accountdb"}
        page = f"/admin/typeclasses/tag/{tag.pk}/change/"
        assert post(helping, page, data, page=LIST).status_code == status
    add = "/admin/typeclasses/tag/add/"
    data = {"db_key": "admin", "db_tagtype": "permission", "db_model": "accountdb"}
    assert post(helping, add, data).status_code == 200
    assert post(helping, add, {"db_key": "nice", "db_tagtype": "", "db_model": "accountdb"}).status_code == 302
    assert not Tag.objects.filter(db_key__in=["developer", "admin"], db_tagtype="permission").exists()
    assert Tag.objects.get(pk=held.pk).db_key == "player2"
