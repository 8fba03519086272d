"""A new password for somebody who has forgotten theirs: links for one use, sent by mail or handed over by the staff.

    request = begin_reset(asked, ip)      # game thread: `request.errors`, else `request.letters` to send
    path = reset_path(account)            # a link for the staff to hand over
    account = account_of(uid, token)      # whom a link is for, or None
    change = begin_password_change(account, new)  # then as for any other change (`authentication`)
    used_link(account, ip)                # afterwards

Contract: what is answered to who asks does not say whether there is such an account, nor does the time it takes: the
same is looked up, counted and written in either case, and whoever sends the letters does so afterwards. Nothing is
stored of a link: it is a signature (Django's token generator) over the password, the last login and the address of the
account, so it is void once it was used, once its owner has logged in, and after `PASSWORD_RESET_TIMEOUT`.

Letters go to the address that the account has, never to what was typed. By mail nobody gets a password who has had none
(a bot, an account whose password the staff took away), nor somebody who is switched off or banned.

Owner thread: that of the game. Failure modes: `NoReverseMatch` where the site has no page for a new password.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from perdure.accounts import throttle
from perdure.accounts.throttle import KNOWN_THROTTLE, LETTER_THROTTLE, RESET_THROTTLE
from perdure.typeclasses import registry
from perdure.typeclasses.unique_names import fold

__all__ = ["BANNED", "Letter", "ResetRequest", "account_of", "begin_reset", "reset_path", "used_link"]

security = logging.getLogger("perdure.security")

TOO_MANY = "You have asked for new passwords too often. Wait a while before you try again."
BANNED = "You have been banned and get no new password here."
#: As many accounts of one mail address are named in its letter.
MAX_ACCOUNTS = 10


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent to one mail address.

    Args:
        address: whom to.
        links: (name of an account, path of its page for a new password).
    """

    address: str
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ResetRequest:
    """What came of the wish for a new password.

    Args:
        errors: why it is refused; says nothing about accounts.
        letters: to be sent.
    """

    errors: tuple[str, ...] = ()
    letters: tuple[Letter, ...] = ()


def begin_reset(asked: str, ip: str = "") -> ResetRequest:
    """Somebody wants a new password.

    Args:
        asked: the name of an account, or its mail address.
        ip: where from.
    """
    accounts: Any = apps.get_model("accounts", "AccountDB").objects
    cls = registry.default_class(accounts.model)
    if RESET_THROTTLE.check(ip):
        return ResetRequest((TOO_MANY,))
    RESET_THROTTLE.update(ip)
    if cls.is_banned(ip=ip):
        security.warning("new password refused: %s is banned", ip or "unknown")
        return ResetRequest((BANNED,))
    asked = cls.normalize_username(asked)
    named = accounts.get_account_from_name(asked)
    by_mail = list(accounts.get_account_from_email(asked).order_by("pk")[:MAX_ACCOUNTS])
    found = {account.pk: account for account in (named, *by_mail) if account is not None and _may_have(account)}
    addresses: dict[str, list[Any]] = {}
    for account in found.values():
        addresses.setdefault(account.email, []).append(account)
    security.info("new password asked for: %r from %s", asked, ip or "unknown")
    letters = []
    for address, owners in (addresses or {asked: []}).items():
        subject = fold(address)
        if LETTER_THROTTLE.check(subject):
            continue
        LETTER_THROTTLE.update(subject)
        if owners:
            letters.append(_letter(address, owners))
    return ResetRequest(letters=tuple(letters))


def reset_path(account: Any) -> str:
    """The path of a page on which whoever has the link gives the account a new password, once."""
    uid = urlsafe_base64_encode(force_bytes(account.pk))
    return reverse("password_reset_confirm", args=(uid, default_token_generator.make_token(account)))


def account_of(uid: str, token: str) -> Any:
    """The account that a link is for; None for one that was never good, or is no more."""
    try:
        number = int(urlsafe_base64_decode(uid).decode())
    except (ValueError, OverflowError):
        return None
    account = apps.get_model("accounts", "AccountDB").objects.filter(pk=number).first() if 0 < number < 2**63 else None
    if account is None or not account.is_active or account._unavailable is not None:
        return None
    if not default_token_generator.check_token(account, token):
        return None
    return account


def used_link(account: Any, ip: str = "") -> None:
    """Somebody has given the account a new password by a link: they are its owner, and may log in from there."""
    throttle.remember(account.pk, ip)
    KNOWN_THROTTLE.remove(throttle.pair(account.pk, ip))
    security.warning("password of account #%s set by a link from %s", account.pk, ip or "unknown")


def _may_have(account: Any) -> bool:
    return bool(
        account.email
        and account.is_active
        and account._unavailable is None
        and account.has_usable_password()
        and not account.is_banned(username=account.get_username())
    )


def _letter(address: str, owners: Iterable[Any]) -> Letter:
    return Letter(address, tuple((account.get_username(), reset_path(account)) for account in owners))
