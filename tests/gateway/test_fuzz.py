"""Whatever bytes come in, the gateway goes on, and others are served."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from perdure.server.gateway.metrics import resident_bytes
from tests.gateway.fakes import DO, DONT, IAC, LONG, SB, SE, WILL, WONT, Harness, run

_OPTION = st.sampled_from([0, 1, 3, 5, 6, 18, 24, 31, 34, 35, 36, 39, 42, 69, 70, 86, 87, 91, 93, 200, 201, 255])
_COMMAND = st.integers(236, 255).map(lambda number: bytes((IAC, number)))
_NEGOTIATION = st.tuples(st.sampled_from([DO, DONT, WILL, WONT]), _OPTION).map(lambda pair: bytes((IAC, *pair)))
_SUB = st.tuples(_OPTION, st.binary(max_size=40)).map(
    lambda pair: bytes((IAC, SB, pair[0])) + pair[1] + bytes((IAC, SE))
)
_GMCP = st.tuples(st.sampled_from([b"Core.Hello", b"Char.Login", b"__init__", b"a.b.c"]), st.binary(max_size=30)).map(
    lambda pair: bytes((IAC, SB, 201)) + b" ".join(pair).replace(b"\xff", b"\xff\xff") + bytes((IAC, SE))
)
_TEXT = st.text(max_size=30).map(lambda text: text.encode("utf-8", "surrogatepass") + b"\r\n")
_LONG = st.integers(1000, 40_000).map(lambda size: b"x" * size)
_STREAM = st.lists(
    _COMMAND | _NEGOTIATION | _SUB | _GMCP | _TEXT | _LONG | st.binary(max_size=60), min_size=1, max_size=12
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_NAME = st.sampled_from(["text", "client_options", "websocket_close", "echo", "is_typing", "__class__"]) | st.text()
_MESSAGE = st.tuples(_NAME, st.lists(_JSON, max_size=3) | _JSON, st.dictionaries(st.text(), _JSON, max_size=3) | _JSON)
_FRAME = _MESSAGE.map(json.dumps) | st.text(max_size=50) | st.binary(max_size=50)


class Alive:
    """A gateway over many examples, with somebody else who is served all the time."""

    async def __aenter__(self):
        self.harness = Harness(web_port=0, timeouts={"login": 0.005, "negotiation": 0.02, "closing": 0.05})
        self.worlds = self.harness.worlds
        await self.harness.__aenter__()
        self.errors: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: self.errors.append(context))
        self.other, _ = await self.harness.player()
        self.before = 0
        return self

    async def __aexit__(self, *exc):
        await self.harness.__aexit__(*exc)

    async def check(self):
        self.other.send(b"look\r\n")
        await self.other.until(b"you said look\r\n")
        async with asyncio.timeout(LONG):
            while len(self.harness.gateway.sessions) > 1 or self.harness.gateway.door.inside > 1:
                await asyncio.sleep(0.002)
        self.worlds.sent.clear()
        assert self.errors == []
        assert self.harness.gateway.door.inside == 1
        self.before = self.before or resident_bytes()
        assert resident_bytes() - self.before < 30_000_000


def over_examples(strategy, one):
    """Runs `one(alive, example)` for examples, all in one loop with one gateway."""
    logging.getLogger("telnetlib3").setLevel(logging.ERROR)

    async def play(examples):
        async with Alive() as alive:
            for example in examples:
                await one(alive, example)
                await alive.check()

    return st.lists(strategy, min_size=5, max_size=5), play


_TELNET_EXAMPLES, _telnet = over_examples(_STREAM, lambda alive, stream: talk_telnet(alive, stream))
_WEBSOCKET_EXAMPLES, _websocket = over_examples(
    st.lists(_FRAME, min_size=1, max_size=8), lambda alive, frames: talk_websocket(alive, frames)
)
_HTTP_EXAMPLES, _http = over_examples(st.lists(st.binary(max_size=200), max_size=4), lambda a, s: talk_http(a, s))


async def talk_telnet(alive, stream):
    client = await alive.harness.connect()
    with contextlib.suppress(ConnectionError):
        for piece in stream:
            client.send(piece)
            await client.writer.drain()
            if len(piece) % 3 == 0:
                await asyncio.sleep(0)
        await client.quiet(0.01)
    client.close()


async def talk_websocket(alive, frames):
    with contextlib.suppress(WebSocketException, ConnectionError):
        async with connect(
            f"ws://127.0.0.1:{alive.harness.port('web')}/ws", compression=None, close_timeout=1, max_queue=None
        ) as ws:
            for frame in frames:
                await ws.send(frame)
            await asyncio.sleep(0.005)


async def talk_http(alive, pieces):
    for beginning in (b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n", b"GET /healthz", b""):
        client = await alive.harness.connect("web")
        with contextlib.suppress(ConnectionError):
            for piece in (beginning, *pieces, b"\r\n\r\n", *pieces):
                client.send(piece)
                await client.writer.drain()
            await client.quiet(0.005)
        client.close()


@settings(max_examples=30)
@given(_TELNET_EXAMPLES)
def test_any_bytes_to_the_telnet_port(examples):
    run(_telnet(examples), 300)


@settings(max_examples=20)
@given(_WEBSOCKET_EXAMPLES)
def test_any_frames_to_the_websocket(examples):
    run(_websocket(examples), 300)


@settings(max_examples=15)
@given(_HTTP_EXAMPLES)
def test_any_bytes_to_the_web_port(examples):
    run(_http(examples), 300)
