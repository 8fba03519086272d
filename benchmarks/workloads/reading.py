"""W1: reading what is in memory."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload("read_attribute", "W1", "`obj.db.hp`"),
    Workload("read_item", "W1", '`obj.db.inv["sword"]`'),
    Workload("read_reference", "W1", "`obj.db.target`, another object"),
    Workload("read_declared", "W1", "declared attribute `obj.strength`"),
    Workload("read_field", "W1", "field `obj.key`"),
]
