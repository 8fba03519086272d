"""Perdure as a server: `perdure run` in a game of its own, as it is laid out, but for limits on what may come in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import ClassVar

import psutil

from benchmarks.server.game import Game
from benchmarks.server.world import DESCRIPTION, PASSWORD, everybody
from tests.live.game import LiveGame, environment

#: One hash for all: hashing is not what is measured, and as slow here as anywhere.
SET_UP = """
from django.contrib.auth.hashers import make_password
from perdure import create_account, create_object, transaction

players = {players!r}
hashed = make_password({password!r})
rooms = {{}}
with transaction():
    for name, room in players:
        if room not in rooms:
            rooms[room] = create_object("typeclasses.rooms.Room", key=room, nohome=True)
            rooms[room].db.desc = {description!r}
        account = create_account(name, None, None)
        account.password = hashed
        account.save()
        character, errors = account.create_character(key=name, location=rooms[room])
        assert character, errors
        character.home = rooms[room]
"""


class PerdureServer(Game):
    """Perdure."""

    name: ClassVar[str] = "perdure"
    title: ClassVar[str] = "Perdure"

    def prepare(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        players = [(player.name, player.room) for player in everybody()]
        self.live = LiveGame(
            self.directory / "game",
            set_up=SET_UP.format(players=players, password=PASSWORD, description=DESCRIPTION),
            fast_passwords=False,
            cache=self.directory.parent / "perdure-template",
        )
        self.ports = [self.live.telnet_port, self.live.web_port]

    def start(self) -> None:
        self.live.start()

    def stop(self) -> None:
        try:
            self.live.stop()
        finally:
            self.live.kill()

    def reload(self) -> subprocess.Popen[str]:
        """`perdure reload`, begun; whoever asks waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "perdure", "reload"],
            cwd=self.live.directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def processes(self) -> dict[str, psutil.Process]:
        gateway, worlds = self.live.gateway_pid(), self.live.world_pids()
        found = {"gateway": gateway, "world": worlds[-1] if worlds else None}
        return {role: psutil.Process(pid) for role, pid in found.items() if pid}

    def settings(self) -> dict[str, str]:
        return {
            "MAX_CONNECTION_RATE": "1000000",
            "MAX_COMMAND_RATE": "1000000",
            "SQLite": "synchronous=FULL, as players get it",
            "TCP_NODELAY": "as shipped: everywhere",
        }

    def versions(self) -> dict[str, str]:
        from importlib.metadata import version

        return {name: version(name) for name in ("perdure", "django", "uvicorn", "telnetlib3")}
