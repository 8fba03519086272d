"""Django's check of name and password, with names compared without case."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

__all__ = ["CaseInsensitiveModelBackend"]


class CaseInsensitiveModelBackend(ModelBackend):
    """Finds the account by its name in any case. There is no way in without the password."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """The account with this name and password, or None.

        A name that nobody has takes as long as a wrong password, so that the time tells nothing.
        """
        from perdure.accounts.models import AccountDB

        if username is None or password is None:
            return None
        account = AccountDB.objects.get_account_from_name(username)
        if account is None:
            AccountDB().set_password(password)
            return None
        return account if account.check_password(password) and self.user_can_authenticate(account) else None
