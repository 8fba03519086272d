"""What Django asks of accounts: answered live, and quelling counts."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, Group, Permission

from perdure.create import create_account
from perdure.locks.permissions import QUELL_ATTRIBUTE
from perdure.transactions import transaction

pytestmark = pytest.mark.django_db

LOOK, CHANGE = "objects.view_objectdb", "objects.change_objectdb"
OURS, DJANGOS = "perdure.accounts.backends.CaseInsensitiveModelBackend", "django.contrib.auth.backends.ModelBackend"


def permission(name: str) -> Permission:
    app, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


@pytest.fixture
def owner() -> Any:
    return create_account("Owner", "", None, is_superuser=True)


@pytest.fixture
def helper() -> Any:
    return create_account("Helper", "", None)


def answers(account: Any) -> tuple[Any, ...]:
    """Everything that Django can ask, in both ways."""
    return (
        account.has_perm(LOOK),
        account.has_perms([LOOK, CHANGE]),
        account.has_module_perms("objects"),
        LOOK in account.get_all_permissions(),
        LOOK in account.get_user_permissions(),
        async_to_sync(account.ahas_perm)(LOOK),
        async_to_sync(account.ahas_perms)([LOOK, CHANGE]),
        async_to_sync(account.ahas_module_perms)("objects"),
        LOOK in async_to_sync(account.aget_all_permissions)(),
        LOOK in async_to_sync(account.aget_user_permissions)(),
    )


@pytest.mark.defect("V-15")
@pytest.mark.parametrize("backends", [[OURS], [OURS, DJANGOS], [DJANGOS]])
def test_a_superuser_that_has_quelled_has_no_permission(owner: Any, settings: Any, backends: list[str]) -> None:
    settings.AUTHENTICATION_BACKENDS = backends
    assert all(answers(owner))
    owner.attributes.add(QUELL_ATTRIBUTE, True)
    assert not any(answers(owner))
    owner.attributes.remove(QUELL_ATTRIBUTE)
    assert all(answers(owner))


@pytest.mark.defect("V-15")
def test_what_was_granted_is_no_bypass(owner: Any) -> None:
    owner.attributes.add(QUELL_ATTRIBUTE, True)
    owner.user_permissions.add(permission(LOOK))
    group = Group.objects.create(name="builders")
    group.permissions.add(permission(CHANGE))
    owner.groups.add(group)
    assert owner.get_user_permissions() == {LOOK}
    assert owner.get_group_permissions() == {CHANGE} == async_to_sync(owner.aget_group_permissions)()
    assert owner.get_all_permissions() == {LOOK, CHANGE}
    assert all(answers(owner))
    assert not owner.has_perm("accounts.change_accountdb")
    assert not owner.has_module_perms("accounts")
    owner.is_active = False
    assert not any(answers(owner))


@pytest.mark.defect("V-15")
def test_granting_and_taking_away_count_at_once(helper: Any) -> None:
    """Django keeps the answers on the user; an account is the same instance for as long as the game runs."""
    assert not any(answers(helper))
    group = Group.objects.create(name="builders")
    helper.groups.add(group)
    group.permissions.add(permission(LOOK))
    assert helper.has_perm(LOOK)
    assert helper.has_module_perms("objects")
    group.permissions.clear()
    assert not any(answers(helper))
    with pytest.raises(ZeroDivisionError), transaction():
        helper.user_permissions.set([permission(LOOK), permission(CHANGE)])
        assert all(answers(helper))
        raise ZeroDivisionError
    assert not any(answers(helper))
    helper.is_superuser = True
    assert all(answers(helper))
    helper.is_superuser = False
    assert not any(answers(helper))


def test_permissions_are_not_granted_for_single_objects(helper: Any) -> None:
    helper.user_permissions.set([permission(LOOK)])
    assert helper.has_perm(LOOK)
    assert not helper.has_perm(LOOK, helper)
    assert not AnonymousUser().has_perm(LOOK)
