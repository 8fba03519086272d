"""Telnet clients, in the clear or over TLS.

Contract: one `TelnetSession` for each connection, made by `asyncio` when it comes. It asks the door before anything
else, finds out by telnet's options what the client can do, and then passes whole lines on. What is shown is gathered
and written once for each turn of the loop.

Bounds: unfinished input is what one read from the socket gave and one line; a client that sends faster than it may
is not read from until it may again, so that nothing it sent is lost; one that does not read is disconnected.

Failure modes: nothing that a client sends raises out of here; telnetlib3's refusals are logged at debug level.
"""

from __future__ import annotations

import asyncio
import re
import socket
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from telnetlib3.telopt import GA, IAC, MCCP2_COMPRESS, NOP, SB, SE

from perdure.server.gateway import proxyprotocol
from perdure.server.gateway.limits import parse_address
from perdure.server.gateway.lines import LineBuffer, decoded
from perdure.server.gateway.negotiation import Negotiation
from perdure.server.gateway.options import TooLong
from perdure.server.gateway.rendering import TelnetKind, telnet_bytes, telnet_kind
from perdure.server.gateway.sessions import Session, Stage

if TYPE_CHECKING:
    from perdure.server.gateway.gateway import Gateway
    from perdure.server.gateway.handshakes import Handshakes

__all__ = ["TelnetSession"]


_HTTP = re.compile(rb"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT|TRACE) \S{1,2000} HTTP/\d")
_HTTP_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
    b"This port is for telnet. The website has another one.\r\n"
)


class TelnetSession(Session, asyncio.Protocol):
    """One telnet client.

    Args:
        gateway: whose client it is.
        handshakes: what encrypts the connection; None for one in the clear.
    """

    def __init__(self, gateway: Gateway, handshakes: Handshakes | None = None) -> None:
        self.gateway = gateway
        self.stage = Stage.GONE
        self._tls = handshakes is not None
        self._handshakes = handshakes
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._inside = False
        self._header: bytes | None = None
        self._proxied = False

    # --- the connection ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected: let it in, or not. Called again when the connection is encrypted, if it is to be."""
        if self._handshakes is not None:
            handshakes, self._handshakes = self._handshakes, None
            handshakes.begin(cast(asyncio.Transport, transport), self)
            return
        self._transport = cast(asyncio.Transport, transport)
        _set_up_socket(transport.get_extra_info("socket"))
        peer = transport.get_extra_info("peername")
        self._peer = _address(peer)
        settings = self.gateway.settings
        if settings.proxy_protocol and not self._tls and self._peer in self.gateway.upstream:
            self._header = b""
            self._timer = self.gateway.loop.call_later(settings.timeouts.negotiation, self.abort, "no PROXY header")
            return
        self._enter(self._peer)

    def _enter(self, address: str) -> None:
        assert self._transport is not None
        reason = self.gateway.door.enter(address)
        if reason:
            self._transport.write(reason.encode() + b"\r\n")
            self._transport.close()
            return
        self._inside = True
        self.begin_session(self.gateway, "telnet-tls" if self._tls else "telnet", address)
        settings = self.gateway.settings
        self.flags = {"ANSI": True}
        self._kind = TelnetKind()
        self._line_end = b"\r\n"
        self._lines = LineBuffer(settings.limits.line_bytes)
        self._out: list[bytes] = []
        self._prompt = b""
        self._compressor: Any = None
        self._paused = False
        self._closing = False
        self._throttle: asyncio.TimerHandle | None = None
        self.gateway.add(self)
        self._timer = self.gateway.loop.call_later(settings.timeouts.login, self._patience_ends, True)
        self._negotiation = Negotiation(self, settings.limits, settings.mccp and not self._tls)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended, by whomever. (telnetlib3's writer calls this too.)"""
        if not self._inside:
            return
        self._inside = False
        self._timer.cancel()
        if self._throttle is not None:
            self._throttle.cancel()
        self.gateway.door.leave(self.address)
        self.gateway.remove(self, "the connection was lost" if exc else "the client has gone")
        self._transport = None
        self._negotiation.options.close()
        self._compressor = None
        self._out.clear()

    def eof_received(self) -> bool:
        """The client sends no more: that is the end of it."""
        return False

    # --- what comes in -------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes of the client."""
        if not self._inside:
            if self._header is None:
                return
            data = self._read_header(self._header + data)
            if not data:
                return
        if self.stage is Stage.GONE or self._closing:
            return
        try:
            text = self._negotiation.text_of(data)
        except TooLong as error:
            self.drop(str(error))
            return
        if text:
            self._lines.feed(text)
            self._take_lines()

    def _read_header(self, data: bytes) -> bytes:
        try:
            read = proxyprotocol.read(data)
        except proxyprotocol.BadHeader as error:
            self._header = None
            self.abort(str(error))
            return b""
        if read is None:
            self._header = data
            return b""
        self._header = None
        self._timer.cancel()
        address, rest = read
        self._proxied = True
        self._enter(address or self._peer)
        return rest if self._inside else b""

    def _take_lines(self) -> None:
        """Passes lines on until there are no more, or no more may be passed on now."""
        if self.stage is Stage.NEW and not self._begin_with_line():
            return
        while self.stage is not Stage.GONE and not self._closing:
            if not self.may_send:
                self._pause()
                return
            if not self.bucket.ready:
                self._pause()
                self.gateway.metrics.throttled += 1
                self._throttle = self.gateway.loop.call_later(self.bucket.wait(), self._throttle_ends)
                return
            line = self._lines.take()
            if self._lines.overflow:
                self.drop(f"A line may have {self.gateway.settings.limits.line_bytes} bytes at most.")
                return
            if line is None:
                return
            self.bucket.take()
            self._pass_on(line)

    def _begin_with_line(self) -> bool:
        """Whether the client, which has not said what it can do, has begun to talk."""
        if _HTTP.match(self._lines.head(2048)):
            self._write_now(_HTTP_ANSWER)
            self.close("a browser at the telnet port")
            return False
        if not self._lines.has_line:
            if len(self._lines) > self.gateway.settings.limits.line_bytes:
                self.drop("A line is too long.")
            return False
        self._begin()
        return True

    def _pass_on(self, line: bytes) -> None:
        if not self.typing_visible:
            # The client did not show the end of the line either.
            self.write(b"\r\n")
        self.gateway.line(self, decoded(line, self._kind.encoding))

    def _pause(self) -> None:
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _throttle_ends(self) -> None:
        self._throttle = None
        self.resume()

    def resume(self) -> None:
        """Goes on with what had to wait."""
        if not self._paused or self._throttle is not None or self._transport is None or not self.may_send:
            return
        self._paused = False
        self._take_lines()
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # --- telnet's options ----------------------------------------------------------------------------

    def negotiation_went_on(self) -> None:
        """A command of the client has been dealt with."""
        if self.stage is not Stage.NEW:
            self._compress()
        elif self._negotiation.complete:
            self._begin()

    def take_message(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        """The client has sent a named message by GMCP."""
        self.gateway.message(self, name, args, kwargs)

    def mssp(self) -> dict[str, str | list[str]]:
        """What lists of games are told."""
        return self.gateway.mssp()

    def _compress(self) -> None:
        """Begins to compress if that was agreed upon, not before the client has said what it is; or ends it."""
        agreed = self._negotiation.compression_agreed
        if self._compressor is not None and not agreed:
            self._end_compression()
        if self._compressor is not None or not agreed:
            return
        self._write_now(b"".join(self._out) + IAC + SB + MCCP2_COMPRESS + IAC + SE)
        self._out.clear()
        # A window of 8 KB: a hundred clients would cost 26 MB with the usual one.
        self._compressor = zlib.compressobj(9, zlib.DEFLATED, 13, 6)
        self.tell_flags({"MCCP": True})

    def _end_compression(self) -> None:
        """The client wants it no more: the compressed stream is brought to its end."""
        self._write_now(b"".join(self._out))
        self._out.clear()
        compressor, self._compressor = self._compressor, None
        self._write_now(compressor.flush(zlib.Z_FINISH))
        self.tell_flags({"MCCP": False})

    def _patience_ends(self, first: bool) -> None:
        """The client has had its time to say what it can do; some more if it has begun to."""
        if self.stage is not Stage.NEW:
            return
        if first and self._negotiation.speaks_telnet:
            timeouts = self.gateway.settings.timeouts
            self._timer = self.gateway.loop.call_later(
                timeouts.negotiation - timeouts.login, self._patience_ends, False
            )
            return
        self._begin()

    def _begin(self) -> None:
        self._timer.cancel()
        encrypted = self.gateway.encrypted_telnet_port
        if encrypted and not self._tls and not self._proxied:
            self.show(
                f"This connection is not encrypted. Port {encrypted} is, for clients that know TLS.", "notice", {}
            )
        self.gateway.ready(self)
        self._compress()

    # --- what goes out -------------------------------------------------------------------------------

    def flags_changed(self) -> None:
        """Other texts look different from now on."""
        self._kind = telnet_kind(self.flags)
        self._line_end = b"\r\n" if self.flags.get("FORCEDENDLINE", True) else b""

    def show(self, text: str, kind: str, options: Mapping[str, Any]) -> None:
        """Shows a text, ended by an end of line (if the player has not put that off)."""
        if options.get("send_prompt"):
            self.show_prompt(text, options)
            return
        self.write(telnet_bytes(text, self._kind.with_options(options) if options else self._kind, self._line_end))

    def show_prompt(self, text: str, options: Mapping[str, Any]) -> None:
        """Shows a prompt, last and without an end of line."""
        self._prompt = telnet_bytes(text, self._kind.with_options(options) if options else self._kind, b"")
        self.gateway.touch(self)

    def show_oob(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Sends GMCP to who has agreed to it."""
        data = self._negotiation.gmcp(name, args, kwargs)
        if data:
            self.write(data)

    def show_typing(self, visible: bool) -> None:
        """Asks the client to show what is typed, or not to."""
        if visible == self.typing_visible:
            return
        self.typing_visible = visible
        self._negotiation.options.hide_typing(not visible)

    def keep_alive(self) -> None:
        """Sends a command that does nothing, to clients that know telnet and have not put it off."""
        if self._negotiation.speaks_telnet and self.flags.get("NOPKEEPALIVE", True):
            self.write(IAC + NOP)

    def write(self, data: bytes) -> None:
        """Bytes to be sent at the end of this turn of the loop. (telnetlib3 writes here as well.)"""
        if self._inside and not self._closing:
            self._out.append(data)
            self.gateway.touch(self)

    def flush(self) -> None:
        """Sends what has gathered, the prompt last."""
        if self._transport is None:
            return
        if self._prompt:
            self._out.append(self._prompt)
        if not self._out:
            return
        if self._negotiation.wants_go_ahead and not self.flags.get("NOPROMPTGOAHEAD" if self._prompt else "NOGOAHEAD"):
            self._out.append(IAC + GA)
        self._prompt = b""
        data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
        self._out.clear()
        self._write_now(data)

    def _write_now(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or not data:
            return
        if transport.get_write_buffer_size() > self.gateway.settings.limits.output_bytes:
            self.gateway.metrics.slow_readers += 1
            self.abort("the client does not read")
            return
        if self._compressor is not None:
            data = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        self.gateway.metrics.bytes_out += len(data)
        transport.write(data)

    # --- the end -------------------------------------------------------------------------------------

    def drop(self, notice: str) -> None:
        """Ends the connection of a client that does what it may not, and says what."""
        self.gateway.metrics.dropped += 1
        self._negotiation.stop()
        self.write(f"{notice}\r\n".encode())
        self.close(notice)

    def close(self, reason: str = "") -> None:
        """Ends the connection when what was shown has been sent, or when that takes too long."""
        transport = self._transport
        if transport is None or self._closing:
            return
        self.flush()
        self._closing = True
        self.gateway.remove(self, reason)
        self._timer.cancel()
        self._timer = self.gateway.loop.call_later(self.gateway.settings.timeouts.closing, transport.abort)
        transport.close()

    def abort(self, reason: str = "") -> None:
        """Ends the connection now."""
        if self._transport is not None:
            if self._inside:
                self._closing = True
                self.gateway.remove(self, reason)
            self._transport.abort()

    # --- what telnetlib3 asks of a transport and a protocol ---------------------------------------------

    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._transport is None or self._closing or self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What asyncio knows of the connection."""
        return default if self._transport is None else self._transport.get_extra_info(name, default)


def _address(peer: Any) -> str:
    """The address of a peer as text; "local" for a Unix socket."""
    if not isinstance(peer, tuple) or not peer:
        return "local"
    address = parse_address(str(peer[0]))
    return str(peer[0]) if address is None else str(address)


def _set_up_socket(sock: socket.socket | None) -> None:
    """No waiting for more to send, and word of peers that have vanished."""
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
