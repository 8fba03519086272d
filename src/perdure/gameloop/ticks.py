"""Ticks: units of work in one transaction, each of which may fail alone; what they send leaves after the commit.

Contract: `tick(units)` does units in the order given, each in a block of its own, all in one transaction. If the commit
is refused nothing of the tick remains, and each of its units is done again in a transaction of its own. A unit that
meets a stale object decides anew, at most `ATTEMPTS` times. What a tick has no time for is given back and waits.
If the connection is lost while the commit is under way, nobody knows whether it happened: the units are refused with
`OutcomeUnknown`, not done again. A connection that is lost before that has undone the tick, and is opened anew. While
no database can be reached, units wait.

Invariants: nothing leaves that is not committed; no unit is lost, whatever ended the tick; no unit is done after its
commit.

Owner: the game thread.

Failure modes: errors of units are logged with an id and told to the unit's `failed`; a `Veto` is a refusal, told and
not logged as an error. An error after the commit (in `on_commit` work, in `deliver`) is logged and undoes nothing.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from asyncio import CancelledError
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from django.db import Error

from perdure.errors import OutcomeUnknown, StaleObject, Veto
from perdure.gameloop.held import Held
from perdure.gameloop.interruption import Interrupted
from perdure.gameloop.turns import Turns
from perdure.gameloop.units import Report, Unit, shown_text
from perdure.transactions import on_commit, transaction, unit_of_work
from perdure.transactions.blocks import all_or_nothing
from perdure.transactions.connection import keep_commit_hooks_apart

__all__ = ["CONTAINED", "TICK_UNITS", "Ticking"]

logger = logging.getLogger("perdure.gameloop")
slow_logger = logging.getLogger("perdure.slow")

ATTEMPTS = 3
#: How much is done in one tick at most, so that the first in it need not wait for the last: units, and seconds.
TICK_UNITS, TICK_SECONDS = 256, 0.02
#: What ends a unit and not the loop, wherever it runs; in `run_forever` everything does.
CONTAINED: tuple[type[BaseException], ...] = (
    Exception,
    Interrupted,
    SystemExit,
    GeneratorExit,
    CancelledError,
    BaseExceptionGroup,
)


#: Told to whoever asked for a unit of which nobody knows whether it was committed.
UNKNOWN = "The database was lost at that moment. Look whether this was still done before you repeat it."


class _TickLost(Exception):
    """The transaction of the tick cannot be committed any more."""


class Ticking:
    """The half of the game loop that does what it is given.

    Args:
        deliver: called on the game thread after each commit with what was sent, in order.
        alias: the database.
        slow: from how many seconds on a unit is reported as slow.
    """

    def __init__(self, deliver: Callable[[list[Any]], object], alias: str, slow: float) -> None:
        self._deliver = deliver
        self._alias = alias
        self._waiting = Turns()
        self._contained = CONTAINED
        self._busy_since = 0.0
        #: Since when the database has not been reached, by the monotonic clock; None while it is there.
        self.away_since: float | None = None
        #: What is to be done after the commit, and what instead if that is undone.
        self._after: Held[_Asked] = Held(alias, _undo)
        self.outbox: Held[Any] = Held(alias)
        self.thread_id = threading.get_ident()
        self.unit: Unit | None = None
        self.slow_seconds = slow
        self.slow: deque[Report] = deque(maxlen=50)
        self.observers: list[Callable[[Report], object]] = []

    def after_commit(self, function: Callable[[], object], undone: Callable[[], object] | None = None) -> None:
        """Call `function()` when what is being done is committed and what it sent has left.

        If the block around this call (the unit, or a transaction in it) is undone, `function` is dropped and `undone()`
        is called. Outside of a transaction, and on any thread but the game's, it is called at once.
        """
        if threading.get_ident() == self.thread_id and unit_of_work(self._alias).connection.in_atomic_block:
            self._after.put((function, undone))
        else:
            function()

    def busy_for(self) -> float:
        """For how many seconds the game thread has been at the present unit; 0 between units. From any thread."""
        return time.monotonic() - self._busy_since if self.unit is not None else 0.0

    def tick(self, units: list[Unit]) -> None:
        """Do these units in one transaction; what is left of them after `TICK_SECONDS` waits for the next."""
        done: list[Unit] = []
        committed: list[bool] = []
        self._own_thread()
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
                if unit_of_work(self._alias).in_doubt:
                    self._tick_in_doubt(done, error)
                else:
                    self._tick_refused(done, error)
                self._after_commits()
                return
            logger.exception("error after the commit of a tick; what it did stands")
        self._waiting.give_back(units[len(done) :])
        self._send()
        self._after_commits()

    def _own_thread(self) -> None:
        self.thread_id = self.outbox.thread_id = self._after.thread_id = threading.get_ident()

    def _tick_refused(self, units: list[Unit], error: BaseException) -> None:
        """Nothing of the tick remains: do its units again, one by one."""
        if not isinstance(error, _TickLost):
            logger.warning("a tick of %d units was refused by the database and is done again: %s", len(units), error)
        self._mend_connection(error)
        for number, unit in enumerate(units):
            if not self._run_alone(unit):
                self._waiting.give_back(units[number:])
                return

    def _tick_in_doubt(self, units: list[Unit], error: BaseException) -> None:
        """Whether the tick was committed nobody knows: its units are refused, since they must not be done twice."""
        logger.error("the database was lost while a tick of %d units was being committed: %s", len(units), error)
        self._mend_connection(error)
        for unit in units:
            self._in_doubt(unit)

    def _in_doubt(self, unit: Unit) -> None:
        logger.error("it is not known whether %s was done; it is not done again", unit.label)
        self._failed_alone(unit, OutcomeUnknown(UNKNOWN))
        self._send()

    def _mend_connection(self, error: BaseException) -> None:
        """A connection that the database has closed (it was restarted) is opened anew."""
        unit = unit_of_work(self._alias)
        if unit.connection.connection is None:
            unit.undone()  # what was said after it was lost, by code that did not notice
        elif isinstance(error, Error) and not unit.connection.in_atomic_block:
            unit.connection.close_if_unusable_or_obsolete()

    def _send(self) -> None:
        """What was sent is true now."""
        if items := self.outbox.take():
            try:
                self._deliver(items)
            except self._contained:
                logger.exception("%d messages could not be sent; what was done stands", len(items))

    def _after_commits(self) -> None:
        """Do what was to be done after the commit, and send what that sends."""
        while self._after:
            for function, _ in self._after.take():
                try:
                    function()
                except self._contained:  # boundary of user code: the tick is committed and nothing can be undone
                    logger.exception("error in work after a commit")
        self._send()

    def _run(self, unit: Unit) -> None:
        """Do one unit inside the tick's transaction."""
        self._measured(unit, lambda: self._attempts(unit))

    def _attempts(self, unit: Unit) -> bool:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with all_or_nothing(self._alias):
                    unit.function()
                return True
            except self._contained as error:  # boundary of user code: `_failed` logs it
                if unit_of_work(self._alias).connection.needs_rollback:
                    return False  # the tick is lost, and this unit is done again with all others
                # A stale object: another process wrote first. It has been read again, so the unit can decide anew.
                if not isinstance(error, StaleObject) or attempt == ATTEMPTS:
                    self._failed(unit, error)
                    return False
        return False

    def _run_alone(self, unit: Unit) -> bool:
        """Do one unit in a transaction of its own; False if there is no database to do it in."""
        away = False

        def work() -> bool:
            nonlocal away
            for attempt in range(1, ATTEMPTS + 1):
                if not self.has_database():
                    away = True
                    return False
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
                    if unit_of_work(self._alias).in_doubt:
                        self._mend_connection(error)
                        self._in_doubt(unit)
                        return False
                    self._mend_connection(error)
                    if not isinstance(error, Error) or attempt == ATTEMPTS:
                        self._failed_alone(unit, error)
                        return False
            return False

        self._measured(unit, work)
        self._send()
        return not away

    def has_database(self) -> bool:
        """Whether there is a connection to the database, or one can be had. On the game thread."""
        try:
            unit_of_work(self._alias).connection.ensure_connection()
        except Error as error:
            if self.away_since is None:
                self.away_since = time.monotonic()
                logger.error("the database cannot be reached; all work waits: %s", error)
            return False
        if self.away_since is not None:
            logger.warning("the database is there again, after %.1f s", time.monotonic() - self.away_since)
            self.away_since = None
        return True

    def _failed_alone(self, unit: Unit, error: BaseException) -> None:
        """As `_failed`, outside of a tick; if there is no database to be had, it is told without one."""
        error_id = self._log(unit, error)
        refused = self._tell(unit, error, error_id, transaction(using=self._alias))
        if isinstance(refused, Error):
            self._mend_connection(refused)
            self._tell(unit, error, error_id, nullcontext())

    def _failed(self, unit: Unit, error: BaseException) -> None:
        """Log the error, and tell whoever asked for the unit."""
        self._tell(unit, error, self._log(unit, error), all_or_nothing(self._alias))

    def _log(self, unit: Unit, error: BaseException) -> str:
        """Log the error, unless it is a refusal; its id."""
        error_id = secrets.token_hex(4)
        if not isinstance(error, Veto):
            logger.error(
                "error %s in %s%s%s",
                error_id,
                unit.label,
                f" of {_name_of(unit.caller)}" if unit.caller is not None else "",
                f": {line!r}" if (line := shown_text(unit.line)) else "",
                exc_info=error,
                extra={"error_id": error_id, **_fields_of(unit)},
            )
        return error_id

    def _tell(
        self, unit: Unit, error: BaseException, error_id: str, block: AbstractContextManager[None]
    ) -> BaseException | None:
        """Tell whoever asked for the unit, in this block; what went wrong with that."""
        if unit.failed is None:
            return None
        try:
            with block:
                unit.failed(Interrupted.as_error(error), error_id)
        except self._contained as refused:  # boundary of user code: the telling fails, the world goes on
            logger.exception("error %s could not be told to whoever asked", error_id)
            return refused
        return None

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
        report = Report(unit.label, caller, unit.line, seconds, statements, ok, unit.sample)
        if seconds >= self.slow_seconds:
            self.slow.append(report)
            slow_logger.warning(
                "%s%s took %.0f ms and %d statements%s",
                report.label,
                f" of {caller}" if caller else "",
                seconds * 1000,
                statements,
                f", at one time in {report.where}" if report.where else "",
                extra={"seconds": round(seconds, 4), **_fields_of(unit)},
            )
        for observer in list(self.observers):
            sent, asked = self.outbox.mark(), self._after.mark()
            try:
                observer(report)
            except self._contained:  # boundary of user code: who looks on must not undo what others did
                self.outbox.rewind(sent)
                self._after.rewind(asked)
                logger.exception("error in %r, which is told of each unit", observer)


def _fields_of(unit: Unit) -> dict[str, Any]:
    """What a line of a log says of it besides its text."""
    session = {"session": unit.turn} if isinstance(unit.turn, int) else {}
    return {"command": unit.label, **session}


def _name_of(caller: Any) -> str:
    try:
        return str(caller)
    except Exception:  # noqa: BLE001  (boundary of user code: a name that is an error must not hide another)
        return f"<{type(caller).__name__}>"


_Asked = tuple[Callable[[], object], Callable[[], object] | None]


def _undo(asked: _Asked) -> None:
    _, undone = asked
    if undone is None:
        return
    try:
        undone()
    except Exception:  # boundary of user code: one that raises must not keep others from hearing
        logger.exception("error in what is called when work that was asked for is undone: %r", undone)
