"""Commands that a reload interrupts and that begin anew in the next world: logging in, making an account.

Contract: `note` is told of each line that was worked on. While a command that says `begins_anew` waits, for an answer
or for a hash, the lines that were typed for it are kept with the session; `take_back` calls such commands off without
a word and gives these lines back, with those that waited behind them. Done again by another world, in their order,
they come to the same point, since such a command has changed nothing before.

Invariants: only of sessions that nobody is logged in on, whose lines are in no log. No more than `MOST` lines are kept.

Owner: the game thread.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from perdure.commands.prompts import pending_question
from perdure.commands.running import CommandRun, session_is_busy, waiting_runs
from perdure.server.messages import Line
from perdure.sessions import SESSION_HANDLER
from perdure.transactions import on_rollback

__all__ = ["MOST", "note", "take_back"]

#: A command that has asked more than this is called off as others are.
MOST = 20


def note(session: Any, line: Line) -> None:
    """A line of the session has been worked on."""
    if not session.begun and (session.logged_in or not _waits(session)):
        return
    before = session.begun
    on_rollback(partial(setattr, session, "begun", before))
    session.begun = (*before, line) if len(before) < MOST and _runs(session) else ()


def take_back() -> list[Line]:
    """Call off what begins anew; the lines that are to be done again, those of a session in order."""
    lines: list[Line] = []
    for session in SESSION_HANDLER.values():
        if session.begun and (runs := _runs(session)):
            lines += [*session.begun, *session.waiting]
            session.begun = ()
            session.waiting.clear()
            for run in runs:
                run.cancel()
    return lines


def _waits(session: Any) -> bool:
    return session_is_busy(session) or pending_question(session) is not None


def _runs(session: Any) -> list[CommandRun]:
    if session.logged_in or session.is_closing or not _waits(session):
        return []
    return [run for run in waiting_runs(session) if getattr(run.command, "begins_anew", False)]
