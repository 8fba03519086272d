"""How often somebody may ask: a bucket of requests for each address and each token, which fills up again as time goes.

Contract: `take(key)` takes one request out of the bucket of `key` and gives 0, or the seconds after which there is one
again. A bucket holds `REST_API_BURST` requests and fills by `REST_API_RATE` a second; None lets everybody ask.

Invariants: there are at most `CAPACITY` buckets. The one that was used longest ago goes first; who is forgotten begins
with a full bucket, so an attacker with many addresses is held up by the limits of the gateway, not here.

Owner: the game thread. A new world begins with full buckets.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from perdure.conf import conf

__all__ = ["RATES", "Rates"]

CAPACITY = 10_000


class Rates:
    """The buckets.

    Args:
        clock: gives seconds; need not begin anywhere.
        capacity: how many buckets are kept.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._capacity = capacity
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable) -> float:
        """Take one request; 0, or how many seconds to wait."""
        rate = conf.REST_API_RATE
        if rate is None:
            return 0.0
        now, burst = self._clock(), float(max(1, conf.REST_API_BURST))
        left, then = self._buckets.pop(key, (burst, now))
        left = min(burst, left + (now - then) * rate)
        wait = 0.0 if left >= 1 else (1 - left) / rate
        self._buckets[key] = (left if wait else left - 1, now)
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return wait

    def clear(self) -> None:
        """Begin with full buckets."""
        self._buckets.clear()


#: Those of this world.
RATES = Rates()
