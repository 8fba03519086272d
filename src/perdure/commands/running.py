"""Running commands that wait: coroutines and generators, driven by hand on the game thread.

Contract: a `CommandRun` is one command on its way. Its first step happens at once, inside whatever unit of work asked
for it, and lets errors through. When the command awaits a `Request` (`Sleep`, `Ask`, `Offload`) or another run, it
stops there; what comes of that goes on as a unit of the game loop of its own, with its own transaction and error.
There is no asyncio here.

    state        RUNNING -> WAITING -> RUNNING ... -> DONE | FAILED | CANCELLED

Invariants
    - At most one step of a run is being taken, on the game thread.
    - A step that is undone (its unit failed, or its tick could not be committed) cannot be taken again, since Python
      code has gone on: its run ends, and its caller is told.
    - Nothing of a run outlives the process: what waits when the world reloads is cancelled, with a notice.

Failure modes: `NoGameLoop` where something would have to wait and no world runs; `InvalidArgument` when a command
awaits something else. Both are raised inside the command.
"""

from __future__ import annotations

import enum
import logging
import types
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any

from perdure.errors import IllegalState, InterruptCommand, InvalidArgument
from perdure.gameloop import current_loop
from perdure.transactions import on_rollback

__all__ = [
    "CommandRun",
    "Offload",
    "Request",
    "RunState",
    "Sleep",
    "busy_listeners",
    "cancel_all",
    "cancel_for",
    "current_run",
    "ended",
    "session_is_busy",
    "settled",
    "waiting_runs",
]

logger = logging.getLogger("perdure.commands")

#: Called with a session when it is no longer held by offloaded work.
busy_listeners: list[Callable[[Any], object]] = []

_stack: list[CommandRun] = []
_waiting: dict[CommandRun, None] = {}
_held: dict[Any, int] = {}  # by session, how many exclusive pieces of work it waits for


class RunState(enum.Enum):
    """Where a run is."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Request:
    """Something that a command awaits."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self)

    def begin(self, run: CommandRun, resume: Callable[[Any, BaseException | None], None]) -> None:
        """Start waiting for `run`; `resume(value, error)` goes on with it, as a unit of its own."""
        raise NotImplementedError

    def withdraw(self) -> None:
        """It is no longer awaited."""


class Sleep(Request):
    """Awaited, goes on in so many seconds.

    Args:
        seconds: 0 or more.
    """

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
            raise InvalidArgument(f"a command sleeps for a number of seconds, not {seconds!r}")
        self.seconds = seconds
        self._timer: Any = None

    def begin(self, run: CommandRun, resume: Callable[[Any, BaseException | None], None]) -> None:
        self._timer = current_loop().call_later(self.seconds, resume, None, None, label=run.label)

    def withdraw(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Offload(Request):
    """Awaited, gives what a function returns that runs on another thread.

    Args:
        function: must not touch live objects.
        arguments: its positional arguments.
        exclusive: the session's further lines wait until this is done.
    """

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...] = (), exclusive: bool = False) -> None:
        self._function = function
        self._arguments = arguments
        self._exclusive = exclusive
        self._session: Any = None

    def begin(self, run: CommandRun, resume: Callable[[Any, BaseException | None], None]) -> None:
        current_loop().offload(self._function, *self._arguments, then=resume)
        if self._exclusive and run.session is not None:
            self._session = run.session
            _held[self._session] = _held.get(self._session, 0) + 1

    def withdraw(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        left = _held.get(session, 1) - 1
        if left > 0:
            _held[session] = left
            return
        _held.pop(session, None)
        for listener in busy_listeners:
            listener(session)


class CommandRun:
    """One command on its way; can be awaited by another.

    Attributes:
        command: the command, or None.
        caller: who does it.
        session: the session that gave it, or None.
        state: see `RunState`.
        result: what its `func` returned, once it is done.
        error: what it failed with.
    """

    def __init__(
        self,
        caller: Any = None,
        session: Any = None,
        command: Any = None,
        label: str = "",
    ) -> None:
        self.caller = caller
        self.session = session
        self.command = command
        self.label = label or str(getattr(command, "key", "") or "command")
        self.parent = _stack[-1] if _stack else None
        self.state = RunState.RUNNING
        self.result: Any = None
        self.error: BaseException | None = None
        self._steps: Coroutine[Any, Any, Any] | None = None
        self._request: Any = None
        self._turn = 0
        self._undone = False
        self._awaited_by: list[CommandRun] = []
        self._went_on: list[CommandRun] = []
        #: Called when it is over because what it did last was undone.
        self.when_undone: Callable[[], object] | None = None

    def __repr__(self) -> str:
        return f"<run of {self.label!r}: {self.state.value}>"

    @property
    def done(self) -> bool:
        """Whether it is over, in whatever way."""
        return self.state not in (RunState.RUNNING, RunState.WAITING)

    @property
    def depth(self) -> int:
        """How many runs of the same caller this one is inside of."""
        found, above = 0, self.parent
        while above is not None and found < 1000:
            found += above.caller is self.caller and not above.done
            above = above.parent
        return found

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self.done:
            return (yield self)
        if self.error is not None:
            raise self.error
        if self.state is RunState.CANCELLED:
            raise InterruptCommand(f"{self!r} gives nothing")
        return self.result

    # --- going on

    def start(self, steps: Coroutine[Any, Any, Any]) -> CommandRun:
        """Take the first step now. Raises what the command raises."""
        self._steps = steps
        self._step(None, None)
        return self

    def _step(self, value: Any, error: BaseException | None) -> None:
        """Run until something is awaited that is not there yet."""
        steps = self._steps
        if steps is None:
            raise IllegalState(f"{self!r} cannot go on")
        self.state = RunState.RUNNING
        _stack.append(self)
        try:
            while True:
                request = steps.send(value) if error is None else steps.throw(error)
                value = None
                error = self._wait_for(request)
                if error is None:
                    return
        except StopIteration as stop:
            self._end(RunState.DONE, stop.value)
        except InterruptCommand:
            self._end(RunState.DONE)
        except BaseException as raised:
            self.error = raised
            self._end(RunState.FAILED)
            raise
        finally:
            _stack.pop()

    def _wait_for(self, request: Any) -> BaseException | None:
        """Stop until the request is answered; an error that the command gets instead."""
        self._turn += 1
        try:
            if isinstance(request, CommandRun):
                request._let_await(self)
            elif isinstance(request, Request):
                request.begin(self, partial(self._submit, self._turn))
            else:
                return InvalidArgument(
                    f"the command {self.label!r} awaited {request!r}; it can await self.sleep, ask, confirm, offload "
                    "and execute_cmd (and yield a number of seconds or a question)"
                )
        except Exception as refused:  # noqa: BLE001  (raised inside the command, where it was asked for)
            return refused
        self._request = request
        self.state = RunState.WAITING
        _waiting[self] = None
        on_rollback(self._forget)
        return None

    def _let_await(self, other: CommandRun) -> None:
        """Have another run go on when this one is over. Raises `InvalidArgument` if this one waits for that."""
        waits_for: Any = self
        while isinstance(waits_for, CommandRun):
            if waits_for is other:
                raise InvalidArgument(f"the command {other.label!r} awaited itself, which would never end")
            waits_for = waits_for._request
        self._awaited_by.append(other)

    def _submit(self, turn: int, value: Any, error: BaseException | None, anyway: bool = False) -> None:
        """Have the next step taken, as a unit that tells the caller of its errors."""
        if turn != self._turn or self.state is not RunState.WAITING:
            return
        session, caller = self.session, self.caller
        current_loop().submit(
            partial(self.resume, turn, value, error),
            label=self.label,
            caller=session if session is not None else caller,
            failed=partial(_tell_failure, caller, session),
            turn=getattr(session, "sessid", None),
            anyway=anyway,
        )

    def resume(self, turn: int, value: Any, error: BaseException | None = None) -> None:
        """Take the next step, inside the unit that calls this. Raises what the command raises."""
        if self.state is RunState.FAILED and self.error is not None and turn == self._turn:
            raise self.error  # the loop tries a unit again that met a stale object: it will not be another
        if self._undone or (self.done and turn == self._turn and self.state is not RunState.CANCELLED):
            self._undone = False
            self.tell("was interrupted, and what it did last is undone: give it again.")
            for run in self._went_on:
                run.cancel("what it waited for is undone")
            if self.when_undone is not None:
                self.when_undone()
            return
        if turn != self._turn or self.state is not RunState.WAITING:
            return
        self._stop_waiting()
        self._step(value, error)

    def answer(self, value: Any = None, error: BaseException | None = None) -> None:
        """Go on with what was asked for, now: for a question that the present unit has the answer to."""
        self.resume(self._turn, value, error)

    def _stop_waiting(self) -> None:
        _waiting.pop(self, None)
        request, self._request = self._request, None
        if isinstance(request, Request):
            request.withdraw()

    def _end(self, state: RunState, result: Any = None) -> None:
        self.state, self.result, self._steps = state, result, None
        self.parent = None  # or those that begin each other for ever would all be kept
        self._went_on, self._awaited_by = self._awaited_by, []
        for run in self._went_on:
            # That it has failed is so, although the unit in which it did is undone.
            run._submit(run._turn, result, self.error, anyway=state is RunState.FAILED)

    # --- being stopped

    def _forget(self) -> None:
        """The block in which it began to wait is undone, and with it the reason to wait."""
        if self.state is RunState.WAITING:
            self._undone = True
            self._cancel()

    def cancel(self, reason: str = "") -> None:
        """Stop a run that waits, and tell its caller why; nothing happens to any other."""
        if self.state is not RunState.WAITING:
            return
        self._cancel(reason)
        if reason:
            self.tell(f"was interrupted: {reason}")

    def _cancel(self, reason: str = "") -> None:
        self._stop_waiting()
        steps, self._steps = self._steps, None
        self.state, self.parent = RunState.CANCELLED, None
        if steps is not None:
            try:
                steps.close()
            except Exception:  # boundary of user code: a `finally` that fails or waits must not keep others waiting
                logger.exception("the command %r did not stop cleanly", self.label)
        awaited_by, self._awaited_by = self._awaited_by, []
        for run in awaited_by:
            run.cancel(reason)

    def tell(self, what: str) -> None:
        """Tell the caller something about this run."""
        _tell(self.caller, self.session, f"|yYour command '{self.label}' {what}|n")


def _tell(caller: Any, session: Any, text: str) -> None:
    if getattr(session, "data_out", None) is not None:
        session.data_out(text=text)
    elif caller is not None and not getattr(caller, "_is_deleted", False):
        caller.msg(text)


def _tell_failure(caller: Any, session: Any, error: Exception, error_id: str) -> None:
    from perdure.commands.failures import failure_text

    _tell(caller, session, failure_text(caller, session, error, error_id))


# --- what commands are made of


async def settled(outcome: Any) -> Any:
    """What a hook gives in the end: its value, what its coroutine returns, or what its generator does."""
    if isinstance(outcome, types.GeneratorType):
        return await _generated(outcome)
    if isinstance(outcome, types.CoroutineType | Request | CommandRun):
        return await outcome
    if isinstance(outcome, types.AsyncGeneratorType):
        raise InvalidArgument("a command may be a generator or a coroutine, not both: use await for what it waits for")
    return outcome


async def _generated(steps: Generator[Any, Any, Any]) -> Any:
    """Drive a generator: a number of seconds sleeps, a text asks, anything that can be awaited is."""
    value: Any = None
    error: BaseException | None = None
    try:
        while True:
            try:
                wanted = steps.send(value) if error is None else steps.throw(error)
            except StopIteration as stop:
                return stop.value
            value, error = None, None
            try:
                value = await _request_of(wanted)
            except Exception as raised:  # noqa: BLE001  (raised again inside the generator, at its `yield`)
                error = raised
    finally:
        steps.close()


def _request_of(wanted: Any) -> Any:
    if isinstance(wanted, Request | CommandRun):
        return wanted
    if isinstance(wanted, str):
        from perdure.commands.prompts import Ask

        return Ask(wanted)
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        return Sleep(wanted)
    raise InvalidArgument(f"a command yields a number of seconds or a question, not {wanted!r}")


# --- what waits


def current_run() -> CommandRun | None:
    """The run whose step is being taken."""
    return _stack[-1] if _stack else None


def ended(caller: Any = None, session: Any = None, result: Any = None) -> CommandRun:
    """A run that is over already: for a line that no command was needed for."""
    run = CommandRun(caller, session, label="line")
    run.state, run.result = RunState.DONE, result
    return run


def waiting_runs(session: Any = None) -> list[CommandRun]:
    """The runs that wait, oldest first; those of one session."""
    return [run for run in _waiting if session is None or run.session is session]


def session_is_busy(session: Any) -> bool:
    """Whether further lines of the session have to wait for offloaded work (a login) of an earlier one."""
    return bool(_held) and session in _held


def cancel_all(reason: str) -> int:
    """Cancel everything that waits, telling everybody why; how many there were."""
    runs = waiting_runs()
    for run in runs:
        run.cancel(reason)
    return len(runs)


def cancel_for(session: Any, reason: str = "", caller: Any = None) -> int:
    """Cancel what waits for this session (and, if given, was done by `caller`); how many there were."""
    runs = [run for run in waiting_runs(session) if caller is None or run.caller is caller]
    for run in runs:
        run.cancel(reason)
    return len(runs)
