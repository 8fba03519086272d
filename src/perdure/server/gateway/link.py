"""The link: the Unix socket where worlds report, and one connection of it.

Contract: a world connects to `server/run/link.sock`, says `Hello` with the token it was started with, and is from
then on the link of that process. Whatever is not a world of ours is let go: another user, a wrong or used token,
another protocol, silence. What was given to `send` in one turn of the event loop leaves as one frame.

Invariants: nothing here blocks. Between `pause_writing` and `resume_writing` the link says that it is not
`writable`, and who sends waits, so that a world that does not read costs a bounded amount of memory.

Owner: the gateway's event loop. Failure modes: a frame that does not fit the protocol ends the link, and is logged.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from perdure.server.messages import PROTOCOL, FromWorld, Hello
from perdure.server.wire import FrameReader, WireError, encode

__all__ = ["Link", "LinkServer", "Peer", "is_same_user"]

HELLO_SECONDS = 10.0
#: How many connections may wait to say who they are.
MAX_STRANGERS = 16
HIGH_WATER, LOW_WATER = 4 * 1024 * 1024, 512 * 1024

logger = logging.getLogger("perdure.gateway.link")


class Peer(Protocol):
    """Who a link belongs to."""

    def linked(self, link: Link, hello: Hello) -> None:
        """The world has said who it is."""

    def heard(self, messages: Sequence[Any]) -> None:
        """One frame has come."""

    def writable(self) -> None:
        """The link can take more again."""

    def unlinked(self, reason: str) -> None:
        """The link has ended."""


class LinkServer:
    """Listens for worlds.

    Args:
        path: of the socket, relative to the game directory.
        find: who has this token, or None.
    """

    def __init__(self, path: Path, find: Callable[[str], Peer | None]) -> None:
        self.path = path
        self.find = find
        self.strangers: set[Link] = set()
        self._links: set[Link] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen. A socket left by a gateway that was killed is removed: who calls this holds the lock."""
        self.path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.get_running_loop().create_unix_server(lambda: Link(self), str(self.path))
        finally:
            os.umask(before)

    async def close(self) -> None:
        """Stop listening and end all links."""
        if self._server is None:
            return
        self._server.close()
        for link in list(self._links):
            link.abort("the gateway ends")
        self._server = None
        self.path.unlink(missing_ok=True)

    def opened(self, link: Link) -> bool:
        """Whether the new connection may go on."""
        if len(self.strangers) >= MAX_STRANGERS:
            return False
        self._links.add(link)
        self.strangers.add(link)
        return True

    def closed(self, link: Link) -> None:
        """Forget a connection."""
        self._links.discard(link)
        self.strangers.discard(link)


class Link(asyncio.Protocol):
    """One connection. Until it has said `Hello` it belongs to nobody."""

    def __init__(self, server: LinkServer) -> None:
        self.is_writable = True
        self._server = server
        self._reader = FrameReader(FromWorld)
        self._peer: Peer | None = None
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[Any] = []
        self._deadline: asyncio.TimerHandle | None = None
        self._reason = "the world closed the link"

    # --- sending ---------------------------------------------------------------------------------

    def send(self, *messages: Any) -> None:
        """Send these, after those before. Nothing happens when the link has ended."""
        if self._transport is None or self._transport.is_closing():
            return
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self.flush)
        self._outgoing.extend(messages)

    def flush(self) -> None:
        """Write what has gathered."""
        messages, self._outgoing = self._outgoing, []
        if not messages or self._transport is None or self._transport.is_closing():
            return
        try:
            self._transport.write(encode(messages))
        except WireError as error:
            logger.error("%d messages for the world are dropped: %s", len(messages), error)

    def abort(self, reason: str) -> None:
        """End the link at once."""
        self._reason = reason
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected; they have some seconds to say who they are."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not is_same_user(transport.get_extra_info("socket")) or not self._server.opened(self):
            transport.abort()
            return
        transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        self._deadline = asyncio.get_running_loop().call_later(HELLO_SECONDS, self.abort, "it said nothing")

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        try:
            for messages in self._reader.feed(data):
                if self._peer is not None:
                    self._peer.heard(messages)
                elif not self._greeted(messages):
                    return
        except WireError as error:
            logger.error("the link to a world ends: %s", error)
            self.abort(str(error))

    def _greeted(self, messages: list[Any]) -> bool:
        hello = messages[0] if messages else None
        if not isinstance(hello, Hello):
            self.abort("it did not begin with Hello")
            return False
        peer = self._server.find(hello.token)
        if peer is None:
            logger.warning("a process %d that is no world of this gateway was turned away", hello.pid)
            self.abort("its token is not known")
            return False
        if self._deadline is not None:
            self._deadline.cancel()
        self._server.strangers.discard(self)
        self._peer = peer
        if hello.protocol != PROTOCOL:
            self.abort(
                f"it speaks version {hello.protocol} of the link, the gateway version {PROTOCOL}: "
                "Perdure was upgraded under the running gateway; perdure reboot starts both anew"
            )
            return False
        peer.linked(self, hello)
        if messages[1:]:
            peer.heard(messages[1:])
        return True

    def pause_writing(self) -> None:
        """The world does not read as fast as we write."""
        self.is_writable = False

    def resume_writing(self) -> None:
        """It does again."""
        self.is_writable = True
        if self._peer is not None:
            self._peer.writable()

    def connection_lost(self, error: Exception | None) -> None:
        """The link has ended."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._server.closed(self)
        self._transport = None
        if self._peer is not None:
            self._peer.unlinked(self._reason)


def is_same_user(connection: socket.socket) -> bool:
    """Whether the other end of a Unix socket runs as our user, or as root; True where the system cannot say."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    layout = struct.Struct("3i")
    _pid, uid, _gid = layout.unpack(connection.getsockopt(socket.SOL_SOCKET, option, layout.size))
    return uid in (0, os.geteuid())
