"""The process that plays, as the runner sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.server.game import Game
from benchmarks.server.world import PASSWORD, Player

ROOT = Path(__file__).resolve().parents[2]


class LoadProcess:
    """Telnet clients of one game, in a process of their own; use it in a `with` block."""

    def __init__(self, game: Game, players: list[Player]) -> None:
        self.game, self.players = game, players
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server.load"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> LoadProcess:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def connect(self) -> None:
        """Log everybody in."""
        players = [(player.name, player.room) for player in self.players]
        self._ask("connect", address=self.game.address, players=players, password=PASSWORD)

    def measure(self, scenario: str, seconds: float, rate: float | None = None) -> dict[str, float]:
        """One round; see `load`. With it, how busy each process of the game was, as a share of one core."""
        self.begin(scenario, seconds, rate)
        before = self.game.processor()
        figures = self.end()
        for role, used in self.game.processor().items():
            figures[f"{role}_processor"] = (used - before.get(role, 0.0)) / seconds
        return figures

    def begin(self, scenario: str, seconds: float, rate: float | None = None) -> None:
        """Begin a round; `end` gives its figures. Between the two the caller may do something to the game."""
        self._send("measure", scenario=scenario, seconds=seconds, rate=rate)

    def end(self) -> dict[str, float]:
        """The figures of the round that was begun."""
        return dict(self._receive())

    def _ask(self, do: str, **arguments: Any) -> Any:
        self._send(do, **arguments)
        return self._receive()

    def _send(self, do: str, **arguments: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise LoadBroken(f"the clients of {self.game.name} ended; see above")
        answer = json.loads(line)
        if "error" in answer:
            raise LoadBroken(f"{self.game.name}: {answer['error']}")
        return answer["answer"]


class LoadBroken(Exception):
    """The clients could not do what they were asked for."""
