"""Tokens with which programs act for an account: made, shown once, looked up, revoked.

    token, secret = create_token(account, "map of the web page", days=90, read_only=True)
    find_token(secret) == token

Contract: a secret is 256 random bits behind a mark by which scanners know it; what is stored is its SHA-256, from which
nobody gets it back, so it is shown when it is made and never again. (A hash that is slow on purpose is for what people
can remember; nobody guesses 256 bits.) A token does what its account may do at that moment and no more; it can be held
to reading, to a network and to a time. A revoked one is gone.

Invariants: an account has at most `MOST` tokens that have not expired; those that have are kept for a month, so that
who wonders why one does not work finds it. The last use is written once a minute at most.

Failure modes: `InvalidArgument` for a name, a time or a network that cannot be used, and for one token too many.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from perdure.accounts import throttle
from perdure.accounts.token_model import MAX_NAME, AccessToken
from perdure.errors import InvalidArgument

__all__ = [
    "DAYS",
    "MARK",
    "MOST",
    "AccessToken",
    "create_token",
    "find_token",
    "is_allowed_from",
    "note_use",
    "revoke_token",
    "tokens_of",
]

security = logging.getLogger("perdure.security")

#: What every secret begins with.
MARK = "perdure_"
#: For how many days a token is good if nothing else is said.
DAYS = 90
LONGEST = 3650
MOST = 50
LENGTH = len(MARK) + 43
NOTED_EVERY = timedelta(minutes=1)
KEPT_AFTER_END = timedelta(days=30)


def create_token(
    account: Any,
    name: str,
    *,
    days: int | None = DAYS,
    read_only: bool = False,
    network: str = "",
) -> tuple[AccessToken, str]:
    """Make a token: it, and its secret, which nobody can ask for again.

    Args:
        account: for whom it acts.
        name: what it is for.
        days: for how long it is good; None for ever.
        read_only: it changes nothing.
        network: the address or network that it can be used from; empty for any.
    """
    text = name.strip() if isinstance(name, str) else ""
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise InvalidArgument(f"the name of a token is a line of 1 to {MAX_NAME} characters, got {name!r}")
    if days is not None and not 1 <= days <= LONGEST:
        raise InvalidArgument(f"a token is good for 1 to {LONGEST} days, or for ever (None), got {days!r}")
    now = timezone.now()
    AccessToken.objects.filter(expires__lt=now - KEPT_AFTER_END).delete()
    if tokens_of(account).exclude(expires__lte=now).count() >= MOST:
        raise InvalidArgument(f"{account} has {MOST} tokens; revoke one that is not used")
    secret = MARK + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        account=account,
        name=text,
        digest=_digest(secret),
        expires=None if days is None else now + timedelta(days=days),
        read_only=read_only,
        network=_network(network),
    )
    security.info("token #%s (%s) made for account #%s", token.pk, text, account.pk)
    return token, secret


def find_token(secret: str, now: datetime | None = None) -> AccessToken | None:
    """The token with this secret, if there is one and its time is not over. Its account is loaded with it."""
    if len(secret) != LENGTH or not secret.startswith(MARK) or not secret.isascii():
        return None
    token: AccessToken | None = AccessToken.objects.select_related("account").filter(digest=_digest(secret)).first()
    if token is None or (token.expires is not None and token.expires <= (now or timezone.now())):
        return None
    return token


def is_allowed_from(token: AccessToken, ip: str) -> bool:
    """Whether the token can be used from this address."""
    if not token.network:
        return True
    try:
        address = ipaddress.ip_address(ip.strip())
        network = ipaddress.ip_network(token.network)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.version == network.version and address in network


def note_use(token: AccessToken, ip: str, now: datetime | None = None) -> None:
    """The token has been used from this address, which the account is known to be used from now."""
    moment = now or timezone.now()
    if token.last_used is not None and moment - token.last_used < NOTED_EVERY:
        return
    AccessToken.objects.filter(pk=token.pk).update(last_used=moment)
    throttle.remember(token.account_id, ip)


def tokens_of(account: Any = None) -> Any:
    """The tokens of an account, or all, oldest first."""
    tokens = AccessToken.objects.order_by("pk")
    return tokens if account is None else tokens.filter(account_id=account.pk)


def revoke_token(number: int) -> bool:
    """End a token; whether there was one of this number."""
    token = AccessToken.objects.filter(pk=number).first()
    if token is None:
        return False
    token.delete()
    return True


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _network(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        raise InvalidArgument(f"{text!r} is no address and no network; write 192.0.2.7 or 192.0.2.0/24") from None
