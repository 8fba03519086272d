"""Evennia as a server, in an environment of its own: its command line, its documented settings and functions.

As shipped, but for limits that would stop the load: how many connections and commands are let in each second. Beside it
the same with TCP_NODELAY on all of its sockets, set from outside by a plug-in of services in the game's own directory.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import ClassVar

import psutil

from benchmarks.server.game import Game, GameFailed, answers, free_ports
from benchmarks.server.world import DESCRIPTION, PASSWORD, everybody

SETTINGS = """

# --- the benchmark
TELNET_PORTS = [{0}]
WEBSERVER_PORTS = [({1}, {2})]
WEBSOCKET_CLIENT_PORT = {3}
AMP_PORT = {4}
TELNET_INTERFACES = WEBSERVER_INTERFACES = ["127.0.0.1"]
WEBSOCKET_CLIENT_INTERFACE = "127.0.0.1"
MAX_CONNECTION_RATE = 1000
MAX_COMMAND_RATE = 1_000_000
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""

SET_UP = '''"""Accounts, characters and rooms of the benchmark."""
import json, os, sys

sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = "server.conf.settings"
import django

django.setup()
import evennia

evennia._init()
from django.conf import settings
from evennia import DefaultAccount, create_object, search_object

settings.CREATION_THROTTLE_LIMIT = None
password, description, players = json.load(open(sys.argv[1]))
rooms = {}
for name, room_name in players:
    if room_name not in rooms:
        rooms[room_name] = create_object("typeclasses.rooms.Room", key=room_name)
        rooms[room_name].db.desc = description
    account, errors = DefaultAccount.create(
        username=name, password=password, typeclass="typeclasses.accounts.Account"
    )
    assert account, errors
    (character,) = search_object(name, typeclass="typeclasses.characters.Character")
    character.home = character.location = rooms[room_name]
    character.db.prelogout_location = rooms[room_name]
'''

NODELAY = '''"""TCP_NODELAY on every socket of this process."""
from twisted.internet import tcp

accepted, connected = tcp.Server.__init__, tcp.Client._connectDone


def accept(self, *args, **kwargs):
    accepted(self, *args, **kwargs)
    self.setTcpNoDelay(True)


def connect(self):
    self.setTcpNoDelay(True)
    connected(self)


tcp.Server.__init__, tcp.Client._connectDone = accept, connect


def start_plugin_services(service):
    """Nothing to start: what is above is all."""
'''

START_SECONDS = 120


class EvenniaServer(Game):
    """Evennia as shipped."""

    name: ClassVar[str] = "evennia"
    title: ClassVar[str] = "Evennia"
    nodelay: ClassVar[bool] = False

    def __init__(self, directory: Path, python: Path) -> None:
        super().__init__(directory)
        self.python = python

    @property
    def game(self) -> Path:
        return self.directory / "game"

    def prepare(self) -> None:
        if not (self.directory / "built").exists():
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory.mkdir(parents=True)
            self._build()
            (self.directory / "built").touch()

    def _build(self) -> None:
        self._run("--init", "game", cwd=self.directory)
        self._write_settings()
        if self.nodelay:
            for name in ("server_services_plugins", "portal_services_plugins"):
                (self.game / "server" / "conf" / f"{name}.py").write_text(NODELAY, encoding="utf-8")
        self._run("migrate")
        # The first start makes the owner and the first room.
        self.start()
        self.stop()
        world = self.directory / "world.json"
        players = [(player.name, player.room) for player in everybody()]
        world.write_text(json.dumps([PASSWORD, DESCRIPTION, players]), encoding="utf-8")
        script = self.directory / "set_up.py"
        script.write_text(SET_UP, encoding="utf-8")
        self._program([str(self.python), str(script), str(world)])

    def _write_settings(self) -> None:
        """Settings with ports that are free now."""
        path = self.game / "server" / "conf" / "settings.py"
        kept = self.directory / "settings-as-shipped.py"
        if not kept.exists():
            shutil.copyfile(path, kept)
        self.ports = free_ports(5)
        path.write_text(kept.read_text(encoding="utf-8") + SETTINGS.format(*self.ports), encoding="utf-8")

    def start(self) -> None:
        self._write_settings()
        self._run("start")
        deadline = time.monotonic() + START_SECONDS
        while not (answers(self.address) and len(self.processes()) == 2):
            if time.monotonic() > deadline:
                raise GameFailed(
                    f"{self.name} does not answer after {START_SECONDS} seconds; see {self.game}/server/logs"
                )
            time.sleep(0.2)
        # The world makes itself ready behind an open port.
        time.sleep(5)

    def stop(self) -> None:
        processes = self.processes()
        self._run("stop")
        _, alive = psutil.wait_procs(list(processes.values()), timeout=30)
        for process in alive:
            process.kill()

    def _run(self, *arguments: str, cwd: Path | None = None) -> None:
        self._program([str(self.python.parent / "evennia"), *arguments], cwd)

    def _program(self, command: list[str], cwd: Path | None = None) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PERDURE_", "DJANGO_"))}
        environment["PATH"] = f"{self.python.parent}{os.pathsep}{environment.get('PATH', '')}"
        owner = {"USERNAME": "owner", "EMAIL": "owner@example.com", "PASSWORD": PASSWORD}
        environment |= {f"EVENNIA_SUPERUSER_{key}": value for key, value in owner.items()}
        with (self.directory / "log").open("ab") as log:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=cwd or self.game, env=environment
            )
        if done.returncode:
            said = (self.directory / "log").read_text(errors="replace")[-2000:]
            raise GameFailed(f"{' '.join(command)} ended with {done.returncode}:\n{said}")

    def processes(self) -> dict[str, psutil.Process]:
        """Evennia writes the ids of its processes into files."""
        found = {}
        for role, name in (("gateway", "portal"), ("world", "server")):
            try:
                number = int((self.game / "server" / f"{name}.pid").read_text())
                found[role] = psutil.Process(number)
            except (OSError, ValueError, psutil.NoSuchProcess):
                continue
        return found

    def settings(self) -> dict[str, str]:
        return {
            "MAX_CONNECTION_RATE": "1000",
            "MAX_COMMAND_RATE": "1000000",
            "SQLite": "synchronous=OFF, as shipped",
            "TCP_NODELAY": "everywhere, by a plug-in" if self.nodelay else "as shipped",
        }

    def versions(self) -> dict[str, str]:
        ask = "from importlib.metadata import version as v; print(v('evennia'), v('django'), v('twisted'))"
        said = subprocess.run([str(self.python), "-c", ask], capture_output=True, text=True, check=True).stdout
        return dict(zip(("evennia", "django", "twisted"), said.split(), strict=True))


class EvenniaNodelay(EvenniaServer):
    """The same without Nagle's algorithm."""

    name: ClassVar[str] = "evennia-nodelay"
    title: ClassVar[str] = "Evennia, TCP_NODELAY"
    nodelay: ClassVar[bool] = True
