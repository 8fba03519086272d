"""Who somebody is: name and password, with bans and a limit on failures.

Contract: `authenticate` gives `(account, [])` or `(None, [reasons])` and never logs anybody in. What it tells does not
say whether a name exists.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib.auth import authenticate as check_credentials

from perdure import signals
from perdure.accounts.throttle import LOGIN_THROTTLE

__all__ = ["Authentication"]

logger = logging.getLogger("perdure.accounts")
security = logging.getLogger("perdure.security")


# To a type checker the whole is there already; what runs is a plain class to mix in.
if TYPE_CHECKING:
    from perdure.accounts.models import AccountDB

    Whole = AccountDB
else:
    Whole = object


class Authentication(Whole):
    """Knowing accounts again; part of `DefaultAccount`."""

    @classmethod
    def authenticate(
        cls: Any, username: str, password: str, ip: str = "", session: Any = None, **kwargs: Any
    ) -> tuple[Any, list[str]]:
        """The account with this name (in any case) and password: `(account, [])`, or `(None, [reasons])`.

        Args:
            username, password: what was typed.
            ip: where from; failures are counted by it.
            session: told to `at_failed_login` of an account whose password was wrong.
        """
        if LOGIN_THROTTLE.check(ip):
            return None, ["Too many failed logins. Wait a while before you try again."]
        username = cls.normalize_username(username or "")
        if cls.is_banned(ip=ip, username=username):
            LOGIN_THROTTLE.update(ip)
            security.warning("login refused: %r from %s is banned", username, ip or "unknown")
            return None, ["You have been banned and cannot log in."]
        account = check_credentials(None, username=username, password=password)
        if account is None:
            cls._login_failed(username, ip, session)
            return None, ["The name or the password is wrong."]
        security.info("password of %s accepted from %s", username, ip or "unknown")
        return account, []

    @classmethod
    def _login_failed(cls: Any, username: str, ip: str, session: Any) -> None:
        LOGIN_THROTTLE.update(ip)
        security.warning("login failed: %r from %s", username, ip or "unknown")
        account = cls.__dbclass__.objects.get_account_from_name(username)
        if session is None or account is None:
            return
        signals.SIGNAL_ACCOUNT_POST_LOGIN_FAIL.send(sender=account, session=session)
        try:
            account.at_failed_login(session)
        except Exception:  # boundary of user code: whoever types a wrong password must get the same answer always
            logger.exception("error in at_failed_login of account #%s", account.pk)

    def set_password(self: Any, password: str | None, **kwargs: Any) -> None:  # type: ignore[override]
        """Give the account another password; save it afterwards. None means that nobody can log in.

        Args:
            password: not checked; see `validate_password`.
            **kwargs: passed on to `at_password_change`.
        """
        super().set_password(password)
        security.info("password changed: account #%s", self.pk)
        self.at_password_change(**kwargs)

    def at_password_change(self, **kwargs: Any) -> None:
        """Called when the password has been changed."""

    def at_failed_login(self, session: Any, **kwargs: Any) -> None:
        """Called when somebody gave a wrong password for this account."""
