"""The table of a run for the terminal, and its page for the documentation: from its JSON and nothing else."""

from __future__ import annotations

import statistics
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.server.bars import quantity, verdicts
from benchmarks.server.results import Load, ServerResults
from benchmarks.server.world import PER_ROOM
from benchmarks.table import NOTHING

NAME = "server"
INTRODUCTION = f"""\
A whole game in its processes, and telnet clients on raw sockets in a process of their own, all on one machine. Each
client sends a command, waits for the answer to this very command, and sends the next; paced, commands are sent at fixed
times, and the time counts from when a command was due. Clients stand in rooms of {PER_ROOM} (one client alone is
alone): what one says goes to all {PER_ROOM}, and `look` lists them. All servers run during the whole run and
take turns under load, so that the ratios hold on a noisy machine. Make this page anew with
`make bench-server ARGS=--evennia && make bench-server-page`.
"""


def show(results: ServerResults, console: Console) -> None:
    """Print the tables."""
    table = Table(title="Load", title_justify="left")
    header, rows = _loads(results)
    for number, name in enumerate(header):
        table.add_column(name, justify="left" if number < 2 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(cell.replace("**", "").replace("`", "") for cell in row))
    console.print(table)
    table = Table(title="Bars", title_justify="left")
    for name in ("", "reached", "bar", "met"):
        table.add_column(name)
    for row in _bars(results):
        table.add_row(*(cell.replace("**", "").replace("`", "") for cell in row))
    console.print(table)
    for weight in results.weights:
        clients = "at the start" if weight.clients is None else f"{weight.clients} clients"
        console.print(
            f"{results.titles[weight.contender]}, {clients}: gateway {quantity(weight.gateway, 'B')}, "
            f"world {quantity(weight.world, 'B')}",
            style="dim",
        )


def exit_code(results: ServerResults, console: Console) -> int:
    """1 when something failed, or a bar listed as met is missed by more than the tolerance; says which."""
    for error in results.errors():
        console.print("[red]failed:[/] ", end="")
        console.print(error, markup=False)
    regressed = [verdict for verdict in verdicts(results) if verdict.regressed]
    for verdict in regressed:
        console.print(
            f"[red]missed:[/] {verdict.bar.what}, at {verdict.reached:.2f} of its bar, which is listed as met"
        )
    return 1 if results.errors() or regressed else 0


def write(results: ServerResults, directory: Path) -> Path:
    """Write the page into `directory`; where it is."""
    page = directory / f"{NAME}.md"
    page.write_text(text(results), encoding="utf-8")
    return page


def text(results: ServerResults) -> str:
    """The page as Markdown."""
    parts = [
        "# Speed of the server",
        INTRODUCTION.strip(),
        "## The bars",
        _markdown(["what", "reached", "bar", "met"], _bars(results), left=1),
        "## Under load",
        "Commands a second of all clients together, and how long an answer takes: for half, for 95 % and for 99 % of "
        "them. On the right: how busy the processes are, in shares of a core; and how much of a processor gateway and "
        "world need for a command, which holds on a busy machine too.",
        _markdown(*_loads(results), left=2),
        "## Memory",
        "Resident memory of the two processes, the code they share with others counted in.",
        _memory(results),
        _failed(results),
        _circumstances(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown(header: list[str], rows: list[list[str]], left: int) -> str:
    lines = [header, ["---"] * left + ["---:"] * (len(header) - left), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _loads(results: ServerResults) -> tuple[list[str], list[list[str]]]:
    header = ["clients", "command", "server", "commands a second", "p50", "p95", "p99"]
    header += ["gateway", "world", "clients'", "for a command"]
    # Servers that are compared stand below each other.
    kinds = list(dict.fromkeys((load.clients, load.scenario, load.rate) for load in results.loads if load.rounds))
    rows = []
    for clients, scenario, rate in kinds:
        for contender in results.titles:
            load = results.load(contender, clients, scenario, rate)
            if load is not None:
                rows.append(_load(results, load))
    return header, rows


def _load(results: ServerResults, load: Load) -> list[str]:
    ours = load.contender == "perdure"
    speed = f"{quantity(load.median('per_second'), '/s').removesuffix('/s')} ± {load.spread('per_second'):.0%}"
    return [
        str(load.clients),
        f"`{load.scenario}`" + (f", {load.rate:g} a second" if load.rate else ""),
        f"**{results.titles[load.contender]}**" if ours else results.titles[load.contender],
        f"**{speed}**" if ours else speed,
        *(quantity(load.median(name), "s") for name in ("p50", "p95", "p99")),
        *(_share(load, name) for name in ("gateway_processor", "world_processor", "client_processor")),
        _processor_for_a_command(load),
    ]


def _share(load: Load, name: str) -> str:
    return f"{load.median(name):.0%}" if all(name in each for each in load.rounds) else NOTHING


def _processor_for_a_command(load: Load) -> str:
    if not all({"gateway_processor", "world_processor"} <= set(each) for each in load.rounds):
        return NOTHING
    costs = [(each["gateway_processor"] + each["world_processor"]) / each["per_second"] for each in load.rounds]
    return f"{statistics.median(costs) * 1e6:.0f} µs"


def _bars(results: ServerResults) -> list[list[str]]:
    rows = []
    for verdict in verdicts(results):
        bar = verdict.bar
        limit = f"≥ {quantity(bar.at_least, bar.unit)}" if bar.at_least is not None else ""
        limit = f"≤ {quantity(bar.at_most, bar.unit)}" if bar.at_most is not None else limit
        met = "yes" if verdict.met else f"no ({verdict.reached:.2f} of the bar)"
        rows.append([bar.what, f"**{quantity(verdict.value, bar.unit)}**", limit, met])
    return rows


def _memory(results: ServerResults) -> str:
    counts = list(dict.fromkeys(weight.clients for weight in results.weights))
    header = ["server", "process", *("at the start" if count is None else f"{count} clients" for count in counts)]
    rows = []
    for contender, title in results.titles.items():
        for process in ("gateway", "world"):
            weights = [results.weight(contender, count) for count in counts]
            cells = [quantity(getattr(weight, process), "B") if weight else NOTHING for weight in weights]
            rows.append([title, process, *cells])
    return _markdown(header, rows, left=2)


def _failed(results: ServerResults) -> str:
    errors = [f"- {' '.join(error.split())}" for error in results.errors()]
    return "\n".join(["## What failed", "", *errors]) if errors else ""


def _circumstances(results: ServerResults) -> str:
    lines = [f"- {name}: {value}" for name, value in results.machine.items()]
    for contender, title in results.titles.items():
        versions = ", ".join(f"{name} {version}" for name, version in results.versions.get(contender, {}).items())
        settings = ", ".join(f"{name}: {value}" for name, value in results.settings.get(contender, {}).items())
        lines.append(f"- {title}: {versions}; {settings}")
    rounds = max((len(load.rounds) for load in results.loads), default=0)
    return "\n".join(
        [
            "## Circumstances",
            "",
            f"Measured on {results.date[:10]} in {results.seconds / 60:.0f} minutes. Medians of {rounds} rounds of "
            f"{results.round_seconds:g} seconds; ± is half the distance between the lowest and the highest round.",
            "",
            *lines,
        ]
    )
