"""W10: what an object costs in memory."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload(
        "memory", "W10", "resident memory for each object, attributes loaded", setting="growth", unit="B", rounds=3
    ),
]
