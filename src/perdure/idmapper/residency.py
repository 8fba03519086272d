"""The resident set: which instances are kept in memory, within a budget of bytes.

Contract: instances are held strongly in order of recency; while the estimate is over the budget
(`IDMAPPER_CACHE_MAXSIZE`, MB), the coldest that may go are let go, one at a time. Letting go drops the
strong reference and nothing else: whoever still refers to the instance keeps it, and the identity map finds it.

Invariants: an instance with unsaved changes, one that its class calls pinned, or one whose
`at_idmapper_flush` says no stays; each is counted with its reason.

Estimate: the mean deep size of a sample of each class (shared parts counted once per sample, other live
instances are the border) times the number of resident instances of that class. The error is that of the mean;
`ResidentSet.error` states it as the standard error over all classes.

Owner: any thread adds; the dict operations are atomic.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, OrderedDict
from collections.abc import Iterator
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from django.db.models import Model
from django.db.models.options import Options

from perdure.conf import conf

__all__ = ["ResidentSet", "deep_size", "pinned_reason", "residents"]

# What the engine itself spends on a resident instance: a weak reference, its entry in the identity map and in the
# ordered resident set (measured with sys.getsizeof on CPython 3.11).
ENGINE_BYTES = 360
SAMPLE = 24
# A class's mean is taken again after this many new residents and a sixteenth of all: they may have grown since.
REMEASURE_AFTER = 32
_BORDER = (Model, type, ModuleType, FunctionType, BuiltinFunctionType, MethodType, Options)


def deep_size(instance: Any, seen: set[int] | None = None) -> int:
    """Bytes that `instance` and what only it can reach occupy; other live instances are the border."""
    seen = set() if seen is None else seen
    total = 0
    stack = [instance]
    while stack:
        found = stack.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        total += sys.getsizeof(found)
        stack.extend(part for part in _parts(found) if id(part) not in seen and not _is_border(part))
    return total


def _is_border(part: Any) -> bool:
    return isinstance(part, _BORDER) or getattr(type(part), "_shared_by_many", False)


def _parts(found: Any) -> Iterator[Any]:
    if isinstance(found, dict):
        yield from found.keys()
        yield from found.values()
    elif isinstance(found, list | tuple | set | frozenset):
        yield from found
    if isinstance(found, str | bytes | int | float | None):
        return
    yield from getattr(found, "__dict__", {}).values()
    for cls in type(found).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(found, name):
                yield getattr(found, name)


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
        self._means: dict[type, float] = {}
        self._deviations: dict[type, float] = {}
        self._bytes = 0.0
        self._unmeasured = 0
        self._evicting = False

    def __len__(self) -> int:
        return len(self.order)

    def __contains__(self, instance: object) -> bool:
        return id(instance) in self.order

    def add(self, instance: Any) -> None:
        """Hold `instance`, as the most recent; evict others if that exceeds the budget."""
        key = id(instance)
        if key in self.order:
            self.order.move_to_end(key)
            return
        self.order[key] = instance
        mean = self._means.get(type(instance))
        if mean is None:
            mean = self._means[type(instance)] = deep_size(instance) + ENGINE_BYTES
        self._bytes += mean
        self._unmeasured += 1
        if self._unmeasured > REMEASURE_AFTER + len(self.order) // 16:
            self.measure()
        budget = self.budget
        if budget is not None and self._bytes > budget:
            self._make_room(budget)

    def discard(self, instance: Any) -> None:
        """Let `instance` go, whatever it says."""
        if self.order.pop(id(instance), None) is not None:
            self._bytes = max(0.0, self._bytes - self._means.get(type(instance), 0.0))

    @property
    def budget(self) -> float | None:
        """The budget in bytes; None for no limit."""
        megabytes = conf.IDMAPPER_CACHE_MAXSIZE
        return None if megabytes is None else megabytes * 1024.0 * 1024.0

    @property
    def bytes(self) -> int:
        """The estimated bytes of all resident instances."""
        return int(self._bytes)

    @property
    def error(self) -> float:
        """The standard error of the estimate, as a share of it."""
        if not self._bytes:
            return 0.0
        counts = Counter(type(instance) for instance in list(self.order.values()))
        variance = sum((counts[cls] * deviation) ** 2 / SAMPLE for cls, deviation in self._deviations.items())
        return math.sqrt(variance) / self._bytes

    def measure(self) -> None:
        """Sample each class anew and correct the estimate."""
        instances = list(self.order.values())
        by_class: dict[type, list[Any]] = {}
        for instance in instances:
            by_class.setdefault(type(instance), []).append(instance)
        total = 0.0
        for cls, members in by_class.items():
            step = max(1, len(members) // SAMPLE)
            seen: set[int] = set()
            sizes = [deep_size(member, seen) + ENGINE_BYTES for member in islice(members, 0, None, step)]
            mean = sum(sizes) / len(sizes)
            self._means[cls] = mean
            self._deviations[cls] = math.sqrt(sum((size - mean) ** 2 for size in sizes) / len(sizes))
            total += mean * len(members)
        self._bytes = total
        self._unmeasured = 0

    def evict(self) -> int:
        """Measure, then let the coldest go until the estimate is within the budget; how many went."""
        budget = self.budget
        if budget is None:
            return 0
        self.measure()
        return self._make_room(budget)

    def _make_room(self, budget: float) -> int:
        if self._evicting:
            return 0
        self._evicting = True
        gone = 0
        self.pinned.clear()
        try:
            for key in list(self.order):
                if self._bytes <= budget:
                    break
                instance = self.order.get(key)
                if instance is None:
                    continue
                reason = pinned_reason(instance)
                if reason is not None:
                    self.pinned[reason] += 1
                    self.order.move_to_end(key)
                    continue
                self.discard(instance)
                instance._evicted()
                gone += 1
        finally:
            self._evicting = False
        self.evictions += gone
        return gone


residents = ResidentSet()
