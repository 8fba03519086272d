"""W9, W12: changing class and place, with hooks."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload("swap", "W9", "swap the class, with hooks"),
    Workload("swap_many", "W9", "the same on 500 objects in a transaction"),
    Workload("move", "W12", "move between rooms, with hooks", grows=True),
]
