"""Logs of both processes: plain or JSON lines, into rotating files and, in the foreground, to the standard output.

Contract: `configure("gateway")` or `configure("world")` once, at the start of the process. What is not given comes from
the environment, where the gateway puts it for its worlds. A record's `extra` may say more (`FIELDS`): who, and where.
A line of a log is a line: what people type cannot forge another, or change the colours of the operator's terminal.

Invariants: no Django. Two worlds that overlap during a reload write to one file without losing lines of each
other. With `threaded`, whoever logs never waits for the disk or the terminal; if too much waits, it is dropped and
counted.

A world in the foreground does not write to the terminal itself: its lines go to the gateway, each with a `MARK`.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import logging.handlers
import os
import queue
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["FIELDS", "MARK", "JsonFormatter", "PlainFormatter", "SharedRotatingFile", "configure", "environment"]

#: Names that a record's `extra` may have, and that are shown.
FIELDS = (
    "session",
    "account",
    "puppet",
    "address",
    "command",
    "seconds",
    "error_id",
    "generation",
    "event",
)
#: Before each line that a world hands to the gateway as it is.
MARK = "\x1e"
MAX_BYTES, BACKUPS = 5_000_000, 5
QUEUE_LENGTH = 10_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class PlainFormatter(logging.Formatter):
    """`2031-05-01 12:00:00.250 INFO    world    perdure.commands: what happened [session=3 account=anna]`."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        """One record; lines after the first are indented."""
        if line := getattr(record, "finished_line", ""):
            return str(line)
        when = datetime.fromtimestamp(record.created).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        text = record.getMessage()
        if said := " ".join(f"{name}={value}" for name, value in _said(record)):
            text += f" [{said}]"
        for more in (_traceback(record), record.stack_info):
            if more:
                text += f"\n{more}"
        text = _CONTROL.sub(_visible, text).replace("\n", "\n    ")
        return f"{when} {record.levelname:<7} {self.process:<7} {record.name}: {text}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, process, pid, logger, message, and what `extra` says."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        if line := getattr(record, "finished_line", ""):
            return str(line)
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self.process,
            "pid": record.process,
            "logger": record.name,
            "message": record.getMessage(),
            **dict(_said(record)),
        }
        if traceback := _traceback(record):
            entry["traceback"] = traceback
        return json.dumps(entry, default=str)


def _said(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    for name in FIELDS:
        value = getattr(record, name, None)
        if value is not None:
            yield name, value


def _traceback(record: logging.LogRecord) -> str:
    if record.exc_info and not record.exc_text:
        record.exc_text = logging.Formatter().formatException(record.exc_info)
    return record.exc_text or ""


def _visible(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]):02x}"


class SharedRotatingFile(logging.handlers.RotatingFileHandler):
    """A rotating file that several processes may write at the same time: one rotates it, the others follow."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", delay=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write to the file that has the name now."""
        if self.stream is not None and not self._is_current():
            self.stream.close()
            self.stream = None
        super().emit(record)

    def _is_current(self) -> bool:
        if self.stream is None:
            return False
        try:
            named, opened = os.stat(self.baseFilename), os.fstat(self.stream.fileno())
        except OSError:
            return False
        return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)

    def doRollover(self) -> None:
        """Rotate, unless another process has just done it."""
        with open(f"{self.baseFilename}.lock", "a", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.stream is None or self._is_current():
                super().doRollover()

    def _open(self) -> Any:
        # Readable for the operator's group at most: what players type may stand in it.
        with contextlib.suppress(OSError):
            os.close(os.open(self.baseFilename, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o640))
        return super()._open()


def _told_of(dropped: int, record: logging.LogRecord) -> logging.LogRecord:
    text = f"{dropped} lines of the log are lost: they came faster than they could be written"
    return logging.LogRecord("perdure.logs", logging.WARNING, record.pathname, record.lineno, text, None, None)


class _Listener(logging.handlers.QueueListener):
    """Takes records out of the queue, in a thread."""

    def enqueue_sentinel(self) -> None:
        """Its end waits for room like everything else."""
        self.queue.put(self._sentinel)  # type: ignore[attr-defined]


class _Queue(logging.handlers.QueueHandler):
    """Hands records to the thread that writes; counts those for which there is no room, and says so when there is."""

    dropped = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            if self.dropped:
                self.queue.put_nowait(_told_of(self.dropped, record))
                self.dropped = 0
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        # Put together here, where the arguments are as they were; the traceback stays for the formatter.
        record.message = record.msg = record.getMessage()
        record.args = None
        _traceback(record)
        record.exc_info = None
        return record


class _Marked(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes for the gateway: each line with the mark."""

    def format(self, record: logging.LogRecord) -> str:
        return MARK + super().format(record).replace("\n", f"\n{MARK}")


def environment(format: str, level: str, directory: str, *, to_stdout: bool) -> dict[str, str]:
    """The variables from which a world's `configure` learns how to log."""
    return {
        "PERDURE_LOG_FORMAT": format,
        "PERDURE_LOG_LEVEL": level,
        "PERDURE_LOG_DIR": directory,
        "PERDURE_LOG_STDOUT": "1" if to_stdout else "",
    }


def configure(
    process: str,
    *,
    format: str | None = None,
    level: str | None = None,
    directory: str | Path | None = None,
    to_stdout: bool | None = None,
    threaded: bool = False,
) -> logging.handlers.QueueListener | None:
    """Log from now on.

    Args:
        process: "gateway" or "world"; the file is called so.
        format: "plain" or "json".
        level: the least that is logged.
        directory: where files go, relative to the game directory; "" for no file.
        to_stdout: log to the standard output too.
        threaded: write in a thread. Stop what is returned to have everything written.
    """
    given = os.environ.get
    form = format or given("PERDURE_LOG_FORMAT") or "plain"
    where = given("PERDURE_LOG_DIR", "server/logs") if directory is None else str(directory)
    shown = bool(given("PERDURE_LOG_STDOUT")) if to_stdout is None else to_stdout
    formatter = (JsonFormatter if form == "json" else PlainFormatter)(process)
    handlers: list[logging.Handler] = []
    if where:
        Path(where).mkdir(parents=True, exist_ok=True)
        handlers.append(SharedRotatingFile(Path(where) / f"{process}.log"))
        handlers[0].addFilter(lambda record: not hasattr(record, "finished_line"))
    if shown:
        handlers.append(_Marked(sys.stdout) if process == "world" else logging.StreamHandler(sys.stdout))
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.raiseExceptions = False  # a full disk must not print a traceback for each line
    return _install(handlers, level or given("PERDURE_LOG_LEVEL") or "INFO", threaded)


def _install(handlers: list[logging.Handler], level: str, threaded: bool) -> logging.handlers.QueueListener | None:
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.setLevel(level.upper())
    # httpcore says lines for each request that is passed on, uvicorn that one may press Ctrl-C.
    for chatty in ("httpcore", "asyncio", "uvicorn", "watchfiles"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if not threaded:
        for handler in handlers:
            root.addHandler(handler)
        return None
    records: queue.Queue[Any] = queue.Queue(QUEUE_LENGTH)
    root.addHandler(_Queue(records))
    listener = _Listener(records, *handlers)
    listener.start()
    return listener
