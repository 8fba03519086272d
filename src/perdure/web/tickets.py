"""Tickets with which a page of the website lets its browser client in: for one use, within half a minute.

Contract: `issue` gives a random text that nobody can guess; `redeem` gives the account it was issued to, once. A cookie
of the website never has to be in an address or readable by a script. Tickets are kept in memory: one that was
issued before a reload is not accepted after it, and the client, which gets a new one for every connection,
asks again.

Owner thread: that of the game. Invariants: there are never more than `CAPACITY` tickets, `PER_ACCOUNT` of one account;
the oldest go first.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import NamedTuple

from perdure.transactions import on_rollback

__all__ = ["LIFETIME", "TICKETS", "Tickets"]

#: For how many seconds a ticket is good.
LIFETIME = 30.0
CAPACITY = 1000
PER_ACCOUNT = 5


class _Issued(NamedTuple):
    account_id: int
    expires: float


class Tickets:
    """The tickets that have been issued and not been used.

    Args:
        clock: gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._issued: dict[str, _Issued] = {}

    def __len__(self) -> int:
        return len(self._issued)

    def issue(self, account_id: int) -> str:
        """A new ticket for an account."""
        self._prune()
        others = [ticket for ticket, issued in self._issued.items() if issued.account_id == account_id]
        for other in others[: max(0, len(others) - PER_ACCOUNT + 1)]:
            del self._issued[other]
        ticket = secrets.token_urlsafe(32)
        self._issued[ticket] = _Issued(account_id, self._clock() + LIFETIME)
        return ticket

    def redeem(self, ticket: str) -> int | None:
        """The id of the account that the ticket is for, or None; it is used up in any case.

        The page and its connection may come from two addresses: browsers try IPv6 and IPv4 for each anew.
        """
        issued = self._issued.pop(ticket, None)
        if issued is None or issued.expires < self._clock():
            return None
        on_rollback(lambda: self._issued.setdefault(ticket, issued))  # the unit is done again, with the same ticket
        return issued.account_id

    def clear(self) -> None:
        """Forget all tickets."""
        self._issued.clear()

    def _prune(self) -> None:
        """Drop the oldest, which are the first: those that are too old, and so many that there is room for one more."""
        now = self._clock()
        for ticket, issued in list(self._issued.items()):
            if issued.expires >= now and len(self._issued) < CAPACITY:
                break
            del self._issued[ticket]


TICKETS = Tickets()
