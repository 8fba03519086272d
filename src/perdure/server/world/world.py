"""The world: what comes from clients becomes work of the game loop, and what the game sends becomes messages.

Contract
    `receive` takes the messages of the gateway, in order and from any thread; each line, each arrival and each
    departure is one unit of the loop. `take_over` makes this world the one that serves, `quiesce` ends that, `resume`
    begins it again. What a unit sends is given to `send` after the commit, as one list of messages for each tick.

Invariants
    - Lines of a session are worked on in order. While a command of the session is at work on another thread (a login),
      its later lines wait.
    - A line is said to be done exactly when what it did is committed, or undone for good.

Owner: the game thread; `receive` only hands over.

Failure modes: an error in a command undoes the command; whoever typed it hears an id, developers the traceback. An
error in a hook of login, logout or reload is logged and ends that step alone.
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.db import Error

from perdure.commands.dispatch import handle_line
from perdure.commands.failures import failure_text
from perdure.commands.running import busy_listeners, cancel_for, session_is_busy
from perdure.conf import conf
from perdure.gameloop import GameLoop, TimeLimitExceeded, TimerHandle, set_current_loop
from perdure.locks.handler import check_perm
from perdure.server.messages import (
    Connected,
    Disconnected,
    Flags,
    Line,
    Mode,
    Oob,
    Outcome,
    RunCode,
    SessionRecord,
)
from perdure.server.world import begun, inputs, lifecycle, live_code
from perdure.server.world.output import Closing, Echo, Finished, Out, State, frame_of, sendable
from perdure.server.world.script_timers import ScriptTimers
from perdure.server.world.sessions import ServerSession
from perdure.sessions import SESSION_HANDLER
from perdure.transactions import on_rollback

__all__ = ["World"]

logger = logging.getLogger("perdure.server")
security = logging.getLogger("perdure.security")

#: What is typed with these is never logged: it may be a password.
_SECRET = re.compile(r"^\s*[@&/+]*(con\w*|cre?\w*|password|userpassword|login)\b", re.IGNORECASE)


class World:
    """The game in this process.

    Args:
        send: called on the game thread with messages for the gateway.
        clock: gives seconds; tests have one of their own.
    """

    def __init__(self, send: Callable[[list[Any]], object], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self.loop = GameLoop(self._deliver, clock=clock, workers=conf.OFFLOAD_THREADS, slow=conf.SLOW_COMMAND_SECONDS)
        self.loop.add_source(ScriptTimers())
        self.loop.control = self._wanted
        self.is_serving = False
        self.maintenance: TimerHandle | None = None
        #: Called when this world ceases to serve.
        self.ceasing: list[Callable[[], object]] = []
        self.ask_gateway: Callable[[str, str, int | None], object] | None = None
        set_current_loop(self.loop)
        busy_listeners.append(self.release_lines)

    # --- what comes

    def receive(self, message: Any) -> None:
        """Take a message of the gateway. From any thread."""
        submit = self.loop.submit
        match message:
            case Line():
                submit(
                    partial(self._line, message),
                    label="line",
                    caller=f"session {message.sessid}",
                    failed=partial(self._line_failed, message),
                    line=_loggable_of(message),
                    turn=message.sessid,
                    about=message,
                )
            case Connected():
                submit(partial(self._connected, message), label="connection", turn=message.session.sessid)
            case Disconnected():
                submit(
                    partial(self._disconnected, message),
                    label="disconnection",
                    failed=partial(self._disconnection_failed, message),
                    turn=message.sessid,
                )
            case Flags():
                submit(partial(self._flags, message), label="flags", turn=message.sessid)
            case Oob():
                submit(partial(self._oob, message), label=f"input {message.name}", turn=message.sessid)
            case Outcome():
                submit(partial(self._outcome, message), label="outcome")
            case RunCode():
                submit(
                    partial(live_code.run, self, message),
                    label="live code",
                    failed=partial(live_code.failed, self, message),
                )
            case _:
                logger.error("the gateway sent %s, which means nothing here", type(message).__name__)

    def _line(self, message: Line) -> None:
        session = SESSION_HANDLER.get(message.sessid)
        if session is None or session.is_closing:
            return
        if session.waiting or session_is_busy(session):
            session.waiting.append(message)
            # A unit that is done again must not find that it has been here.
            on_rollback(partial(_take_out, session.waiting, message))
            return
        self._do_line(session, message)

    def _do_line(self, session: ServerSession, message: Line) -> None:
        self.loop.outbox.put(Finished(message.sessid, message.seq))
        run = handle_line(session, message.text)
        begun.note(session, message)
        unit = self.loop.unit
        if unit is not None and run is not None and run.command is not None:
            # What people call their exits is no name for a metric.
            unit.label = "exit" if run.command.is_exit else f"command {run.label}"
            unit.caller = session

    def release_lines(self, session: ServerSession) -> None:
        """The command that held the lines of `session` has come to an end: go on with the next one."""
        if session.waiting:
            message = session.waiting[0]
            self.loop.submit(
                partial(self._waiting_line, session, message),
                label="line",
                caller=session,
                failed=partial(self._line_failed, message),
                line=_loggable_of(message),
                turn=session.sessid,
                anyway=True,  # that the command has come to an end is not undone with what it did last
            )

    def _waiting_line(self, session: ServerSession, message: Line) -> None:
        waiting = session.waiting
        if not waiting or waiting[0] is not message or session.is_closing or session_is_busy(session):
            return
        waiting.popleft()
        on_rollback(partial(waiting.appendleft, message))
        self.release_lines(session)
        self._do_line(session, message)

    def _line_failed(self, message: Line, error: Exception, error_id: str) -> None:
        self.loop.outbox.put(Finished(message.sessid, message.seq))
        session = SESSION_HANDLER.get(message.sessid)
        if session is None:
            return
        if _take_out(session.waiting, message):
            self.release_lines(session)
        self.tell_error(session, error, error_id)

    def tell_error(self, session: Any, error: Exception, error_id: str) -> None:
        """Tell whoever typed it that it went wrong: an id, and for developers the traceback."""
        if isinstance(error, TimeLimitExceeded):
            session.data_out(text=f"|rStopped: {error}. What it did has been undone.|n")
            return
        try:
            text = failure_text(session.get_puppet_or_account(), session, error, error_id)
        except Error:  # the database is away, and with it who is a developer
            text = f"|rSomething went wrong; it is logged as error {error_id}.|n"
        session.data_out(text=text)

    def _connected(self, message: Connected) -> None:
        session = self.add_session(message.session)
        account = self._ticket_owner(message.ticket, session)
        if account is not None:
            session.login(account)
            return
        lifecycle.greet(session)

    def _ticket_owner(self, ticket: str, session: ServerSession) -> Any:
        """The account that a page of the website gave a ticket to, if it may still enter."""
        if not ticket:
            return None
        from perdure.accounts.models import AccountDB
        from perdure.web.tickets import TICKETS

        pk = TICKETS.redeem(ticket)
        account: Any = None if pk is None else AccountDB.objects.filter(pk=pk).first()
        if account is None or not account.is_active or account.is_banned(ip=session.address, username=account.key):
            security.warning("a ticket from %s was not accepted", session.address)
            return None
        return account

    def _disconnected(self, message: Disconnected) -> None:
        session = SESSION_HANDLER.get(message.sessid)
        if session is not None:
            cancel_for(session, "disconnected")
            session.gone(message.reason)

    def _disconnection_failed(self, message: Disconnected, error: Exception, error_id: str) -> None:
        """Whatever went wrong with the farewell, the client is not there any more."""
        session = SESSION_HANDLER.get(message.sessid)
        if session is not None:
            self.forget(session)

    def _flags(self, message: Flags) -> None:
        session = SESSION_HANDLER.get(message.sessid)
        if session is not None:
            session.protocol_flags.update(message.flags)

    def _oob(self, message: Oob) -> None:
        session = SESSION_HANDLER.get(message.sessid)
        if session is not None:
            inputs.receive(session, message.name, message.args, message.kwargs)

    def _outcome(self, message: Outcome) -> None:
        session = SESSION_HANDLER.get(message.sessid) if message.sessid is not None else None
        if session is None:
            return
        session.data_out(text=message.summary.replace("|", "||"))
        who = session.get_puppet_or_account()
        if message.detail and who is not None and check_perm(who, "Developer"):
            session.data_out(text=message.detail.rstrip().replace("|", "||"))

    # --- what goes out

    def put_out(self, session: ServerSession, options: dict[str, Any], messages: dict[str, Any]) -> None:
        """Send named messages to a session with the commit."""
        for name, value in messages.items():
            self.loop.outbox.put(Out(session, name, value, options))

    def put_echo(self, session: ServerSession, visible: bool) -> None:
        """Have the client of a session show what is typed, or not."""
        self.loop.outbox.put(Echo(session, visible))

    def put_state(self, session: ServerSession) -> None:
        """Tell the gateway who a session is."""
        self.loop.outbox.put(State(session))

    def put_close(self, session: ServerSession, reason: str) -> None:
        """End a session with the commit; until then it gets nothing more."""
        session.is_closing = True
        on_rollback(lambda: setattr(session, "is_closing", False))
        self.loop.outbox.put(Closing(session, reason))
        self.loop.after_commit(partial(self.forget, session))

    def send_now(self, *messages: Any) -> None:
        """Send messages that are not of a tick."""
        self._send_all(list(messages))

    def _deliver(self, items: list[Any]) -> None:
        self._send_all(frame_of(items))

    def _send_all(self, messages: list[Any]) -> None:
        """Send them as one frame; if one of them cannot be sent, the others leave one by one, and it as it can."""
        try:
            self._send(messages)
            return
        except Exception as error:  # noqa: BLE001  (boundary of user code: a game sent what is no plain text or value)
            logger.warning("a frame of %d messages cannot be sent as it is: %s", len(messages), error)
        for message in messages:
            try:
                self._send([sendable(message)])
            except Exception:  # boundary of user code: nobody else must lose theirs
                logger.exception("a message %s is dropped: it cannot be sent", type(message).__name__)

    def _wanted(self, verb: str, reason: str, session: Any) -> None:
        if self.ask_gateway is not None:
            self.ask_gateway(verb, reason, getattr(session, "sessid", None))

    # --- sessions

    def add_session(self, record: SessionRecord) -> ServerSession:
        """A session for a client that the gateway knows."""
        session = ServerSession(self, record)
        SESSION_HANDLER.add(session)
        on_rollback(partial(SESSION_HANDLER.remove, session))
        return session

    def forget(self, session: ServerSession) -> None:
        """The session is over."""
        on_rollback(partial(_be_there_again, session, session.is_closing))
        session.is_closing = True
        cancel_for(session, "disconnected")
        SESSION_HANDLER.remove(session)

    # --- serving

    def take_over(self, mode: Mode, records: Sequence[SessionRecord]) -> None:
        """Serve from now on, for these sessions. On the game thread, outside of ticks."""
        lifecycle.start(self, mode, records)
        self.is_serving = True

    def quiesce(self, mode: Mode, seconds: float) -> list[Line]:
        """Finish what has come, tell the game, and stop; the lines that were not begun. On the game thread."""
        leftovers = lifecycle.finish(self, seconds / 3, again=mode != "shutdown")
        self.is_serving = False
        for function in self.ceasing:
            function()
        lifecycle.stop(self, mode)
        return leftovers

    def resume(self, records: Sequence[SessionRecord]) -> None:
        """Serve again, as if `quiesce` had not been called. On the game thread."""
        lifecycle.resume(self, records)
        self.is_serving = True

    def close(self) -> None:
        """This world ends."""
        busy_listeners.remove(self.release_lines)
        SESSION_HANDLER.tell_bans = None
        self.loop.close()
        set_current_loop(None)


def _take_out(waiting: deque[Line], message: Line) -> bool:
    """Whether the message was there."""
    try:
        waiting.remove(message)
    except ValueError:
        return False
    return True


def _be_there_again(session: ServerSession, is_closing: bool) -> None:
    session.is_closing = is_closing
    SESSION_HANDLER.add(session)


def _loggable_of(message: Line) -> Callable[[], str | None] | None:
    """What logs may have of it: nothing before somebody is logged in, since passwords are asked for there."""
    session = SESSION_HANDLER.get(message.sessid)
    return partial(loggable, message.text) if session is not None and session.logged_in else None


def loggable(line: str) -> str | None:
    """A line as logs may have it: nothing of one that may hold a password."""
    if _SECRET.match(line):
        return None
    for pattern in conf.AUDIT_MASKS:
        line = re.sub(pattern, lambda match: match[0].replace(match["secret"], "*" * 8), line)
    return line[:500]
