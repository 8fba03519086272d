"""A gateway on loopback ports with worlds that are not there, and clients that are raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from perdure.server import messages, wire
from perdure.server.gateway.gateway import Gateway
from perdure.server.gateway.settings import GatewaySettings

IAC, DONT, DO, WONT, WILL, SB, GA, NOP, SE = 255, 254, 253, 252, 251, 250, 249, 241, 240
ECHO, SGA, TTYPE, NAWS, LINEMODE, CHARSET, MSSP, MCCP2, MXP, GMCP = 1, 3, 24, 31, 34, 42, 70, 86, 91, 201

LAST_OFFER = bytes((IAC, WILL, CHARSET))
#: Nothing here takes long; a machine that is busy with other things may.
LONG = 60.0


async def eventually(condition: Callable[[], object], seconds: float = LONG) -> None:
    """Waits until it holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def run(coroutine: Awaitable[Any], seconds: float = 180.0) -> Any:
    """Runs a test's coroutine, with a limit for one that would never end."""

    async def limited() -> Any:
        async with asyncio.timeout(seconds):
            return await coroutine

    return asyncio.run(limited())


class FakeWorlds:
    """Worlds that keep what they are sent. Every message goes through the wire's encoder, as to a real one.

    Args:
        serving: whether a world serves at the beginning.
        echo: answers each line with a text of it and says that it is done.
    """

    def __init__(self, serving: bool = True, echo: bool = True) -> None:
        self.on_message: Callable[[Any], None] | None = None
        self.on_state: Callable[[str], None] | None = None
        self.http_socket: str | None = None
        self.state = "serving" if serving else "starting"
        self.echo = echo
        self.sent: list[Any] = []
        self.keep = True

    @property
    def is_serving(self) -> bool:
        return self.state == "serving"

    def status(self) -> dict[str, Any]:
        return {}

    def send(self, message: Any) -> bool:
        wire.encode([message])
        if self.keep:
            self.sent.append(message)
        if self.echo and isinstance(message, messages.Line):
            self.say([message.sessid], f"you said {message.text}")
            self.hear(messages.Done([(message.sessid, message.seq)]))
        return True

    def hear(self, message: Any) -> None:
        """The world says something."""
        asyncio.get_running_loop().call_soon(self.on_message, message)

    def say(self, sessids: list[int], text: str, kind: str = "", **options: Any) -> None:
        self.hear(messages.Text(sessids, text, kind, options))

    def become(self, state: str) -> None:
        self.state = state
        assert self.on_state is not None
        self.on_state(state)

    def of(self, kind: type[Any]) -> list[Any]:
        """What was sent of this kind."""
        return [message for message in self.sent if isinstance(message, kind)]

    def lines(self) -> list[str]:
        return [message.text for message in self.of(messages.Line)]

    async def until(self, kind: type[Any], count: int = 1, seconds: float = LONG) -> list[Any]:
        """Waits until so many of this kind were sent."""
        async with asyncio.timeout(seconds):
            while len(self.of(kind)) < count:
                await asyncio.sleep(0.005)
        return self.of(kind)


class Client:
    """A raw telnet client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.seen = b""

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def until(self, wanted: bytes, seconds: float = LONG) -> bytes:
        """Reads until this was seen since the last time; gives everything up to it."""
        async with asyncio.timeout(seconds):
            while wanted not in self.seen:
                data = await self.reader.read(65536)
                if not data:
                    raise EOFError(self.seen)
                self.seen += data
        upto, _, self.seen = self.seen.partition(wanted)
        return upto + wanted

    async def ended(self, seconds: float = LONG) -> bytes:
        """Reads until the other side has closed; gives what came."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    data = await self.reader.read(65536)
                except ConnectionError:
                    data = b""
                if not data:
                    return self.seen
                self.seen += data

    async def quiet(self, seconds: float = 0.1) -> bytes:
        """What comes in a while; nothing is taken out of it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while data := await self.reader.read(65536):
                    self.seen += data
        return self.seen

    def close(self) -> None:
        self.writer.close()


class Harness:
    """A gateway that runs while the block does.

    Args:
        worlds: the worlds, or None for some that serve and echo.
        settings: fields of `GatewaySettings`; `limits` and `timeouts` may be dictionaries of what differs.
    """

    def __init__(self, worlds: FakeWorlds | None = None, **settings: Any) -> None:
        self.worlds = worlds or FakeWorlds()
        base: dict[str, Any] = {
            "interfaces": ["127.0.0.1"],
            "telnet_port": 0,
            "web_port": None,
            "server_name": "Test",
            **settings,
        }
        self.settings = msgspec.convert(
            {
                **base,
                "limits": {"connection_rate": 10_000.0, "connection_burst": 10_000, **settings.get("limits", {})},
                "timeouts": {"login": 0.02, "negotiation": 0.3, "closing": 0.5, **settings.get("timeouts", {})},
            },
            GatewaySettings,
        )
        self.gateway = Gateway(self.settings, self.worlds)
        self._clients: list[Client] = []

    async def __aenter__(self) -> Harness:
        await self.gateway.start()
        return self

    async def __aexit__(self, *_exc: Any) -> None:
        for client in self._clients:
            client.close()
        await self.gateway.stop("")

    def port(self, name: str = "telnet") -> int:
        return self.gateway.ports[name][0]

    async def connect(self, name: str = "telnet", **kwargs: Any) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port(name), **kwargs)
        client = Client(reader, writer)
        self._clients.append(client)
        return client

    async def player(self) -> tuple[Client, int]:
        """A telnet client that refuses all of telnet and is known to the world; and the number of its session."""
        before = len(self.worlds.of(messages.Connected))
        client = await self.connect()
        connected = await self.worlds.until(messages.Connected, before + 1)
        await client.until(LAST_OFFER)
        return client, connected[-1].session.sessid
