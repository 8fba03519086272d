"""The clients that load a server: each waits for the answer to its own command, and the figures are what happened."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.server import bars, page
from benchmarks.server.load import Load as LoadClients
from benchmarks.server.load import LoadFailed, serve
from benchmarks.server.results import Load, ServerResults, Single, Weight, read
from benchmarks.server.world import COUNTS, everybody, players
from tests.benchmarks.fake_mud import FakeMud, running

SPEED = Path(__file__).resolve().parents[2] / "docs" / "speed"


def mud(count: int, **options: float) -> FakeMud:
    return FakeMud({player.name: player.room for player in players(count)}, **options)


def connected(game: FakeMud, count: int) -> LoadClients:
    load = LoadClients()
    load.connect(list(game.address), [[player.name, player.room] for player in players(count)])
    return load


@pytest.mark.parametrize("scenario", ["look", "say"])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut_in_two"])
def test_every_command_that_is_counted_was_answered(scenario: str, cut: bool) -> None:
    with running(mud(10, cut=cut)) as game:
        load = connected(game, 10)
        before = len(game.lines)
        figures = load.measure(scenario, 0.3)
        load.disconnect()
    sent = [text for _, text in game.lines[before:]]
    assert {text.split()[0] for text in sent} == {scenario}
    # At the end each client may have had one under way that came too late to count.
    assert len(sent) - 10 <= figures["commands"] <= len(sent)
    assert figures["p50"] <= figures["p95"] <= figures["p99"] <= figures["longest"]
    if scenario == "say":
        assert max(Counter(sent).values()) == 1


def test_what_others_say_is_no_answer() -> None:
    """Nine of ten have their answer only after 50 ms each: a client that took another's for its own would be faster."""
    with running(mud(10, delay=0.05)) as game:
        load = connected(game, 10)
        figures = load.measure("say", 0.5)
        load.disconnect()
    assert figures["p50"] >= 0.05
    assert figures["commands"] <= 10 * 0.5 / 0.05


def test_offers_of_the_server_are_refused() -> None:
    with running(mud(1)) as game:
        connected(game, 1).disconnect()
    assert game.refused == b"\xff\xfe\x01\xff\xfc\x1f"


def test_paced_commands_leave_at_their_times_and_lateness_of_the_game_counts() -> None:
    with running(mud(10)) as game:
        load = connected(game, 10)
        even = load.measure("look", 0.5, 100.0)
        game.delay = 0.2
        slow = load.measure("look", 1.0, 100.0)
        load.disconnect()
    assert 40 <= even["commands"] <= 50
    # Each client is due every 0.1 s and is answered every 0.2 s: it comes to be later and later.
    assert slow["longest"] > 0.35


def test_a_client_that_is_disconnected_is_an_error() -> None:
    with running(mud(1)) as game:
        load = connected(game, 1)
        for writer in list(game.writers.values()):
            writer.get_extra_info("socket").shutdown(2)
        with pytest.raises(LoadFailed, match="disconnected"):
            load.measure("look", 0.2)
        load.disconnect()


def test_requests_are_lines_of_json() -> None:
    out = io.StringIO()
    with running(mud(1)) as game:
        player = players(1)[0]
        requests = [
            {"do": "connect", "address": game.address, "players": [[player.name, player.room]]},
            {"do": "measure", "scenario": "look", "seconds": 0.1},
            {"do": "disconnect"},
            {"do": "measure", "scenario": "look", "seconds": 0.1},
        ]
        serve(map(json.dumps, requests), out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert answers[1]["answer"]["commands"] > 0
    assert "error" in answers[3]


def test_names_of_players_are_their_own() -> None:
    names = [player.name for player in everybody()]
    assert len(set(names)) == len(names) == sum(COUNTS)
    rooms = Counter(player.room for player in players(100))
    assert set(rooms.values()) == {10}
    # An answer to look is known by the name of the room: no name may be part of another.
    every = {player.room for player in everybody()}
    assert not [(one, two) for one in every for two in every if one != two and one in two]


def results() -> ServerResults:
    rounds = [
        {"per_second": speed, "p50": 0.001, "p95": 0.002, "p99": 0.003, "client_processor": 0.3}
        for speed in (2990.0, 3100.0, 4000.0)
    ]
    run = ServerResults(
        date="2026-01-01T00:00:00+00:00",
        machine={"cores": "2"},
        titles={"perdure": "Perdure", "evennia": "Evennia"},
        settings={},
        versions={},
        round_seconds=5.0,
    )
    run.loads.append(Load(contender="perdure", clients=100, scenario="look", rounds=rounds))
    run.loads.append(Load(contender="evennia", clients=100, scenario="look", rounds=rounds[:1]))
    run.weights.append(Weight(contender="perdure", clients=100, gateway=66_000_000, world=1))
    run.singles.append(Single(key="reload", unit="s", rounds=[0.4, 0.6, 0.45]))
    return run


def test_bars_are_judged_by_medians() -> None:
    reached = {verdict.bar.what: (verdict.value, verdict.met) for verdict in bars.verdicts(results())}
    assert reached == {
        "`look`, 100 clients: commands a second": (3100.0, True),
        "the gateway's memory, 100 clients": (66_000_000.0, False),
        "longest wait for an answer over a reload, 20 clients": (0.45, True),
    }


@pytest.mark.parametrize(("listed", "gateway", "code"), [(True, 70e6, 0), (True, 80e6, 1), (False, 80e6, 0)])
def test_a_bar_that_is_listed_as_met_may_be_missed_by_a_quarter(
    monkeypatch: pytest.MonkeyPatch, listed: bool, gateway: float, code: int
) -> None:
    monkeypatch.setattr(bars, "BARS", [bars.Bar("memory", 100, "B", at_most=60e6, met=listed)])
    run = results()
    run.weights[0].gateway = int(gateway)
    assert page.exit_code(run, Console(quiet=True)) == code


def test_what_failed_fails_the_run() -> None:
    run = results()
    run.loads.append(Load(contender="evennia", clients=1, scenario="say", error="it broke"))
    assert page.exit_code(run, Console(quiet=True)) == 1


def test_results_are_kept_whole_and_make_a_page(tmp_path: Path) -> None:
    results().save(tmp_path / "server.json")
    run = read(tmp_path / "server.json")
    assert run == results()
    written = page.text(run)
    assert "| 100 | `look` | **Perdure** | **3,100 ± 16%** |" in written
    assert "| 100 | `look` | Evennia | 2,990 ± 0% |" in written
    page.show(run, Console(quiet=True))


def test_the_page_of_the_server_is_the_output_of_its_results() -> None:
    run = read(SPEED / "server.json")
    assert (SPEED / "server.md").read_text(encoding="utf-8") == page.text(run)
