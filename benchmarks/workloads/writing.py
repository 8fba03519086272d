"""W2, W3, W7: changing attributes, containers and fields, saved one by one and in transactions."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload("write_attribute", "W2", "`obj.db.hp = n`, saved at once", grows=True),
    Workload("write_attribute_full", "W2", "the same, durable (synchronous=FULL)"),
    Workload("write_attributes", "W2", "1000 writes on 1000 objects in a transaction", grows=True),
    Workload("write_attributes_coalesced", "W2", "1000 writes on 100 objects in a transaction"),
    Workload("change_item", "W3", '`obj.db.inv["sword"] += 1`, saved at once'),
    Workload("change_items", "W3", "the same on 1000 objects in a transaction"),
    Workload("rename", "W7", "`obj.key = s`, saved at once"),
    Workload("rename_many", "W7", "the same on 1000 objects in a transaction"),
]
