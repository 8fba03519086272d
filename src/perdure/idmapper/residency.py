"""The resident set: which instances are kept in memory, within a budget of bytes.

Contract: instances are held strongly in order of recency; while the estimate is over the budget
(`IDMAPPER_CACHE_MAXSIZE`, MB), the coldest that may go are let go, one at a time. Letting go drops the
strong reference and nothing else: whoever still refers to the instance keeps it, and the identity map finds it.

Invariants: an instance with unsaved changes, one that its class calls pinned, or one whose
`at_idmapper_flush` says no stays; each is counted with its reason.

Estimate: the mean deep size of a random sample (shared parts counted once, other live instances are the border) times
the number of resident instances. The error is that of the mean; `ResidentSet.error` states it as its standard error.
Far from the budget a glance is enough; the nearer it is, the more instances are measured, and the more often. What has
come in since (`grown` too: instances that were loaded further) is counted, so the cost for each of them is constant.

Owner: any thread adds; the dict operations are atomic.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from random import Random
from typing import Any

from perdure.conf import conf
from perdure.idmapper.sizing import deep_size

__all__ = ["SAMPLE", "ResidentSet", "pinned_reason", "residents"]

# What the engine itself spends on a resident instance: a weak reference, its entry in the identity map and in the
# ordered resident set (measured with sys.getsizeof on CPython 3.11).
ENGINE_BYTES = 360
# Instances measured when somebody asks; for the budget, far from it and near it.
SAMPLE = 500
GLANCE, NEAR_SAMPLE = 8, 64
# Near means: more than this share of the budget.
NEAR = 0.25
# Measured anew after so many arrivals, and as many as there are instances; near the budget an eighth (2 ** -3) of them.
REMEASURE_AFTER = 64
NEAR_EASE = 3


def pinned_reason(instance: Any) -> str | None:
    """Why `instance` must stay in memory now, or None. Asks its `at_idmapper_flush` last."""
    if instance.__dict__.get("_dirty"):
        return "unsaved changes"
    reason: str | None = instance._pinned()
    if reason is not None:
        return reason
    return None if instance.at_idmapper_flush() else "at_idmapper_flush said no"


class ResidentSet:
    """The instances held strongly, coldest first."""

    def __init__(self) -> None:
        self.order: OrderedDict[int, Any] = OrderedDict()
        self.evictions = 0
        self.hits = 0
        self.misses = 0
        self.pinned: Counter[str] = Counter()
        self._random = Random(0)
        self._mean = 0.0
        self._mean_error = 0.0
        self._arrived = 0
        self._ease = 0
        self._stuck = 0  # so many instances, all of them pinned, were too many already
        self._evicting = False

    def __len__(self) -> int:
        return len(self.order)

    def __contains__(self, instance: object) -> bool:
        return id(instance) in self.order

    def add(self, instance: Any) -> None:
        """Hold `instance`, as the most recent; evict others if that exceeds the budget."""
        key = id(instance)
        order = self.order
        if key in order:
            order.move_to_end(key)
            return
        order[key] = instance
        self.grown(1)

    def hit(self, instance: Any) -> None:
        """`instance` has been found in memory: it is the most recent."""
        self.hits += 1
        try:
            self.order.move_to_end(id(instance))
        except KeyError:
            self.add(instance)

    def grown(self, number: int) -> None:
        """So many instances are new, or hold more than before."""
        self._arrived += number
        held = len(self.order)
        if held == 1 or self._arrived > REMEASURE_AFTER + (held >> self._ease):
            self._measure_for_budget()
        budget = self.budget
        if budget is not None and held > self._stuck and held * self._mean > budget:
            self._make_room(budget)

    def discard(self, instance: Any) -> None:
        """Let `instance` go, whatever it says."""
        self.order.pop(id(instance), None)

    @property
    def budget(self) -> float | None:
        """The budget in bytes; None for no limit."""
        megabytes = conf.IDMAPPER_CACHE_MAXSIZE
        return None if megabytes is None else megabytes * 1024.0 * 1024.0

    @property
    def bytes(self) -> int:
        """The estimated bytes of all resident instances."""
        return int(self._mean * len(self.order))

    @property
    def error(self) -> float:
        """The standard error of the estimate, as a share of it."""
        return self._mean_error / self._mean if self._mean and self.order else 0.0

    def measure(self) -> None:
        """Measure a large sample and correct the estimate."""
        self._measure(SAMPLE)

    def _measure(self, size: int) -> None:
        instances = list(self.order.values())
        if not instances:
            self._mean = self._mean_error = 0.0
            return
        seen: set[int] = set()
        sample = instances if len(instances) <= size else self._random.sample(instances, size)
        sizes = [deep_size(instance, seen) + ENGINE_BYTES for instance in sample]
        self._mean = sum(sizes) / len(sizes)
        self._mean_error = math.sqrt(sum((size - self._mean) ** 2 for size in sizes)) / len(sizes)

    def _measure_for_budget(self) -> None:
        budget = self.budget
        self._measure(GLANCE)
        near = budget is not None and self.bytes > NEAR * budget
        if near:
            self._measure(NEAR_SAMPLE)
        self._arrived = 0
        self._ease = NEAR_EASE if near else 0

    def evict(self) -> int:
        """Measure, then let the coldest go until the estimate is within the budget; how many went."""
        budget = self.budget
        if budget is None:
            return 0
        self.measure()
        return self._make_room(budget)

    def _make_room(self, budget: float) -> int:
        """Let the coldest that may go go until the rest is within the budget; how many went."""
        if self._evicting:
            return 0
        self._evicting = True
        gone = self._stuck = 0
        self.pinned.clear()
        try:
            for _ in range(len(self.order)):
                if self._mean * len(self.order) <= budget:
                    break
                gone += self._let_coldest_go()
        finally:
            self._evicting = False
        if self._mean * len(self.order) > budget:
            # All that are left are pinned: not to ask each of them again for every instance that comes.
            self._stuck = len(self.order) + max(REMEASURE_AFTER, len(self.order) // 8)
        self.evictions += gone
        return gone

    def _let_coldest_go(self) -> bool:
        """Let the coldest instance go, or make it the most recent if it must stay; whether it went."""
        key, instance = self.order.popitem(last=False)
        self.order[key] = instance
        reason = pinned_reason(instance)
        if reason is not None:
            self.pinned[reason] += 1
            return False
        self.discard(instance)
        instance._evicted()
        return True


residents = ResidentSet()
