"""The table on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmarks import bars
from benchmarks.bars import Verdict, quantity
from benchmarks.results import Results
from benchmarks.workloads import all_workloads
from benchmarks.workloads.workload import Workload

#: Where there is no figure.
NOTHING = "–"


def show(results: Results, console: Console) -> None:
    """Print one table for each size."""
    judged = bars.verdicts(results)
    for size in results.sizes:
        console.print(_table(results, size, [verdict for verdict in judged if verdict.size == size]))
    machine = results.machine
    console.print(
        f"{machine['processor']}, {machine['cores']} cores, {machine['python']}, {results.backend}; "
        f"medians, ± half the interquartile range; {results.seconds:.0f} s",
        style="dim",
    )


def _table(results: Results, size: int, judged: list[Verdict]) -> Table:
    others = [name for name in results.contenders() if name not in ("limit", "perdure")]
    table = Table(title=f"{size:,} {results.world}, {results.backend}", title_justify="left")
    table.add_column("")
    table.add_column("workload")
    for name in ("limit", "perdure", "×", "bar", "met", "stmts", *others):
        table.add_column(name, justify="right", no_wrap=True)
    for workload in all_workloads(results.world):
        cells = row(results, workload, size, judged, others)
        if cells:
            table.add_row(*cells)
    return table


def row(results: Results, workload: Workload, size: int, judged: list[Verdict], others: list[str]) -> list[str] | None:
    """The cells of one workload; None when nobody was measured."""
    ours = results.of(workload.key, "perdure", size)
    limit = results.of(workload.key, "limit", size)
    if ours is None and limit is None:
        return None
    mine = [verdict for verdict in judged if verdict.workload == workload.key]
    return [
        workload.group,
        workload.title.replace("`", ""),
        quantity(limit.median, workload.unit) if limit else NOTHING,
        f"{quantity(ours.median, workload.unit)} ±{ours.spread:.0%}" if ours else NOTHING,
        f"{ours.median / limit.median:.2f}" if ours and limit else NOTHING,
        "; ".join(verdict.text for verdict in mine),
        "; ".join("yes" if verdict.met else "no" for verdict in mine),
        NOTHING if ours is None or ours.statements is None else f"{ours.statements:.3g}",
        *(_other(results, workload, name, size) for name in others),
    ]


def _other(results: Results, workload: Workload, name: str, size: int) -> str:
    found = results.of(workload.key, name, size)
    return quantity(found.median, workload.unit) if found else NOTHING
