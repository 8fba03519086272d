"""What a player notices of others: of their logins, of a reload, of somebody who floods the gateway. Perdure alone."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from benchmarks.server.load_process import LoadBroken, LoadProcess
from benchmarks.server.perdure_game import PerdureServer
from benchmarks.server.results import Single
from benchmarks.server.world import PASSWORD, players
from tests.live.telnet import TelnetClient

#: Bytes without the end of a line; they are not even read when the server has hung up.
FLOOD = 60_000_000
#: How long a flood may go on.
FLOOD_SECONDS = 10.0
#: Three logins a second or so.
BETWEEN_LOGINS = 0.3


def measure(game: PerdureServer, rounds: int, seconds: float) -> list[Single]:
    """All of it."""
    found = []
    for key, unit, once in (
        ("login", "s", lambda: _while_others_log_in(game, seconds)),
        ("reload", "s", lambda: _over_a_reload(game, seconds)),
        ("flood", "B", lambda: _growth(game, _send_without_end)),
        ("deaf", "B", lambda: _growth(game, _send_and_never_read)),
    ):
        single = Single(key=key, unit=unit)
        found.append(single)
        try:
            for _ in range(rounds):
                single.rounds.append(once())
        except (LoadBroken, OSError, AssertionError) as error:
            single.error = f"{type(error).__name__}: {error}"
    return found


def _while_others_log_in(game: PerdureServer, seconds: float) -> float:
    """Within what time 99 % of answers come to one who looks a hundred times a second, while others log in and out."""
    with LoadProcess(game, players(1)) as load:
        load.connect()
        load.measure("look", 1.0, 100.0)
        load.begin("look", seconds, 100.0)
        ends = time.monotonic() + seconds - 0.5
        number = 0
        while time.monotonic() < ends:
            player = players(10)[number % 10]
            client = TelnetClient(game.address, player.name)
            client.login(player.name, PASSWORD, until=player.room)
            client.close()
            number += 1
            time.sleep(BETWEEN_LOGINS)
        return load.end()["p99"]


def _over_a_reload(game: PerdureServer, seconds: float) -> float:
    """The longest that any of twenty, who send ten lines a second each, waits for an answer while the world reloads."""
    seconds = max(seconds, 8.0)
    with LoadProcess(game, players(20)) as load:
        load.connect()
        load.measure("say", 1.0, 200.0)
        load.begin("say", seconds, 200.0)
        time.sleep(0.5)
        reload = game.reload()
        figures = load.end()
        said, _ = reload.communicate(timeout=60)
        if reload.returncode:
            raise LoadBroken(f"perdure reload failed: …{said[-600:]}")
        return figures["longest"]


def _growth(game: PerdureServer, flood: Callable[[tuple[str, int]], None]) -> float:
    """By how much the gateway grows."""
    gateway = game.processes()["gateway"]
    before = gateway.memory_info().rss
    flood(game.address)
    return float(max(0, gateway.memory_info().rss - before))


def _send_without_end(address: tuple[str, int]) -> None:
    """A line that never ends."""
    with socket.create_connection(address, timeout=2) as connection:
        piece, sent, ends = b"x" * 65536, 0, time.monotonic() + FLOOD_SECONDS
        try:
            while sent < FLOOD and time.monotonic() < ends:
                sent += connection.send(piece)
        except OSError:
            return  # hung up, which is the best one can do


def _send_and_never_read(address: tuple[str, int]) -> None:
    """Ask for text again and again, and read none of it."""
    with socket.create_connection(address, timeout=2) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        piece, ends = b"help\r\n" * 500, time.monotonic() + FLOOD_SECONDS
        try:
            while time.monotonic() < ends:
                connection.send(piece)
        except OSError:
            return
