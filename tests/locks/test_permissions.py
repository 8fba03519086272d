"""The ladder, quelling and superusers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pytest_django import Settings

from perdure.locks import (
    check_perm,
    check_permstring,
    has_permission,
    has_permissions,
    is_effective_superuser,
    perm_rank,
)
from perdure.locks.permissions import NO_RANK, held_permissions
from tests.locks.fakes import Account, Entity, Object, Script


def puppet(account_perms: tuple[str, ...], own_perms: tuple[str, ...], quelled: bool = False) -> Object:
    account = Account("Ann", 9, account_perms)
    if quelled:
        account.quell()
    return Object("Hero", 5, own_perms, account=account)


@pytest.mark.parametrize(
    ("account", "own", "quelled", "passes"),
    [
        ("admin", "player", False, True),
        ("admin", "player", True, False),
        ("player", "admin", False, False),
        ("player", "admin", True, False),
        ("admin", "builder", True, True),
        ("builder", "builder", True, True),
    ],
)
def test_truth_table_of_the_ladder(account: str, own: str, quelled: bool, passes: bool) -> None:
    assert has_permission(puppet((account,), (own,), quelled), "Builder") is passes


def test_an_npc_is_judged_by_its_own_rank() -> None:
    assert has_permission(Object(perms=("builder",)), "Builder")
    assert not has_permission(Object(perms=("helper",)), "Builder")


def test_an_account_is_judged_by_its_own_rank_quelled_or_not() -> None:
    account = Account(perms=("builder",))
    assert has_permission(account, "Builder")
    account.quell()
    assert has_permission(account, "Builder")


def test_a_script_has_no_account_even_with_one_at_hand() -> None:
    script = Script(perms=("player",), account=Account(perms=("developer",)))
    assert not has_permission(script, "Builder")


@pytest.mark.parametrize("asked", ["Builder", "builder", "BUILDERS", " builder "])
@pytest.mark.parametrize("held", ["builder", "builders", "Builders", "developers"])
def test_case_and_plural_are_tolerated_on_the_ladder(asked: str, held: str) -> None:
    assert has_permission(Object(perms=(held,)), asked)


def test_names_outside_the_ladder_are_exact() -> None:
    subject = Object(perms=("dig",))
    assert has_permission(subject, "DIG")
    assert not has_permission(subject, "digs")
    assert not has_permission(subject, "di")


@pytest.mark.parametrize(
    ("account", "own", "quelled", "passes"),
    [
        (("dig",), (), False, True),
        ((), ("dig",), False, True),
        ((), ("dig",), True, True),
        (("dig",), (), True, False),
        ((), (), False, False),
    ],
)
def test_quelling_hides_the_accounts_own_permissions(
    account: tuple[str, ...], own: tuple[str, ...], quelled: bool, passes: bool
) -> None:
    assert has_permission(puppet(account, own, quelled), "dig") is passes


@pytest.mark.parametrize("subject", [None, object(), SimpleNamespace(is_superuser=True), "Ann"])
def test_who_cannot_hold_permissions_holds_none(subject: object) -> None:
    assert not has_permission(subject, "Guest")
    assert held_permissions(subject) == frozenset()


@pytest.mark.parametrize("name", ["", "  "])
def test_no_name_is_no_permission(name: str) -> None:
    assert not has_permission(Object(perms=("developer", "")), name)


def test_above_means_strictly_higher() -> None:
    assert has_permission(Object(perms=("admin",)), "Builder", above=True)
    assert not has_permission(Object(perms=("builder",)), "Builder", above=True)
    assert not has_permission(Object(perms=("developer",)), "Developer", above=True)
    assert has_permission(Object(perms=("dig",)), "dig", above=True)
    assert not has_permission(Object(perms=("developer",)), "dig", above=True)


def test_nobody_stands_on_the_ladder_by_holding_nothing() -> None:
    assert not has_permission(Object(), "Guest")
    assert not has_permission(puppet((), ("developer",)), "Guest")


def test_several_permissions() -> None:
    subject = Object(perms=("builder", "dig"))
    assert has_permissions(subject, ["admin", "dig"])
    assert not has_permissions(subject, ["admin", "dig"], require_all=True)
    assert has_permissions(subject, ["helper", "dig"], require_all=True)
    assert not has_permissions(subject, [])
    assert has_permissions(subject, [], require_all=True)


def test_the_ladder_is_the_setting_of_the_moment(settings: Settings) -> None:
    assert perm_rank("Guest") == 0
    assert perm_rank("squire") == NO_RANK
    settings.PERMISSION_HIERARCHY = ["Squire", "Knight"]
    assert (perm_rank("squire"), perm_rank("Knights"), perm_rank("guest")) == (0, 1, NO_RANK)
    assert has_permission(Object(perms=("knight",)), "squire")


# --- superusers ---------------------------------------------------------------------------------


@pytest.mark.defect("V-15")
def test_a_superuser_is_one_until_it_quells_and_again_after() -> None:
    account = Account(is_superuser=True)
    hero = Object(account=account)
    assert is_effective_superuser(account)
    assert is_effective_superuser(hero)
    account.quell()
    assert not is_effective_superuser(account)
    assert not is_effective_superuser(hero)
    del account.attributes.values["_quell"]
    assert is_effective_superuser(account)
    account.is_superuser = False
    assert not is_effective_superuser(account)
    assert not is_effective_superuser(hero)


@pytest.mark.defect("V-15")
def test_nothing_bypasses_on_behalf_of_a_quelled_account() -> None:
    account = Account(is_superuser=True)
    session_like = SimpleNamespace(is_superuser=True, account=account)
    assert is_effective_superuser(session_like)
    account.quell()
    assert not is_effective_superuser(session_like)


@pytest.mark.parametrize("subject", [None, object(), Entity(), Object(), Account()])
def test_everybody_else_is_no_superuser(subject: object) -> None:
    assert not is_effective_superuser(subject)


# --- check_perm and check_permstring ------------------------------------------------------------


def test_check_perm_lets_superusers_by_first() -> None:
    account = Account(is_superuser=True)
    assert check_perm(account, "Developer")
    assert check_perm(account, "anything")
    assert not check_perm(account, "Developer", no_superuser_bypass=True)
    account.quell()
    assert not check_perm(account, "Developer")
    assert check_perm(Object(perms=("admin",)), "Builder")


@pytest.mark.parametrize(
    ("held", "asked", "passes"),
    [
        ("builder", "Builder", True),
        ("builder", "builders", True),
        ("builders", "Builder", True),
        ("admin", "Builder", True),
        ("helper", "Builder", False),
        ("dig", "DIG", True),
        ("dig", "digs", True),
        ("dig", "", False),
        ("dig", "tunnel", False),
    ],
)
def test_check_permstring_looks_at_the_own_list(held: str, asked: str, passes: bool) -> None:
    assert check_permstring(Object(perms=(held,)), asked) is passes


def test_check_permstring_ignores_the_account_but_for_its_superuser_flag() -> None:
    hero = puppet(("developer",), ("player",))
    assert not check_permstring(hero, "Builder")
    assert hero.account is not None
    hero.account.is_superuser = True
    assert check_permstring(hero, "Builder")
    hero.account.quell()
    assert not check_permstring(hero, "Builder")
