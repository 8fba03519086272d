"""Kills a running game at random moments, again and again, and compares what is stored with the ledgers."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

from tests.crashes import bank
from tests.crashes.crowd import Broken, Crowd
from tests.live.game import LiveGame, environment, eventually

#: Who is killed, and how often of ten times; `reload`: the old world or the new, at some moment of a reload.
TARGETS = {"world": 5, "gateway": 1, "both": 2, "reload": 2}


class Siege:
    """One game under one siege.

    Args:
        seed: decides who is killed and when, as far as anybody can.
    """

    def __init__(self, game: LiveGame, crowd: Crowd, seed: int) -> None:
        self.game, self.crowd = game, crowd
        self.random = random.Random(seed)
        self.kills: Counter[str] = Counter()
        self.downtimes: list[float] = []
        self.wrong: list[str] = []

    @property
    def database(self) -> os.PathLike[str]:
        """The file that holds the world."""
        return self.game.directory / "db.sqlite3"

    def begin(self) -> None:
        """Everybody comes in and is served."""
        self.crowd.connect()
        self.crowd.wait("everybody plays", self.crowd.everybody_plays)
        self.crowd.wait("everybody is served", self.crowd.served_since())

    def kill(self) -> None:
        """Kill somebody at some moment; see that all goes on; compare."""
        (target,) = self.random.choices(list(TARGETS), list(TARGETS.values()))
        # Now and then at once: while those who were just let in again are still being served.
        self.crowd.pump(self.random.choice((0.0, 0.7)) * self.random.random())
        started = time.monotonic()
        if target == "reload":
            self._kill_in_reload()
        elif target == "world":
            self._kill_world()
        else:
            self._kill_gateway(with_world=target == "both")
        self.kills[target] += 1
        self.crowd.wait(f"everybody is served again after the end of the {target}", self.crowd.served_since())
        self.downtimes.append(time.monotonic() - started)
        self.compare()

    def _kill_world(self) -> None:
        """The world alone: no connection is lost, and nobody logs in anew."""
        self._kill_worlds(self.game.world_pids())

    def _kill_in_reload(self) -> None:
        """One of two worlds: whether the reload then succeeds is open, that everybody is served is not."""
        reload = subprocess.Popen(
            [sys.executable, "-m", "perdure", "reload"],
            cwd=self.game.directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Sooner there is only one.
        self.crowd.pump(5, lambda: len(self.game.world_pids()) > 1 or reload.poll() is not None)
        self.crowd.pump(self.random.random())
        self._kill_worlds([self.random.choice(self.game.world_pids())])
        self.crowd.wait("perdure reload has ended", lambda: reload.poll() is not None)

    def _kill_worlds(self, victims: list[int]) -> None:
        dropped = self.crowd.dropped()
        _kill(victims)
        # What had left the world reaches the clients; what it did not acknowledge was not promised.
        self.crowd.drain()
        self.compare()
        self.crowd.wait("everybody is served by a new world", self.crowd.served_since())
        if self.crowd.dropped() != dropped or not self.crowd.everybody_plays():
            raise Broken(f"the end of the world ended connections too\n{self.crowd.story()}")

    def _kill_gateway(self, with_world: bool) -> None:
        gateway, worlds = self.game.gateway_pid(), self.game.world_pids()
        victims = [gateway, *(worlds if with_world else [])]
        self.random.shuffle(victims)
        _kill([pid for pid in victims if pid])
        # A world that has lost its gateway finishes what it is at and ends; two worlds never serve at once.
        eventually("the world has ended too", lambda: not self.game.world_pids(), 60)
        self.crowd.drain()
        self.compare()
        assert self.game.process is not None
        self.game.process.wait(timeout=60)
        self.game.start()
        self.crowd.connect()
        self.crowd.wait("everybody plays again", self.crowd.everybody_plays)

    def compare(self) -> None:
        """What was acknowledged until now is stored, each once, and nothing is there by half."""
        acknowledged, sent = self.crowd.ledger(), self.crowd.sent()
        wrong = bank.check(bank.read(self.database), acknowledged, sent)
        for name, numbers in acknowledged.items():
            if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
                wrong.append(f"{name}: acknowledged out of order, or twice: {numbers[-20:]}")
        if wrong:
            raise Broken("\n".join(wrong))

    def end(self) -> None:
        """Let what is under way come to an end, and compare a last time."""
        self.crowd.wait("every line is answered", self.crowd.idle, deposits=False)
        self.compare()
        if wrong := bank.check_file(self.database):
            raise Broken("\n".join(wrong))

    def summary(self) -> str:
        """One line about it."""
        acknowledged = sum(len(numbers) for numbers in self.crowd.ledger().values())
        times = sorted(self.downtimes) or [0.0]
        return (
            f"{sum(self.kills.values())} kills ({', '.join(f'{n} {who}' for who, n in sorted(self.kills.items()))}), "
            f"{acknowledged} deposits acknowledged of {sum(self.crowd.sent().values())}; served again after "
            f"{times[len(times) // 2]:.2f} s (median), {times[-1]:.2f} s at most"
        )


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
