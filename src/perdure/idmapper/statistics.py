"""Honest figures about the identity map."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from perdure.idmapper.identity import all_maps
from perdure.idmapper.residency import SAMPLE, pinned_reason, residents

__all__ = ["CacheStats", "cache_size", "cache_stats"]


@dataclass(frozen=True)
class CacheStats:
    """What is in memory now.

    Attributes:
        live: live instances per class path; `resident` counts those of them that are held strongly.
        estimated_bytes: what the resident ones occupy, by `method`, give or take `error` (a share, one standard error).
        hits, misses: look-ups by primary key answered from memory; rows made into new instances.
        evictions: instances let go to keep the budget (`budget_bytes`, None for no limit).
        pinned: how many resident instances may not be let go now, by reason.
    """

    live: dict[str, int]
    resident: dict[str, int]
    estimated_bytes: int
    error: float
    budget_bytes: int | None
    hits: int
    misses: int
    evictions: int
    pinned: dict[str, int]
    method: str = field(default=f"mean deep size of up to {SAMPLE} instances, times their number")

    @property
    def total(self) -> int:
        """Number of live instances."""
        return sum(self.live.values())


def cache_stats() -> CacheStats:
    """Exact counts per class, estimated bytes, hits, misses, evictions and what is pinned, with reasons."""
    residents.measure()
    held = list(residents.order.values())
    pinned = Counter(reason for reason in map(pinned_reason, held) if reason is not None)
    budget = residents.budget
    return CacheStats(
        live=dict(Counter(type(instance).path for known in all_maps() for instance in known.instances())),
        resident=dict(Counter(type(instance).path for instance in held)),
        estimated_bytes=residents.bytes,
        error=residents.error,
        budget_bytes=None if budget is None else int(budget),
        hits=residents.hits,
        misses=residents.misses,
        evictions=residents.evictions,
        pinned=dict(pinned),
    )


def cache_size(mb: bool = True) -> tuple[int, dict[str, int]]:
    """`(total, {model name: number})` of the live instances. `mb` is accepted for compatibility and means nothing."""
    counts: dict[str, Any] = {}
    for known in all_maps():
        number = sum(1 for _ in known.instances())
        if number:
            counts[known.model.__name__] = counts.get(known.model.__name__, 0) + number
    return sum(counts.values()), counts
