"""W5: a fresh process loads the world."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload(
        "load_world", "W5", "load every object and read three attributes of each", setting="fresh", rounds=5, grows=True
    ),
]
