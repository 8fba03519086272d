"""Who somebody is: name and password, with bans and a limit on failures. Every entrance goes through here.

In three steps, so that the slow one can leave the thread of the game:

    check = begin(username, ip)              # game thread: throttles, bans; `check.errors` says why not
    verdict = check.verify(password)         # any thread: hashing only
    account, errors = check.finish(verdict)  # game thread: counts, logs, signals

`Account.authenticate(username, password, ip, session)` does all three at once. `begin_password_change(account, new)`
gives a `PasswordChange` of the same form (`hash`, `finish`); for a new account see `registration.begin_creation`.

Contract: nobody is logged in here; `logins.login` does that. What is answered does not say whether a name exists, nor
does the time that it takes. Failures count against the address and the name; from where an account is known to be used,
only failures on that account from there count, so that nobody can lock somebody else out.

Invariants: attempts under way count as failures until they are finished, so that many at once are not more tries than
one after the other; there are never more than `MAX_PENDING`, which bounds the queue of the hashing.

Owner thread: that of the game, but for `verify` and `hash`.
Failure modes: an attempt that is never finished counts for as long as somebody holds it. A password that is changed
between the steps fails the attempt, which counts as nothing.
"""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING, Any

from django.apps import apps

from perdure import signals
from perdure.accounts import passwords, throttle
from perdure.accounts.passwords import NOBODY, Verdict
from perdure.accounts.throttle import ACCOUNT_THROTTLE, KNOWN_THROTTLE, LOGIN_THROTTLE
from perdure.typeclasses import registry
from perdure.typeclasses.unique_names import fold

__all__ = ["MAX_PENDING", "WRONG", "Authentication", "LoginCheck", "PasswordChange", "begin", "begin_password_change"]

logger = logging.getLogger("perdure.accounts")
security = logging.getLogger("perdure.security")

MAX_PENDING = 64
TOO_MANY = "Too many failed logins. Wait a while before you try again."
BANNED = "You have been banned and cannot log in."
WRONG = "The name or the password is wrong."
BUSY = "Too many people are logging in at this moment. Try again in a few seconds."
CHANGED = "The password has just been changed. Try again."
BROKEN = "Your account cannot be used at this moment: its class is missing. The staff must mend that; tell them."


class LoginCheck:
    """An attempt to log in, between its steps.

    Attributes:
        errors: why it is refused already; empty if the password decides.
        username, ip: whose, and where from.
    """

    def __init__(self, account_class: Any, username: str, ip: str) -> None:
        self.errors: list[str] = []
        self.username = username
        self.ip = ip
        self.known = False
        self.account_id: int | None = None
        self._class = account_class
        self._encoded = NOBODY

    # --- the first step

    def look_up(self) -> None:
        """Find the account, and whether the attempt is refused before any password is looked at."""
        account = self._class.__dbclass__.objects.get_account_from_name(self.username)
        if account is not None:
            self.account_id, self._encoded = account.pk, account.password or NOBODY
            self.known = throttle.is_known(account.pk, self.ip)
        if self._throttled():
            self.errors = [TOO_MANY]
        elif self._class.is_banned(ip=self.ip, username=self.username):
            LOGIN_THROTTLE.update(self.ip)
            security.warning("login refused: %r from %s is banned", self.username, self.ip or "unknown")
            self.errors = [BANNED]
        elif len(_PENDING) >= MAX_PENDING:
            self.errors = [BUSY]
        else:
            _PENDING.add(self)

    def _throttled(self) -> bool:
        if self.known:
            return KNOWN_THROTTLE.check(self._pair, _pending(account=self.account_id, network=self._network))
        name = fold(self.username)
        return LOGIN_THROTTLE.check(self.ip, _pending(network=self._network, known=False)) or ACCOUNT_THROTTLE.check(
            name, _pending(name=name, known=False)
        )

    # --- the second

    def verify(self, password: object) -> Verdict:
        """Whether this is the password. Touches nothing that is shared: any thread may run it."""
        return passwords.compare(password, self._encoded)

    # --- the third

    def finish(self, verdict: Verdict, session: Any = None) -> tuple[Any, list[str]]:
        """Act on the verdict: `(account, [])`, or `(None, [reasons])`.

        Args:
            verdict: what `verify` gave.
            session: told to `at_failed_login` of an account whose password was wrong.
        """
        _PENDING.discard(self)
        if self.errors:
            return None, self.errors
        accounts = self._class.__dbclass__.objects
        account = None if self.account_id is None else accounts.filter(pk=self.account_id).first()
        if verdict.right and account is not None and account.password != self._encoded:
            return None, [CHANGED]
        if account is None or not (verdict.right and account.is_active):
            self._failed(account, session)
            return None, [WRONG]
        if account._unavailable is not None:
            logger.error("%s cannot log in: %s", self.username, account._unavailable)
            return None, [BROKEN]
        self._succeeded(account, verdict)
        return account, []

    def _succeeded(self, account: Any, verdict: Verdict) -> None:
        if verdict.upgraded is not None:
            account.password = verdict.upgraded
            account.save(update_fields=["password"])
        if self.known:
            KNOWN_THROTTLE.remove(self._pair)
        throttle.remember(account.pk, self.ip)
        security.info("password of %s accepted from %s", self.username, self.ip or "unknown")

    def _failed(self, account: Any, session: Any) -> None:
        if self.known:
            KNOWN_THROTTLE.update(self._pair)
        else:
            LOGIN_THROTTLE.update(self.ip)
            ACCOUNT_THROTTLE.update(fold(self.username))
        security.warning("login failed: %r from %s", self.username, self.ip or "unknown")
        if session is None or account is None:
            return
        signals.SIGNAL_ACCOUNT_POST_LOGIN_FAIL.send(sender=account, session=session)
        try:
            account.at_failed_login(session)
        except Exception:  # boundary of user code: whoever types a wrong password must get the same answer always
            logger.exception("error in at_failed_login of account #%s", account.pk)

    # --- what it is counted under

    @property
    def _network(self) -> str:
        return throttle.network_of(self.ip)

    @property
    def _pair(self) -> str:
        return throttle.pair(self.account_id, self.ip)


_PENDING: weakref.WeakSet[LoginCheck] = weakref.WeakSet()


def _pending(
    *, network: str | None = None, name: str | None = None, account: int | None = None, known: bool = True
) -> int:
    """How many attempts under way fit."""
    return sum(
        (network is None or one._network == network)
        and (name is None or fold(one.username) == name)
        and (account is None or one.account_id == account)
        and one.known is known
        for one in _PENDING
    )


def begin(username: str, ip: str = "", account_class: Any = None) -> LoginCheck:
    """Begin to authenticate somebody; look at `.errors` of what comes back, then `verify` and `finish` it.

    Args:
        username: as it was typed.
        ip: where from; no address is never throttled, so an entrance that knows one must give it.
        account_class: whose rules for names and bans count; the game's account class if not given.
    """
    cls = account_class or registry.default_class(apps.get_model("accounts", "AccountDB"))
    check = LoginCheck(cls, cls.normalize_username(username or ""), ip or "")
    check.look_up()
    return check


class PasswordChange:
    """A new password for an account, between its steps; see `begin_password_change`.

    Attributes:
        errors: what is wrong with the new password.
    """

    def __init__(self, account: Any, errors: list[str]) -> None:
        self.account = account
        self.errors = errors

    def hash(self, password: str) -> str:
        """What will be stored of the password. Any thread may run it."""
        return passwords.hash_password(password)

    def finish(self, encoded: str, **kwargs: Any) -> tuple[bool, list[str]]:
        """Store it: `(True, [])`, or `(False, [reasons])`. Keywords go to `at_password_change`."""
        if self.errors:
            return False, self.errors
        if self.account._is_deleted:
            return False, ["The account is gone."]
        self.account.set_encoded_password(encoded, **kwargs)
        self.account.save(update_fields=["password"])
        return True, []


def begin_password_change(account: Any, password: str) -> PasswordChange:
    """Check a new password; look at `.errors` of what comes back, then `hash` and `finish` it.

    The old password is for `begin(account.key, ip)` to check.
    """
    valid, error = account.validate_password(password, account=account)
    return PasswordChange(account, [] if valid else list(error.messages))


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

        Hashing takes its time; what runs the game uses `begin` and does that elsewhere.

        Args:
            username, password: what was typed.
            ip: where from; failures are counted by it.
            session: told to `at_failed_login` of an account whose password was wrong.
        """
        check = begin(username, ip, account_class=cls)
        if check.errors:
            return None, check.errors
        return check.finish(check.verify(password), session)

    def set_password(self: Any, password: str | None, **kwargs: Any) -> None:  # type: ignore[override]
        """Give the account another password; save it afterwards. None means that nobody can log in.

        Args:
            password: not checked; see `validate_password`.
            **kwargs: passed on to `at_password_change`.
        """
        super().set_password(password)
        self._password_changed(kwargs)

    def set_encoded_password(self: Any, encoded: str, **kwargs: Any) -> None:
        """As `set_password`, of a password that is hashed already (`passwords.hash_password`)."""
        self.password = encoded
        self._password = None
        self._password_changed(kwargs)

    def _password_changed(self: Any, kwargs: dict[str, Any]) -> None:
        security.info("password changed: account #%s", self.pk)
        self.at_password_change(**kwargs)

    def at_password_change(self, **kwargs: Any) -> None:
        """Called when the password has been changed."""

    def at_failed_login(self, session: Any, **kwargs: Any) -> None:
        """Called when somebody gave a wrong password for this account."""
