"""The page of a run for the documentation: Markdown and charts, from its JSON and nothing else."""

from __future__ import annotations

from pathlib import Path

from benchmarks import bars, charts
from benchmarks.bars import Verdict, quantity
from benchmarks.processes import ENTRIES
from benchmarks.results import Results, read
from benchmarks.table import NOTHING
from benchmarks.workloads import all_workloads
from benchmarks.workloads.workload import Workload

TITLES = {
    "sqlite": "Speed on SQLite",
    "postgresql": "Speed on PostgreSQL",
    "airports-sqlite": "The airports on SQLite",
    "airports-postgresql": "The airports on PostgreSQL",
}
VERBS = {"objects": "make bench-full", "airports": "make bench-airports"}
INTRODUCTIONS = {
    "objects": """\
The same work done by Perdure, by its peers and by the **limit**: raw SQL and plain Python objects with nothing in
between (`benchmarks/contenders/limit.py`). All of it ran in one run, the contenders taking turns, so that the ratios
hold on a noisy machine. One object has a key, a class, a location, ten attributes and three tags; every write writes
another value than the one that was there. Make this page anew with `{command}`.
""",
    "airports": """\
Real data: the demo world of [airports](../guides/airports.md), each with flights to the four nearest others, beside the
**limit**, the same work in raw SQL and plain Python objects. Both took turns in one run. Make this page anew with
`{command}`.
""",
}


def write(results_file: Path, directory: Path) -> list[Path]:
    """Write the page and its charts into `directory`; what was written."""
    results = read(results_file)
    page = directory / f"{results.name}.md"
    drawn = charts.draw(results, directory)
    page.write_text(text(results), encoding="utf-8")
    return [page, *drawn]


def text(results: Results) -> str:
    """The page as Markdown."""
    command = VERBS[results.world] + ("" if results.backend == "sqlite" else f" ARGS='--backend {results.backend}'")
    parts = [
        f"# {TITLES[results.name]}",
        INTRODUCTIONS[results.world].format(command=f"{command} && make bench-page").strip(),
        *(f"![{name.removesuffix('.svg').replace('-', ' ')}]({name})" for name in charts.names(results)),
        *(_section(results, size) for size in results.sizes if _is_whole(results, size)),
        _growth(results),
        _notes(results),
        _circumstances(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _is_whole(results: Results, size: int) -> bool:
    """Whether all workloads ran at this size, not only those that are compared over sizes."""
    return any(results.of(each.key, "perdure", size) for each in all_workloads(results.world) if not each.grows)


def _section(results: Results, size: int) -> str:
    others = [name for name in results.contenders() if name not in ("limit", "perdure")]
    judged = [verdict for verdict in bars.verdicts(results) if verdict.size == size]
    header = ["", "workload", "limit", "Perdure", "× limit", "bar", "met", "statements", *others]
    rows = [_row(results, workload, size, judged, others) for workload in all_workloads(results.world)]
    return "\n".join(
        [
            f"## A world of {size:,} {results.world}",
            "",
            _line(header),
            _line(["---", "---", *["---:"] * (len(header) - 2)]),
            *(_line(row) for row in rows if row),
        ]
    )


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(results: Results, workload: Workload, size: int, judged: list[Verdict], others: list[str]) -> list[str] | None:
    ours, limit = results.of(workload.key, "perdure", size), results.of(workload.key, "limit", size)
    if ours is None:
        return None
    mine = [verdict for verdict in judged if verdict.workload == workload.key]
    return [
        workload.group,
        workload.title,
        quantity(limit.median, workload.unit) if limit else NOTHING,
        f"**{quantity(ours.median, workload.unit)}** ± {ours.spread:.0%}",
        f"{ours.median / limit.median:.2f}" if limit else NOTHING,
        "<br>".join(verdict.text for verdict in mine),
        "<br>".join("yes" if verdict.met else f"no ({verdict.reached:.2f} of the bar)" for verdict in mine),
        NOTHING if ours.statements is None else f"{ours.statements:.3g}",
        *(_other(results, workload, name, size) for name in others),
    ]


def _other(results: Results, workload: Workload, name: str, size: int) -> str:
    found = results.of(workload.key, name, size)
    return quantity(found.median, workload.unit) if found else NOTHING


def _growth(results: Results) -> str:
    """How the cost of one operation grows from the smallest world to the larger ones (W15)."""
    if len(results.sizes) < 2:
        return ""
    header = ["", "workload", *(f"{size:,}" for size in results.sizes), "limit", "bar"]
    rows = [_line(header), _line(["---", "---", *["---:"] * (len(header) - 2)])]
    known = bars.read_bars()
    for workload in all_workloads(results.world):
        if not workload.grows or workload.unit != "s":
            continue
        factors = [bars.growth_factor(results, workload.key, "perdure", size) for size in results.sizes]
        if not any(factors[1:]):
            continue
        cells = [NOTHING if factor is None else f"{factor:.2f}" for factor in factors]
        of_limit = bars.growth_factor(results, workload.key, "limit", results.sizes[-1])
        bar = known[workload.key].growth if workload.key in known else None
        limit = NOTHING if of_limit is None else f"{of_limit:.2f}"
        rows.append(_line([workload.group, workload.title, *cells, limit, f"≤ {bar:g}" if bar else ""]))
    return "\n".join(
        [
            "## Growth",
            "",
            f"Cost of one operation as a multiple of its cost in a world of {results.sizes[0]:,} objects; for each "
            "hit where the answer grows with the world. The column `limit` is the limit's own growth to the largest "
            "world (caches miss, trees get deeper): the bar is about what Perdure grows beyond that.",
            "",
            *rows,
        ]
    )


def _notes(results: Results) -> str:
    """Where designs differ, in the contenders' own words."""
    lines = []
    for entry in ENTRIES:
        if entry.world != results.world or entry.name not in results.contenders():
            continue
        for key, note in results.notes.get(entry.name, {}).items():
            lines.append(f"- {entry.name}, `{key}`: {note}")
    return "\n".join(["## Where designs differ", "", *lines]) if lines else ""


def _circumstances(results: Results) -> str:
    lines = [f"- {name}: {value}" for name, value in results.machine.items()]
    for name in results.contenders():
        versions = ", ".join(f"{library} {version}" for library, version in results.versions.get(name, {}).items())
        settings = ", ".join(f"{key}={value}" for key, value in results.settings.get(name, {}).items())
        lines.append(f"- {name}: {versions or NOTHING}; {settings or 'nothing to set'}")
    return "\n".join(
        [
            "## Circumstances",
            "",
            f"Measured on {results.date[:10]} in {results.seconds / 60:.0f} minutes. Medians; ± is half the distance "
            "between the quartiles. Statements are those sent for one operation (for a whole load in W5), without "
            "BEGIN and COMMIT.",
            "",
            *lines,
        ]
    )
