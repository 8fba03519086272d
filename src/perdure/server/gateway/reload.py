"""How one world follows another: the phases, which may follow which, and the steps with their deadlines.

    DOWN -> STARTING -> TAKING_OVER -> SERVING                            the first world, or one after a crash
    SERVING -> CHECKING -> DRAINING -> TAKING_OVER -> SERVING             a reload
    SERVING -> CHECKING -> SERVING                                        a reload that was refused: the code is broken
    … TAKING_OVER -> SERVING (the old world resumes)                      the new one fails when it is to serve
    CHECKING -> STARTING -> TAKING_OVER -> SERVING                        the old one dies while the new checks itself

Contract: `bring_up` starts a world where none serves, `replace` puts a new one in the place of the one that serves,
`shut_down` ends what there is. When `replace` raises, the old world serves as before, if it lives. Nothing waits for
ever: each step has a deadline, and a world that misses it is killed.

Invariants: a new world serves only after it has checked itself, and only when the old one has committed and waits, or
is dead. The old one is told to end only when the new one serves. `phase` changes by `move` alone, along `TRANSITIONS`.

Failure modes: `WorldLost` with file and line, when a world cannot be had; `IllegalTransition` is a bug of ours.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from typing import Any, Protocol

from perdure.server.gateway.process import TooLate, WorldLost, WorldProcess
from perdure.server.gateway.settings import Timeouts
from perdure.server.messages import Line, Mode, Quiesce, Resume, SessionRecord, TakeOver

__all__ = ["IN_WORDS", "TRANSITIONS", "Host", "IllegalTransition", "Phase", "Succession"]

#: How much longer than it was told we wait for a world to finish.
GRACE = 0.5
#: A quiesced world answers no web requests, so those that it has may finish before; longer than this nobody waits.
WEB_SECONDS = 1.0
#: How long a world has that is to end at once.
NOW_SECONDS = 1.0

logger = logging.getLogger("perdure.gateway.reload")


class Phase(enum.Enum):
    """What is going on with the worlds."""

    DOWN = "down"
    STARTING = "starting"
    SERVING = "serving"
    CHECKING = "checking"
    DRAINING = "draining"
    TAKING_OVER = "taking over"
    STOPPING = "stopping"
    STOPPED = "stopped"


TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.DOWN: frozenset({Phase.STARTING, Phase.STOPPING}),
    Phase.STARTING: frozenset({Phase.TAKING_OVER, Phase.DOWN, Phase.STOPPING}),
    Phase.SERVING: frozenset({Phase.CHECKING, Phase.DOWN, Phase.STOPPING}),
    Phase.CHECKING: frozenset({Phase.DRAINING, Phase.SERVING, Phase.STARTING, Phase.DOWN, Phase.STOPPING}),
    Phase.DRAINING: frozenset({Phase.TAKING_OVER, Phase.STOPPING}),
    Phase.TAKING_OVER: frozenset({Phase.SERVING, Phase.DOWN, Phase.STOPPING}),
    Phase.STOPPING: frozenset({Phase.STOPPED}),
    Phase.STOPPED: frozenset(),
}

IN_WORDS = {
    Phase.DOWN: "no world is running",
    Phase.STARTING: "a world is being started",
    Phase.SERVING: "the world is serving",
    Phase.CHECKING: "a new world is checking itself, the old one goes on serving",
    Phase.DRAINING: "the old world is finishing what it has begun",
    Phase.TAKING_OVER: "the new world is taking over",
    Phase.STOPPING: "the game is being stopped",
    Phase.STOPPED: "the game has been stopped",
}


class IllegalTransition(RuntimeError):
    """A phase that may not follow the one there is."""


class Host(Protocol):
    """What the succession needs of its surroundings."""

    async def spawn(self, mode: Mode) -> WorldProcess:
        """Start the process of a world. Raises `WorldLost`."""

    def sessions(self) -> list[SessionRecord]:
        """The sessions that a world takes over."""

    async def web_finished(self, seconds: float) -> None:
        """No new web requests reach the old world; wait for those that have."""

    def keep(self, leftovers: list[Line]) -> None:
        """These lines were not begun: the next world does them first."""

    def replay(self, world: WorldProcess) -> None:
        """This world serves now: give it all that waits."""

    def crashed(self, world: WorldProcess, reason: str) -> None:
        """The serving world is gone, and what it was at may be lost."""

    def moved(self, before: Phase, phase: Phase) -> None:
        """The phase has changed."""


class Succession:
    """Which world serves, and who follows it.

    Args:
        host: the surroundings.
        timeouts: the deadlines.
    """

    def __init__(self, host: Host, timeouts: Timeouts) -> None:
        self.phase = Phase.DOWN
        self.serving: WorldProcess | None = None
        self.successor: WorldProcess | None = None
        self._host = host
        self._timeouts = timeouts
        self._retiring: set[asyncio.Task[None]] = set()

    def move(self, phase: Phase) -> None:
        """Go on to another phase. Raises `IllegalTransition` for one that may not follow."""
        before = self.phase
        if phase not in TRANSITIONS[before]:
            raise IllegalTransition(f"{phase.value} may not follow {before.value}")
        self.phase = phase
        logger.debug("%s -> %s", before.value, phase.value)
        self._host.moved(before, phase)

    # --- where no world serves -------------------------------------------------------------------

    async def bring_up(self, mode: Mode, sessid: int | None = None) -> None:
        """Start a world. Raises `WorldLost`; then none serves, as before."""
        self.move(Phase.STARTING)
        try:
            world = self.successor = await self._host.spawn(mode)
            await world.until(world.ready, self._timeouts.reload, "checking itself")
            await self._take_over(world, mode, sessid)
        except WorldLost:
            await self._discard_successor()
            self.move(Phase.DOWN)
            raise

    async def _take_over(self, world: WorldProcess, mode: Mode, sessid: int | None) -> None:
        """The last step of every way to a new world."""
        self.move(Phase.TAKING_OVER)
        world.send(TakeOver(mode, self._host.sessions(), sessid))
        await world.until(world.running, self._timeouts.takeover, "taking over")
        old, self.serving, self.successor = self.serving, world, None
        self._serve(world)
        if old is not None:
            self._retire(old)

    def _serve(self, world: WorldProcess) -> None:
        # First what waits, then the news: who hears it may send, and that comes after.
        self._host.replay(world)
        self.move(Phase.SERVING)

    # --- in the place of another -----------------------------------------------------------------

    async def replace(self, mode: Mode, sessid: int | None = None) -> None:
        """Put a new world in the place of the one that serves.

        Raises:
            WorldLost: there is no new world. The old one serves on, unless it is gone: then none does.
        """
        self.move(Phase.CHECKING)
        try:
            self.successor = await self._host.spawn(mode)
            await self._checked(self.successor)
        except WorldLost:
            await self._discard_successor()
            self._lose_if_gone()
            self.move(Phase.DOWN if self.serving is None else Phase.SERVING)
            raise
        if self.serving is not None:
            await self._drain(self.serving, mode, sessid)
        # Without the old one's farewell the new one has to put things right as after a crash.
        mode = mode if self.serving is not None else "crash"
        try:
            await self._take_over(self.successor, mode, sessid)
        except WorldLost as error:
            await self._discard_successor()
            await self._resume(error)
            raise

    async def _checked(self, new: WorldProcess) -> None:
        """Wait until the new world is ready, whatever becomes of the old one meanwhile."""
        deadline = asyncio.get_running_loop().time() + self._timeouts.reload
        answers: set[asyncio.Future[Any]] = {new.ready, new.failed, new.gone}
        if self.serving is not None:
            await asyncio.wait(
                {*answers, self.serving.gone}, timeout=self._timeouts.reload, return_when=asyncio.FIRST_COMPLETED
            )
            if self._lose_if_gone():
                self.move(Phase.STARTING)
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        try:
            await new.until(new.ready, left, "checking itself")
        except TooLate as error:
            limit = f"the new world did not finish checking itself within {self._timeouts.reload:g} s"
            raise TooLate(limit, error.detail) from None

    async def _drain(self, old: WorldProcess, mode: Mode, sessid: int | None) -> None:
        """Have the old world finish and commit; one that does not is killed, and we go on without it."""
        self.move(Phase.DRAINING)
        try:
            await self._host.web_finished(WEB_SECONDS)
            self._host.keep(await self._quiesce(old, mode, sessid))
        except WorldLost as error:
            await old.killed()
            self.serving = None
            self._host.crashed(old, error.summary)

    async def _quiesce(self, world: WorldProcess, mode: Mode, sessid: int | None) -> list[Line]:
        world.expect_anew()
        world.send(Quiesce(mode, self._timeouts.quiesce, sessid))
        return await world.until(world.quiesced, self._timeouts.quiesce + GRACE, "finishing")

    async def _resume(self, failure: WorldLost) -> None:
        """The new world failed when it should have served: the old one goes on."""
        old = self.serving
        if old is None:
            self.move(Phase.DOWN)
            return
        logger.warning("the new world did not take over (%s); the old one goes on", failure.summary)
        old.send(Resume(self._host.sessions()))
        try:
            await old.until(old.running, self._timeouts.takeover, "resuming")
        except WorldLost as error:
            await old.killed()
            self.serving = None
            self._host.crashed(old, error.summary)
            self.move(Phase.DOWN)
            return
        self._serve(old)

    # --- ends ------------------------------------------------------------------------------------

    def lost(self) -> None:
        """The serving world has died while nothing else was going on."""
        if self._lose_if_gone():
            self.move(Phase.DOWN)

    def _lose_if_gone(self) -> bool:
        old = self.serving
        if old is None or not old.gone.done():
            return False
        self.serving = None
        self._host.crashed(old, old.loss("serving").summary)
        return True

    async def _discard_successor(self) -> None:
        new, self.successor = self.successor, None
        if new is not None:
            await new.killed()

    def _retire(self, old: WorldProcess) -> None:
        task = asyncio.get_running_loop().create_task(old.end(self._timeouts.stop))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def shut_down(self, *, now: bool = False) -> None:
        """End every world: with its farewell to the game, or `now`."""
        self.move(Phase.STOPPING)
        await self._discard_successor()
        if self.serving is not None:
            await self._farewell(self.serving, now)
            self.serving = None
        if self._retiring:
            await asyncio.wait(set(self._retiring))
        self.move(Phase.STOPPED)

    def hurry(self) -> None:
        """Whoever is said farewell to has had time enough: end it now."""
        if self.serving is not None:
            self.serving.kill()

    async def _farewell(self, world: WorldProcess, now: bool) -> None:
        if now:
            await world.end(min(NOW_SECONDS, self._timeouts.stop))
            return
        try:
            await self._quiesce(world, "shutdown", None)
        except WorldLost as error:
            logger.error("the world did not finish in order: %s", error.summary)
            await world.killed()
        else:
            await world.end(self._timeouts.stop)
