"""Runs workloads: every contender builds its world, then they take turns, round by round.

In a round each contender is measured once, and the order is turned around from round to round, so that what disturbs
the machine disturbs all of them. Warm contenders stay in one process each for a whole size; the others wait while one
works.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.contenders.base import Place
from benchmarks.processes import Entry, WorkerProcess, WorkFailed
from benchmarks.results import Measurement, Results, machine
from benchmarks.workloads.workload import Workload

#: Told of progress: what is being done, and how many of how many steps are done.
Progress = Callable[[str, int, int], None]


@dataclass
class Plan:
    """What to run.

    Attributes:
        sizes: worlds to build, and who takes part at which size.
        quick: one round each, to see that everything works.
    """

    workloads: list[Workload]
    entries: list[Entry]
    sizes: list[int]
    directory: Path = Path()
    world: str = "objects"
    backend: str = "sqlite"
    host: str = ""
    quick: bool = False
    #: Sizes at which only the workloads that are compared over sizes are run, by Perdure and the limit.
    growth_sizes: list[int] = field(default_factory=list)

    def at(self, size: int) -> tuple[list[Workload], list[Entry]]:
        """Workloads and contenders at this size."""
        entries = [
            entry
            for entry in self.entries
            if self.backend in entry.backends and (entry.largest is None or size <= entry.largest)
        ]
        if size in self.sizes:
            return self.workloads, entries
        return (
            [workload for workload in self.workloads if workload.grows],
            [entry for entry in entries if entry.name in ("limit", "perdure")],
        )

    def databases(self) -> list[str]:
        """The databases that a server must have."""
        return [database_name(entry, size) for size in self.all_sizes() for entry in self.at(size)[1]]

    def all_sizes(self) -> list[int]:
        """Every size, smallest first."""
        return sorted({*self.sizes, *self.growth_sizes})


def run(plan: Plan, progress: Progress, after_size: Callable[[Results], object] = lambda results: None) -> Results:
    """Run the plan; failures of single workloads are in the results. `after_size` is given them after each size."""
    started = perf_counter()
    results = Results(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        backend=plan.backend,
        sizes=[],
        world=plan.world,
        machine=machine(),
        settings={},
        versions={},
        measurements=[],
    )
    steps = _Steps(progress, plan)
    for size in plan.all_sizes():
        results.sizes.append(size)
        _run_size(plan, size, results, steps)
        results.seconds = perf_counter() - started
        after_size(results)
    return results


class _Steps:
    """Counts what is done of the whole run."""

    def __init__(self, progress: Progress, plan: Plan) -> None:
        self.progress = progress
        self.done = 0
        self.total = sum(
            len(entries) + sum(1 if plan.quick else workload.rounds for workload in workloads)
            for workloads, entries in map(plan.at, plan.all_sizes())
        )

    def start(self, what: str) -> None:
        self.progress(what, self.done, self.total)

    def finish(self, what: str) -> None:
        self.done += 1
        self.progress(what, self.done, self.total)


def _run_size(plan: Plan, size: int, results: Results, steps: _Steps) -> None:
    workloads, entries = plan.at(size)
    places = {entry.name: _place(plan, entry, size) for entry in entries}
    built = []
    for entry in entries:
        steps.start(f"{size:,} {plan.world}: {entry.name} builds its world")
        if _build(entry, places[entry.name], results, size):
            built.append(entry)
        steps.finish(f"{size:,} {plan.world}: {entry.name} has built its world")
    for workload in workloads:
        if workload.setting != "warm":
            _run_cold(plan, workload, built, places, results, steps)
    with _warm_workers(built, places, results) as workers:
        for workload in workloads:
            if workload.setting == "warm":
                _run_warm(plan, workload, workers, size, results, steps)


def _place(plan: Plan, entry: Entry, size: int) -> Place:
    directory = plan.directory / f"{plan.backend}-{plan.world}-{size}" / entry.name
    directory.mkdir(parents=True, exist_ok=True)
    return Place(directory, size, plan.backend, plan.host, database_name(entry, size))


def database_name(entry: Entry, size: int) -> str:
    """The database of that contender's world on a database server."""
    return f"{entry.name}_{size}"


def _log(place: Place) -> Path:
    return place.directory / "log"


def _build(entry: Entry, place: Place, results: Results, size: int) -> bool:
    try:
        if not (place.directory / "built").exists():
            with WorkerProcess(entry, place, _log(place)) as worker:
                worker.ask("build")
            (place.directory / "built").touch()
        with WorkerProcess(entry, place, _log(place)) as worker:
            worker.ask("open")
            described = worker.ask("describe")
            worker.ask("close")
    except WorkFailed as failure:
        results.measurements.append(Measurement(workload="build", contender=entry.name, size=size, error=str(failure)))
        return False
    results.settings[entry.name] = described["settings"]
    results.versions[entry.name] = described["versions"]
    results.notes[entry.name] = described["notes"]
    return True


@contextmanager
def _warm_workers(entries: list[Entry], places: dict[str, Place], results: Results) -> Iterator[list[WorkerProcess]]:
    with ExitStack() as stack:
        workers = []
        for entry in entries:
            place = places[entry.name]
            worker = stack.enter_context(WorkerProcess(entry, place, _log(place)))
            try:
                worker.ask("open")
                worker.ask("warm")
            except WorkFailed as failure:
                failed = Measurement(workload="warm", contender=entry.name, size=place.size, error=str(failure))
                results.measurements.append(failed)
                continue
            workers.append(worker)
        yield workers


def _run_warm(
    plan: Plan, workload: Workload, workers: list[WorkerProcess], size: int, results: Results, steps: _Steps
) -> None:
    taking_part = [worker for worker in workers if workload.key in worker.ask("operations")]
    measured = {
        worker.entry.name: Measurement(workload=workload.key, contender=worker.entry.name, size=size)
        for worker in taking_part
    }
    what = f"{size:,} {plan.world}: {workload.group} {workload.title}"
    for number in range(1 if plan.quick else workload.rounds):
        steps.start(what)
        for worker in taking_part if number % 2 == 0 else reversed(taking_part):
            _note(measured[worker.entry.name], lambda worker=worker: worker.ask("measure", key=workload.key))
        steps.finish(what)
    for worker in taking_part:
        measurement = measured[worker.entry.name]
        if not measurement.error:
            measurement.statements = worker.ask("statements", key=workload.key)
    results.measurements.extend(measured.values())


def _run_cold(
    plan: Plan,
    workload: Workload,
    entries: list[Entry],
    places: dict[str, Place],
    results: Results,
    steps: _Steps,
) -> None:
    measured: dict[str, Measurement] = {}
    size = next(iter(places.values())).size
    what = f"{size:,} {plan.world}: {workload.group} {workload.title}"
    for number in range(1 if plan.quick else workload.rounds):
        steps.start(what)
        for entry in entries if number % 2 == 0 else reversed(entries):
            place = places[entry.name]
            with WorkerProcess(entry, place, _log(place)) as worker:
                if workload.setting != "start" and workload.key not in worker.ask("operations"):
                    continue
                measurement = measured.setdefault(
                    entry.name, Measurement(workload=workload.key, contender=entry.name, size=size)
                )
                _note(measurement, lambda worker=worker: _cold(workload, worker))
        steps.finish(what)
    for entry in entries if workload.setting == "fresh" else ():
        if entry.name in measured and not measured[entry.name].error:
            with WorkerProcess(entry, places[entry.name], _log(places[entry.name])) as worker:
                worker.ask("open")
                measured[entry.name].statements = _total(worker, workload, size)
    results.measurements.extend(measured[entry.name] for entry in entries if entry.name in measured)


def _total(worker: WorkerProcess, workload: Workload, size: int) -> float | None:
    """Statements of the whole load, which is what its bar speaks of."""
    each = worker.ask("statements", key=workload.key)
    return None if each is None else round(each * size)


def _cold(workload: Workload, worker: WorkerProcess) -> float:
    if workload.setting == "start":
        worker.ask("first")
        return perf_counter() - worker.started
    worker.ask("open")
    if workload.setting == "figure":
        return float(worker.ask("ask", key=workload.key))
    return float(worker.ask("growth" if workload.setting == "growth" else "measure", key=workload.key))


def _note(measurement: Measurement, measure: Callable[[], Any]) -> None:
    """Add a sample; after a failure there are no more."""
    if measurement.error:
        return
    try:
        measurement.samples.append(float(measure()))
    except WorkFailed as failure:
        measurement.error = str(failure)
        measurement.samples.clear()
