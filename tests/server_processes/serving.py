"""A gateway as a process of its own, with fake worlds: what a test of signals, sockets and the command line needs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from perdure.cli.gateway_client import ask
from perdure.server.control_messages import Answer, Status
from perdure.server.gateway.settings import GatewaySettings, Logging, Timeouts
from tests.server_processes.harness import FAKE_WORLD, is_alive

ROOT = Path(__file__).resolve().parents[2]
#: As systemd does it: descriptors from 3 on, and the number of the very process that is to take them.
HAND_OVER = """
import fcntl, os, sys
given = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 100) for number in os.environ.pop("PERDURE_TEST_SOCKETS", "").split()]
for at, number in enumerate(given):
    os.dup2(number, 3 + at)
    os.close(number)
if given:
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)))
"""
SERVE = f"""{HAND_OVER}
from pathlib import Path
from perdure.server.gateway.bare_packages import lean
lean()
from perdure.server.gateway.service import main
from perdure.server.gateway.keeping import Restarts
code = main(sys.argv[2:], command=sys.argv[1].split("|"), restarts=Restarts(delays=(0.0, 0.05)))
if "PERDURE_TEST_MODULES" in os.environ:
    Path(os.environ["PERDURE_TEST_MODULES"]).write_text(" ".join(sys.modules))
sys.exit(code)
"""
#: Sockets for `perdure run` itself.
RUN = f"""{HAND_OVER}
os.execv(sys.executable, [sys.executable, "-m", "perdure", "run", "--json-logs"])
"""


def eventually(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def handing_over(sockets: Sequence[socket.socket]) -> dict[str, str]:
    """What tells `HAND_OVER` to take these for the sockets of a service manager."""
    return {"PERDURE_TEST_SOCKETS": " ".join(str(sock.fileno()) for sock in sockets)} if sockets else {}


class GatewayProcess:
    """`with GatewayProcess(directory) as gateway:`"""

    def __init__(
        self,
        game: Path,
        *arguments: str,
        plan: dict[str, Any] | None = None,
        logging: Logging | None = None,
        settings: dict[str, Any] | None = None,
        sockets: Sequence[socket.socket] = (),
        **variables: str,
    ) -> None:
        self.game = game
        (game / "server" / "run").mkdir(parents=True, exist_ok=True)
        (game / "plan.json").write_text(json.dumps(plan or {}))
        found = GatewaySettings(
            **{
                "server_name": "Labyrinth",
                "interfaces": ["127.0.0.1"],
                "telnet_port": 0,
                "web_port": 0,
                "timeouts": Timeouts(login=0.05, negotiation=0.2, reload=60, quiesce=60, takeover=60, stop=60),
                "logging": logging or Logging(),
                **(settings or {}),
            }
        )
        (game / "server/run/gateway.json").write_bytes(msgspec.json.encode(found))
        self.sockets = sockets
        self.arguments = arguments
        self.variables = variables
        self.clients: list[Client] = []

    def start(self, *, stdin: int = subprocess.DEVNULL) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", SERVE, "|".join(FAKE_WORLD), "--game", str(self.game), *self.arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **handing_over(self.sockets), **self.variables},
            pass_fds=[sock.fileno() for sock in self.sockets],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self

    def __enter__(self) -> Self:
        self.start()
        self.until_serving()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self.clients:
            client.socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        for pid in self.world_pids():
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)

    def until_serving(self) -> None:
        def serves() -> bool:
            assert self.process.poll() is None, self.process.communicate()
            try:
                return bool(self.status()["serving"])
            except RuntimeError:
                return False

        eventually(serves)

    def ends(self, seconds: float = 60.0) -> tuple[int, str, str]:
        """Exit code and what it wrote."""
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err

    def ask(self, request: Any, **more: Any) -> Answer:
        return ask(self.game, request, **more)

    def status(self) -> dict[str, Any]:
        return self.ask(Status(), seconds=30).data

    def connect(self, port: int | None = None) -> Client:
        client = Client(port or self.port())
        self.clients.append(client)
        return client

    def port(self, name: str = "telnet") -> int:
        return int(self.status()["gateway"]["ports"][name][0])

    def ledger(self, what: str) -> list[dict[str, Any]]:
        path = self.game / "ledger.jsonl"
        entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [entry for entry in entries if entry["what"] == what]

    def world_pids(self) -> list[int]:
        return [entry["pid"] for entry in self.ledger("born")]


class Client:
    """A telnet client that negotiates nothing."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.text = ""

    def type(self, text: str) -> None:
        self.socket.sendall(text.encode() + b"\r\n")

    def until(self, expected: str, seconds: float = 60.0) -> str:
        """What has been shown, when this is in it."""
        deadline = time.monotonic() + seconds
        while expected not in self.text:
            assert time.monotonic() < deadline, f"{expected!r} was not shown: {self.text!r}"
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            data = self.socket.recv(65536)
            assert data, f"the connection ended before {expected!r}: {self.text!r}"
            self.text += data.decode("utf-8", "replace")
        return self.text

    def is_ended(self) -> bool:
        self.socket.settimeout(60)
        while data := self.socket.recv(65536):
            self.text += data.decode("utf-8", "replace")
        return True
