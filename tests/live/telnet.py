"""A telnet client of a test: a raw socket, lines out, text in. Needs nothing but Python.

It refuses every option that the server offers, as the plainest of clients does, and takes its requests out of what is
read. `TelnetClient` waits for text; `Negotiation` alone is for programs that have a loop of their own.
"""

from __future__ import annotations

import re
import select
import socket
import time

#: Colours and other sequences that move no text.
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

IAC, DONT, DO, WONT, WILL = 255, 254, 253, 252, 251
# One whole request, a sub-negotiation, any other command; a byte 255 that is meant is sent twice.
_COMMAND = re.compile(rb"\xff(?:([\xfb-\xfe])(.)|\xfa.*?\xff\xf0|([^\xfa-\xfe]))", re.DOTALL)
_REFUSALS = {WILL: DONT, DO: WONT}


class Negotiation:
    """Takes telnet's commands out of a stream of bytes.

    Attributes:
        echo: whether the server said that it echoes (which hides what is typed).
    """

    def __init__(self) -> None:
        self._rest = b""
        self.echo = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """The text in these bytes, and what is to be answered."""
        data = self._rest + data
        answer = bytearray()

        def take(match: re.Match[bytes]) -> bytes:
            request, option, other = match.groups()
            if request is not None:
                if option == b"\x01" and request[0] in (WILL, WONT):
                    self.echo = request[0] == WILL
                if refusal := _REFUSALS.get(request[0]):
                    answer.extend((IAC, refusal, option[0]))
            return b"\xff" if other == b"\xff" else b""

        # What begins a command and is not whole waits for the next bytes.
        start, cut = 0, len(data)
        while (found := data.find(b"\xff", start)) >= 0:
            whole = _COMMAND.match(data, found)
            if whole is None:
                cut = found
                break
            start = whole.end()
        self._rest = data[cut:]
        return _COMMAND.sub(take, data[:cut]), bytes(answer)


class NotSeen(AssertionError):
    """What was expected has not come in time; the message shows what has."""


class TelnetClient:
    """One connection.

    Attributes:
        transcript: everything that was read, without colours.
        pending: what was read and not yet expected.
    """

    def __init__(self, address: tuple[str, int], name: str = "client", timeout: float = 20.0) -> None:
        self.name, self.timeout = name, timeout
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._negotiation = Negotiation()
        self.transcript = self.pending = ""
        self.closed = False

    def send(self, *lines: str) -> None:
        """Send lines; several leave in one piece."""
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def read(self, timeout: float = 0.0) -> bool:
        """Take what has come, or comes within `timeout`; whether anything did."""
        if self.closed or not select.select([self.socket], [], [], timeout)[0]:
            return False
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            return False
        text, answer = self._negotiation.feed(data)
        if answer:
            try:
                self.socket.sendall(answer)
            except ConnectionError:
                self.closed = True
        plain = ANSI.sub("", text.decode(errors="replace")).replace("\r\n", "\n")
        self.transcript += plain
        self.pending += plain
        return True

    def expect(self, pattern: str, timeout: float | None = None) -> re.Match[str]:
        """Wait until text that matches has come since the last match; it, and all before it, is then behind us.

        Raises:
            NotSeen: it has not come, or the connection was closed before it did.
        """
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        expression = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
        while True:
            if found := expression.search(self.pending):
                self.pending = self.pending[found.end() :]
                return found
            left = deadline - time.monotonic()
            if left <= 0 or self.closed:
                why = "the connection is closed" if self.closed else "nothing of the kind came"
                raise NotSeen(
                    f"{self.name} waits for {pattern!r}: {why}. Since the last match:\n{self.pending[-3000:]}"
                )
            self.read(left)

    def ask(self, line: str, pattern: str, timeout: float | None = None) -> re.Match[str]:
        """Send a line and wait for the answer; what came before is forgotten."""
        while self.read():
            pass
        self.pending = ""
        self.send(line)
        return self.expect(pattern, timeout)

    def never(self, pattern: str, seconds: float = 0.3) -> None:
        """Wait a while, and see that no such text comes."""
        try:
            found = self.expect(pattern, seconds)
        except NotSeen:
            return
        raise AssertionError(f"{self.name} was not to see {found.group()!r}")

    def login(self, name: str, password: str, until: str = "") -> TelnetClient:
        """Log in to an account; `until` is what is seen then, by default its name."""
        self.send(f"connect {name} {password}")
        self.expect(until or re.escape(name))
        return self

    def close(self) -> None:
        """Hang up."""
        self.closed = True
        self.socket.close()
