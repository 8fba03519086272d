"""W4, W11: making and deleting objects with ten attributes and three tags."""

from __future__ import annotations

from benchmarks.workloads.workload import Workload

WORKLOADS = [
    Workload("create_one", "W4", "create an object, one transaction each"),
    Workload("create_bulk", "W4", "create 1000 objects together"),
    Workload("delete_one", "W11", "delete an object, one transaction each"),
    Workload("delete_many", "W11", "delete 500 objects in a transaction"),
]
