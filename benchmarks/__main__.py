"""`python -m benchmarks`: run the workloads, print the table, write the results and the pages."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import bars, page, table
from benchmarks.contenders import evennia_environment
from benchmarks.processes import ENTRIES, ROOT
from benchmarks.results import read
from benchmarks.runner import Plan
from benchmarks.runner import Progress as ShowProgress
from benchmarks.runner import run as run_plan
from benchmarks.workloads import all_workloads
from tests import postgresql_cluster

#: Sizes of the worlds when none are given.
SIZES = {"objects": "10000", "airports": "28000"}

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
# Wide enough for the table where the output is a file.
console = Console() if sys.stdout.isatty() else Console(width=200)


@app.command()
def run(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Workloads or their groups (W2, write_attribute); may be repeated."),
    ] = None,
    contenders: Annotated[str, typer.Option(help="Who takes part, with commas; all by default.")] = "",
    world: Annotated[str, typer.Option(help="objects, or airports: the demo world.")] = "objects",
    sizes: Annotated[
        str, typer.Option(help="Sizes of the worlds, with commas; 10000 objects or 28000 airports by default.")
    ] = "",
    growth: Annotated[str, typer.Option(help="More sizes, for the growth of cost of Perdure and the limit only.")] = "",
    backend: Annotated[str, typer.Option(help="sqlite or postgresql.")] = "sqlite",
    quick: Annotated[bool, typer.Option("--quick", help="One round each, to see that everything works.")] = False,
    evennia: Annotated[
        bool, typer.Option("--evennia", help="Evennia takes part, installed into an environment of its own.")
    ] = False,
    work: Annotated[
        Path | None,
        typer.Option(help="Where worlds are built and kept for the next run; a temporary directory by default."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the results as JSON.")] = None,
) -> None:
    """Run workloads, print the table; exit code 1 when a bar that is listed as met is missed by more than 25 %."""
    if world not in SIZES:
        raise typer.BadParameter(f"there is no world {world!r}: choose from {', '.join(SIZES)}")
    names = [name for name in contenders.split(",") if name]
    plan = Plan(
        workloads=[each for each in all_workloads(world) if not only or each.key in only or each.group in only],
        entries=[entry for entry in ENTRIES if entry.world == world and (not names or entry.name in names)],
        world=world,
        sizes=[int(size) for size in (sizes or SIZES[world]).split(",")],
        growth_sizes=[int(size) for size in growth.split(",") if size],
        backend=backend,
        quick=quick,
    )
    with ExitStack() as stack:
        # A world on a throw-away server cannot be kept.
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="perdure-bench-"))
        plan.directory = work.absolute() if work and backend == "sqlite" else Path(temporary)
        if backend == "postgresql":
            cluster = postgresql_cluster.start(plan.databases(), durable=True)
            stack.callback(cluster.stop)
            plan.host = str(cluster.host)
        if evennia:
            plan.entries.append(evennia_environment.prepare(plan.directory / "evennia-environment"))
        # A run of hours that is cut off has what it had.
        results = run_plan(plan, stack.enter_context(_shown()), lambda done: done.save(out) if out else None)
    table.show(results, console)
    sys.exit(bars.exit_code(results, console))


@contextmanager
def _shown() -> Iterator[ShowProgress]:
    """A progress bar, as a function to be told of progress."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


@app.command()
def server(
    evennia: Annotated[
        bool, typer.Option("--evennia", help="Evennia takes part, installed into an environment of its own.")
    ] = False,
    counts: Annotated[str, typer.Option(help="Numbers of clients, with commas.")] = "1,10,20,100",
    scenarios: Annotated[str, typer.Option(help="look, say or both, with commas.")] = "look,say",
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = 5,
    seconds: Annotated[float, typer.Option(help="How long each time.")] = 5.0,
    disturb: Annotated[bool, typer.Option(help="Measure logins, reloads and floods too.")] = True,
    work: Annotated[
        Path | None,
        typer.Option(help="Where games are built; Evennia's are kept for the next run. By default in /tmp."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the results as JSON.")] = None,
) -> None:
    """Whole games under the load of telnet clients (W14); exit code 1 when something failed or a bar was lost."""
    from benchmarks.server import page as server_page
    from benchmarks.server import runner
    from benchmarks.server.evennia_game import EvenniaNodelay, EvenniaServer
    from benchmarks.server.perdure_game import PerdureServer

    with tempfile.TemporaryDirectory(prefix="perdure-bench-") as temporary:
        directory = work.absolute() if work else Path(temporary)
        games: list[Any] = [PerdureServer(directory / "perdure")]
        if evennia:
            python = Path(evennia_environment.prepare(directory / "evennia-environment").python)
            games += [kind(directory / kind.name, python) for kind in (EvenniaServer, EvenniaNodelay)]
        plan = runner.ServerPlan(
            games=games,
            counts=[int(count) for count in counts.split(",")],
            scenarios=tuple(scenarios.split(",")),
            rounds=rounds,
            seconds=seconds,
            disturb=disturb,
        )
        with console.status("starting") as status:
            results = runner.run(plan, status.update)
    if out:
        results.save(out)
    server_page.show(results, console)
    sys.exit(server_page.exit_code(results, console))


@app.command("server-page")
def write_server_page(
    file: Annotated[Path, typer.Argument(help="Results of `server`.")],
    directory: Annotated[Path, typer.Option(help="Where the page goes.")] = ROOT / "docs" / "speed",
) -> None:
    """Write the page of the server, and a copy of the results."""
    from benchmarks.server import page as server_page
    from benchmarks.server.results import read as read_server

    results = read_server(file)
    console.print(f"wrote {server_page.write(results, directory)}", markup=False)
    results.save(directory / f"{server_page.NAME}.json")


@app.command()
def show(file: Annotated[Path, typer.Argument(help="Results of an earlier run.")]) -> None:
    """Print the table of an earlier run."""
    results = read(file)
    table.show(results, console)
    sys.exit(bars.exit_code(results, console))


@app.command("page")
def write_page(
    file: Annotated[Path, typer.Argument(help="Results of a run.")],
    directory: Annotated[Path, typer.Option(help="Where the page goes.")] = ROOT / "docs" / "speed",
) -> None:
    """Write the page of the documentation, its charts and a copy of the results."""
    for path in page.write(file, directory):
        console.print(f"wrote {path}", markup=False)
    kept = directory / f"{read(file).name}.json"
    if file.resolve() != kept.resolve():
        shutil.copyfile(file, kept)


if __name__ == "__main__":
    app()
