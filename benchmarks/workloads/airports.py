"""The world of airports: real data, built, loaded, queried and walked through."""

from __future__ import annotations

from functools import partial

from benchmarks.workloads.workload import Workload

_Workload = partial(Workload, group="airports")

WORKLOADS = [
    _Workload(
        key="build_airports", title="build: an airport and its four flights, data read", setting="figure", rounds=1
    ),
    _Workload(key="load_airports", title="fresh process: load an airport and its flights", setting="fresh", rounds=5),
    _Workload(
        key="memory_airports",
        title="resident memory of an airport and its flights",
        setting="growth",
        unit="B",
        rounds=3,
    ),
    _Workload(key="find_by_code", title="an airport by its code (attribute equals)"),
    _Workload(key="find_country", title="the airports of France (tag)"),
    _Workload(key="find_high", title="the airports above 7,000 feet (range)"),
    _Workload(key="find_high_in_country", title="those of France above 1,000 feet (tag and range)"),
    _Workload(key="find_box", title="the airports in 2 by 4 degrees (two ranges)"),
    _Workload(key="find_highest", title="the ten highest airports (ordered by attribute)"),
    _Workload(key="fly", title="a flight with all hooks, a transaction each; 10,000 of them", rounds=3),
]
