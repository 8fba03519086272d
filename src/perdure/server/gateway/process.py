"""One world as the gateway sees it: a process, its link, and what it has answered so far.

Contract: `start` begins the process and returns at once. What is awaited of a world (`ready`, `quiesced`, `running`)
comes by `until`, which gives the answer, or raises `WorldLost` when the world is gone and `TooLate` when the time is
up. `gone` is done when the process has ended and the last that it sent has been read.

Invariants: a world whose link has ended may not go on: it has some seconds to finish, then it is killed. So two
worlds never work on one database without the gateway's knowing.

Owner: the gateway's event loop. A thread for each world waits for the end of the process, and does nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from perdure.server import logs
from perdure.server.gateway.link import Link
from perdure.server.messages import Failed, Hello, Line, Mode, Quiesced, Ready, Running, Stop, Stopped, Welcome

__all__ = ["TooLate", "WorldLost", "WorldProcess", "memory_of"]

# -P: the game's directory is no place to look for Python's own modules; set-up puts it on the path later.
WORLD_COMMAND = (sys.executable, "-P", "-m", "perdure.server.world")
#: How long a world may live whose link has ended, and how long after its end the link may still be read.
UNLINKED_SECONDS, DRAIN_SECONDS = 5.0, 1.0
LAST_LINES = 60
PLACE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)

T = TypeVar("T")

logger = logging.getLogger("perdure.gateway.world")


class WorldLost(Exception):
    """The world cannot do what was asked of it.

    Args:
        summary: one line: what, and where.
        detail: traceback, or the last that it printed.
    """

    def __init__(self, summary: str, detail: str = "") -> None:
        self.summary = summary
        self.detail = detail
        super().__init__(summary)


class TooLate(WorldLost):
    """It lives, but has not answered in time."""


class WorldProcess:
    """A world, from the start of its process to its end.

    Args:
        generation: which world it is, counted by the gateway.
        mode: why it is started.
        deliver: gets the messages that are for others than this object.
        writable: called when its link can take more again.
    """

    def __init__(
        self,
        generation: int,
        mode: Mode,
        deliver: Callable[[WorldProcess, Any], None],
        writable: Callable[[WorldProcess], None],
    ) -> None:
        self.generation = generation
        self.mode: Mode = mode
        self.token = secrets.token_urlsafe(32)
        self.pid = 0
        self.started = time.time()
        self.link: Link | None = None
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[Ready] = loop.create_future()
        self.quiesced: asyncio.Future[list[Line]] = loop.create_future()
        self.running: asyncio.Future[None] = loop.create_future()
        self.gone: asyncio.Future[str] = loop.create_future()
        self.failed: asyncio.Future[Failed] = loop.create_future()
        self.http_socket = ""
        self.warnings: list[str] = []
        self.welcome: Welcome | None = None
        self._deliver = deliver
        self._writable = writable
        self._loop = loop
        self._process: subprocess.Popen[bytes] | None = None
        self._exit = ""
        self._unlinked = ""
        self._was_linked = False
        self._output: deque[str] = deque(maxlen=LAST_LINES)
        self._output_ended = False
        self._pipe: asyncio.ReadTransport | None = None

    # --- the process -----------------------------------------------------------------------------

    async def start(self, command: Sequence[str], environment: dict[str, str], welcome: Welcome) -> None:
        """Begin the process. Raises `WorldLost` if the system refuses."""
        self.welcome = welcome
        try:
            reading, writing = os.pipe()
        except OSError as error:
            raise WorldLost(f"the process of the world cannot be started: {error}") from error
        pipe = os.fdopen(reading, "rb", 0)
        try:
            # A group of its own: Ctrl-C at the terminal is for the gateway, which then ends its worlds in order.
            self._process = subprocess.Popen(
                [*command, "--generation", str(self.generation)],
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                env={**os.environ, **environment, "PERDURE_LINK_TOKEN": self.token, "PYTHONUNBUFFERED": "1"},
                process_group=0,
            )
        except OSError as error:
            pipe.close()
            raise WorldLost(f"the process of the world cannot be started: {error}") from error
        finally:
            os.close(writing)
        self.pid = self._process.pid
        threading.Thread(target=self._wait, name=f"end of world {self.generation}", daemon=True).start()
        self._pipe, _ = await self._loop.connect_read_pipe(lambda: _Output(self._printed, self._printed_all), pipe)

    def _wait(self) -> None:
        """In a thread: wait for the end of the process."""
        assert self._process is not None
        code = self._process.wait()
        with suppress(RuntimeError):  # the loop has ended before
            self._loop.call_soon_threadsafe(self._exited, code)

    def _exited(self, code: int) -> None:
        self._exit = _in_words(code)
        if self.link is not None:
            self._loop.call_later(DRAIN_SECONDS, self.link.abort, self._exit)
        self._look_whether_it_is_gone()
        # A program that the game has started may hold the pipe for ever.
        self._loop.call_later(DRAIN_SECONDS + 0.5, self._is_gone)

    def _look_whether_it_is_gone(self) -> None:
        """It is when the process has ended, and its link and what it printed have been read to the end."""
        if self._exit and self.link is None and self._output_ended:
            self._is_gone()

    def _printed_all(self) -> None:
        self._output_ended = True
        self._look_whether_it_is_gone()

    def _is_gone(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if not self.gone.done():
            self.gone.set_result(self._exit or self._unlinked)

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None and not self._exit:
            self._process.kill()

    async def end(self, seconds: float) -> None:
        """Ask the world to end, see that it does, and kill it when the time is up."""
        if self._process is None:
            return
        self.send(Stop())
        if not await self._within(seconds) and self._process.poll() is None:
            logger.warning("world %d (pid %d) did not end in %g s and is killed", self.generation, self.pid, seconds)
            self.kill()
            await self._within(DRAIN_SECONDS + 1)
        if self.link is not None:
            self.link.abort("its time is over")

    async def killed(self) -> None:
        """Kill the process and see that it has ended."""
        self.kill()
        if self._process is not None:
            await self._within(DRAIN_SECONDS + 1)

    async def _within(self, seconds: float) -> bool:
        await asyncio.wait({self.gone}, timeout=seconds)
        return self.gone.done()

    # --- the link --------------------------------------------------------------------------------

    @property
    def is_writable(self) -> bool:
        """Whether its link can take more now."""
        return self.link is not None and self.link.is_writable

    def send(self, *messages: Any) -> None:
        """Send these to the world; nothing happens when its link has ended."""
        if self.link is not None:
            self.link.send(*messages)

    def linked(self, link: Link, hello: Hello) -> None:
        """The world has said who it is."""
        if self.link is not None:
            link.abort("a second link of the same world")
            return
        self.link = link
        self._was_linked = True
        link.send(self.welcome)

    def heard(self, messages: Sequence[Any]) -> None:
        """A frame has come: keep the answers to what we ask, hand on the rest."""
        for message in messages:
            if isinstance(message, Ready):
                self.http_socket = message.http_socket
                self.warnings = message.warnings
                _answer(self.ready, message)
            elif isinstance(message, Failed):
                _answer(self.failed, message)
                self._loop.call_later(UNLINKED_SECONDS, self.kill)
            elif isinstance(message, Running):
                _answer(self.running, None)
            elif isinstance(message, Quiesced):
                _answer(self.quiesced, message.leftovers)
            elif isinstance(message, Stopped):
                continue
            else:
                self._deliver(self, message)

    def writable(self) -> None:
        """The link can take more again."""
        self._writable(self)

    def unlinked(self, reason: str) -> None:
        """The link has ended: so must the process."""
        self.link = None
        self._unlinked = f"its link ended: {reason}"
        self._look_whether_it_is_gone()
        if not self._exit:
            self._loop.call_later(UNLINKED_SECONDS, self.kill)

    def expect_anew(self) -> None:
        """Forget what was answered to an earlier `Quiesce`: another follows."""
        if self.quiesced.done():
            self.quiesced = self._loop.create_future()
        if self.running.done():
            self.running = self._loop.create_future()

    async def until(self, answer: asyncio.Future[T], seconds: float, what: str) -> T:
        """What the world answers.

        Args:
            answer: `ready`, `quiesced` or `running`.
            seconds: how long it may take.
            what: what the world is at, in words, for the error.

        Raises:
            WorldLost: the world is gone, or has said that it cannot.
            TooLate: the time is up.
        """
        wanted: set[asyncio.Future[Any]] = {answer, self.gone, self.failed}
        await asyncio.wait(wanted, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        if self.gone.done() or self.failed.done():
            raise self.loss(what)
        raise TooLate(f"the world did not finish {what} within {seconds:g} s", self.last_output())

    def loss(self, what: str) -> WorldLost:
        """Why the world is gone, as an error."""
        if self.failed.done():
            failed = self.failed.result()
            return WorldLost(_with_place(failed), failed.detail)
        # A world that was not let in ends by itself; why it was not is what matters.
        reason = self._unlinked if self._unlinked and not self._was_linked else self._exit or self._unlinked
        output = self.last_output()
        places = list(PLACE.finditer(output))
        where = f" ({places[-1]['file']}, line {places[-1]['line']})" if places else ""
        return WorldLost(f"the world ended while it was {what}: {reason}{where}", output)

    # --- what it prints --------------------------------------------------------------------------

    def _printed(self, line: str) -> None:
        if line.startswith(logs.MARK):
            logger.info("%s", line, extra={"finished_line": line[len(logs.MARK) :]})
            return
        self._output.append(line)
        logger.info("world %d: %s", self.generation, line)

    def last_output(self) -> str:
        """The last lines that it printed and that were no log lines."""
        return "\n".join(self._output)

    def status(self) -> dict[str, Any]:
        """For `perdure status`."""
        return {
            "generation": self.generation,
            "pid": self.pid,
            "started": self.started,
            "uptime": round(time.time() - self.started, 3),
            "memory": memory_of(self.pid),
            "warnings": self.warnings,
        }


class _Output(asyncio.Protocol):
    """Cuts what a process prints into lines."""

    LIMIT = 16 * 1024

    def __init__(self, printed: Callable[[str], None], ended: Callable[[], None]) -> None:
        self._printed = printed
        self._ended = ended
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Some of it."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._printed(line.decode("utf-8", "replace").rstrip("\r"))
        if len(self._rest) > self.LIMIT:
            self._give_rest()

    def connection_lost(self, error: Exception | None) -> None:
        """The end."""
        self._give_rest()
        self._ended()

    def _give_rest(self) -> None:
        """What has no end of line: the last, or too long to wait for it."""
        rest, self._rest = self._rest, b""
        if rest:
            self._printed(rest.decode("utf-8", "replace"))


def _answer(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)


def _with_place(failed: Failed) -> str:
    if not failed.file or Path(failed.file).name in failed.summary:
        return failed.summary
    return f"{failed.summary} ({failed.file}, line {failed.line})"


def _in_words(code: int) -> str:
    """An exit code, as one would say it."""
    if code >= 0:
        return f"it ended with exit code {code}"
    with suppress(ValueError):
        return f"it was ended by the signal {signal.Signals(-code).name}"
    return f"it was ended by signal {-code}"


def memory_of(pid: int) -> int | None:
    """Bytes of memory that a process holds; None where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
