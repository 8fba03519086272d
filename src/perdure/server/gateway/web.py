"""The web port: Starlette's routes, and uvicorn in the gateway's own loop.

Contract: `/ws` is a browser's session, `/healthz` says that the gateway lives, `/readyz` that a world serves,
`/metrics` what was counted; everything else is the world's. Connections from banned addresses are closed unheard,
and nobody holds more than `connections_per_address`, nor any of them with a request that never comes to an end.

uvicorn is used by its documented doors (`http=` and `ws=` take protocol classes). What the two classes below lean on
in their bases has tests, which fail when uvicorn changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import Server

from perdure.server.gateway.limits import Bucket, network_of, parse_address
from perdure.server.gateway.origins import client_address, same_origin
from perdure.server.gateway.proxy import Proxy
from perdure.server.gateway.websocket import SUBPROTOCOL, BrowserSession

if TYPE_CHECKING:
    from perdure.server.gateway.gateway import Gateway
    from perdure.server.gateway.handshakes import Handshakes

__all__ = ["WebPort"]

log = logging.getLogger("perdure.gateway.web")

_PIECE = 4096
#: How long the head of a request may take.
_REQUEST_SECONDS = 15.0


class WebPort:
    """The web port.

    Args:
        gateway: whose it is.
        sockets: bound, not yet listening.
        handshakes: what encrypts connections, for https, or None.
    """

    def __init__(self, gateway: Gateway, sockets: list[socket.socket], handshakes: Handshakes | None) -> None:
        self.proxy = Proxy(gateway)
        self._gateway = gateway
        self._sockets = sockets
        # Anybody can have this logged.
        self._refusals = Bucket(0.1, 10)
        limits, timeouts = gateway.settings.limits, gateway.settings.timeouts
        config = Config(
            self._application(),
            http=_http_class(gateway, handshakes),
            ws=_websocket_class(gateway),
            ws_max_size=limits.message_bytes,
            ws_ping_interval=timeouts.keepalive or None,
            ws_ping_timeout=max(60.0, timeouts.keepalive * 2),
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            # Of each WebSocket it would say the ticket; and with its words on nonsense anybody could fill a log.
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=limits.connections + 200,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listens. Raises what kept it from doing so."""
        self._task = asyncio.create_task(self._server.serve(self._sockets), name="web port")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise RuntimeError("the web port ended at once")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Ends requests that take too long, and stops listening."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        await self.proxy.close()

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                WebSocketRoute("/ws", self._websocket),
                Route("/healthz", self._health),
                Route("/readyz", self._ready),
                Route("/metrics", self._metrics),
                Mount("/", app=self._world),
            ]
        )

    async def _world(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close(1008)
            return
        request = Request(scope)
        if client_address(scope, request.headers, self._gateway.upstream) in self._gateway.door.banned:
            await PlainTextResponse("Your address is banned here.\n", 403)(scope, receive, send)
            return
        await self.proxy(scope, receive, send)

    async def _websocket(self, websocket: WebSocket) -> None:
        gateway = self._gateway
        origin = websocket.headers.get("origin")
        if not same_origin(origin, websocket.headers.get("host", ""), gateway.settings.websocket_origins):
            if self._refusals.take():
                log.warning("A page of %.200s may not open a WebSocket here (see WEBSOCKET_ORIGINS).", origin)
            await websocket.close(1008)
            return
        address = client_address(websocket.scope, websocket.headers, gateway.upstream)
        reason = gateway.door.enter(address)
        if reason:
            await websocket.send_denial_response(PlainTextResponse(reason + "\n", 429))
            return
        try:
            offered = websocket.scope.get("subprotocols", [])
            await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
            ticket = websocket.query_params.get("ticket", "")[:200]
            await BrowserSession(gateway, websocket, address, ticket).run()
        finally:
            gateway.door.leave(address)

    async def _health(self, _request: Request) -> Response:
        return JSONResponse({"gateway": "ok", "world": self._gateway.worlds.state})

    async def _ready(self, _request: Request) -> Response:
        serving = self._gateway.worlds.is_serving
        return JSONResponse({"world": self._gateway.worlds.state}, 200 if serving else 503)

    async def _metrics(self, request: Request) -> Response:
        gateway = self._gateway
        address = parse_address(client_address(request.scope, request.headers, gateway.upstream))
        if not gateway.settings.metrics_public and not (address is not None and address.is_loopback):
            return PlainTextResponse("Only from this machine.\n", 403)
        text = gateway.metrics_text()
        world = await self.proxy.get("/metrics")
        if world is not None:
            text += world.decode("utf-8", "replace")
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


class _Server(Server):
    """uvicorn without its own handling of signals, which are the gateway's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _http_class(gateway: Gateway, handshakes: Handshakes | None) -> type[asyncio.Protocol]:
    """The class of connections to the web port of this gateway."""
    counts: Counter[str] = Counter()

    class Connection(H11Protocol):
        """A connection that is counted, and closed if it asks for nothing."""

        _network = ""
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            if handshakes is not None and transport.get_extra_info("sslcontext") is None:
                handshakes.begin(cast(asyncio.Transport, transport), self)
                return
            super().connection_made(cast(asyncio.Transport, transport))
            _set_up_socket(transport.get_extra_info("socket"))
            peer = transport.get_extra_info("peername")
            address = str(peer[0]) if isinstance(peer, tuple) and peer else "local"
            if address in gateway.door.banned:
                self.transport.abort()
                return
            if address not in gateway.upstream:
                self._network = network_of(address)
                counts[self._network] += 1
                if counts[self._network] > gateway.settings.limits.connections_per_address:
                    self.transport.abort()
                    return
            self._await_request()

        def data_received(self, data: bytes) -> None:
            before = self.cycle
            if self._timer is None and (before is None or before.response_complete):
                # A request begins: from now on uvicorn waits for the rest of it as long as it takes.
                self._await_request()
            super().data_received(data)
            if self.cycle is not before:
                self._stop_waiting()

        def _await_request(self) -> None:
            self._timer = gateway.loop.call_later(_REQUEST_SECONDS, self._give_up)

        def _give_up(self) -> None:
            self._timer = None
            if not self.transport.is_closing():
                self.transport.abort()

        def _stop_waiting(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _leave(self) -> None:
            self._stop_waiting()
            if self._network:
                counts[self._network] -= 1
                if counts[self._network] <= 0:
                    del counts[self._network]
                self._network = ""

        def handle_websocket_upgrade(self, event: Any) -> None:
            # From here on the door counts it.
            self._leave()
            super().handle_websocket_upgrade(event)

        def connection_lost(self, exc: Exception | None) -> None:
            self._leave()
            super().connection_lost(exc)

    return Connection


def _websocket_class(gateway: Gateway) -> type[asyncio.Protocol]:
    """The class of WebSocket connections of this gateway."""
    most = gateway.settings.limits.line_burst + 100

    class Connection(WebSocketsSansIOProtocol):
        """A WebSocket that takes in a bounded number of messages at once, can be ended, and says when it has."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.lost = asyncio.Event()

        def connection_lost(self, exc: Exception | None) -> None:
            self.lost.set()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            # Many small frames in one piece would all become objects before the first is looked at.
            for at in range(0, len(data), _PIECE):
                super().data_received(data[at : at + _PIECE])
                if self.queue.qsize() > most:
                    self.transport.abort()
                    return

        def handle_connect(self, event: Any) -> None:
            super().handle_connect(event)
            scope = getattr(self, "scope", None)
            if scope is not None:
                cast(dict[str, Any], scope)["extensions"]["perdure.connection"] = (self.transport.abort, self.lost)

    return Connection


def _set_up_socket(sock: socket.socket | None) -> None:
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
