"""Django's door to accounts: the website and the admin ask the same service as every other entrance.

Contract: throttles and bans count here as they do for telnet, by the address of the request; `authentication` says how.
Somebody who is refused whatever the password is (`PermissionDenied`) is not asked about at another backend. A ban of
the name ends what the website remembers of a login.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied

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
