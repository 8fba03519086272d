"""What Django asks of an account: the permissions of its apps, as the admin and the pages of a site check them.

Contract: `has_perm` and the others answer from what the database and the live account hold at this moment. Django keeps
the answers on the user for as long as that lives, which is one request elsewhere and for ever here; nothing is kept. A
superuser that has quelled has what was granted to it and no more, whichever backends there are.

Owner thread: any that may read the account. Failure modes: none of its own; somebody who is switched off holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.db.models import Q

from perdure.locks.permissions import is_effective_superuser, is_quelled_superuser

__all__ = ["SOURCES", "DjangoPermissions", "granted_permissions"]

#: How a permission is granted, as a lookup from `Permission`: to the account itself, or to a group that it is in.
SOURCES = ("user", "group__user")

# To a type checker the whole is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

    Whole = AbstractUser
else:
    Whole = object


def granted_permissions(account: Any, obj: Any = None, sources: Iterable[str] = SOURCES) -> set[str]:
    """The names (`app.codename`) of what an account may do; every permission there is for a superuser.

    Args:
        account: whose; nobody in particular (`AnonymousUser`) has none.
        obj: Django's permissions are not granted for single objects: with one the answer is empty.
        sources: some of `SOURCES`.
    """
    if not account.is_active or account.is_anonymous or obj is not None:
        return set()
    found = Permission.objects.order_by()
    if not is_effective_superuser(account):
        wanted = Q()
        for source in sources:
            wanted |= Q(**{source: account.pk})
        found = found.filter(wanted)
    return {f"{app}.{name}" for app, name in found.values_list("content_type__app_label", "codename")}


class DjangoPermissions(Whole):
    """Part of `AccountDB`; mix in before `AbstractUser`."""

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether the account has this permission (`app.codename`)."""
        if is_quelled_superuser(self):
            return perm in granted_permissions(self, obj)
        return bool(super().has_perm(perm, obj))

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the account has any permission of this app."""
        if is_quelled_superuser(self):
            return any(name.partition(".")[0] == app_label for name in granted_permissions(self))
        return bool(super().has_module_perms(app_label))

    def get_user_permissions(self, obj: Any = None) -> set[str]:
        """The permissions that the account was granted itself."""
        if is_quelled_superuser(self):
            return granted_permissions(self, obj, SOURCES[:1])
        return set(super().get_user_permissions(obj))

    def get_group_permissions(self, obj: Any = None) -> set[str]:
        """The permissions that the account has through its groups."""
        if is_quelled_superuser(self):
            return granted_permissions(self, obj, SOURCES[1:])
        return set(super().get_group_permissions(obj))

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        """All permissions of the account."""
        if is_quelled_superuser(self):
            return granted_permissions(self, obj)
        return set(super().get_all_permissions(obj))

    # Django asks these in views that are coroutines.

    async def ahas_perm(self, perm: str, obj: Any = None) -> bool:
        """As `has_perm`."""
        return await sync_to_async(self.has_perm)(perm, obj)

    async def ahas_module_perms(self, app_label: str) -> bool:
        """As `has_module_perms`."""
        return await sync_to_async(self.has_module_perms)(app_label)

    async def aget_user_permissions(self, obj: Any = None) -> set[str]:
        """As `get_user_permissions`."""
        return await sync_to_async(self.get_user_permissions)(obj)

    async def aget_group_permissions(self, obj: Any = None) -> set[str]:
        """As `get_group_permissions`."""
        return await sync_to_async(self.get_group_permissions)(obj)

    async def aget_all_permissions(self, obj: Any = None) -> set[str]:
        """As `get_all_permissions`."""
        return await sync_to_async(self.get_all_permissions)(obj)
