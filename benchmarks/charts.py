"""The charts of a run, as SVG: how far everybody is from the limit, and how cost grows with the world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import bars
from benchmarks.results import Results
from benchmarks.workloads import all_workloads
from benchmarks.workloads.workload import Workload

COLOURS = {
    "perdure": "#c2410c",
    "limit": "#6b7280",
    "django": "#15803d",
    "sqlalchemy": "#b45309",
    "zodb": "#1d4ed8",
    "evennia": "#7e22ce",
}
GREY = "#808080"  # readable on white and on black


def names(results: Results) -> list[str]:
    """The files of the charts that these results have."""
    found = []
    if _whole_size(results) is not None:
        found.append(f"{results.name}-times-the-limit.svg")
    if len(results.sizes) > 1:
        found.append(f"{results.name}-cost-against-size.svg")
    return found


def draw(results: Results, directory: Path) -> list[Path]:
    """Write the charts that these results have; the files."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn = [directory / name for name in names(results)]
    for path in drawn:
        if path.name.endswith("-times-the-limit.svg"):
            _draw_ratios(results, _whole_size(results) or 0, path)
        else:
            _draw_growth(results, path)
    return drawn


def _whole_size(results: Results) -> int | None:
    """The largest size at which all workloads ran, if there is one with figures of the limit too."""
    whole = [size for size in results.sizes if _is_whole(results, size)]
    return whole[-1] if whole else None


def _is_whole(results: Results, size: int) -> bool:
    return any(_has_ratio(results, each.key, size) for each in all_workloads(results.world) if not each.grows)


def _pyplot() -> Any:
    """matplotlib, writing the same file for the same data, on a transparent ground."""
    import matplotlib as mpl

    mpl.use("svg")
    settings = {"svg.hashsalt": "perdure", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False}
    settings |= {"axes.spines.right": False, "savefig.transparent": True}
    settings |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), GREY)
    mpl.rcParams.update(settings)
    from matplotlib import pyplot

    return pyplot


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    _pyplot().close(figure)


def _draw_ratios(results: Results, size: int, path: Path) -> None:
    """One line for each workload: everybody's multiple of the limit, and the bar."""
    workloads = [each for each in all_workloads(results.world) if _has_ratio(results, each.key, size)]
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(figsize=(8, 0.3 * len(workloads) + 1))
    known = bars.read_bars()
    for name in results.contenders():
        points = [
            (found.median / results.of(each.key, "limit", size).median, -index)  # type: ignore[union-attr]
            for index, each in enumerate(workloads)
            if (found := results.of(each.key, name, size))
        ]
        marker = {"perdure": "D", "limit": "|"}.get(name, "o")
        axes.plot(*zip(*points, strict=True), marker, color=COLOURS.get(name), label=name, alpha=0.8, markersize=6)
    for index, each in enumerate(workloads):
        bar = known.get(each.key)
        if bar and bar.multiple and bar.of == "limit":
            axes.plot([bar.multiple] * 2, [-index - 0.35, -index + 0.35], color=GREY, linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks([-index for index in range(len(workloads))], [_plain(each) for each in workloads])
    axes.set_xlabel(f"times the limit, {size:,} {results.world}, {results.backend}; the upright line is Perdure's bar")
    axes.grid(axis="x", alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, 1.0 + 0.8 / len(workloads)), ncols=6, frameon=False)
    _save(figure, path)


def _plain(workload: Workload) -> str:
    return f"{workload.group} {workload.title}".replace("`", "")


def _has_ratio(results: Results, key: str, size: int) -> bool:
    return all(results.of(key, name, size) for name in ("limit", "perdure"))


def _draw_growth(results: Results, path: Path) -> None:
    """Cost of one operation (one hit) against the size of the world."""
    workloads = [each for each in all_workloads(results.world) if each.grows and each.unit == "s"]
    pyplot = _pyplot()
    columns = 4
    lines = -(-len(workloads) // columns)
    figure, grid = pyplot.subplots(lines, columns, figsize=(11, 2.2 * lines), sharex=True, squeeze=False)
    for axes, workload in zip(grid.flat, workloads, strict=False):
        for name in ("limit", "perdure"):
            points = [
                (size, found.median * 1e6 / (size if workload.scales_with == "size" else 1))
                for size in results.sizes
                if (found := results.of(workload.key, name, size))
            ]
            if points:
                axes.plot(*zip(*points, strict=True), "o-", color=COLOURS[name], label=name, markersize=4)
        # From zero, so that what is flat looks flat.
        axes.set(xscale="log", ylim=(0, None))
        axes.xaxis.set_major_formatter(pyplot.FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_title(f"{workload.group} {workload.key}", fontsize=9)
        axes.grid(alpha=0.3)
    for axes in grid.flat[len(workloads) :]:
        axes.set_visible(False)
    figure.supylabel("µs per operation (W8: per object of the world)", fontsize=9)
    figure.supxlabel("objects", fontsize=9)
    grid.flat[0].legend(frameon=False)
    figure.tight_layout()
    _save(figure, path)
