"""The worlds, for the rest of the gateway: one place to send to, whichever world serves, and one that keeps it alive.

Contract: `send` never blocks and keeps the order; what is sent while no world takes it waits, bounded, and reaches
the next one. `request` asks for a reload or a reset, `stop` ends everything; both as `Keeper` says.

Invariants: only the world that serves, or that is taking over, is listened to. A line is given to one world only,
unless that world itself has given it back; so nothing is done twice. The lines that a dead world was given and has
not acknowledged may be lost, and whoever typed them is told.

Owner: the gateway's event loop. Failure modes: `WorldLost` from `run` when the very first world cannot serve.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from perdure.server.gateway.keeping import Keeper, Restarts, Result, Verb
from perdure.server.gateway.link import LinkServer
from perdure.server.gateway.process import WORLD_COMMAND, WorldLost, WorldProcess
from perdure.server.gateway.reload import IN_WORDS, Phase, Succession
from perdure.server.gateway.run_directory import RUN_DIRECTORY
from perdure.server.gateway.settings import GatewaySettings
from perdure.server.gateway.waiting import Waiting
from perdure.server.messages import (
    PROTOCOL,
    CodeResult,
    Connected,
    Disconnected,
    Line,
    Mode,
    Outcome,
    Ping,
    Pong,
    RunCode,
    SessionRecord,
    SessionState,
    Wanted,
    Welcome,
)

__all__ = ["Sessions", "State", "Worlds"]

State = Literal["starting", "serving", "reloading", "stopping", "down"]

PING_SECONDS, SILENT_SECONDS = 5.0, 20.0

CRASHED = "The world has stopped unexpectedly. It is being started again; what you type meanwhile is kept."
RETURNED = "The world is back."
GIVEN_UP = "The world cannot be started. Whoever runs the game has to mend it; you stay connected."
FULL = "The world is not there at the moment, and no more of what you type can be kept. Please wait."
IN_DOUBT = "The world stopped before it answered you. Look whether this was still done before you repeat it: {lines}"

logger = logging.getLogger("perdure.gateway.worlds")


class Sessions(Protocol):
    """What the worlds need of the gateway."""

    def records(self) -> list[SessionRecord]:
        """Those who are connected."""

    def notice(self, text: str, sessids: Iterable[int] | None = None) -> None:
        """Tell them, or all, something from the gateway itself."""

    def unfinished(self) -> list[Line]:
        """The lines that no world has acknowledged, in order."""

    def forget_unfinished(self, lines: Iterable[tuple[int, int]] | None = None) -> None:
        """These, or all, will not be acknowledged."""

    async def http_drained(self, seconds: float) -> bool:
        """Wait until no web request is under way."""


class Worlds:
    """All worlds of a gateway, one after the other.

    Args:
        settings: of the gateway.
        command: what starts a world; `--generation N` is added.
        environment: variables for the world.
        restarts: how a world that dies is followed.
        directory: where sockets are.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        command: Sequence[str] = WORLD_COMMAND,
        environment: dict[str, str] | None = None,
        restarts: Restarts | None = None,
        directory: Path = RUN_DIRECTORY,
    ) -> None:
        self.on_message: Callable[[Any], None] | None = None
        self.on_state: Callable[[Any], None] | None = None
        self.settings = settings
        self.succession = Succession(self, settings.timeouts)
        self.keeper = Keeper(self.succession, self, restarts or Restarts())
        self.started = time.time()
        self._sessions: Sessions | None = None
        self._command = command
        self._environment = environment or {}
        self._directory = directory
        self._link = LinkServer(directory / "link.sock", self._find)
        self._processes: dict[str, WorldProcess] = {}
        self._waiting = Waiting(settings.limits.queued_lines)
        self._known: dict[int, SessionRecord] = {}
        self._told_full: set[int] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._code: dict[int, asyncio.Future[CodeResult]] = {}
        self._numbers = 0
        self._heard_at = 0.0
        self._away_since: float | None = time.monotonic()
        self.gap = 0.0
        self.busy = 0.0

    def attach(self, sessions: Sessions) -> None:
        """The gateway that holds the connections."""
        self._sessions = sessions

    # --- for the gateway -------------------------------------------------------------------------

    @property
    def is_serving(self) -> bool:
        """Whether a world takes what clients send."""
        return self.succession.phase in (Phase.SERVING, Phase.CHECKING)

    @property
    def state(self) -> State:
        """What is going on, for people who wait."""
        phase = self.succession.phase
        if self.is_serving:
            return "serving"
        if phase in (Phase.DRAINING, Phase.TAKING_OVER):
            return "reloading" if self.keeper.has_served else "starting"
        if phase is Phase.DOWN and self.keeper.will_try:
            return "starting"
        return {Phase.STARTING: "starting", Phase.STOPPING: "stopping"}.get(phase, "down")  # type: ignore[return-value]

    @property
    def http_socket(self) -> str | None:
        """Path of the serving world's web server; None while none serves."""
        world = self.succession.serving
        return world.http_socket or None if world is not None and self.is_serving else None

    def send(self, message: Any) -> bool:
        """Send to the world, or keep for it. False if it can be neither; the session has been told then."""
        world = self.succession.serving
        if world is not None and self.is_serving and world.is_writable and not self._waiting:
            self._hand_over(world, message)
            return True
        if self._waiting.add(message):
            return True
        if message.sessid not in self._told_full:
            self._told_full.add(message.sessid)
            self._notice(FULL, [message.sessid])
        return False

    def _hand_over(self, world: WorldProcess, message: Any) -> None:
        if isinstance(message, Connected):
            self._known[message.session.sessid] = message.session
        elif isinstance(message, Disconnected):
            self._known.pop(message.sessid, None)
        world.send(message)

    def status(self) -> dict[str, Any]:
        """For `perdure status` and the health pages: plain values."""
        world = self.succession.serving or self.succession.successor
        return {
            "state": self.state,
            "phase": self.succession.phase.value,
            "what": IN_WORDS[self.succession.phase],
            "serving": self.is_serving,
            "waiting": len(self._waiting),
            "failures": self.keeper.failures,
            "busy": self.busy,
            "gap": round(self.gap, 3),
            "error": self.keeper.last_error.summary if self.keeper.last_error else None,
            "world": world.status() if world else None,
        }

    # --- life ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Listen for worlds and keep one there until `stop`. Raises `WorldLost` if the first cannot serve."""
        await self._link.start()
        heartbeat = asyncio.get_running_loop().create_task(self._heartbeat())
        try:
            await self.keeper.run()
        finally:
            heartbeat.cancel()
            for world in list(self._processes.values()):
                await world.killed()
            await self._link.close()

    @property
    def is_changing(self) -> bool:
        """Whether a request would be refused now."""
        return self.keeper.is_changing

    async def request(
        self, verb: Verb, *, sessid: int | None = None, report: Callable[[str], None] | None = None
    ) -> Result:
        """Ask for a reload or a reset, and wait for what comes of it. See `Keeper`."""
        return await self.keeper.request(verb, sessid=sessid, report=report)

    async def stop(self, *, now: bool = False) -> None:
        """End the worlds, and `run` with them. See `Keeper`."""
        await self.keeper.stop(now=now)

    async def run_code(self, source: str, seconds: float = 3600.0) -> Result:
        """Run Python in the world that serves; `summary` is what it printed."""
        world = self.succession.serving
        if world is None or not self.is_serving:
            return Result(False, f"no code can be run now: {IN_WORDS[self.succession.phase]}")
        self._numbers += 1
        number = self._numbers
        answer = self._code[number] = asyncio.get_running_loop().create_future()
        world.send(RunCode(number, source))
        try:
            result = await world.until(answer, seconds, "running the code")
        except WorldLost as error:
            return Result(False, error.summary)
        finally:
            del self._code[number]
        return Result(not result.failed, result.text)

    # --- what the keeper tells us ----------------------------------------------------------------

    def outcome(self, verb: Verb, sessid: int | None, result: Result) -> None:
        """The world that serves hears what came of a request, whoever asked."""
        world = self.succession.serving
        if world is not None and self.is_serving:
            world.send(Outcome(verb, result.ok, result.summary, result.detail, sessid))

    def is_back(self) -> None:
        """A world serves again after a crash."""
        self._notice(RETURNED)

    def given_up(self) -> None:
        """No world can be started."""
        self._notice(GIVEN_UP)
        self._say_state()

    # --- what the succession asks of us ----------------------------------------------------------

    async def spawn(self, mode: Mode) -> WorldProcess:
        """Start the process of the next world."""
        try:
            generation = self._next_generation()
        except OSError as error:
            # A full disk is no reason to end what serves.
            raise WorldLost(f"the next world cannot be started: {error}") from error
        world = WorldProcess(generation, mode, self._deliver, self._writable)
        self._processes[world.token] = world
        world.gone.add_done_callback(lambda _: self._forget(world))
        welcome = Welcome(PROTOCOL, generation, mode, self.started)
        environment = {"PERDURE_LINK": str(self._link.path), **self._environment}
        try:
            await world.start(self._command, environment, welcome)
        except WorldLost:
            del self._processes[world.token]
            raise
        logger.info("world %d is starting (%s), pid %d", generation, mode, world.pid)
        return world

    def _forget(self, world: WorldProcess) -> None:
        """Its process has ended; one that was killed has left its socket behind."""
        self._processes.pop(world.token, None)
        (self._directory / f"http-{world.generation}.sock").unlink(missing_ok=True)

    def _find(self, token: str) -> WorldProcess | None:
        return self._processes.get(token)

    def _next_generation(self) -> int:
        """Counted on over gateways, so that no world uses the sockets of another that is still ending."""
        path = self._directory / "generation"
        try:
            number = int(path.read_text(encoding="ascii")) + 1
        except (OSError, ValueError):
            number = 1
        path.write_text(str(number), encoding="ascii")
        return number

    def sessions(self) -> list[SessionRecord]:
        """Those whom worlds know: who has come meanwhile is told of afterwards, who has gone is still among them."""
        newcomers = self._waiting.newcomers()
        records = [record for record in self._records() if record.sessid not in newcomers]
        there = {record.sessid for record in records}
        gone = sorted(self._waiting.departed() - there)
        return records + [self._known[sessid] for sessid in gone if sessid in self._known]

    async def web_finished(self, seconds: float) -> None:
        """Let the web requests that the old world has be answered by it."""
        if self._sessions is not None and not await self._sessions.http_drained(seconds):
            logger.warning("web requests were under way after %g s and are given up", seconds)

    def keep(self, leftovers: list[Line]) -> None:
        """Lines that the old world did not begin."""
        self._waiting.put_before(leftovers)

    def replay(self, world: WorldProcess) -> None:
        """Give the world what waits for it."""
        for message in self._waiting.take():
            self._hand_over(world, message)
        self._told_full.clear()

    def crashed(self, world: WorldProcess, reason: str) -> None:
        """Tell the players, and those whose lines may be lost what they were."""
        logger.error("world %d is lost: %s\n%s", world.generation, reason, world.last_output())
        self.keeper.last_error = Result(False, reason)
        self._notice(CRASHED)
        self._tell_in_doubt()

    def _tell_in_doubt(self) -> None:
        if self._sessions is None:
            return
        kept = self._waiting.lines()
        lost: dict[int, list[Line]] = {}
        for line in self._sessions.unfinished():
            if (line.sessid, line.seq) not in kept:
                lost.setdefault(line.sessid, []).append(line)
        for sessid, lines in lost.items():
            shown = "; ".join(line.text[:60].replace("|", "||") for line in lines[-5:])
            self._notice(IN_DOUBT.format(lines=shown), [sessid])
        self._sessions.forget_unfinished([(line.sessid, line.seq) for lines in lost.values() for line in lines])

    def moved(self, before: Phase, phase: Phase) -> None:
        """A change of phase is told to who asked, and to the gateway."""
        now = time.monotonic()
        world = self.succession.serving
        if self.is_serving and self._away_since is not None and world is not None:
            self._heard_at = now
            self.gap, self._away_since = now - self._away_since, None
            logger.info("world %d serves (pid %d); there was none for %.3f s", world.generation, world.pid, self.gap)
        elif not self.is_serving and self._away_since is None:
            self._away_since = now
        self.keeper.moved(before, phase)
        self._say_state()

    def _say_state(self) -> None:
        if self.on_state is not None:
            self.on_state(self.state)

    # --- what worlds say -------------------------------------------------------------------------

    def _deliver(self, world: WorldProcess, message: Any) -> None:
        """A message of a world that is not an answer to the succession."""
        if isinstance(message, CodeResult):
            answer = self._code.get(message.number)
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif isinstance(message, Pong):
            if world is self.succession.serving:
                self._heard_at, self.busy = time.monotonic(), message.busy
        elif not self._is_heard(world):
            logger.warning("world %d says %s but does not serve", world.generation, type(message).__name__)
        elif isinstance(message, Wanted):
            self._wanted(message)
        else:
            if isinstance(message, SessionState) and message.session.sessid in self._known:
                self._known[message.session.sessid] = message.session
            self._pass_on(message)

    def _is_heard(self, world: WorldProcess) -> bool:
        if world is self.succession.serving:
            return True
        return world is self.succession.successor and self.succession.phase is Phase.TAKING_OVER

    def _pass_on(self, message: Any) -> None:
        if self.on_message is None:
            return
        try:
            self.on_message(message)
        except Exception:
            # One message that cannot be shown to one client must not end the link, and with it the world.
            logger.exception("a message of the world could not be passed on: %s", type(message).__name__)

    def _wanted(self, message: Wanted) -> None:
        logger.info("the game wants a %s: %s", message.verb, message.reason or "no reason given")
        if message.verb == "stop":
            self._in_background(self.stop())
        else:
            self._in_background(self.request(message.verb, sessid=message.sessid))

    def _in_background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _writable(self, world: WorldProcess) -> None:
        if world is self.succession.serving and self.is_serving:
            self.replay(world)

    async def _heartbeat(self) -> None:
        """Ask the world how long its game thread has been at one thing; log once when it does not answer."""
        warned = False
        while True:
            await asyncio.sleep(PING_SECONDS)
            world = self.succession.serving
            if world is None or not self.is_serving:
                continue
            self._numbers += 1
            world.send(Ping(self._numbers))
            silent = time.monotonic() - self._heard_at > SILENT_SECONDS
            if silent and not warned:
                logger.warning(
                    "world %d (pid %d) has not answered for %g s", world.generation, world.pid, SILENT_SECONDS
                )
            warned = silent

    # --- the gateway's connections ---------------------------------------------------------------

    def _records(self) -> list[SessionRecord]:
        return self._sessions.records() if self._sessions is not None else []

    def _notice(self, text: str, sessids: Iterable[int] | None = None) -> None:
        if self._sessions is not None:
            self._sessions.notice(text, sessids)
