"""A telnet client made of a real client library (telnetlib3), as a test drives it."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from typing import Any

import telnetlib3

__all__ = ["LibraryClient"]

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class LibraryClient:
    """One connection that negotiates all that the library knows.

    Attributes:
        transcript: all text so far, without colours.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.transcript = ""
        self._seen = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.reader, self.writer = self._do(
            telnetlib3.open_connection(*address, encoding="utf8", term="xterm-256color", cols=100, rows=40, shell=None)
        )
        self._reading = asyncio.run_coroutine_threadsafe(self._read(), self._loop)

    def _do(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    async def _read(self) -> None:
        while chunk := await self.reader.read(4096):
            self.transcript += ANSI.sub("", chunk).replace("\r\n", "\n")

    def send(self, *lines: str) -> None:
        """Send lines."""
        text = "".join(f"{line}\r\n" for line in lines)
        self._loop.call_soon_threadsafe(self.writer.write, text)

    def expect(self, pattern: str, timeout: float = 20.0) -> re.Match[str]:
        """Wait for text since the last match."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if found := re.compile(pattern, re.IGNORECASE | re.MULTILINE).search(self.transcript, self._seen):
                self._seen = found.end()
                return found
            time.sleep(0.01)
        raise AssertionError(f"nothing like {pattern!r} came:\n{self.transcript[self._seen :][-3000:]}")

    def ask(self, line: str, pattern: str) -> re.Match[str]:
        """Send a line and wait for the answer."""
        self._seen = len(self.transcript)
        self.send(line)
        return self.expect(pattern)

    def close(self) -> None:
        """Hang up."""
        self._do(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _hang_up(self) -> None:
        self._reading.cancel()
        self.writer.close()
        await asyncio.wait_for(self.writer.wait_closed(), 20)
