"""Law 3 with real processes: `kill -9` of the world, the gateway or both, at any moment, under the load of twenty.

`make crash-test` does two hundred; here some. PERDURE_CRASH_SEED repeats a run as far as moments can be repeated.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.crashes.crowd import Crowd
from tests.crashes.siege import Siege
from tests.live.game import LiveGame

SEED = int(os.environ.get("PERDURE_CRASH_SEED", "1"))
KILLS = int(os.environ.get("PERDURE_CRASH_KILLS", "10"))


def test_no_acknowledged_command_is_lost_and_none_is_there_by_half(game: LiveGame, crowd: Callable[..., Crowd]) -> None:
    siege = Siege(game, crowd(), SEED)
    print(f"seed {SEED}")
    siege.begin()
    for number in range(KILLS):
        siege.kill()
        if number % 20 == 19:
            print(siege.summary(), flush=True)
    siege.end()
    print(siege.summary())
    assert sum(siege.kills.values()) == KILLS


@pytest.mark.defect("V-17")
def test_the_world_waits_for_the_disk_at_each_commit(game: LiveGame) -> None:
    anna = game.telnet("client00")
    anna.expect("connect")
    anna.login("client00", "a-clew-of-thread")
    anna.ask("ready", r"ready as client00\.")
    anna.send("pragma")
    # 2 is FULL. The setting of the game is "normal": what is acknowledged to players is kept more strictly.
    anna.expect(r"synchronous=2;")
    anna.expect(r"journal_mode=wal;")


def test_a_command_that_fails_leaves_nothing(game: LiveGame, crowd: Callable[..., Crowd]) -> None:
    siege = Siege(game, crowd(), SEED)
    siege.begin()
    anna = siege.crowd.clients[0]
    assert anna.socket is not None
    for _ in range(5):
        anna.socket.sendall(b"half\r\n")
        siege.crowd.pump(0.1)
    siege.crowd.wait("five errors are told", lambda: anna.transcript.count("(error ") == 5)
    siege.crowd.wait("everybody is served", siege.crowd.served_since())
    siege.end()
    assert "half done" not in anna.transcript
