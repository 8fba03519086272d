"""The bars of the server: what Perdure has to reach, and whether a run did."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.server.results import ServerResults

#: A bar that is listed as met fails a run when it is missed by more than this.
TOLERANCE = 1.25
PACE = 200.0


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        what: what is measured, for people.
        figure: which figure: of a load (clients, scenario, figure, rate), of the weight of the gateway (clients), or a
            single one (its key).
        at_most, at_least: one of them.
        met: whether it is listed as met.
    """

    what: str
    figure: tuple[int, str, str, float | None] | int | str
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    met: bool = False


BARS = [
    Bar("`look`, 100 clients: commands a second", (100, "look", "per_second", None), "/s", at_least=3000, met=True),
    Bar(
        "`say`, 100 clients, heard by ten each: commands a second",
        (100, "say", "per_second", None),
        "/s",
        at_least=3000,
        met=True,
    ),
    Bar("`look`, 20 clients: commands a second", (20, "look", "per_second", None), "/s", at_least=1500, met=True),
    Bar("`look`, 1 client: median time of an answer", (1, "look", "p50", None), "s", at_most=1.5e-3, met=True),
    Bar("`say`, 1 client: median time of an answer", (1, "say", "p50", None), "s", at_most=1.5e-3, met=True),
    Bar(
        "`look`, 200 a second of 20 clients: 95 % of answers within",
        (20, "look", "p95", PACE),
        "s",
        at_most=10e-3,
        met=True,
    ),
    Bar("the gateway's memory, 100 clients", 100, "B", at_most=60e6, met=True),
    Bar("the gateway's memory, 20 clients", 20, "B", at_most=40e6, met=True),
    Bar("99 % of answers, while others log in, within", "login", "s", at_most=20e-3, met=True),
    Bar("longest wait for an answer over a reload, 20 clients", "reload", "s", at_most=0.5, met=True),
    Bar("the gateway's memory for a line of 60 MB without an end", "flood", "B", at_most=1e6, met=True),
    Bar("the gateway's memory for one who sends and never reads", "deaf", "B", at_most=1e6, met=True),
]


@dataclass(frozen=True)
class Verdict:
    """One bar against its figure; `reached` is the share of the bar: up to 1 it is met."""

    bar: Bar
    value: float
    reached: float

    @property
    def met(self) -> bool:
        return self.reached <= 1.0

    @property
    def regressed(self) -> bool:
        """Listed as met, and missed by more than the tolerance."""
        return self.bar.met and self.reached > TOLERANCE


def verdicts(results: ServerResults) -> list[Verdict]:
    """Every bar that this run can judge."""
    found = []
    for bar in BARS:
        value = _value(results, bar.figure)
        if value is None:
            continue
        if bar.at_least is not None:
            found.append(Verdict(bar, value, bar.at_least / value if value else float("inf")))
        elif bar.at_most is not None:
            found.append(Verdict(bar, value, value / bar.at_most))
    return found


def _value(results: ServerResults, figure: tuple[int, str, str, float | None] | int | str) -> float | None:
    if isinstance(figure, str):
        single = results.single(figure)
        return single.median if single else None
    if isinstance(figure, int):
        weight = results.weight("perdure", figure)
        return float(weight.gateway) if weight else None
    clients, scenario, name, rate = figure
    load = results.load("perdure", clients, scenario, rate)
    return load.median(name) if load else None


def quantity(value: float, unit: str) -> str:
    """A figure with its unit, three digits."""
    if unit == "/s":
        return f"{value:,.0f}/s"
    if unit == "B":
        return f"{value / 1e6:.3g} MB"
    return f"{value * 1e3:.3g} ms"
