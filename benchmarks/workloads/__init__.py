"""The workloads: one module for each family, each with a list `WORKLOADS`."""

from __future__ import annotations

from importlib import import_module

from benchmarks.workloads.workload import Workload

#: The families of each world, in the order of the pages.
FAMILIES = {
    "objects": ("reading", "writing", "creating", "loading", "looking", "changing", "memory", "starting"),
    "airports": ("airports",),
}


def all_workloads(world: str = "objects") -> list[Workload]:
    """Every workload of that world, in order."""
    families = [import_module(f"benchmarks.workloads.{family}") for family in FAMILIES[world]]
    return [workload for family in families for workload in family.WORKLOADS]
