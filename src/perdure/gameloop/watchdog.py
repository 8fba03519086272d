"""Sees which unit takes too long, and where it is at that moment.

Contract: a thread looks twice in each limit at what the game thread is doing. A unit that has been running for longer
than the limit is sampled once: the innermost lines of code outside of the engine, and the SQL statement if it is in
one. Nothing is interrupted.
"""

from __future__ import annotations

import sys
import threading
import traceback
from types import FrameType
from typing import TYPE_CHECKING, Any

from perdure.transactions import Statement

if TYPE_CHECKING:
    from perdure.gameloop.loop import GameLoop

__all__ = ["Watchdog", "describe_stack"]

LINES = 3
_MACHINERY = ("/django/", "/perdure/transactions/", "/perdure/idmapper/", "/perdure/gameloop/")


class Watchdog:
    """Samples the slow units of a loop.

    Args:
        loop: whose units.
        limit: seconds after which a unit is slow.
    """

    def __init__(self, loop: GameLoop, limit: float) -> None:
        self._loop = loop
        self.limit = limit
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="perdure-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(self.limit / 2):
            unit = self._loop.unit
            if unit is None or unit.sample or self._loop.busy_for() < self.limit:
                continue
            frame = sys._current_frames().get(self._loop.thread_id)
            if frame is not None and self._loop.unit is unit:
                unit.sample = describe_stack(frame)


def describe_stack(frame: FrameType | None) -> str:
    """The SQL statement that a thread is in, if any, and the innermost lines outside of Django and the engine."""
    statement = ""
    own: list[str] = []
    innermost = frame
    while frame is not None and len(own) < LINES:
        filename = frame.f_code.co_filename
        if not statement:
            statement = _statement(frame.f_locals)
        if not _is_machinery(filename):
            own.append(f"{filename}:{frame.f_lineno} in {frame.f_code.co_name}")
        frame = frame.f_back
    if not own and innermost is not None:
        last = traceback.extract_stack(innermost, limit=1)[-1]
        own.append(f"{last.filename}:{last.lineno} in {last.name}")
    return "; ".join([*([f"SQL: {statement}"] if statement else []), *own])


def _statement(names: dict[str, Any]) -> str:
    for name in ("sql", "query", "statement"):
        value = names.get(name)
        # Types are compared, nothing is asked of the value: it may be one that reads from the database when it is.
        text = value.text if type(value) is Statement else value
        if type(text) is str and text.lstrip()[:6].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            return " ".join(text.split())[:300]
    return ""


def _is_machinery(filename: str) -> bool:
    if "/lib/python3" in filename and "site-packages" not in filename:
        return True
    return any(part in filename for part in _MACHINERY)
