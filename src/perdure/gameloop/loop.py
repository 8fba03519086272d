"""The game loop: does the world's work on one thread, in ticks that commit together.

Contract
    Work comes as units (`submit` from any thread, timers, the answers of `offload`). What waits is done in one tick:
    each unit in a block of its own, all of them in one transaction. A unit that raises is undone, database and memory,
    and what it sent is dropped; the others stand. What units sent leaves after the commit.

Invariants
    - Nothing leaves that is not committed.
    - A unit is done once. If the commit itself is refused, nothing of the tick remains, and each of its units is done
      again in a transaction of its own (a stale read does the same to a single unit, at most `ATTEMPTS` times).
    - Order: units of one turn are done in the order in which they came; turns alternate (`turns`).
    - No unit is lost: what a tick did not come to is done in the next, whatever ended the tick.

Owner: the thread that calls `run_forever` (or the other running methods); `submit`, `between_ticks`, `offload` and
`stop` may be called from any thread.

Failure modes: errors of units are logged with an id and told to the unit's `failed`. An error after the commit (in
`on_commit` work, in `deliver`) is logged and undoes nothing. Whatever is raised, `SystemExit` included, ends what it
was raised in and no more; only Ctrl-C ends a loop, and only one that is driven by hand (a test).
"""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from asyncio import CancelledError
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Protocol

from django.db import DEFAULT_DB_ALIAS, DatabaseError, Error

from perdure.errors import IllegalState, NoGameLoop, StaleObject
from perdure.gameloop.interruption import Interrupted
from perdure.gameloop.offloading import Pool
from perdure.gameloop.outbox import Outbox
from perdure.gameloop.timers import TimerHandle, Timers
from perdure.gameloop.turns import Turns
from perdure.gameloop.units import Failed, Report, Unit
from perdure.transactions import on_commit, transaction, unit_of_work
from perdure.transactions.blocks import all_or_nothing
from perdure.transactions.connection import keep_commit_hooks_apart

__all__ = ["GameLoop", "TimerSource", "current_loop", "set_current_loop"]

logger = logging.getLogger("perdure.gameloop")
slow_logger = logging.getLogger("perdure.slow")

ATTEMPTS = 3
#: How much is done in one tick at most, so that the first in it need not wait for the last: units, and seconds.
TICK_UNITS, TICK_SECONDS = 256, 0.02
SLOW_SECONDS = 0.1
#: For how long a source of timers that has failed is left alone.
SILENCE = 5.0
#: What ends a unit and not the loop, wherever it runs; in `run_forever` everything does.
CONTAINED: tuple[type[BaseException], ...] = (
    Exception,
    Interrupted,
    SystemExit,
    GeneratorExit,
    CancelledError,
    BaseExceptionGroup,
)


class TimerSource(Protocol):
    """Something else that has work at a time of its own: the clock of scripts."""

    def seconds_until_due(self) -> float | None:
        """Until the next work, 0 or less if it is due; None without any."""

    def run_due(self) -> None:
        """Do what is due; called as a unit."""

    def advance(self, seconds: float) -> None:
        """Let time pass without doing anything (tests)."""


class _TickLost(Exception):
    """The transaction of the tick cannot be committed any more."""


class GameLoop:
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
        self._deliver = deliver
        self._alias = alias
        self._clock = clock
        self._ahead = 0.0
        self._queue: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._waiting = Turns()
        self._between: deque[Callable[[], object]] = deque()
        self._contained = CONTAINED
        self._silent: dict[int, float] = {}
        self._timers = Timers()
        self._sources: list[TimerSource] = []
        self._stopping = threading.Event()
        self._pool = Pool(self, workers)
        self._busy_since = 0.0
        self._after: list[Callable[[], object]] = []
        self.outbox = Outbox(alias)
        self.thread_id = threading.get_ident()
        self.started = time.time()
        #: When the gateway began, which outlives worlds; None where there is none.
        self.gateway_started: float | None = None
        self.unit: Unit | None = None
        self.slow_seconds = slow
        self.slow: deque[Report] = deque(maxlen=50)
        self.observers: list[Callable[[Report], object]] = []
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
        line: str | None = None,
        turn: Hashable = None,
        about: Any = None,
    ) -> None:
        """Do `function()` as one unit in the next tick; arguments as of `Unit`. From any thread."""
        self._queue.put(Unit(function, label, caller, failed, line, turn, about))

    def between_ticks(self, function: Callable[[], object]) -> None:
        """Call `function()` when the present tick is over, in no transaction. From any thread."""
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
        """Do `function(*args)` as a unit in `seconds`. On the game thread."""
        name = label or getattr(function, "__qualname__", "timer")
        return self._timers.add(self.time() + max(0.0, seconds), function, args, name)

    def offload(
        self,
        function: Callable[..., Any],
        *args: Any,
        then: Callable[[Any, BaseException | None], object] | None = None,
    ) -> None:
        """Do `function(*args)` on another thread, without live objects; `then(result, error)` is a unit later.

        Raises `Overloaded` when too much waits already.
        """
        self._pool.submit(function, args, then)

    def after_commit(self, function: Callable[[], object]) -> None:
        """Call `function()` when this tick is committed and what it sent has left; not for units that are undone."""
        frame_undone = _Undone()
        unit = unit_of_work(self._alias)
        if unit.in_transaction:
            unit.frames[-1].callbacks.append(frame_undone.note)
        self._after.append(lambda: None if frame_undone.noted else function())

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

    def busy_for(self) -> float:
        """For how many seconds the game thread has been at the present unit; 0 between units. From any thread."""
        return time.monotonic() - self._busy_since if self.unit is not None else 0.0

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
        self.thread_id = threading.get_ident()
        self._contained = (BaseException,)
        while not self._stopping.is_set():
            try:
                self.run_once(None)
            except BaseException:  # a bug of ours: the world goes on, and nothing was sent that is not committed
                logger.critical("error in the game loop itself", exc_info=True)
                self.outbox.release()
                self._after.clear()

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
        first = self._wait(timeout)
        if self._between:
            self._take_in(first)
            self._do_between()
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

    def run_until_idle(self, seconds: float = 10.0) -> None:
        """Work until nothing waits and nothing is offloaded; timers that are not due do not count (tests, stopping).

        Raises `TimeoutError` if that takes longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            if not self.run_once(0.002 if self._pool.busy else 0.0) and not self._pool.busy and not self.backlog:
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
            timeout = due
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

    def tick(self, units: list[Unit]) -> None:
        """Do these units in one transaction; what is left of them after `TICK_SECONDS` waits for the next."""
        done: list[Unit] = []
        committed: list[bool] = []
        self.outbox.thread_id = threading.get_ident()
        try:
            with transaction(using=self._alias):
                connection = unit_of_work(self._alias).connection
                connection.on_commit(partial(committed.append, True))
                deadline = time.monotonic() + TICK_SECONDS
                for unit in units:
                    done.append(unit)
                    self._run(unit)
                    if connection.needs_rollback:
                        raise _TickLost
                    if time.monotonic() > deadline:
                        break
                keep_commit_hooks_apart(connection)
        except self._contained as error:
            self._busy_since, self.unit = 0.0, None
            if not committed:
                done = done or units[:1]
                self._waiting.give_back(units[len(done) :])
                self._tick_refused(done, error)
                self._after_commits()
                return
            logger.exception("error after the commit of a tick; what it did stands")
        self._waiting.give_back(units[len(done) :])
        self._send()
        self._after_commits()

    def _tick_refused(self, units: list[Unit], error: BaseException) -> None:
        """Nothing of the tick remains: do its units again, one by one."""
        if not isinstance(error, _TickLost):
            logger.warning("a tick of %d units was refused by the database and is done again: %s", len(units), error)
        self.outbox.release()
        self._after.clear()
        self._mend_connection(error)
        for unit in units:
            self._run_alone(unit)

    def _mend_connection(self, error: BaseException) -> None:
        """A connection that the database has closed (it was restarted) is opened anew."""
        connection = unit_of_work(self._alias).connection
        if isinstance(error, Error) and not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()

    def _send(self) -> None:
        """What was sent is true now."""
        if items := self.outbox.release():
            try:
                self._deliver(items)
            except self._contained:
                logger.exception("%d messages could not be sent; what was done stands", len(items))

    def _after_commits(self) -> None:
        """Do what was to be done after the commit, and send what that sends."""
        while self._after:
            after, self._after = self._after, []
            for function in after:
                try:
                    function()
                except self._contained:  # boundary of user code: the tick is committed and nothing can be undone
                    logger.exception("error in work after a commit")
        self._send()

    def _run(self, unit: Unit) -> None:
        """Do one unit inside the tick's transaction."""
        self._measured(unit, lambda: self._attempts(unit))

    def _attempts(self, unit: Unit) -> bool:
        mark, after = self.outbox.mark(), len(self._after)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with all_or_nothing(self._alias):
                    unit.function()
                return True
            except self._contained as error:  # boundary of user code: `_failed` logs it
                self.outbox.rewind(mark)
                del self._after[after:]
                # A stale object: another process wrote first. It has been read again, so the unit can decide anew.
                if not isinstance(error, StaleObject) or attempt == ATTEMPTS:
                    self._failed(unit, error)
                    return False
        return False

    def _run_alone(self, unit: Unit) -> None:
        """Do one unit in a transaction of its own."""
        mark = len(self._after)

        def work() -> bool:
            for attempt in range(1, ATTEMPTS + 1):
                committed: list[bool] = []
                try:
                    with transaction(using=self._alias):
                        on_commit(partial(committed.append, True), using=self._alias)
                        unit.function()
                        keep_commit_hooks_apart(unit_of_work(self._alias).connection)
                    return True
                except self._contained as error:
                    if committed:
                        logger.exception("error after the commit of %s; what it did stands", unit.label)
                        return True
                    self.outbox.release()
                    del self._after[mark:]
                    self._mend_connection(error)
                    if not isinstance(error, DatabaseError) or attempt == ATTEMPTS:
                        self._failed_alone(unit, error)
                        return False
            return False

        self._measured(unit, work)
        self._send()

    def _failed_alone(self, unit: Unit, error: BaseException) -> None:
        mark = len(self._after)
        try:
            with transaction(using=self._alias):
                self._failed(unit, error)
        except self._contained:
            self.outbox.release()
            del self._after[mark:]
            logger.exception("nobody could be told that %s has failed", unit.label)

    def _failed(self, unit: Unit, error: BaseException) -> None:
        """Log the error, and tell whoever asked for the unit."""
        error_id = secrets.token_hex(4)
        logger.error(
            "error %s in %s%s%s",
            error_id,
            unit.label,
            f" of {_name_of(unit.caller)}" if unit.caller is not None else "",
            f": {unit.line!r}" if unit.line else "",
            exc_info=error,
            extra={"error_id": error_id},
        )
        if unit.failed is None:
            return
        mark, after = self.outbox.mark(), len(self._after)
        try:
            with all_or_nothing(self._alias):
                unit.failed(Interrupted.as_error(error), error_id)
        except self._contained:  # boundary of user code: the telling fails, the world goes on
            self.outbox.rewind(mark)
            del self._after[after:]
            logger.exception("error %s could not be told to whoever asked", error_id)

    def _measured(self, unit: Unit, work: Callable[[], bool]) -> None:
        counter = unit_of_work(self._alias)
        statements = counter.statements
        started = self._busy_since = time.monotonic()
        self.unit = unit
        ok = False
        try:
            ok = work()
        finally:
            self.unit = None
            seconds = time.monotonic() - started
            if seconds >= self.slow_seconds or self.observers:
                self._report(unit, seconds, counter.statements - statements, ok)

    def _report(self, unit: Unit, seconds: float, statements: int, ok: bool) -> None:
        caller = "" if unit.caller is None else _name_of(unit.caller)
        report = Report(unit.label, caller, unit.line or "", seconds, statements, ok, unit.sample)
        if seconds >= self.slow_seconds:
            self.slow.append(report)
            slow_logger.warning(
                "%s%s took %.0f ms and %d statements%s",
                report.label,
                f" of {caller}" if caller else "",
                seconds * 1000,
                statements,
                f", at one time in {report.where}" if report.where else "",
            )
        for observer in list(self.observers):
            mark = self.outbox.mark()
            try:
                observer(report)
            except self._contained:  # boundary of user code: who looks on must not undo what others did
                self.outbox.rewind(mark)
                logger.exception("error in %r, which is told of each unit", observer)


def _name_of(caller: Any) -> str:
    try:
        return str(caller)
    except Exception:  # noqa: BLE001  (boundary of user code: a name that is an error must not hide another)
        return f"<{type(caller).__name__}>"


class _Undone:
    """Whether a block has been undone."""

    __slots__ = ("noted",)

    def __init__(self) -> None:
        self.noted = False

    def note(self) -> None:
        self.noted = True


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
