"""Slows down whoever fails too often, by address and by account, and remembers it over restarts.

Contract: after `<setting>_LIMIT` failures a subject is refused until `<setting>_TIMEOUT` seconds have passed since the
last one; each failure after that doubles the wait, up to a limit (`Throttle.longest`). A subject that has been quiet
for as long again is forgotten. Asking while refused counts as nothing. IPv6 addresses are counted by their network
(/64), since one host has many.

These share it: `LOGIN_THROTTLE` (failed logins by address), `ACCOUNT_THROTTLE` (failed logins to a name, whether or
not somebody has it), `KNOWN_THROTTLE` (failed logins to an account from an address that it was used from),
`CREATION_THROTTLE` (accounts made by address), `NAME_THROTTLE` (names asked for that are taken, by address),
`RESET_THROTTLE` (new passwords asked for by address) and `LETTER_THROTTLE` (by whom they are for). Which of them count
for a login is for `authentication` to say: where an account is known to be used from, what others do is no reason to
refuse it.

Invariants: the truth is in the table, so all processes agree. Who is refused is not written down, so what an attacker
can have written is bounded by the waiting; beyond `CAPACITY` rows of a kind the oldest are forgotten.

Failure modes: counting belongs to the caller's transaction and is undone with it. A clock that is set back makes nobody
wait longer than its wait.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from perdure.conf import conf

__all__ = [
    "ACCOUNT_THROTTLE",
    "CREATION_THROTTLE",
    "KNOWN_THROTTLE",
    "LETTER_THROTTLE",
    "LOGIN_THROTTLE",
    "NAME_THROTTLE",
    "RESET_THROTTLE",
    "Throttle",
    "is_known",
    "network_of",
    "pair",
    "prune",
    "remember",
]

CAPACITY = 10_000
MAX_SUBJECT = 200
HOUR, DAY = 3600.0, 86_400.0
PRUNE_EVERY = 64
KNOWN_FOR = 180 * DAY
KNOWN_PER_ACCOUNT = 20
# A wait doubles at most this often: more would not change it, and 2**count must stay a number.
MAX_DOUBLINGS = 20


class Throttle:
    """What is counted of one kind.

    Args:
        setting: prefix of the two settings: `<setting>_LIMIT` failures (None: never refuse) and `<setting>_TIMEOUT`
            seconds.
        kind: what its rows are called; made of `setting` if not given.
        limit: name of another setting for the limit.
        longest: the longest wait in seconds; None for a wait that does not grow.
        normal: makes what is stored of a subject; addresses are counted by their network.
        clock: gives seconds since 1970.
        capacity: how many subjects are kept.
    """

    def __init__(
        self,
        setting: str,
        *,
        kind: str = "",
        limit: str = "",
        longest: float | None = DAY,
        normal: Callable[[str], str] = lambda address: network_of(address),
        clock: Callable[[], float] = time.time,
        capacity: int = CAPACITY,
    ) -> None:
        self.kind = kind or setting.lower()
        self.clock = clock
        self.capacity = capacity
        self.longest = longest
        self._normal = normal
        self._limit_setting = limit or f"{setting}_LIMIT"
        self._timeout_setting = f"{setting}_TIMEOUT"
        self._counted = 0

    def __len__(self) -> int:
        return int(self._rows().count())

    @property
    def limit(self) -> int | None:
        """How many failures are forgiven; None for all."""
        return getattr(conf, self._limit_setting)  # type: ignore[no-any-return]

    def check(self, subject: str, pending: int = 0) -> bool:
        """Whether the subject is refused now. No subject is never refused.

        Args:
            subject: an address or a name.
            pending: attempts under way, of which nobody knows yet what comes of them.
        """
        return self.wait(subject, pending) > 0

    def wait(self, subject: str, pending: int = 0) -> float:
        """For how many seconds the subject is still refused; 0 if it is not."""
        limit = self.limit
        if limit is None or not subject:
            return 0.0
        count, last = self._current(self._normal(subject))
        wait = self._wait_after(count)
        left = min(wait, max(0.0, last + wait - self.clock())) if count >= limit else 0.0
        # After a wait there is one attempt, not one for each connection.
        forgiven = max(1, limit - count) if limit > 0 else 0
        return left or (1.0 if pending >= forgiven else 0.0)

    def update(self, subject: str) -> None:
        """Count a failure."""
        if not subject:
            return
        subject = self._normal(subject)
        count, _ = self._current(subject)
        record = apps.get_model("accounts", "ThrottleRecord")
        record.objects.bulk_create(
            [record(kind=self.kind, subject=subject, count=count + 1, last=self.clock())],
            update_conflicts=True,
            unique_fields=["kind", "subject"],
            update_fields=["count", "last"],
        )
        self._counted += 1
        if self._counted % PRUNE_EVERY == 0:
            self.prune()

    def remove(self, subject: str) -> None:
        """Forget the failures of a subject."""
        self._rows().filter(subject=self._normal(subject)).delete()

    def clear(self) -> None:
        """Forget all failures."""
        self._rows().delete()

    def prune(self) -> None:
        """Forget what is old, and the oldest of what is too much."""
        self._rows().filter(self.too_old()).delete()
        self.drop_oldest()

    def too_old(self) -> Q:
        """Which rows of this kind matter no more."""
        longest = getattr(conf, self._timeout_setting) if self.longest is None else max(self.longest, HOUR)
        return Q(kind=self.kind, last__lt=self.clock() - 2 * longest)

    def drop_oldest(self) -> None:
        """Forget the oldest beyond the capacity."""
        oldest_kept = self._rows().order_by("-last").values_list("last", flat=True)[self.capacity : self.capacity + 1]
        for last in oldest_kept:
            self._rows().filter(last__lte=last).delete()

    def _rows(self) -> Any:
        return apps.get_model("accounts", "ThrottleRecord").objects.filter(kind=self.kind)

    def _current(self, subject: str) -> tuple[int, float]:
        row = self._rows().filter(subject=subject).values_list("count", "last").first()
        if row is None:
            return 0, 0.0
        count, last = row
        return (0, 0.0) if self.clock() - last >= self._remembered(count) else (count, last)

    def _remembered(self, count: int) -> float:
        """For how long a count matters: while it waits, and as long again if waits grow."""
        wait = self._wait_after(count)
        return 2 * wait if self.longest is not None and count >= (self.limit or 0) else wait

    def _wait_after(self, count: int) -> float:
        timeout = float(getattr(conf, self._timeout_setting))
        if self.longest is None:
            return timeout
        doublings = min(max(0, count - (self.limit or 0)), MAX_DOUBLINGS)
        return float(min(timeout * 2**doublings, max(self.longest, timeout)))


def _cut(subject: str) -> str:
    return subject[:MAX_SUBJECT]


LOGIN_THROTTLE = Throttle("LOGIN_THROTTLE")
# Who hammers at a name keeps strangers out, who may be its owner on a journey; so the waits stay short.
ACCOUNT_THROTTLE = Throttle(
    "LOGIN_THROTTLE", kind="account_throttle", limit="LOGIN_THROTTLE_ACCOUNT_LIMIT", longest=HOUR, normal=_cut
)
KNOWN_THROTTLE = Throttle("LOGIN_THROTTLE", kind="known_throttle", longest=HOUR, normal=_cut)
CREATION_THROTTLE = Throttle("CREATION_THROTTLE", longest=None)
NAME_THROTTLE = Throttle("CREATION_THROTTLE", kind="name_throttle", limit="CREATION_THROTTLE_NAME_LIMIT", longest=None)
RESET_THROTTLE = Throttle("PASSWORD_RESET_THROTTLE", longest=None)
# Nobody's letter box is filled, from however many addresses it is asked for.
LETTER_THROTTLE = Throttle("PASSWORD_RESET_THROTTLE", kind="letter_throttle", longest=None, normal=_cut)
_ALL = (
    LOGIN_THROTTLE,
    ACCOUNT_THROTTLE,
    KNOWN_THROTTLE,
    CREATION_THROTTLE,
    NAME_THROTTLE,
    RESET_THROTTLE,
    LETTER_THROTTLE,
)


# --- where accounts are used from


def _known() -> Any:
    return apps.get_model("accounts", "KnownAddress")


def is_known(account_id: int, ip: str) -> bool:
    """Whether somebody has logged in to the account from this address (or its neighbours, for IPv6)."""
    network = network_of(ip)
    return bool(network) and _known().objects.filter(account_id=account_id, network=network).exists()


def remember(account_id: int, ip: str, clock: Callable[[], float] = time.time) -> None:
    """Somebody has logged in to the account from this address. Written once a day at most."""
    network, now = network_of(ip), clock()
    if not network:
        return
    rows = _known().objects.filter(account_id=account_id)
    last = rows.filter(network=network).values_list("last", flat=True).first()
    if last is not None:
        if now - last >= DAY:
            rows.filter(network=network).update(last=now)
        return
    _known().objects.bulk_create(
        [_known()(account_id=account_id, network=network, last=now)],
        update_conflicts=True,
        unique_fields=["account", "network"],
        update_fields=["last"],
    )
    too_many = list(rows.order_by("-last", "-pk").values_list("pk", flat=True)[KNOWN_PER_ACCOUNT:])
    if too_many:
        rows.filter(pk__in=too_many).delete()


def prune(clock: Callable[[], float] = time.time) -> None:
    """Forget what is old in both tables; called when the server starts."""
    records = apps.get_model("accounts", "ThrottleRecord").objects
    old = Q()
    for throttle in _ALL:
        old |= throttle.too_old()
    records.filter(old).delete()
    counts = dict(records.values_list("kind").annotate(models.Count("pk")))
    for throttle in _ALL:
        if counts.get(throttle.kind, 0) > throttle.capacity:
            throttle.drop_oldest()
    _known().objects.filter(last__lt=clock() - KNOWN_FOR).delete()


def pair(account_id: int | None, ip: str) -> str:
    """What failures on an account from an address are counted under (`KNOWN_THROTTLE`)."""
    return f"{account_id} {network_of(ip)}"


def network_of(ip: str) -> str:
    """What an address is counted under: itself, or its /64 if it is IPv6; empty for no address."""
    text = (ip or "").strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text[:64]
    if address.version == 4:
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address.packed, 64), strict=False))
