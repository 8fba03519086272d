"""The control socket: where the command line asks the gateway for things.

Contract: `server/run/control.sock` is for the user of the game alone (its permissions, its directory's, and the
kernel's word on who connects). One connection carries one request; steps are reported as they happen. A request goes on
when whoever asked has gone away.

Failure modes: bytes that are no request are answered by closing the connection.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from perdure.server.control_messages import Answer, Change, ControlRequest, Halt, Progress, RunSource, Status
from perdure.server.gateway.link import is_same_user
from perdure.server.gateway.worlds import Worlds
from perdure.server.wire import FrameReader, WireError, encode

__all__ = ["Control"]

REQUEST_SECONDS = 10.0
MAX_CONNECTIONS = 32

logger = logging.getLogger("perdure.gateway.control")


class Control:
    """Answers the command line.

    Args:
        path: of the socket.
        worlds: what it is all about.
        status: everything there is to say about the gateway.
    """

    def __init__(self, path: Path, worlds: Worlds, status: Callable[[], dict[str, Any]]) -> None:
        self.path = path
        self.worlds = worlds
        self._status = status
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._answering: set[asyncio.Task[Any]] = set()
        self._work: set[asyncio.Task[Answer]] = set()

    async def start(self) -> None:
        """Listen. A socket left by a gateway that was killed is removed: who calls this holds the lock."""
        self.path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._connected, str(self.path))
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop listening. Answers that are under way are still given."""
        if self._server is None:
            return
        self._server.close()
        if self._answering:
            await asyncio.wait(set(self._answering), timeout=2)
        for writer in list(self._connections):
            writer.close()
        self.path.unlink(missing_ok=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MAX_CONNECTIONS or not is_same_user(writer.get_extra_info("socket")):
            writer.close()
            return
        here = asyncio.current_task()
        assert here is not None
        self._connections.add(writer)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await _request(reader)
            self._answering.add(here)
            _write(writer, await self._in_its_own_task(request, writer))
            await writer.drain()
        except (WireError, OSError, EOFError, TimeoutError) as error:
            logger.debug("a control connection ends: %s", error)
        finally:
            self._answering.discard(here)
            self._connections.discard(writer)
            with suppress(OSError):
                writer.close()

    async def _in_its_own_task(self, request: Any, writer: asyncio.StreamWriter) -> Answer:
        """The work goes on if the connection, and with it this task, ends."""
        task = asyncio.get_running_loop().create_task(
            self._answer(request, lambda text: _write(writer, Progress(text)))
        )
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return await asyncio.shield(task)

    async def _answer(self, request: Any, report: Callable[[str], None]) -> Answer:
        if isinstance(request, Status):
            return Answer(True, "", data=self._status())
        if isinstance(request, Change):
            logger.info("%s, asked for on the command line", request.verb)
            result = await self.worlds.request(request.verb, report=report)
        elif isinstance(request, RunSource):
            logger.warning("code is run in the world from the command line: %.500r", request.source)
            result = await self.worlds.run_code(request.source)
        else:
            assert isinstance(request, Halt)
            logger.info("stop, asked for on the command line")
            report("the world says farewell")
            await self.worlds.stop(now=request.now)
            return Answer(True, "the game has been stopped")
        return Answer(result.ok, result.summary, result.detail)


async def _request(reader: asyncio.StreamReader) -> Any:
    """The one request of a connection. Raises `WireError`, or `EOFError` when there is none."""
    frames = FrameReader(ControlRequest)
    while data := await reader.read(65536):
        for messages in frames.feed(data):
            if messages:
                return messages[0]
    raise EOFError("it ended without a request")


def _write(writer: asyncio.StreamWriter, message: Any) -> None:
    if not writer.is_closing():
        writer.write(encode([message]))
