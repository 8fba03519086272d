"""Twenty clients who bring coins to the bank, all on one thread, each with a ledger of what was acknowledged to it."""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import time
from collections.abc import Callable, Mapping

from tests.crashes.bank import PASSWORD
from tests.live.telnet import ANSI, Negotiation

#: So many deposits may be under way for each client.
WINDOW = 3
#: After so long without an answer a client takes what it sent for lost, and goes on.
PATIENCE = 2.0
_OK = re.compile(r"^ok (\d+)\s*$", re.MULTILINE)


class Broken(AssertionError):
    """A client saw what no client may see; the message has the end of what it saw."""


class Depositor:
    """One client.

    Attributes:
        sent: the number that was sent last.
        acknowledged: the numbers that were acknowledged, in the order in which they were.
        playing: whether it has been let in on this connection.
        dropped: how often the connection was closed by the other side.
    """

    def __init__(self, name: str, address: tuple[str, int], sent: int = 0, interval: float = 0.0) -> None:
        self.name, self.address = name, address
        self.sent, self.interval = sent, interval
        self.due = 0.0
        self.acknowledged: list[int] = []
        self.under_way: set[int] = set()
        self.socket: socket.socket | None = None
        self.playing = False
        self.dropped = 0
        self.transcript = ""

    def connect(self) -> None:
        """Begin a connection. Raises `OSError` when nobody listens."""
        self.socket = socket.create_connection(self.address, timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(5)
        self._negotiation, self._line = Negotiation(), ""
        self.playing = False
        self.heard = time.monotonic()
        self.under_way.clear()
        self.transcript = ""

    def read(self) -> bool:
        """Read what has come; False when the connection is closed."""
        assert self.socket is not None
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.close()
            self.dropped += 1
            return False
        text, answer = self._negotiation.feed(data)
        if answer:
            self._send(answer)
        plain = ANSI.sub("", text.decode(errors="replace")).replace("\r", "")
        self.transcript = (self.transcript + plain)[-20_000:]
        self._understand(plain)
        return True

    def _understand(self, text: str) -> None:
        *lines, self._line = (self._line + text).split("\n")
        whole = "\n".join(lines)
        if f"ready as {self.name}." in whole:
            self.playing = True
            self.heard = time.monotonic()
        for found in _OK.finditer(whole):
            number = int(found.group(1))
            self.acknowledged.append(number)
            self.under_way.discard(number)
            self.heard = time.monotonic()

    def act(self, deposits: bool) -> None:
        """Send what is to be sent now."""
        quiet = time.monotonic() - self.heard
        if not self.playing:
            # What says that we are in may have been lost with the world that was to hear it.
            if "connect" in self.transcript.lower() and (quiet > 3 * PATIENCE or "asked" not in self.__dict__):
                self.asked = True
                self.heard = time.monotonic()
                self._send(f"connect {self.name} {PASSWORD}\r\nready\r\n".encode())
            return
        if self.under_way and quiet > PATIENCE:
            self.under_way.clear()
            self.heard = time.monotonic()
        while deposits and len(self.under_way) < WINDOW and time.monotonic() >= self.due:
            self.due = time.monotonic() + self.interval
            self.sent += 1
            self.under_way.add(self.sent)
            self._send(f"deposit {self.sent}\r\n".encode())

    def _send(self, data: bytes) -> None:
        assert self.socket is not None
        # Reading tells that it is closed.
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def close(self) -> None:
        """Hang up."""
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        self.__dict__.pop("asked", None)


class Crowd:
    """All of them.

    Args:
        last: the number that each has deposited last, on an earlier day.
        lossless: nobody takes anything for lost: each waits for its answers as long as it takes.
        interval: seconds that each waits before it sends again; with 0 each has three under way all the time.
    """

    def __init__(
        self, address: tuple[str, int], last: Mapping[str, int], *, lossless: bool = False, interval: float = 0.0
    ) -> None:
        self.clients = [Depositor(name, address, number, interval) for name, number in last.items()]
        self.lossless = lossless
        self.selector = selectors.DefaultSelector()

    def connect(self) -> None:
        """Everybody who has no connection gets one."""
        for client in self.clients:
            if client.socket is None:
                client.connect()
                assert client.socket is not None
                self.selector.register(client.socket, selectors.EVENT_READ, client)

    def pump(self, seconds: float, until: Callable[[], bool] | None = None, *, deposits: bool = True) -> bool:
        """Let them play so long, or until something is so; whether it came to be so."""
        deadline = time.monotonic() + seconds
        while True:
            if until is not None and until():
                return True
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, _ in self.selector.select(min(left, 0.02)):
                self._read(key.data)
            for client in self.clients:
                if client.socket is not None:
                    if self.lossless and client.playing:
                        client.heard = time.monotonic()
                    client.act(deposits)

    def _read(self, client: Depositor) -> None:
        held = client.socket
        if not client.read():
            assert held is not None
            self.selector.unregister(held)

    def drain(self) -> None:
        """Read all that is on the way to us, without sending anything: what has left the game is acknowledged."""
        while ready := self.selector.select(0.05):
            for key, _ in ready:
                self._read(key.data)

    def wait(self, what: str, until: Callable[[], bool], seconds: float = 120.0, *, deposits: bool = True) -> None:
        """Let them play until something is so. Raises `Broken` when it does not come to be."""
        if not self.pump(seconds, until, deposits=deposits):
            raise Broken(f"{what}: not within {seconds:g} seconds\n{self.story()}")

    def everybody_plays(self) -> bool:
        """Whether all have been let in."""
        return all(client.playing for client in self.clients)

    def served_since(self) -> Callable[[], bool]:
        """A condition: everybody has had a deposit acknowledged from now on."""
        before = {client.name: len(client.acknowledged) for client in self.clients}
        return lambda: all(len(client.acknowledged) > before[client.name] for client in self.clients)

    def idle(self) -> bool:
        """Whether nobody waits for an answer."""
        return not any(client.under_way for client in self.clients)

    def ledger(self) -> dict[str, list[int]]:
        """What has been acknowledged to each until now."""
        return {client.name: list(client.acknowledged) for client in self.clients}

    def sent(self) -> dict[str, int]:
        """The last number that each has sent."""
        return {client.name: client.sent for client in self.clients}

    def dropped(self) -> int:
        """How many connections the game has closed."""
        return sum(client.dropped for client in self.clients)

    def close(self) -> None:
        """Everybody hangs up."""
        self.selector.close()
        for client in self.clients:
            client.close()

    def story(self) -> str:
        """What those who wait saw last."""
        parts = []
        for client in self.clients:
            state = "plays" if client.playing else "is not in"
            parts.append(f"{client.name} {state}; sent {client.sent}, waits for {sorted(client.under_way)}")
            if client.under_way or not client.playing:
                parts.append(client.transcript[-600:])
        return "\n".join(parts)
