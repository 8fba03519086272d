"""W13: from nothing to the first usable object."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload("start", "W13", "start a process and use one object", setting="start"),
]
