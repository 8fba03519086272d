"""Who asks: an account, known by a token or by a session of the website.

Contract: `admit(request)` gives who asks, or raises the `Problem` that ends the request. In this order:

1. the rate of the address;
2. `Authorization: Bearer …`, or without that the website's session, which changes something only together with the
   site's CSRF token. There is no way in with a password;
3. the throttle of failed logins, which wrong tokens count towards, as for every entrance: an address that has failed
   too often is refused, unless the token is right and its account known to be used from there;
4. bans of the address and of the name, and whether the account is active; the token's network;
5. the rate of the token, or of the account;
6. the lock `api` of the setting `REST_API_LOCK`;
7. a token that only reads is refused what changes something.

Invariants: what is answered to a token does not say why it is no good. A quelled account bypasses nothing.
Owner: the game thread.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from perdure.accounts import access_tokens, throttle
from perdure.accounts.throttle import LOGIN_THROTTLE
from perdure.conf import conf
from perdure.errors import LockException
from perdure.locks import check_lockstring
from perdure.web.account_views import address_of
from perdure.web.offloading import OFFLOADED
from perdure.web.rest.problems import Forbidden, Problem
from perdure.web.rest.rates import RATES

__all__ = ["Caller", "admit", "passes_the_lock"]

security = logging.getLogger("perdure.security")

READING = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_HEADER = 500
#: Marks a request that is run again because it was stale. A name with a dot cannot come from a client.
COUNTED = "perdure.rest.counted"
_ASK = {"WWW-Authenticate": 'Bearer realm="api"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Args:
        account: whose rights count.
        address: where from.
        token: by which it is known; None for a session of the website.
    """

    account: Any
    address: str
    token: Any = None

    def __str__(self) -> str:
        by = "the website" if self.token is None else f"token #{self.token.pk}"
        return f"account #{self.account.pk} ({self.account.key}) by {by} from {self.address or 'unknown'}"


def admit(request: HttpRequest) -> Caller:
    """Who asks, if they may ask at all. Raises `Problem`."""
    address = address_of(request)
    # A request that comes again after its password was hashed, or because it was stale, has been counted.
    counts = not request.META.get(OFFLOADED) and COUNTED not in request.META
    request.META[COUNTED] = True
    if counts:
        _wait_for(RATES.take(("address", throttle.network_of(address))))
    scheme, _, secret = request.headers.get("Authorization", "")[:LONGEST_HEADER].partition(" ")
    caller = _by_token(secret.strip(), address) if scheme.lower() == "bearer" else _by_session(request, address)
    if counts:
        whose = ("account", caller.account.pk) if caller.token is None else ("token", caller.token.pk)
        _wait_for(RATES.take(whose))
    if not passes_the_lock(caller.account):
        security.warning("api refused: %s does not pass its lock", caller)
        raise Forbidden("This account may not use the API: it does not pass the lock of the setting REST_API_LOCK.")
    if caller.token is not None:
        if caller.token.read_only and request.method not in READING:
            raise Forbidden("This token only reads.")
        access_tokens.note_use(caller.token, address)
    return caller


def passes_the_lock(account: Any) -> bool:
    """Whether the account may use the API at all. A lock that cannot be read lets nobody pass."""
    try:
        return check_lockstring(account, str(conf.REST_API_LOCK), access_type=None, default=False)
    except LockException as error:
        security.error("REST_API_LOCK is no lock, so nobody passes: %s", error)
        return False


def _by_token(secret: str, address: str) -> Caller:
    token = access_tokens.find_token(secret)
    known = token is not None and throttle.is_known(token.account_id, address)
    if not known and (wait := LOGIN_THROTTLE.wait(address)):
        _wait_for(wait)
    if token is None:
        LOGIN_THROTTLE.update(address)
        security.warning("api refused: a token that is none from %s", address or "unknown")
        raise _unknown()
    _check_account(token.account, address, f"token #{token.pk}")
    if not access_tokens.is_allowed_from(token, address):
        security.warning("api refused: token #%s is not for %s", token.pk, address or "unknown")
        raise _unknown()
    return Caller(token.account, address, token)


def _by_session(request: HttpRequest, address: str) -> Caller:
    account: Any = get_user(request)  # the account itself; `request.user` is a stand-in for it
    if not account.is_authenticated:
        raise Problem(401, "Send a token: Authorization: Bearer <token>.", headers=_ASK)
    _check_account(account, address, "the website")
    if request.method not in READING:
        _check_csrf(request)
    return Caller(account, address)


def _check_account(account: Any, address: str, by: str) -> None:
    if account.is_banned(ip=address, username=account.get_username()):
        security.warning("api refused: account #%s by %s from %s is banned", account.pk, by, address or "unknown")
        raise Forbidden("You have been banned.")
    if not account.is_active:
        raise _unknown()


def _unknown() -> Problem:
    return Problem(401, "This token is not known, or not good any more.", headers=_ASK)


def _wait_for(seconds: float) -> None:
    if seconds > 0:
        raise Problem(429, "Too many requests.", headers={"Retry-After": str(math.ceil(seconds))})


def _check_csrf(request: HttpRequest) -> None:
    """Refuse a change that a page of another site may have sent with the browser's cookies."""
    check = CsrfViewMiddleware(lambda request: None)  # type: ignore[arg-type]
    request.csrf_processing_done = False  # type: ignore[attr-defined]
    check.process_request(request)
    if check.process_view(request, _no_view, (), {}) is not None:
        raise Forbidden("The CSRF token is missing or wrong: send it as X-CSRFToken, or use a token of the API.")


def _no_view() -> HttpResponse:
    """Stands for the view, which is not exempt from the check."""
    return HttpResponse()
