"""W10: what an object costs in memory, and whether what the engine says of it is true."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload(
        "memory", "W10", "resident memory for each object, attributes loaded", setting="growth", unit="B", rounds=3
    ),
    Workload(
        "estimate_error",
        "W10",
        "cache_stats() against the growth of resident memory",
        setting="figure",
        unit="%",
        rounds=3,
        grows=True,
    ),
    Workload(
        "budget_excess",
        "W10",
        "resident memory over the budget, in a loop over ten times as much",
        setting="figure",
        unit="%",
        rounds=3,
        grows=True,
    ),
]
