"""Django's door to accounts: the website and the admin ask the same service as every other entrance.

Contract: throttles and bans count here as they do for telnet, by the address of the request; `authentication` says how.
Somebody who is refused whatever the password is (`PermissionDenied`) is not asked about at another backend. A ban of
the name ends what the website remembers of a login. What an account may do (`django_permissions`) is asked for each
time: accounts live on between requests, and so would what Django's backend keeps on them.
"""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied

from perdure.accounts.django_permissions import SOURCES, granted_permissions

__all__ = ["CaseInsensitiveModelBackend"]


class CaseInsensitiveModelBackend(ModelBackend):
    """Finds the account by its name in any case. There is no way in without the password."""

    def get_user(self, user_id: Any) -> Any:
        """The account that a session of the website is of; None when it may not be here any more."""
        account: Any = super().get_user(user_id)
        if account is not None and account.is_banned(username=account.get_username()):
            return None
        return account

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """The account with this name and password, or None.

        Raises `PermissionDenied` for somebody who is throttled or banned.
        """
        from perdure.accounts.authentication import begin

        if username is None or password is None:
            return None
        meta = getattr(request, "META", None) or {}
        check = begin(username, str(meta.get("REMOTE_ADDR") or ""))
        if check.errors:
            raise PermissionDenied(check.errors[0])
        return check.finish(check.verify(password))[0]

    # --- what accounts may do

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """What the account was granted itself."""
        return granted_permissions(user_obj, obj, SOURCES[:1])

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """What the account has through its groups."""
        return granted_permissions(user_obj, obj, SOURCES[1:])

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Both."""
        return granted_permissions(user_obj, obj)

    async def aget_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """As `get_user_permissions`."""
        return await sync_to_async(self.get_user_permissions)(user_obj, obj)

    async def aget_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """As `get_group_permissions`."""
        return await sync_to_async(self.get_group_permissions)(user_obj, obj)
