"""The worlds of a gateway without its sockets: sessions that are only numbers, and worlds that are real processes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from perdure.server.gateway.keeping import Restarts, Result
from perdure.server.gateway.reload import Phase
from perdure.server.gateway.settings import GatewaySettings, Limits, Timeouts
from perdure.server.gateway.worlds import Worlds
from perdure.server.messages import Connected, Disconnected, Done, Line, SessionRecord, SessionState, Text

FAKE_WORLD = [sys.executable, str(Path(__file__).with_name("fake_world.py"))]
#: For worlds that do what they should; the machine may be busy with other things.
PATIENT = Timeouts(reload=90.0, quiesce=60.0, takeover=60.0, stop=60.0)
#: Which deadline a world misses that hangs at this point.
MISSED = {
    "start": "reload",
    "check": "reload",
    "take_over": "takeover",
    "resume": "takeover",
    "quiesce": "quiesce",
    "stop": "stop",
}


def record(sessid: int, **more: Any) -> SessionRecord:
    return SessionRecord(sessid, "telnet", "127.0.0.1", {"ANSI": True}, 0.0, **more)


class FakeSessions:
    """What the gateway proper knows: who is connected, and which lines are not acknowledged."""

    def __init__(self) -> None:
        self.connected: dict[int, SessionRecord] = {}
        self.open_lines: dict[tuple[int, int], Line] = {}
        self.notices: list[tuple[str, list[int] | None]] = []

    def records(self) -> list[SessionRecord]:
        return list(self.connected.values())

    def notice(self, text: str, sessids: Iterable[int] | None = None) -> None:
        self.notices.append((text, None if sessids is None else list(sessids)))

    def unfinished(self) -> list[Line]:
        return list(self.open_lines.values())

    def forget_unfinished(self, lines: Iterable[tuple[int, int]] | None = None) -> None:
        for line in list(self.open_lines) if lines is None else lines:
            self.open_lines.pop(line, None)

    async def http_drained(self, seconds: float) -> bool:
        return True


class Harness:
    """`async with Harness() as game:` starts a first world, in the current directory."""

    def __init__(
        self,
        plan: dict[str, Any] | None = None,
        *,
        queued: int = 100,
        serve: bool = True,
        command: Sequence[str] = FAKE_WORLD,
    ) -> None:
        Path("server/run").mkdir(parents=True, exist_ok=True)
        self.plan(plan or {})
        settings = GatewaySettings(timeouts=PATIENT, limits=Limits(queued_lines=queued))
        self.serve = serve
        self.sessions = FakeSessions()
        self.received: list[Any] = []
        self.states: list[str] = []
        self.phases: list[Phase] = []
        self._sequence: dict[int, int] = {}
        self._settings = settings
        self._command = command

    def plan(self, plan: dict[str, Any]) -> None:
        Path("plan.json").write_text(json.dumps(plan))

    def impatient_with(self, plan: dict[str, Any], seconds: float = 1.0) -> None:
        """Wait no longer than this for what hangs in the plan, and as long as ever for all else."""
        short = {MISSED[point]: seconds for point, what in plan.items() if what == "hang"}
        self.worlds.succession._timeouts = msgspec.structs.replace(PATIENT, **short)

    async def __aenter__(self) -> Self:
        self.worlds = Worlds(
            self._settings,
            command=self._command,
            restarts=Restarts(quick=60.0, delays=(0.0, 0.05, 0.05)),
        )
        self.worlds.attach(self.sessions)
        self.worlds.on_message = self._heard
        self.worlds.on_state = self.states.append
        moved = self.worlds.moved

        def watched(before: Phase, phase: Phase) -> None:
            self.phases.append(phase)
            moved(before, phase)

        self.worlds.moved = watched  # type: ignore[method-assign]
        self.running = asyncio.create_task(self.worlds.run())
        if self.serve:
            await self.until(lambda: self.worlds.is_serving)
            self.phases.clear()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.running.done():
            await self.worlds.stop(now=True)
        await asyncio.gather(self.running, return_exceptions=True)

    def _heard(self, message: Any) -> None:
        self.received.append(message)
        if isinstance(message, Done):
            for line in message.lines:
                self.sessions.open_lines.pop(line, None)
        elif isinstance(message, SessionState):
            self.sessions.connected[message.session.sessid] = message.session

    # --- what clients do -------------------------------------------------------------------------

    def connect(self, sessid: int, ticket: str = "") -> None:
        self.sessions.connected[sessid] = record(sessid)
        self.worlds.send(Connected(record(sessid), ticket))

    def disconnect(self, sessid: int) -> None:
        del self.sessions.connected[sessid]
        self.worlds.send(Disconnected(sessid, "gone"))

    def type(self, sessid: int, text: str) -> bool:
        seq = self._sequence[sessid] = self._sequence.get(sessid, 0) + 1
        line = Line(sessid, seq, text)
        self.sessions.open_lines[sessid, seq] = line
        taken = self.worlds.send(line)
        if not taken:
            del self.sessions.open_lines[sessid, seq]
        return taken

    async def reload(self, verb: Any = "reload", **more: Any) -> Result:
        return await self.worlds.request(verb, **more)

    # --- what is seen ----------------------------------------------------------------------------

    async def until(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                if self.running.done() and self.running.exception():
                    raise self.running.exception()  # type: ignore[misc]
                await asyncio.sleep(0.005)

    def ledger(self, what: str | None = None) -> list[dict[str, Any]]:
        path = Path("ledger.jsonl")
        entries = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [entry for entry in entries if what in (None, entry["what"])]

    def did(self, sessid: int) -> list[str]:
        return [entry["text"] for entry in self.ledger("did") if entry["sessid"] == sessid]

    def shown(self, sessid: int) -> list[str]:
        return [one.text for one in self.received if isinstance(one, Text) and sessid in one.sessids]

    def notices(self, sessid: int | None = None) -> list[str]:
        return [text for text, to in self.sessions.notices if (to is None if sessid is None else to == [sessid])]

    @property
    def generation(self) -> int:
        serving = self.worlds.succession.serving
        return serving.generation if serving else 0

    def pids(self) -> list[int]:
        return [entry["pid"] for entry in self.ledger("born")]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
