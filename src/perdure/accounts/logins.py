"""Logging in and out: in which order things happen and who hears of it.

Contract: `login` and `logout` are what the server calls, once for each session; each is one transaction. A hook that
raises ends a login with the account as it was, and is logged in a logout, which always goes through. When a world
begins, `clear_stale` puts right what the one before left behind, and `restore` gives sessions their accounts and
puppets again.

Invariants: what a session is in memory (account, puppet) follows its rows through every rollback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from importlib import import_module
from typing import Any, Protocol

from django.apps import apps
from django.conf import settings
from django.utils import timezone

from perdure import signals
from perdure.accounts import throttle
from perdure.accounts.puppeting import PUPPETED, PUPPETED_CATEGORY
from perdure.accounts.session_links import hold
from perdure.conf import conf
from perdure.idmapper.states import describe
from perdure.sessions import SESSION_HANDLER
from perdure.transactions import transaction
from perdure.typeclasses import registry

__all__ = ["Attached", "clear_stale", "login", "logout", "release_unheld", "restore"]

logger = logging.getLogger("perdure.accounts")
security = logging.getLogger("perdure.security")

DUPLICATE = "You have logged in from somewhere else, so this session is ended."


def login(account: Any, session: Any) -> None:
    """Log `session` in as `account`, whose password has been checked.

    In order: marked connected, `session.at_login`, `at_init`, `at_first_login` (once in its life), `at_pre_login`,
    `at_login`, other sessions ended where one is the rule, `at_post_login`, and the signals.
    """
    with transaction(using=account._state.db):
        hold(session, account._state.db)
        _enter(account, session)


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
    hold(session, account._state.db)
    session.puppet = session.puid = session.account = session.uid = None
    session.logged_in = False
    if account._is_deleted:
        return
    if last and account.is_connected:
        account.is_connected = False
    _whatever_comes(account, account.at_post_disconnect)
    _whatever_comes(account, signals.SIGNAL_ACCOUNT_POST_LOGOUT.send, sender=account, session=session)
    security.info("logged out: account #%s, session %s (%s)", account.pk, session.sessid, reason or "no reason given")


# --- sessions that outlive a world, and what a world left behind


class Attached(Protocol):
    """Who a session was; the gateway keeps it while there is no world."""

    @property
    def sessid(self) -> int:
        """Its number."""

    @property
    def uid(self) -> int | None:
        """Id of its account."""


def restore(account: Any, session: Any, puppet: Any = None) -> None:
    """Give a session that another world knew its account and puppet again, without hooks.

    What was stored last counts: an object that the account holds by this session is the puppet, whatever `puppet` is,
    and one that it does not hold is not.

    Args:
        account: who it is.
        session: it must be known to `SESSION_HANDLER`.
        puppet: what it is thought to control.
    """
    with transaction(using=account._state.db):
        hold(session, account._state.db)
        SESSION_HANDLER.add(session)
        session.account, session.uid, session.logged_in = account, account.pk, True
        if not account.is_connected:
            account.is_connected = True
        if puppet is None or not _holds(account.pk, session.sessid, puppet):
            puppet = _held_by(account, session)
        session.puppet, session.puid = puppet, None if puppet is None else puppet.pk


def _holds(account_id: int, sessid: int, obj: Any) -> bool:
    return not obj._is_deleted and obj.db_account_id == account_id and sessid in _ids(obj.db_sessid)


def _held_by(account: Any, session: Any) -> Any:
    objects: Any = apps.get_model("objects", "ObjectDB")._base_manager
    held = objects.using(account._state.db).filter(db_account=account, db_sessid__isnull=False).order_by("pk")
    return next((obj for obj in held if _holds(account.pk, session.sessid, obj)), None)


def clear_stale(keep: Iterable[Attached] = ()) -> None:
    """Put right what a world left behind that did not end as it should; before sessions are restored.

    Accounts are offline, guests are gone, and what was controlled is let go of, with the hooks for that:
    `at_pre_unpuppet` and `at_post_unpuppet(None, reason=…)`. One that raises is logged; the others follow.

    Args:
        keep: the sessions that go on; nothing of theirs is touched.
    """
    kept = {(one.uid, one.sessid) for one in keep if one.uid is not None}
    accounts = apps.get_model("accounts", "AccountDB").objects
    uids = {uid for uid, _ in kept}
    accounts.filter(db_is_connected=True).exclude(pk__in=uids).update(db_is_connected=False)
    release_unheld("the server was restarted", kept)
    for guest in accounts.filter(db_typeclass_path__in=_guest_paths()).exclude(pk__in=uids):
        _whatever_comes(guest, guest.at_post_disconnect)
    throttle.prune()
    if apps.is_installed("django.contrib.sessions"):
        # Django deletes no row of a login on the website whose time is over.
        import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def release_unheld(reason: str, kept: Collection[tuple[int, int]] | None = None) -> int:
    """Let go of objects that count as controlled although no session controls them; returns how many there were.

    Args:
        reason: for `at_post_unpuppet`.
        kept: (id of account, id of session) of those that control something; the live sessions if not given.
    """
    if kept is None:
        kept = {(one.uid, sessid) for sessid, one in SESSION_HANDLER.items() if one.uid is not None}
    stale = [
        obj
        for obj in _counting_as_controlled()
        if not any(_holds(uid, sessid, obj) for uid, sessid in kept if uid == obj.db_account_id)
    ]
    for obj in stale:
        _whatever_comes(obj, _release, obj, reason)
    return len(stale)


def _counting_as_controlled() -> list[Any]:
    """By each of its three marks, so that an index serves for each."""
    objects: Any = apps.get_model("objects", "ObjectDB")._base_manager
    through: Any = apps.get_model("objects", "ObjectDB").db_tags.through
    tagged = through.objects.filter(tag__db_key=PUPPETED, tag__db_category=PUPPETED_CATEGORY).values("objectdb_id")
    found: dict[int, Any] = {}
    for condition in ({"pk__in": tagged}, {"db_account__isnull": False}, {"db_sessid__isnull": False}):
        found.update((obj.pk, obj) for obj in objects.filter(**condition))
    return [found[pk] for pk in sorted(found)]


def _release(obj: Any, reason: str) -> None:
    """Hooks first told, links gone in any case."""
    _whatever_comes(obj, obj.at_pre_unpuppet)
    obj.account = None
    if obj.db_sessid:
        obj.sessid = None
    _whatever_comes(obj, obj.at_post_unpuppet, None, reason=reason)
    if not obj._is_deleted:
        obj.tags.remove(PUPPETED, category=PUPPETED_CATEGORY)


def _guest_paths() -> Any:
    from perdure.accounts.accounts import DefaultGuest

    return registry.family_paths(DefaultGuest)


def _ids(stored: str | None) -> list[int]:
    return [int(part) for part in (stored or "").split(",") if part.strip().isdecimal()]


def _whatever_comes(entity: Any, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    try:
        with transaction(using=entity._state.db):
            function(*args, **kwargs)
    except Exception:  # boundary of user code: a broken hook must not keep anybody logged in, nor anything controlled
        logger.exception("error when %s was left", describe(entity))


def _tell(session: Any, hook: str, *args: Any) -> None:
    """Call a hook of the session, if it has it."""
    function = getattr(session, hook, None)
    if callable(function):
        function(*args)
