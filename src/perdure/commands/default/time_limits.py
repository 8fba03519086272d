"""Ending code that does not end by itself.

Contract: `with time_limit(5):` raises `Interrupted` inside the block when it has run for five seconds. The main
thread, which is the game thread, is interrupted by a signal (`SIGALRM`); any other by an exception set from a timer
thread. Either works between two steps of Python: one long call into C (a huge power, a slow query) ends first.

Code of the engine is given time to finish what it is in the middle of: while the innermost function (Python's own
library apart) belongs to a package of `_FINISHES`, the interruption is put off, for `_PATIENCE` seconds at most; and
while a transaction is being begun, ended or undone, for as long as that takes: half of it would leave memory and
database apart. What the block did is for its caller to undo.

Failure modes: none of its own. Somebody else's alarm (pytest's) is put back, less the time that has gone by.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from perdure.gameloop import Interrupted

__all__ = ["time_limit"]

_FINISHES = ("perdure", "django", "sqlite3", "psycopg", "logging", "threading")
_WHOLE = ("perdure.transactions", "django.db.transaction")
_PATIENCE = 2.0
_AGAIN = 0.01


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `Interrupted` in the block after `seconds`; 0 or less for no limit."""
    if seconds <= 0:
        yield
    elif threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer"):
        with _by_signal(seconds):
            yield
    else:
        with _by_thread(seconds):
            yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    running = True
    begun = time.monotonic()

    def interrupt(signum: int, frame: FrameType | None) -> None:
        late = time.monotonic() - begun - seconds
        if running and (not _is_engine(frame) or (late > _PATIENCE and not _is_between(frame))):
            raise Interrupted(f"it ran for more than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, interrupt)
    pending, _ = signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        try:
            yield
        finally:
            running = False
    finally:
        # Twice, for the alarm may have come just before the first.
        running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if pending:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, pending - (time.monotonic() - begun)))


def _is_between(frame: FrameType | None) -> bool:
    """Whether any function on the way here begins, ends or undoes a transaction."""
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(_WHOLE):
            return True
        if frame.f_globals.get("__name__") == __name__:
            return False  # what is around the block is not what it does
        frame = frame.f_back
    return False


def _is_engine(frame: FrameType | None) -> bool:
    """Whether the innermost function that is not of Python's own library belongs to the engine."""
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in _FINISHES:
            return True
        if package not in sys.stdlib_module_names:
            return False
        frame = frame.f_back
    return False


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    ident = threading.get_ident()
    guard = threading.Lock()
    running = True

    def interrupt() -> None:
        with guard:
            if running:
                raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
                raise_in(ctypes.c_ulong(ident), ctypes.py_object(Interrupted))

    timer: Any = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with guard:
            running = False
        timer.cancel()
