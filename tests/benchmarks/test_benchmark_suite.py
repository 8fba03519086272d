"""The benchmark suite itself: it runs, it judges rightly, and the pages in the documentation are its output.

How fast anything is, is not asked here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import bars, charts, page
from benchmarks.contenders.perdure_objects import Perdure
from benchmarks.processes import ENTRIES
from benchmarks.results import Measurement, Results, read
from benchmarks.workloads import all_workloads

ROOT = Path(__file__).resolve().parents[2]
SPEED = ROOT / "docs" / "speed"


def results(*figures: tuple[str, str, float], size: int = 1000, statements: float | None = None) -> Results:
    """A run with these figures: workload, contender, seconds."""
    measurements = [
        Measurement(workload=workload, contender=contender, size=size, samples=[figure] * 3, statements=statements)
        for workload, contender, figure in figures
    ]
    return Results(
        date="2026-01-01T00:00:00+00:00",
        backend="sqlite",
        sizes=[size],
        machine={"processor": "none", "cores": "2", "python": "CPython"},
        settings={},
        versions={},
        measurements=measurements,
    )


def test_every_workload_has_a_bar_and_every_bar_a_workload() -> None:
    assert {workload.key for workload in all_workloads()} == set(bars.read_bars())


def test_perdure_takes_part_in_every_workload() -> None:
    operations = [workload.key for workload in all_workloads() if workload.setting != "start"]
    assert [key for key in operations if not hasattr(Perdure, key)] == []


@pytest.mark.parametrize(("listed", "times", "code"), [(True, 2.4, 0), (True, 2.6, 1), (False, 9.0, 0), (True, 1.0, 0)])
def test_a_bar_that_is_listed_as_met_may_be_missed_by_a_quarter(
    monkeypatch: pytest.MonkeyPatch, listed: bool, times: float, code: int
) -> None:
    monkeypatch.setattr(bars, "read_bars", lambda: {"read_attribute": bars.Bar(met=listed, multiple=2.0)})
    run = results(("read_attribute", "limit", 1e-8), ("read_attribute", "perdure", times * 1e-8))
    assert bars.exit_code(run, Console(quiet=True)) == code


def test_a_bar_of_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "read_bars", lambda: {"load_world": bars.Bar(met=True, statements=6, per=500)})
    run = results(("load_world", "perdure", 1e-4), statements=8)
    [verdict] = bars.verdicts(run)
    assert verdict.met
    assert verdict.reached == 1.0


def test_growth_is_what_grows_beyond_the_limit() -> None:
    run = results(("move", "limit", 1.0), ("move", "perdure", 3.0))
    larger = results(("move", "limit", 2.0), ("move", "perdure", 6.0), size=100_000)
    run.sizes.append(100_000)
    run.measurements += larger.measurements
    growth = [verdict for verdict in bars.verdicts(run) if "growth" in verdict.text]
    assert [round(verdict.reached, 3) for verdict in growth] == [round(1 / 1.3, 3)]


def test_a_failed_workload_fails_the_run() -> None:
    run = results(("read_attribute", "limit", 1e-8))
    run.measurements.append(Measurement(workload="move", contender="perdure", size=1000, error="it broke"))
    assert bars.exit_code(run, Console(quiet=True)) == 1


def test_a_quick_run_measures_everything_and_its_results_make_a_page(tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "run", "--quick", "--sizes", "200", "--out", str(out)]
    # Whether bars are met at this size, in one round and beside other tests, says nothing: the file is what counts.
    done = subprocess.run(
        [*command, "--contenders", "limit,perdure"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert out.exists(), done.stdout + done.stderr
    run = read(out)
    assert [(each.workload, each.contender, each.error) for each in run.measurements if each.error] == []
    measured = {each.workload for each in run.measurements if each.contender == "perdure"}
    assert measured == {workload.key for workload in all_workloads()}
    assert "## A world of 200 objects" in page.text(run)


def test_a_quick_run_in_the_world_of_airports(tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "run", "--world", "airports", "--quick", "--sizes", "1500"]
    done = subprocess.run([*command, "--out", str(out)], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    run = read(out)
    for contender in ("limit", "perdure"):
        measured = {each.workload for each in run.measurements if each.contender == contender}
        assert measured == {workload.key for workload in all_workloads("airports")}
    assert run.name == "airports-sqlite"
    assert "## A world of 1,500 airports" in page.text(run)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_the_page_in_the_documentation_is_the_output_of_its_results(backend: str) -> None:
    run = read(SPEED / f"{backend}.json")
    assert run.backend == backend
    assert (SPEED / f"{backend}.md").read_text(encoding="utf-8") == page.text(run)
    assert [name for name in charts.names(run) if not (SPEED / name).exists()] == []


def test_no_workload_needs_more_statements_on_postgresql() -> None:
    sqlite, postgresql = (read(SPEED / f"{backend}.json") for backend in ("sqlite", "postgresql"))
    compared = 0
    for theirs in postgresql.measurements:
        ours = sqlite.of(theirs.workload, "perdure", theirs.size)
        if theirs.contender == "perdure" and ours and ours.statements is not None and theirs.statements is not None:
            compared += 1
            assert theirs.statements <= ours.statements, theirs.workload
    assert compared > 20


def test_a_worker_tells_what_failed(tmp_path: Path) -> None:
    place = {"directory": str(tmp_path), "size": 10}
    entry = ENTRIES[0]
    command = [sys.executable, str(ROOT / "benchmarks" / "worker.py")]
    argument = json.dumps([entry.module, entry.class_name, place])
    done = subprocess.run(
        [*command, argument], input='{"do": "warm"}\n{"do": "operations"}\n', capture_output=True, text=True, timeout=60
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert "error" in first
    assert "read_attribute" in second["answer"]
