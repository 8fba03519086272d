"""The game loop: does the world's work on one thread, in ticks that commit together.

Contract
    Work comes as units (`submit` from any thread, timers, the answers of `offload`). What waits is done in one tick:
    each unit in a block of its own, all of them in one transaction. A unit that raises is undone, database and memory,
    and what it sent and asked for is dropped; the others stand. What units sent leaves after the commit, and then
    begins what they asked for (units, timers, offloaded work); it follows the innermost block that it was asked in.

Invariants
    - Nothing leaves that is not committed, and nothing is begun that was asked for by what is undone.
    - A unit is done once. If the commit itself is refused, nothing of the tick remains, and each of its units is done
      again in a transaction of its own (a stale read does the same to a single unit, at most `ATTEMPTS` times).
    - Order: units of one turn are done in the order in which they came; turns alternate (`turns`).
    - No unit is lost: what a tick did not come to is done in the next, whatever ended the tick. While the database
      cannot be reached, everything waits.

Owner: the thread that calls `run_forever` (or the other running methods); `submit`, `between_ticks`, `offload` and
`stop` may be called from any thread.

Failure modes: errors of units are logged with an id and told to the unit's `failed`. An error after the commit (in
`on_commit` work, in `deliver`) is logged and undoes nothing. Whatever is raised, `SystemExit` included, ends what it
was raised in and no more; only Ctrl-C ends a loop, and only one that is driven by hand (a test).
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Protocol

from django.db import DEFAULT_DB_ALIAS

from perdure.errors import IllegalState, NoGameLoop
from perdure.gameloop.offloading import Pool
from perdure.gameloop.ticks import TICK_UNITS, Ticking
from perdure.gameloop.timers import TimerHandle, Timers
from perdure.gameloop.units import Failed, Shown, Unit

__all__ = ["GameLoop", "TimerSource", "current_loop", "set_current_loop"]

logger = logging.getLogger("perdure.gameloop")

SLOW_SECONDS = 0.1
#: Seconds that are waited at once at most: the system refuses to wait for centuries, and a timer may be that far off.
LONGEST_WAIT = 3600.0
#: For how long a source of timers that has failed is left alone.
SILENCE = 5.0
#: How long to wait before a database that cannot be reached is tried again.
AWAY_SECONDS = 0.2


class TimerSource(Protocol):
    """Something else that has work at a time of its own: the clock of scripts."""

    def seconds_until_due(self) -> float | None:
        """Until the next work, 0 or less if it is due; None without any."""

    def run_due(self) -> None:
        """Do what is due; called as a unit."""

    def advance(self, seconds: float) -> None:
        """Let time pass without doing anything (tests)."""


class GameLoop(Ticking):
    """One world's work.

    Args:
        deliver: called on the game thread after each commit with what was sent, in order.
        alias: the database.
        clock: gives seconds.
        workers: how many threads do offloaded work.
        slow: from how many seconds on a unit is reported as slow.
    """

    def __init__(
        self,
        deliver: Callable[[list[Any]], object],
        *,
        alias: str = DEFAULT_DB_ALIAS,
        clock: Callable[[], float] = time.monotonic,
        workers: int = 2,
        slow: float = SLOW_SECONDS,
    ) -> None:
        super().__init__(deliver, alias, slow)
        self._clock = clock
        self._ahead = 0.0
        self._queue: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._between: deque[Callable[[], object]] = deque()
        self._silent: dict[int, float] = {}
        self._timers = Timers(self.after_commit, alias)
        self._sources: list[TimerSource] = []
        self._stopping = threading.Event()
        self._pool = Pool(self, workers)
        self.started = time.time()
        #: When the gateway began, which outlives worlds; None where there is none.
        self.gateway_started: float | None = None
        #: What `wanted` calls: the way to whoever started this process.
        self.control: Callable[[str, str, Any], object] | None = None

    # --- asking for work

    def submit(
        self,
        function: Callable[[], Any],
        *,
        label: str = "",
        caller: Any = None,
        failed: Failed | None = None,
        line: Shown = None,
        turn: Hashable = None,
        about: Any = None,
        anyway: bool = False,
    ) -> None:
        """Do `function()` as one unit in the next tick; arguments as of `Unit`. From any thread.

        With `anyway` it is done even if the unit that asks for it is undone: for what has happened all the same.
        """
        unit = Unit(function, label, caller, failed, line, turn, about)
        if anyway or threading.get_ident() != self.thread_id:
            self._queue.put(unit)
        else:
            self.after_commit(partial(self._queue.put, unit))

    def between_ticks(self, function: Callable[[], object]) -> None:
        """Call `function()` when the present tick is over, in no transaction. From any thread."""
        self.after_commit(partial(self._enter_between, function))

    def _enter_between(self, function: Callable[[], object]) -> None:
        self._between.append(function)
        self._queue.put(None)

    def withdraw(self, chosen: Callable[[Unit], bool]) -> list[Unit]:
        """Take back units that wait and are `chosen`; they will not be done. On the game thread."""
        self._take_in()
        return self._waiting.withdraw(chosen)

    def call_soon(self, function: Callable[..., Any], *args: Any, label: str = "") -> None:
        """Do `function(*args)` as a unit in the next tick."""
        self.submit(partial(function, *args), label=label or getattr(function, "__qualname__", ""))

    def call_later(self, seconds: float, function: Callable[..., Any], *args: Any, label: str = "") -> TimerHandle:
        """Do `function(*args)` as a unit in `seconds`. On the game thread.

        Setting a timer and cancelling it are undone with the block that they are asked for in.
        """
        name = label or getattr(function, "__qualname__", "timer")
        return self._timers.add(self.time() + max(0.0, seconds), function, args, name)

    def offload(
        self,
        function: Callable[..., Any],
        *args: Any,
        then: Callable[[Any, BaseException | None], object] | None = None,
    ) -> None:
        """Do `function(*args)` on another thread, without live objects; `then(result, error)` is a unit later.

        It begins when what asks for it is committed. Raises `Overloaded` when too much waits already.
        """
        self._pool.reserve()
        self.after_commit(partial(self._pool.begin, function, args, then), undone=self._pool.give_back)

    def wanted(self, verb: str, reason: str = "", session: Any = None) -> bool:
        """Ask whoever started this process to reload, reset or stop it; whether there is anybody to ask."""
        control = self.control
        if control is None:
            return False
        self.after_commit(lambda: control(verb, reason, session))
        return True

    def add_source(self, source: TimerSource) -> None:
        """Have the loop run the work of `source` when it is due."""
        self._sources.append(source)

    # --- facts

    def time(self) -> float:
        """Seconds of this loop's clock."""
        return self._clock() + self._ahead

    @property
    def backlog(self) -> int:
        """How many units wait."""
        return self._queue.qsize() + len(self._waiting)

    @property
    def timers(self) -> int:
        """How many timers are set."""
        return len(self._timers)

    # --- running

    def run_forever(self) -> None:
        """Work until `stop` is called."""
        self._own_thread()
        self._contained = (BaseException,)
        while not self._stopping.is_set():
            try:
                self.run_once(None)
            except BaseException:  # a bug of ours: the world goes on, and nothing was sent that is not committed
                logger.critical("error in the game loop itself", exc_info=True)
                self.outbox.rewind(0)
                self._after.rewind(0)

    def stop(self) -> None:
        """Let `run_forever` return after the present tick. From any thread."""
        self._stopping.set()
        self._queue.put(None)

    def close(self) -> None:
        """End the threads of the pool."""
        self._pool.close()

    def run_once(self, timeout: float | None = 0.0) -> bool:
        """Wait for work up to `timeout` seconds (None: until there is some) and do one tick; whether there was any."""
        if self.unit is not None:
            raise IllegalState(f"a tick cannot be run inside of a unit ({self.unit.label})")
        if self._after:
            self._after_commits()  # it was asked for between ticks, in a transaction that is committed by now
        first = self._wait(timeout)
        if self._between:
            self._take_in(first)
            self._do_between()
            return True
        if not self.has_database():
            self._take_in(first)
            self._stopping.wait(AWAY_SECONDS)
            return True
        units = self._take(first)
        if not units:
            return False
        self.tick(units)
        return True

    def _do_between(self) -> None:
        function = self._between.popleft()
        try:
            function()
        except self._contained:
            logger.exception("error between ticks")

    def run_until_idle(self, seconds: float = 10.0, offloaded: bool = True) -> None:
        """Work until nothing waits and nothing is offloaded; timers that are not due do not count (tests, stopping).

        Without `offloaded`, what other threads are at is not waited for. Raises `TimeoutError` if it takes longer than
        `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            waits = offloaded and self._pool.busy > 0
            if not self.run_once(0.002 if waits else 0.0) and not waits and not self.backlog:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"the world still had work after {seconds:g} s")

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once, doing what becomes due on the way at its time (tests)."""
        self.run_until_idle()
        end = self.time() + seconds
        while (wait := self._until_due()) is not None and self.time() + wait <= end:
            self._pass(max(0.0, wait))
            self.run_until_idle()
        self._pass(max(0.0, end - self.time()))
        self.run_until_idle()

    def _pass(self, seconds: float) -> None:
        self._ahead += seconds
        for source in self._sources:
            try:
                source.advance(seconds)
            except Exception:
                logger.exception("time cannot pass for %r", source)

    def _until_due(self) -> float | None:
        due = self._timers.next_due()
        waits = [] if due is None else [due - self.time()]
        waits += [wait for source in self._sources if (wait := self._ask(source)) is not None]
        return min(waits, default=None)

    def _ask(self, source: TimerSource) -> float | None:
        """When a source has work; one that cannot say has none for a while."""
        now = self.time()
        if self._silent.get(id(source), now) > now:
            return None
        try:
            return source.seconds_until_due()
        except self._contained:
            logger.exception("%r cannot say when it has work; it is asked again in %g s", source, SILENCE)
            self._silent[id(source)] = now + SILENCE
            self._timers.add(now + SILENCE, lambda: None, (), "asking again")
            return None

    def _wait(self, timeout: float | None) -> Unit | None:
        """The first unit that comes in time, if any."""
        if self._waiting or self._between:
            return None
        due = self._until_due()
        if due is not None and (timeout is None or due < timeout):
            timeout = min(due, LONGEST_WAIT)
        try:
            if timeout is not None and timeout <= 0:
                return self._queue.get_nowait()
            return self._queue.get(timeout=timeout)
        except queue.Empty:
            return None

    def _take(self, first: Unit | None) -> list[Unit]:
        """What is to be done in this tick: timers that are due, and what has come and has its turn."""
        for handle in self._timers.take_due(self.time()):
            self._waiting.add(Unit(partial(handle.function, *handle.arguments), handle.label))
        for source in self._sources:
            wait = self._ask(source)
            if wait is not None and wait <= 0:
                self._waiting.add(Unit(source.run_due, "timers of scripts"))
        self._take_in(first)
        return self._waiting.take(TICK_UNITS)

    def _take_in(self, first: Unit | None = None) -> None:
        """Let what has come from other threads wait for its turn."""
        if first is not None:
            self._waiting.add(first)
        while True:
            try:
                unit = self._queue.get_nowait()
            except queue.Empty:
                return
            if unit is not None:
                self._waiting.add(unit)


_current: GameLoop | None = None


def set_current_loop(loop: GameLoop | None) -> None:
    """Make `loop` the one of this process; None: there is none."""
    global _current
    _current = loop


def current_loop() -> GameLoop:
    """The loop of this process.

    Raises `NoGameLoop` in a process that runs no world (a shell, a plain Django site).
    """
    if _current is None:
        raise NoGameLoop(
            "there is no game loop in this process, so nothing can wait or be done later: run this in the world "
            "(perdure shell --live, the py command), or in a test with the `world` fixture"
        )
    return _current
