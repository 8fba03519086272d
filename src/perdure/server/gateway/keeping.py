"""Keeping a world there: who asks for another, and what follows one that died.

Contract: `run` starts the first world and keeps one serving until `stop`. `request` asks for a reload or a reset; one
at a time, a second is refused with what is going on. A world that dies is followed by another; after some quick deaths
in a row nobody is started until somebody asks.

Invariants: one task does all of it, step by step, so no two steps are ever under way together. `stop` is heard at any
time; a change-over in its last second is let finish first, so that the world can say farewell.

Failure modes: `WorldLost` from `run` when the very first world cannot serve.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from perdure.server.gateway.process import WorldLost, WorldProcess
from perdure.server.gateway.reload import IN_WORDS, Phase, Succession

__all__ = ["Audience", "Keeper", "Request", "Restarts", "Result", "Verb"]

Verb = Literal["reload", "reset"]

logger = logging.getLogger("perdure.gateway.worlds")


@dataclass(frozen=True)
class Restarts:
    """How often a dead world is followed by another.

    Args:
        quick: a world that served for less than so many seconds counts as a failure.
        delays: seconds before each attempt after as many failures in a row; when they are used up, we give up.
    """

    quick: float = 60.0
    delays: Sequence[float] = (0.0, 0.5, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Result:
    """What came of a request: one line, and the traceback for who wants it."""

    ok: bool
    summary: str
    detail: str = ""


@dataclass(eq=False)
class Request:
    """Somebody wants a new world."""

    verb: Verb
    sessid: int | None
    report: Callable[[str], None] | None
    result: asyncio.Future[Result] = field(repr=False)


class Audience(Protocol):
    """Who is told what came of it all."""

    def outcome(self, verb: Verb, sessid: int | None, result: Result) -> None:
        """What came of a request."""

    def is_back(self) -> None:
        """A world serves again after a crash."""

    def given_up(self) -> None:
        """No world can be started; nobody tries any more until asked."""


class Keeper:
    """Sees to it that a world serves.

    Args:
        succession: what it moves.
        audience: who is told.
        restarts: how a world that dies is followed.
    """

    def __init__(self, succession: Succession, audience: Audience, restarts: Restarts) -> None:
        self.has_served = False
        self.failures = 0
        self.last_error: Result | None = None
        self._succession = succession
        self._audience = audience
        self._restarts = restarts
        self._served_since = 0.0
        self._request: Request | None = None
        self._wake = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._stop: bool | None = None
        self._stopped = asyncio.Event()

    @property
    def is_changing(self) -> bool:
        """Whether a request would be refused, because another step is under way."""
        return self._request is not None or self._succession.phase not in (Phase.SERVING, Phase.DOWN)

    @property
    def will_try(self) -> bool:
        """Whether a world that is not there will be started without anybody's asking."""
        return not self.has_served or self.failures < len(self._restarts.delays)

    # --- what can be asked -----------------------------------------------------------------------

    async def request(
        self, verb: Verb, *, sessid: int | None = None, report: Callable[[str], None] | None = None
    ) -> Result:
        """Ask for a new world, and wait for what comes of it.

        Args:
            verb: "reload" or "reset".
            sessid: the session that asks, if one does.
            report: called with a line for each step.
        """
        if self.is_changing or self._stop is not None:
            result = Result(False, f"a {verb} is not possible now: {IN_WORDS[self._succession.phase]}")
            self._audience.outcome(verb, sessid, result)
            return result
        self._request = Request(verb, sessid, report, asyncio.get_running_loop().create_future())
        self._wake.set()
        return await self._request.result

    async def stop(self, *, now: bool = False) -> None:
        """End the worlds, and `run` with them; returns when they have ended.

        Args:
            now: without giving the game time to say farewell.
        """
        self._stop = now or bool(self._stop)
        self._wake.set()
        in_its_last_second = self._succession.phase in (Phase.DRAINING, Phase.TAKING_OVER)
        if self._work is not None and (now or not in_its_last_second):
            self._work.cancel()
        await self._stopped.wait()

    def moved(self, before: Phase, phase: Phase) -> None:
        """The succession has come to another phase."""
        if phase is Phase.SERVING and before is not Phase.CHECKING:
            self.has_served = True
            self._served_since = time.monotonic()
        if self._request is not None and self._request.report is not None:
            self._request.report(IN_WORDS[phase])

    # --- the one task ----------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep a world there until `stop`. Raises `WorldLost` if the first cannot serve."""
        self._work = asyncio.get_running_loop().create_task(self._supervise())
        try:
            with suppress(asyncio.CancelledError):
                await self._work
        finally:
            self._finish(Result(False, "the game is being stopped"))
            try:
                await self._shut_down()
            finally:
                self._stopped.set()

    async def _shut_down(self) -> None:
        """With a farewell; a second `stop`, for now, cuts it short."""
        ending = asyncio.ensure_future(self._succession.shut_down(now=bool(self._stop)))
        while not ending.done():
            self._wake.clear()
            hurried = asyncio.ensure_future(self._wake.wait())
            both: set[asyncio.Future[Any]] = {ending, hurried}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            hurried.cancel()
            if self._stop and not ending.done():
                self._succession.hurry()
        await ending

    async def _supervise(self) -> None:
        if self._stop is None:
            await self._succession.bring_up("start")
        while self._stop is None:
            if self._succession.serving is None:
                await self._bring_back()
            else:
                await self._watch(self._succession.serving)

    async def _watch(self, world: WorldProcess) -> None:
        """Until the world dies or somebody wants something."""
        await self._woken_or(world.gone)
        if world.gone.done():
            quick = time.monotonic() - self._served_since < self._restarts.quick
            self.failures = self.failures + 1 if quick else 0
            self._succession.lost()
        elif self._request is not None:
            await self._carry_out(self._request)

    async def _woken_or(self, gone: asyncio.Future[str] | None, seconds: float | None = None) -> None:
        wake = asyncio.ensure_future(self._wake.wait())
        wanted: set[asyncio.Future[Any]] = {wake, gone} if gone else {wake}
        try:
            await asyncio.wait(wanted, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wake.cancel()
            self._wake.clear()

    async def _carry_out(self, request: Request) -> None:
        try:
            await self._succession.replace(request.verb, request.sessid)
        except WorldLost as error:
            logger.error("the %s was refused: %s\n%s", request.verb, error.summary, error.detail)
            self._finish(Result(False, error.summary, error.detail))
        else:
            self.failures = 0
            self._finish(Result(True, f"the {request.verb} is done"))

    async def _bring_back(self) -> None:
        """Start a world after a crash: soon, later, or when somebody asks."""
        if self._request is None:
            await self._woken_or(None, self._restarts.delays[self.failures] if self.will_try else None)
        if self._stop is not None or (self._request is None and not self.will_try):
            return
        request = self._request
        if request is not None:
            self.failures = 0
        try:
            await self._succession.bring_up("crash", request.sessid if request else None)
        except WorldLost as error:
            self._not_back(error)
        else:
            self._audience.is_back()
            self._finish(Result(True, "the world is back"))

    def _not_back(self, error: WorldLost) -> None:
        self.failures += 1
        logger.error("the world cannot be started: %s\n%s", error.summary, error.detail)
        self._finish(Result(False, error.summary, error.detail))
        if not self.will_try:
            logger.critical("no world could be started %d times; mend it, then: perdure reload", self.failures)
            self._audience.given_up()

    def _finish(self, result: Result) -> None:
        """Tell who asked, if somebody did. What went wrong is remembered until something goes right."""
        request, self._request = self._request, None
        self.last_error = None if result.ok else result
        if request is not None:
            self._audience.outcome(request.verb, request.sessid, result)
            if not request.result.done():
                request.result.set_result(result)
