"""Logging in and out: in which order things happen and who hears of it.

Contract: `login` and `logout` are what the server calls, once for each session; each is one transaction. A hook that
raises ends a login with the account as it was, and is logged in a logout, which always goes through.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from perdure import signals
from perdure.conf import conf
from perdure.sessions import SESSION_HANDLER
from perdure.transactions import transaction

__all__ = ["login", "logout"]

logger = logging.getLogger("perdure.accounts")
security = logging.getLogger("perdure.security")

DUPLICATE = "You have logged in from somewhere else, so this session is ended."


def login(account: Any, session: Any) -> None:
    """Log `session` in as `account`, whose password has been checked.

    In order: marked connected, `session.at_login`, `at_init`, `at_first_login` (once in its life), `at_pre_login`,
    `at_login`, other sessions ended where one is the rule, `at_post_login`, and the signals.
    """
    try:
        with transaction(using=account._state.db):
            _enter(account, session)
    except BaseException:
        if getattr(session, "account", None) is account:
            session.account, session.uid, session.logged_in = None, None, False
            session.puppet = session.puid = None
        raise


def _enter(account: Any, session: Any) -> None:
    account.is_connected = True
    account.last_login = timezone.now()
    account.save(update_fields=["last_login"])
    session.account, session.uid, session.logged_in = account, account.pk, True
    SESSION_HANDLER.add(session)
    _tell(session, "at_login", account)
    account.at_init()
    if account.db.FIRST_LOGIN:
        account.at_first_login()
        del account.db.FIRST_LOGIN
    account.at_pre_login()
    account.at_login(session=session)
    if conf.MULTISESSION_MODE == 0:
        for other in [other for other in account.sessions.all() if other is not session]:
            account.disconnect_session_from_account(other, DUPLICATE)
    security.info("logged in: account #%s, session %s", account.pk, session.sessid)
    account.at_post_login(session=session)
    if account.sessions.count() == 1:
        signals.SIGNAL_ACCOUNT_POST_FIRST_LOGIN.send(sender=account, session=session)
    signals.SIGNAL_ACCOUNT_POST_LOGIN.send(sender=account, session=session)


def logout(account: Any, session: Any, reason: str | None = None) -> None:
    """End the login of `session`; its puppet is let go.

    In order: the signal of the last logout, the puppet released, `at_disconnect`, marked offline if it was the last,
    `at_post_disconnect`, and the signal. What raises is logged; the session is logged out in any case.
    """
    last = all(other is session for other in account.sessions.all())
    if last:
        _whatever_comes(account, signals.SIGNAL_ACCOUNT_POST_LAST_LOGOUT.send, sender=account, session=session)
    _whatever_comes(account, account.unpuppet_object, session)
    _whatever_comes(account, account.unlink_puppet, session)
    _whatever_comes(account, account.at_disconnect, reason)
    session.puppet = session.puid = session.account = session.uid = None
    session.logged_in = False
    if account._is_deleted:
        return
    if last and account.is_connected:
        account.is_connected = False
    _whatever_comes(account, account.at_post_disconnect)
    _whatever_comes(account, signals.SIGNAL_ACCOUNT_POST_LOGOUT.send, sender=account, session=session)
    security.info("logged out: account #%s, session %s (%s)", account.pk, session.sessid, reason or "no reason given")


def _whatever_comes(account: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        with transaction(using=account._state.db):
            function(*args, **kwargs)
    except Exception:  # boundary of user code: a broken hook must not keep anybody logged in
        logger.exception("error when account #%s logged out", account.pk)


def _tell(session: Any, hook: str, *args: Any) -> None:
    """Call a hook of the session, if it has it."""
    function = getattr(session, hook, None)
    if callable(function):
        function(*args)
