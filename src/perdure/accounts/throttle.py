"""Slows down whoever fails too often: counts failures by address, in bounded memory.

Contract: after `limit` failures an address is refused until `timeout` seconds have passed since the last one. Asking
while refused counts as nothing. IPv6 addresses are counted by their network (/64), since one host has many.

Failure modes: when more addresses fail than can be kept, the ones that failed longest ago are forgotten.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from perdure.conf import conf

__all__ = ["CREATION_THROTTLE", "LOGIN_THROTTLE", "Throttle"]

CAPACITY = 10_000


class Throttle:
    """Failures by address.

    Args:
        setting: prefix of the two settings: `<setting>_LIMIT` failures (None: never refuse) and `<setting>_TIMEOUT`
            seconds.
        clock: gives the time in seconds.
        capacity: how many addresses are kept.
    """

    def __init__(self, setting: str, clock: Callable[[], float] = time.monotonic, capacity: int = CAPACITY) -> None:
        self.setting = setting
        self.clock = clock
        self.capacity = capacity
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def check(self, ip: str) -> bool:
        """Whether the address is refused now. No address is never refused."""
        limit = getattr(conf, f"{self.setting}_LIMIT")
        if limit is None or not ip:
            return False
        count, _ = self._current(_network(ip))
        return bool(count >= limit)

    def update(self, ip: str) -> None:
        """Count a failure."""
        if not ip:
            return
        key = _network(ip)
        count, _ = self._current(key)
        self._failures[key] = (count + 1, self.clock())
        self._failures.move_to_end(key)
        while len(self._failures) > self.capacity:
            self._failures.popitem(last=False)

    def remove(self, ip: str) -> None:
        """Forget the failures of an address."""
        self._failures.pop(_network(ip), None)

    def clear(self) -> None:
        """Forget all failures."""
        self._failures.clear()

    def _current(self, key: str) -> tuple[int, float]:
        count, last = self._failures.get(key, (0, 0.0))
        if count and self.clock() - last >= getattr(conf, f"{self.setting}_TIMEOUT"):
            del self._failures[key]
            return 0, 0.0
        return count, last


def _network(ip: str) -> str:
    try:
        address = ipaddress.ip_address(ip.strip())
    except ValueError:
        return ip.strip()[:64]
    if address.version == 4:
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))


LOGIN_THROTTLE = Throttle("LOGIN_THROTTLE")
CREATION_THROTTLE = Throttle("CREATION_THROTTLE")
