"""W6, W8, W12: finding objects, in a process that has the whole world in memory."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload("get_cached", "W6", "engine call: `get_cached_instance(pk)`", grows=True),
    Workload("get_by_pk", "W6", "`ObjectDB.objects.get(pk=pk)`", grows=True),
    Workload("get_by_class", "W6", "`Thing.objects.get(pk=pk)`", grows=True),
    Workload("find_family", "W8", "a class and its subclasses (one object in 10)", grows=True, scales_with="size"),
    Workload("find_tag", "W8", "a tag (one object in 100)", grows=True, scales_with="size"),
    Workload("find_equal", "W8", "an attribute equals (one object in 1000)", grows=True, scales_with="size"),
    Workload("find_range", "W8", "an attribute in a range (9 objects in 1000)", grows=True, scales_with="size"),
    Workload("list_contents", "W12", "`room.contents`, 100 objects", grows=True),
]
