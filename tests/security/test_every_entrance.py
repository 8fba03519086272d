"""The same rules at every entrance: telnet, website, admin, the ticket of the browser client, a forgotten password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from perdure.accounts import bans
from perdure.accounts.models import AccountDB, ThrottleRecord
from perdure.create import create_account
from perdure.testing.world import TestWorld
from perdure.web.letters import LETTERS
from perdure.web.tickets import TICKETS
from tests.web.conftest import PASSWORD, browser_of, post, site

__all__ = ["browser_of", "site"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.defect("V-7")]

NEW = "another-long-pw-2"
HERE, THERE = "192.0.2.1", "198.51.100.1"
#: The way in, and whether it asks for a password.
Entrance = Callable[[str, str, str], bool]


@pytest.fixture
def anna(world: TestWorld) -> Any:
    """An account that was never used from anywhere."""
    account = create_account("Anna", "anna@example.com", PASSWORD)
    account.is_staff = True
    account.save()
    return account


@pytest.fixture
def entrances(world: TestWorld, site: Any, browser_of: Any) -> dict[str, Entrance]:
    """Each way in with a password: (name, password, address) to whether one is in."""

    def telnet(name: str, password: str, ip: str) -> bool:
        player = world.connect(ip)
        player.send(f'connect "{name}" "{password}"')
        return player.account is not None

    def asked(name: str, password: str, ip: str) -> bool:
        player = world.connect(ip)
        player.send(f'connect "{name}"', password)
        return player.account is not None

    def website(name: str, password: str, ip: str, page: str = "/auth/login/") -> bool:
        client = browser_of(ip)
        post(client, page, {"username": name, "password": password})
        return "_auth_user_id" in client.session

    def admin(name: str, password: str, ip: str) -> bool:
        return website(name, password, ip, "/admin/login/")

    return {"telnet": telnet, "telnet, asked": asked, "website": website, "admin": admin}


@pytest.mark.parametrize("failing", ["telnet", "telnet, asked", "website", "admin"])
def test_failures_at_one_entrance_count_at_all(
    entrances: dict[str, Entrance], anna: Any, settings: Any, failing: str
) -> None:
    settings.LOGIN_THROTTLE_LIMIT = 3
    for number in range(3):
        assert not entrances[failing](f"Nobody{number}", "guess", HERE)
    for name, enter in entrances.items():
        assert not enter("Anna", PASSWORD, HERE), name
    for name, enter in entrances.items():
        assert enter("Anna", PASSWORD, THERE), name


def test_a_network_that_is_banned_comes_in_nowhere(
    entrances: dict[str, Entrance], anna: Any, world: TestWorld, browser_of: Any
) -> None:
    for ban, address in (("203.0.113.0/24", "203.0.113.7"), ("2001:db8::/32", "2001:db8:1::5")):
        bans.add_ban(ip=ban)
        for name, enter in entrances.items():
            assert not enter("Anna", PASSWORD, address), name
        stranger = world.connect(address)
        stranger.send(f"create Bea {NEW}", "yes")
        client = browser_of(address)
        post(client, "/auth/register/", {"username": "Bea", "password1": NEW, "password2": NEW})
        post(client, "/auth/password_reset/", {"asked": "anna"})
        client.force_login(anna)
        token = str(client.get("/webclient/").context["csrf_token"])
        assert client.post("/webclient/ticket", headers={"X-CSRFToken": token}).status_code == 403
        assert world.connect(address, ticket=TICKETS.issue(anna.pk)).account is None
    assert LETTERS.wait(20)
    assert mail.outbox == []
    assert AccountDB.objects.count() == 1
    assert all(enter("Anna", PASSWORD, THERE) for enter in entrances.values())


def test_a_name_that_is_banned_comes_in_nowhere(
    entrances: dict[str, Entrance], anna: Any, world: TestWorld, browser_of: Any
) -> None:
    within = browser_of(HERE)
    within.force_login(anna)
    ticket = TICKETS.issue(anna.pk)
    bans.add_ban(name="ANNA")
    for name, enter in entrances.items():
        assert not enter("Anna", PASSWORD, THERE), name
    assert world.connect(HERE, ticket=ticket).account is None
    assert b"Log out" not in within.get("/").content
    post(browser_of(THERE), "/auth/password_reset/", {"asked": "anna"})
    assert LETTERS.wait(20)
    assert mail.outbox == []


def test_a_banned_name_is_nobodys_to_take(world: TestWorld, browser_of: Any) -> None:
    bans.add_ban(name="bea")
    post(browser_of(HERE), "/auth/register/", {"username": "Bea", "password1": NEW, "password2": NEW})
    world.connect(THERE).send(f"create bea {NEW}", "yes")
    assert not AccountDB.objects.exists()


def test_accounts_are_counted_by_address_wherever_they_are_made(
    world: TestWorld, browser_of: Any, settings: Any
) -> None:
    settings.CREATION_THROTTLE_LIMIT = 2
    world.connect(HERE).send(f"create Bea {NEW}", "yes")
    for name in ("Cleo", "Dora"):
        post(browser_of(HERE), "/auth/register/", {"username": name, "password1": NEW, "password2": NEW})
    stranger = world.connect(HERE)
    assert "too many accounts" in stranger.send(f"create Elsa {NEW}", "yes")
    assert [account.key for account in AccountDB.objects.order_by("pk")] == ["Bea", "Cleo"]


def test_who_wants_to_know_which_names_there_are_is_held_up(
    world: TestWorld, browser_of: Any, anna: Any, settings: Any
) -> None:
    settings.CREATION_THROTTLE_NAME_LIMIT = 4
    stranger = world.connect(HERE)
    for _ in range(2):
        assert "this name already" in stranger.send("create anna")
        page = post(browser_of(HERE), "/auth/register/", {"username": "Anna", "password1": NEW, "password2": NEW})
        assert "this name already" in page.content.decode()
    assert "many names" in stranger.send("create anna")
    assert "many names" in stranger.send("create Somebody-new")
    page = post(browser_of(HERE), "/auth/register/", {"username": "Bea", "password1": NEW, "password2": NEW})
    assert "many names" in page.content.decode()
    assert "this name already" in world.connect(THERE).send("create anna")


def test_no_entrance_says_whether_a_name_is_somebodys(
    entrances: dict[str, Entrance], anna: Any, world: TestWorld, browser_of: Any
) -> None:
    answers = [world.connect(HERE).send(f"connect {name} guess") for name in ("Anna", "Nobody")]
    assert answers[0] == answers[1] != ""
    pages = [
        post(browser_of(THERE), page, {"username": name, "password": "guess"}).context["form"].errors
        for page in ("/auth/login/", "/admin/login/")
        for name in ("Anna", "Nobody")
    ]
    assert all(page == pages[0] for page in pages)


def test_an_account_that_is_switched_off_comes_in_nowhere(
    entrances: dict[str, Entrance], anna: Any, world: TestWorld, browser_of: Any
) -> None:
    within = browser_of(HERE)
    within.force_login(anna)
    ticket = TICKETS.issue(anna.pk)
    anna.is_active = False
    anna.save()
    for name, enter in entrances.items():
        assert not enter("Anna", PASSWORD, THERE), name
    assert world.connect(HERE, ticket=ticket).account is None
    assert b"Log out" not in within.get("/").content


def test_what_was_counted_is_known_after_a_reload(
    entrances: dict[str, Entrance], anna: Any, world: TestWorld, settings: Any
) -> None:
    settings.LOGIN_THROTTLE_LIMIT = 3
    for number in range(3):
        entrances["telnet"](f"Nobody{number}", "guess", HERE)
    world.reload()
    assert ThrottleRecord.objects.filter(kind="login_throttle").exists()
    assert not any(enter("Anna", PASSWORD, HERE) for enter in entrances.values())


# --- names: spec 3.12

LOOK_ALIKES = [
    "Аnna",
    "annа",
    "Ánna",
    "ann\u0131",
    "αnna",
    "안나안나",
    "anna\u0301x",
    "an na",
    "a/b/c",
    "anna!",
    "ab",
    "x" * 31,
]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_names_are_letters_digits_and_some_signs_at_every_entrance(
    world: TestWorld, browser_of: Any, site: Any, name: str
) -> None:
    owner = create_account("Owner", "", PASSWORD, is_superuser=True)
    owner.is_staff = True
    owner.save()
    before = AccountDB.objects.count()
    heard = world.connect(HERE).send(f'create "{name}" {NEW}', "yes")
    assert "A name has" in heard
    page = post(browser_of(HERE), "/auth/register/", {"username": name, "password1": NEW, "password2": NEW})
    assert "A name has" in page.content.decode()
    staff = browser_of(THERE)
    staff.force_login(owner)
    data = {"username": name, "email": "", "password1": NEW, "password2": NEW}
    data["db_typeclass_path"] = "perdure.accounts.accounts.DefaultAccount"
    assert "A name has" in post(staff, "/admin/accounts/accountdb/add/", data).content.decode()
    assert AccountDB.objects.count() == before


@pytest.mark.parametrize(
    ("typed", "made"), [("ａｎｎａ", "anna"), ("Jean-Luc", "Jean-Luc"), ("a.b+c@d_e", "a.b+c@d_e")]
)
def test_a_name_is_written_in_one_way_and_that_is_said(world: TestWorld, typed: str, made: str) -> None:
    stranger = world.connect(HERE)
    heard = stranger.send(f"create {typed} {NEW}", "yes")
    assert (f"written {made}" in heard) is (typed != made)
    assert AccountDB.objects.get().key == made
    assert stranger.send(f"connect {typed} {NEW}")
    assert stranger.account is AccountDB.objects.get()


@pytest.mark.parametrize("name", ["self", "HERE", "Self"])
def test_words_for_oneself_are_nobodys_name(world: TestWorld, settings: Any, browser_of: Any, name: str) -> None:
    settings.AUTO_CREATE_CHARACTER_WITH_ACCOUNT = False
    assert "means whoever types it" in world.connect(HERE).send(f"create {name} {NEW}", "yes")
    post(browser_of(HERE), "/auth/register/", {"username": name, "password1": NEW, "password2": NEW})
    assert not AccountDB.objects.exists()


def test_old_names_and_names_from_code_come_in(entrances: dict[str, Entrance]) -> None:
    old = create_account("Ánna of Green Gables", "", PASSWORD)
    for name, enter in entrances.items():
        if name != "admin":
            assert enter("ánna of  green gables", PASSWORD, HERE), name
    assert old.key == "Ánna of Green Gables"
