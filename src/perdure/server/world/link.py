"""The world's end of the link to the gateway.

Contract: `connect` introduces this world; `run` (on the thread of the I/O loop) hands over what comes; `send` may be
called from any thread and never blocks: what the socket does not take at once is sent by the I/O loop. Messages leave
in the order of the calls.

Failure modes: `LinkRefused` when the gateway does not want this world; when the link ends, `closed` is called once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from perdure.server.messages import PROTOCOL, FromGateway, Hello, Welcome
from perdure.server.wire import FrameReader, WireError, encode

__all__ = ["Link", "LinkRefused"]

CHUNK = 256 * 1024


class LinkRefused(Exception):
    """The gateway is not there, or does not want this world."""


class Link:
    """One connection to the gateway.

    Args:
        path: of the gateway's Unix socket.
        token: what the gateway gave this process to be known by.
    """

    def __init__(self, path: str, token: str) -> None:
        self._path = path
        self._token = token
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._reader = FrameReader(FromGateway)
        self._sending = threading.Lock()
        self._unsent = bytearray()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False
        self._received: Callable[[Any], object] = lambda message: None
        self._closed: Callable[[], object] = lambda: None

    def connect(self, timeout: float = 10.0) -> Welcome:
        """Introduce this world; what the gateway answers. Blocks.

        Raises `LinkRefused`.
        """
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(self._path)
            self._socket.sendall(encode([Hello(PROTOCOL, os.getpid(), self._token)]))
            while True:
                data = self._socket.recv(CHUNK)
                if not data:
                    raise LinkRefused(
                        "the gateway closed the link: it did not start this world, or is of another version"
                    )
                for messages in self._reader.feed(data):
                    if messages and isinstance(messages[0], Welcome):
                        self._socket.setblocking(False)
                        return messages[0]
                    raise LinkRefused("the gateway did not say welcome")
        except (OSError, WireError) as error:
            raise LinkRefused(f"no link to the gateway at {self._path}: {error}") from error

    def run(
        self, loop: asyncio.AbstractEventLoop, received: Callable[[Any], object], closed: Callable[[], object]
    ) -> None:
        """Hand over messages as they come, from now on. On the thread of `loop`."""
        self._received, self._closed = received, closed
        loop.add_reader(self._socket, self._readable)
        with self._sending:
            self._loop = loop
            if self._unsent:
                loop.add_writer(self._socket, self._writable)

    def send(self, messages: Sequence[Any]) -> None:
        """Send one frame; nothing happens on a link that has ended."""
        frame = encode(messages)
        with self._sending:
            if self._is_closed:
                return
            if self._unsent:
                self._unsent += frame
                return
            sent = self._write(frame)
            if sent < len(frame):
                self._unsent += frame[sent:]
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(self._loop.add_writer, self._socket, self._writable)

    def flush(self, timeout: float = 5.0) -> None:
        """Block until everything has left, or the time is over."""
        with self._sending:
            try:
                self._socket.settimeout(timeout)
                self._socket.sendall(bytes(self._unsent))
                self._socket.setblocking(False)
            except OSError:
                pass  # the gateway has gone: there is nobody to tell
            finally:
                self._unsent.clear()

    def _write(self, data: bytes | bytearray) -> int:
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            return 0  # the reader sees the end of the link

    def _writable(self) -> None:
        with self._sending:
            sent = self._write(memoryview(self._unsent)[:CHUNK].tobytes())
            del self._unsent[:sent]
            if not self._unsent and self._loop is not None:
                self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(CHUNK)
            if data:
                for messages in self._reader.feed(data):
                    for message in messages:
                        self._received(message)
                return
        except (BlockingIOError, InterruptedError):
            return
        except (OSError, WireError):
            data = b""
        self._end()

    def _end(self) -> None:
        with self._sending:
            self._is_closed = True
            if self._loop is not None:
                self._loop.remove_reader(self._socket)
                self._loop.remove_writer(self._socket)
            self._socket.close()
        self._closed()
