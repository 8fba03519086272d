"""The bars: what Perdure has to reach in each workload, and whether a run did."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks.results import Results
from benchmarks.workloads import all_workloads

BARS = Path(__file__).with_name("bars.toml")
#: A bar that is listed as met fails a run when it is missed by more than this.
TOLERANCE = 1.25


class Bar(msgspec.Struct, forbid_unknown_fields=True):
    """One bar; `bars.toml` says what the fields mean."""

    met: bool
    multiple: float | None = None
    of: str = "limit"
    at_most: float | None = None
    statements: int | None = None
    per: int | None = None
    growth: float | None = None
    from_size: int = 0


@dataclass(frozen=True)
class Verdict:
    """One bar against one figure of a run.

    Attributes:
        reached: the figure as a share of the bar; up to 1 it is met.
        text: the bar, to be shown.
    """

    workload: str
    size: int
    text: str
    reached: float
    listed_as_met: bool

    @property
    def met(self) -> bool:
        return self.reached <= 1.0

    @property
    def regressed(self) -> bool:
        """Listed as met, and missed by more than the tolerance."""
        return self.listed_as_met and self.reached > TOLERANCE


def read_bars(path: Path = BARS) -> dict[str, Bar]:
    """The bars by workload. Raises `msgspec.ValidationError` for a table that is not one."""
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, Bar])


def verdicts(results: Results) -> list[Verdict]:
    """Every bar that this run can judge; there are none for other databases than SQLite yet."""
    if results.backend != "sqlite":
        return []
    return [
        verdict
        for key, bar in read_bars().items()
        for verdict in [*_speed(results, key, bar), *_others(results, key, bar)]
    ]


def _speed(results: Results, key: str, bar: Bar) -> list[Verdict]:
    found = []
    for size in results.sizes:
        ours = results.of(key, "perdure", size)
        if ours is None or size < bar.from_size:
            continue
        if bar.multiple is not None and (base := results.of(key, bar.of, size)):
            times = "" if bar.of == "limit" else f" {bar.of}"
            reached = ours.median / base.median / bar.multiple
            found.append(Verdict(key, size, f"≤ {bar.multiple:g}×{times}", reached, bar.met))
        if bar.at_most is not None:
            found.append(
                Verdict(key, size, f"≤ {quantity(bar.at_most, unit(key))}", ours.median / bar.at_most, bar.met)
            )
    return found


def _others(results: Results, key: str, bar: Bar) -> list[Verdict]:
    found = []
    for size in results.sizes:
        ours = results.of(key, "perdure", size)
        if ours is None:
            continue
        if bar.statements is not None and ours.statements is not None:
            allowed = bar.statements + (size / bar.per if bar.per else 0)
            found.append(Verdict(key, size, f"≤ {allowed:g} statements", ours.statements / allowed, bar.met))
        if bar.growth is not None and size != results.sizes[0]:
            factor = growth_factor(results, key, "perdure", size)
            if factor is not None:
                # What the limit grows by is the workload's own growth: caches miss, trees get deeper.
                factor /= max(1.0, growth_factor(results, key, "limit", size) or 1.0)
                found.append(Verdict(key, size, f"growth ≤ {bar.growth:g}×", factor / bar.growth, bar.met))
    return found


def growth_factor(results: Results, key: str, contender: str, size: int) -> float | None:
    """Cost at `size` against the cost at the smallest size; for each hit where hits grow with the world."""
    smallest = results.sizes[0]
    ours, first = results.of(key, contender, size), results.of(key, contender, smallest)
    if ours is None or first is None:
        return None
    hits = size / smallest if scales(key) else 1.0
    return ours.median / first.median / hits


def scales(key: str) -> bool:
    """Whether the workload's own work grows with the world."""
    return any(workload.key == key and workload.scales_with == "size" for workload in all_workloads())


def unit(key: str) -> str:
    """The unit of the workload."""
    return next(workload.unit for workload in all_workloads() if workload.key == key)


def quantity(value: float, of: str) -> str:
    """A figure with its unit, three digits."""
    if of == "B":
        return f"{value / 1000:.3g} kB"
    if of == "%":
        return f"{value:.3g} %"
    for factor, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= factor * 0.9995:
            return f"{value / factor:.3g} {name}"
    return f"{value / 1e-9:.3g} ns"


def exit_code(results: Results, console: Console) -> int:
    """1 when something failed, or a bar listed as met is missed by more than the tolerance; says which."""
    failures = [each for each in results.measurements if each.error]
    for failure in failures:
        console.print(f"[red]failed:[/] {failure.workload}, {failure.contender}, {failure.size:,}: ", end="")
        console.print(failure.error, markup=False)
    regressions = [verdict for verdict in verdicts(results) if verdict.regressed]
    for verdict in regressions:
        console.print(
            f"[red]missed:[/] {verdict.workload} at {verdict.size:,} objects has the bar {verdict.text}, which "
            f"bars.toml lists as met; this run is at {verdict.reached:.2f} times the bar"
        )
    return 1 if failures or regressions else 0
