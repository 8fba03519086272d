"""Reloads under the load of twenty: nobody is dropped, no line is lost, all are done in order.

`make crash-test` does a hundred; here some.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.crashes import bank
from tests.crashes.crowd import Crowd
from tests.live.game import LiveGame, environment

RELOADS = int(os.environ.get("PERDURE_CRASH_RELOADS", "3"))
#: Seconds between two lines of a client. With 0 the game has as much to do as it can, and a new world starts slowly.
INTERVAL = float(os.environ.get("PERDURE_CRASH_INTERVAL", "0.2"))


@pytest.mark.defect("V-18")
def test_reloads_lose_no_session_and_no_line(game: LiveGame, crowd: Callable[..., Crowd]) -> None:
    all_of_them = crowd(lossless=True, interval=INTERVAL)
    first = {client.name: client.sent + 1 for client in all_of_them.clients}
    all_of_them.connect()
    all_of_them.wait("everybody plays", all_of_them.everybody_plays)
    connections = [client.socket for client in all_of_them.clients]
    for number in range(RELOADS):
        verb = "reset" if number % 10 == 9 else "reload"
        before = game.world_pids()
        reload = subprocess.Popen(
            [sys.executable, "-m", "perdure", verb],
            cwd=game.directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        all_of_them.wait(f"perdure {verb} has ended", lambda reload=reload: reload.poll() is not None)
        said, _ = reload.communicate()
        assert reload.returncode == 0, said
        all_of_them.wait("everybody is served by the new world", all_of_them.served_since())
        assert not set(before) & set(game.world_pids()[-1:])
    all_of_them.wait("every line is answered", all_of_them.idle, deposits=False)
    assert all_of_them.dropped() == 0
    assert [client.socket for client in all_of_them.clients] == connections
    for client in all_of_them.clients:
        assert client.acknowledged == list(range(first[client.name], client.sent + 1)), client.name
    books = bank.read(game.directory / "db.sqlite3")
    assert bank.check(books, all_of_them.ledger(), all_of_them.sent()) == []
    print(f"{RELOADS} reloads, {sum(all_of_them.sent().values())} lines, none lost")
