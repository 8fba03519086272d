"""Code that only reads and takes long: each in a process of its own, beside the world (`py/thread`).

Contract: `await ReadingJob(code, command, show)` in a command runs the code in a new process (`reading_process`), calls
`show(text)` as a unit of the game loop for what it writes, and gives whether it raised nothing. `running_jobs` are
those that run.

Invariants
    - The game thread waits for nothing: a thread of its own starts the process, reads from it and waits for its end.
    - At most `MOST_JOBS` run at a time. What one writes is shown up to `MOST_SHOWN` characters, one unit at a time.
    - A process ends with its command: when that is cancelled (reload, lost connection, `py/thread/stop`), when its
      time is over, and when the world ends, however it does.

Owner: the game thread; a job's own thread hands over through the loop.
Failure modes: `InvalidArgument` in the command when too many run; a process that cannot be started has ended.
"""

from __future__ import annotations

import codecs
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
from django.db import connections

from perdure.commands.default.reading_process import Job
from perdure.commands.running import CommandRun, Request
from perdure.conf import conf
from perdure.errors import InvalidArgument
from perdure.gameloop import current_loop

__all__ = ["MOST_JOBS", "MOST_SHOWN", "ReadingJob", "running_jobs"]

MOST_JOBS = 2
MOST_SHOWN = 50_000
MODULE = "perdure.commands.default.reading_process"

_numbers = itertools.count(1)
_jobs: dict[int, ReadingJob] = {}


def running_jobs() -> list[ReadingJob]:
    """The jobs that run, oldest first."""
    return list(_jobs.values())


class ReadingJob(Request):
    """Awaited, runs code in a process that can only read; gives whether it raised nothing.

    Args:
        code: what was typed.
        command: the command that awaits it.
        show: called with what it writes, as it comes.

    Attributes:
        number: by which it can be stopped.
        begun: when it began, in seconds since 1970.
        timed_out: whether it was ended because its time was over.
    """

    def __init__(self, code: str, command: Any, show: Callable[[str], object]) -> None:
        self.code = code
        self.number = next(_numbers)
        self.begun = time.time()
        self.timed_out = False
        self.run: CommandRun | None = None
        self._show = show
        self._job = Job(code, _reference(command.caller), _reference(command.account), _databases())
        self._guard = threading.Lock()  # of what the thread and the game both change: the four below
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False
        self._heard = ""
        self._is_told = False
        self._shown = 0
        self._timer: Any = None

    def begin(self, run: CommandRun, resume: Callable[[Any, BaseException | None], None]) -> None:
        if len(_jobs) >= MOST_JOBS:
            raise InvalidArgument(f"{MOST_JOBS} run already; wait, or stop one (py/thread lists them)")
        loop = current_loop()
        self.run = run
        _jobs[self.number] = self
        if conf.PY_THREAD_TIME_LIMIT > 0:
            self._timer = loop.call_later(conf.PY_THREAD_TIME_LIMIT, self._time_is_over, label="end of py/thread")
        thread = threading.Thread(target=self._work, args=(loop, resume), name="perdure-py-thread", daemon=True)
        loop.after_commit(thread.start)

    def withdraw(self) -> None:
        _jobs.pop(self.number, None)
        if self._timer is not None:
            self._timer.cancel()
        self._end()

    def _time_is_over(self) -> None:
        self.timed_out = True
        self._end()

    def _end(self) -> None:
        with self._guard:
            self._is_over = True
            if self._process is not None:
                self._process.kill()

    # --- on the job's own thread

    def _work(self, loop: Any, resume: Callable[[Any, BaseException | None], None]) -> None:
        status: int | None = None
        error: BaseException | None = None
        try:
            process = self._start()
            if process is not None:
                with process:
                    self._listen(loop, process)
                    status = process.wait()
        except OSError as raised:
            error = raised
        loop.submit(lambda: self._tell(), label="py/thread")
        loop.submit(lambda: resume(status == 0, error), label="end of py/thread")

    def _start(self) -> subprocess.Popen[bytes] | None:
        """The process, or None if it is not wanted any more."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        with self._guard:
            if self._is_over:
                return None
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
            )
        return self._process

    def _listen(self, loop: Any, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(self._job) + b"\n")
        process.stdin.flush()  # and left open: when it is closed, the process ends
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while written := os.read(process.stdout.fileno(), 65536):
            self._hear(loop, decoder.decode(written))

    def _hear(self, loop: Any, text: str) -> None:
        """Keep what was written, as far as it will be shown, and have it shown."""
        with self._guard:
            self._heard += text[: max(0, MOST_SHOWN + 1 - self._shown - len(self._heard))]
            if self._is_told or "\n" not in self._heard:
                return
            self._is_told = True
        loop.submit(lambda: self._tell(whole_lines=True), label="py/thread")

    # --- on the game thread

    def _tell(self, whole_lines: bool = False) -> None:
        """Show what has been heard; only whole lines while more may come."""
        with self._guard:
            at = self._heard.rfind("\n") + 1 if whole_lines else len(self._heard)
            text, self._heard = self._heard[:at], self._heard[at:]
            self._is_told = False
            room = MOST_SHOWN - self._shown
            self._shown += len(text)
        if text and room > 0:
            more = "\n[… and more]" if len(text) > room else ""
            self._show(text[:room].rstrip("\n") + more)


def _reference(entity: Any) -> tuple[str, int] | None:
    return None if entity is None else (entity.__dbclass__._meta.label, entity.pk)


def _databases() -> dict[str, str]:
    """What the databases are called here: in tests not what the settings say."""
    return {alias: str(connections[alias].settings_dict["NAME"]) for alias in connections}
