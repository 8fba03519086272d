"""The workloads: one module for each family, each with a list `WORKLOADS`."""

from __future__ import annotations

from importlib import import_module

from benchmarks.workloads.workload import Workload

#: In the order of the pages.
FAMILIES = ("reading", "writing", "creating", "loading", "looking", "changing", "memory", "starting")


def all_workloads() -> list[Workload]:
    """Every workload, in order."""
    return [workload for family in FAMILIES for workload in import_module(f"benchmarks.workloads.{family}").WORKLOADS]
