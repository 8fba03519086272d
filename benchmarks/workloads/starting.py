"""W13: from nothing to the first usable object; and what importing the package costs by itself."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload("start", "W13", "start a process and use one object", setting="start"),
    Workload("import_perdure", "W13", "`import perdure`, in a fresh interpreter", setting="figure"),
]
