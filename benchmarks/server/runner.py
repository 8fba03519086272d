"""Runs the servers: all of them run at once, one of them is under load; they take turns, round by round.

The order is turned around from round to round, so that what disturbs the machine disturbs all of them. Before its first
round each scenario is warmed up, which is not counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from benchmarks.results import machine
from benchmarks.server import disturbances
from benchmarks.server.bars import PACE
from benchmarks.server.game import Game
from benchmarks.server.load_process import LoadBroken, LoadProcess
from benchmarks.server.perdure_game import PerdureServer
from benchmarks.server.results import Load, ServerResults, Weight
from benchmarks.server.world import players

SCENARIOS = ("look", "say")
#: A server that is not told of new clients for a while is at rest.
REST = 1.0

#: Told of progress: what is being done.
Progress = Callable[[str], None]


@dataclass
class ServerPlan:
    """What to run.

    Attributes:
        counts: numbers of clients; 20 of them are for Perdure alone, also paced.
        rounds: how often each is measured, `seconds` long.
        disturb: measure what only Perdure is asked for: reload, login, floods.
    """

    games: list[Game]
    counts: list[int] = field(default_factory=lambda: [1, 10, 20, 100])
    scenarios: tuple[str, ...] = SCENARIOS
    rounds: int = 5
    seconds: float = 5.0
    warm_up: float = 2.0
    disturb: bool = True


def run(plan: ServerPlan, progress: Progress) -> ServerResults:
    """Run the plan; failures of single loads are in the results."""
    started = time.perf_counter()
    results = ServerResults(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=machine(),
        titles={game.name: game.title for game in plan.games},
        settings={},
        versions={},
        round_seconds=plan.seconds,
    )
    with ExitStack() as stack:
        for game in plan.games:
            progress(f"{game.title} is made")
            game.prepare()
            progress(f"{game.title} starts")
            game.start()
            stack.callback(game.stop)
            results.settings[game.name], results.versions[game.name] = game.settings(), game.versions()
            results.weights.append(_weight(game, None))
        for count in plan.counts:
            _with_clients(plan, count, results, progress)
        for game in plan.games:
            if plan.disturb and isinstance(game, PerdureServer):
                progress("Perdure is disturbed: logins, reloads, floods")
                results.singles += disturbances.measure(game, plan.rounds, plan.seconds)
    results.machine["load at the end"] = f"{os.getloadavg()[0]:.2f}, the benchmark's own counted in"
    results.seconds = time.perf_counter() - started
    return results


def _weight(game: Game, clients: int | None) -> Weight:
    memory = game.memory()
    return Weight(contender=game.name, clients=clients, gateway=memory.get("gateway", 0), world=memory.get("world", 0))


def _with_clients(plan: ServerPlan, count: int, results: ServerResults, progress: Progress) -> None:
    """All scenarios with so many clients."""
    only_ours = count == 20
    games = [game for game in plan.games if not only_ours or isinstance(game, PerdureServer)]
    with ExitStack() as stack:
        loads = []
        for game in games:
            progress(f"{count} clients come to {game.title}")
            load = stack.enter_context(LoadProcess(game, players(count)))
            try:
                load.connect()
            except LoadBroken as error:
                failed = Load(contender=game.name, clients=count, scenario="login", error=str(error))
                results.loads.append(failed)
                continue
            loads.append(load)
        time.sleep(REST)
        for scenario in plan.scenarios:
            _rounds(plan, count, scenario, None, loads, results, progress)
        if only_ours and "look" in plan.scenarios:
            _rounds(plan, count, "look", PACE, loads, results, progress)
        results.weights += [_weight(load.game, count) for load in loads]


def _rounds(
    plan: ServerPlan,
    count: int,
    scenario: str,
    rate: float | None,
    loads: list[LoadProcess],
    results: ServerResults,
    progress: Progress,
) -> None:
    measured = {
        load.game.name: Load(contender=load.game.name, clients=count, scenario=scenario, rate=rate) for load in loads
    }
    results.loads += measured.values()
    for number in range(plan.rounds + 1):
        for load in loads if number % 2 == 0 else reversed(loads):
            into = measured[load.game.name]
            if into.error:
                continue
            progress(f"{count} × {scenario}, round {number} of {plan.rounds}: {load.game.title}")
            try:
                figures = load.measure(scenario, plan.seconds if number else plan.warm_up, rate)
            except LoadBroken as error:
                into.error = str(error)
                continue
            if number:
                into.rounds.append(figures)
