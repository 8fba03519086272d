"""Web requests that the gateway does not answer itself, passed on to the world that serves.

Contract: an ASGI application. Bodies stream in both directions; nothing is kept but the piece under way. A request
waits for a world up to `timeouts.world` seconds, then gets a page that says to try again. Who the client is, and
whether it came by https, the world is told in `X-Forwarded-For` and `X-Forwarded-Proto`, which hold one value, ours.

Failure modes: a world that ends before it has answered: the request is sent to the next if nothing of it can have
been done (it had no body and only asks), else 502. A body that is too long: 413. Of one address only so many requests
are passed on at once, and the others wait, or get 429: nobody holds all connections to the world with bodies that do
not come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

import httpcore
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from perdure.server.gateway.limits import network_of
from perdure.server.gateway.origins import client_address, scheme_of

if TYPE_CHECKING:
    from perdure.server.gateway.gateway import Gateway

__all__ = ["Proxy"]

log = logging.getLogger("perdure.gateway.web")

_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OURS = frozenset(
    {
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-proto",
        "x-forwarded-server",
        "x-real-ip",
    }
)
#: Connections to one world, and how many of them one address may hold.
_CONNECTIONS = 100
_AT_ONCE = 20
_ASKING = frozenset({"GET", "HEAD", "OPTIONS"})
#: The connection ended before there was an answer; and what else can keep a world from answering.
_LOST = (httpcore.RemoteProtocolError, httpcore.NetworkError)
_FAILED = (httpcore.TimeoutException, httpcore.LocalProtocolError, OSError)
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="5"></head><body><main><h1>{name}</h1>
<p role="status">The world is not there just now. This page tries again by itself.</p></main></body></html>"""


class _TooLong(Exception):
    """A body that is longer than it may be."""


class _World:
    """The web server of one world."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.active = 0
        self.retired = False
        self.pool = httpcore.AsyncConnectionPool(
            uds=path, max_connections=_CONNECTIONS, max_keepalive_connections=8, keepalive_expiry=30.0
        )


class _Turn:
    """The requests of one address: how many there are, and the places of those that are passed on."""

    def __init__(self) -> None:
        self.wanted = 0
        self.places = asyncio.Semaphore(_AT_ONCE)


class Proxy:
    """The application that passes requests on."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._world: _World | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._turns: dict[str, _Turn] = {}
        self.active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        request = Request(scope, receive)
        network = network_of(client_address(scope, request.headers, self._gateway.upstream))
        turn = self._turns.get(network)
        if turn is None:
            turn = self._turns[network] = _Turn()
        turn.wanted += 1
        try:
            await self._in_turn(turn, request, scope, receive, send)
        finally:
            turn.wanted -= 1
            if not turn.wanted:
                del self._turns[network]

    async def _in_turn(self, turn: _Turn, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._gateway.settings.timeouts.world):
                await turn.places.acquire()
        except TimeoutError:
            said = "There are too many requests at once from your address.\n"
            await PlainTextResponse(said, 429, {"Retry-After": "5"})(scope, receive, send)
            return
        try:
            response = await self._answer(request)
            with suppress(ClientDisconnect):
                await response(scope, receive, send)
        finally:
            turn.places.release()

    async def drained(self, seconds: float) -> bool:
        """Waits until no world is at work on a request; whether that came true. What waits for a world may wait on."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Gives connections to the world back."""
        if self._world is not None:
            await self._world.pool.aclose()
            self._world = None

    async def get(self, path: str) -> bytes | None:
        """What the world answers to a request of our own; None when it does not."""
        if not self._gateway.worlds.is_serving:
            return None
        world = await self._current()
        if world is None:
            return None
        try:
            request = self._request("GET", path, [(b"host", b"localhost")], None)
            answer = await world.pool.handle_async_request(request)
            try:
                body = await answer.aread()
            finally:
                await answer.aclose()
        except (*_LOST, *_FAILED):
            return None
        finally:
            await self._done_with(world)
        return body if answer.status == 200 else None

    async def _answer(self, request: Request) -> Response:
        if not request.scope["raw_path"].startswith(b"/") or "host" not in request.headers:
            return PlainTextResponse("This is no request for a page.\n", 400)
        length = request.headers.get("content-length", "")
        limit = self._gateway.settings.limits.body_bytes
        if length.isdigit() and int(length) > limit:
            return _too_long(limit)
        loop = self._gateway.loop
        until = loop.time() + self._gateway.settings.timeouts.world
        asked = False
        while await self._gateway.world_serves(until - loop.time()):
            world = await self._current()
            if world is None:
                await asyncio.sleep(0.05)
                if loop.time() > until:
                    break
                continue
            body = _Body(request, limit, self._gateway.settings.timeouts.request)
            try:
                return await self._pass_on(request, world, body)
            except _TooLong:
                return _too_long(limit)
            except ClientDisconnect:
                return Response(status_code=400)
            except TimeoutError:
                return PlainTextResponse("The request did not come.\n", 408, {"Connection": "close"})
            except httpcore.LocalProtocolError:
                return PlainTextResponse("This is no request for a page.\n", 400)
            except httpcore.ConnectError:
                # Its socket is not there any more, or not yet: nothing has been asked.
                await asyncio.sleep(0.05)
            except (*_LOST, *_FAILED) as error:
                log.info("The world did not answer %.200s: %r", request.url.path, error)
                if asked or body.begun or not isinstance(error, _LOST) or request.method not in _ASKING:
                    return PlainTextResponse("The world did not answer.\n", 502)
                asked = True
            if loop.time() > until:
                break
        self._gateway.metrics.requests_unserved += 1
        return self._unavailable(request)

    def _unavailable(self, request: Request) -> Response:
        headers = {"Retry-After": "5", "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'"}
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("The world is not there just now.\n", 503, headers)
        name = self._gateway.settings.server_name
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            name = name.replace(sign, entity)
        return HTMLResponse(_PAGE.format(name=name), 503, headers)

    async def _current(self) -> _World | None:
        """The web server of the world that serves, counted as in use."""
        path = self._gateway.worlds.http_socket
        if path is None:
            return None
        world = self._world
        if world is None or world.path != path:
            before, self._world = world, _World(path)
            world = self._world
            if before is not None:
                before.retired = True
                if not before.active:
                    await before.pool.aclose()
        # Nothing is awaited from here on: what is counted is given back.
        world.active += 1
        self.active += 1
        self._idle.clear()
        return world

    async def _done_with(self, world: _World) -> None:
        world.active -= 1
        self.active -= 1
        if not self.active:
            self._idle.set()
        if world.retired and not world.active:
            await world.pool.aclose()

    async def _pass_on(self, request: Request, world: _World, body: _Body) -> Response:
        self._gateway.metrics.requests += 1
        target = request.scope["raw_path"].decode("latin-1")
        if request.scope["query_string"]:
            target += "?" + request.scope["query_string"].decode("latin-1")
        passed = self._request(request.method, target, self._headers(request), body)
        try:
            answer = await world.pool.handle_async_request(passed)
        except BaseException:
            await self._done_with(world)
            raise
        response = _Passing(self, answer, world)
        heads = [(name.decode("latin-1").lower(), name, value) for name, value in answer.headers]
        named = {part for low, _, value in heads if low == "connection" for part in _listed(value.decode("latin-1"))}
        response.raw_headers = [
            (name, value) for low, name, value in heads if low not in _HOP and low not in named and low != "server"
        ]
        return response

    def _request(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: _Body | None
    ) -> httpcore.Request:
        # The path stands as the client wrote it.
        url = httpcore.URL(scheme=b"http", host=b"world", target=target.encode("latin-1"))
        seconds = self._gateway.settings.timeouts.request
        timeout = {"connect": 5.0, "read": seconds, "write": seconds, "pool": seconds}
        content = body if body is not None and body.expected else None
        return httpcore.Request(method, url, headers=headers, content=content, extensions={"timeout": timeout})

    def _headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        headers: Headers = request.headers
        named = _listed(headers.get("connection", ""))
        # Django takes `X_Forwarded_For` for the other one.
        passed = [
            (name, value)
            for name, value in headers.items()
            if name not in _HOP and name not in _OURS and name not in named and name != "expect" and "_" not in name
        ]
        upstream = self._gateway.upstream
        if "transfer-encoding" in headers:
            passed = [(name, value) for name, value in passed if name != "content-length"]
            passed.append(("transfer-encoding", "chunked"))
        passed.append(("x-forwarded-for", client_address(request.scope, headers, upstream)))
        passed.append(("x-forwarded-proto", scheme_of(request.scope, headers, upstream)))
        # As bytes, as they came: texts would be taken for ASCII.
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in passed]

    async def finished(self, answer: httpcore.Response, world: _World) -> None:
        """An answer has been passed on, or nobody wants it any more."""
        try:
            await answer.aclose()
        finally:
            await self._done_with(world)


class _Passing(StreamingResponse):
    """An answer of the world, while it goes out."""

    def __init__(self, proxy: Proxy, answer: httpcore.Response, world: _World) -> None:
        super().__init__(answer.aiter_stream(), answer.status)
        self._proxy = proxy
        self._answer = answer
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except (*_LOST, *_FAILED) as error:
            # The visitor sees that there should be more: uvicorn closes a connection whose answer has no end.
            log.info("The world ended in the middle of its answer to %.200s: %r", scope["path"], error)
        finally:
            await self._proxy.finished(self._answer, self._world)


class _Body:
    """The body of a request, while it comes in."""

    def __init__(self, request: Request, limit: int, seconds: float) -> None:
        headers = request.headers
        self.expected = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self.begun = False
        self._request = request
        self._limit = limit
        self._seconds = seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.begun = True
        length = 0
        pieces = self._request.stream()
        while True:
            async with asyncio.timeout(self._seconds):
                piece = await anext(pieces, None)
            if piece is None:
                return
            length += len(piece)
            if length > self._limit:
                raise _TooLong
            if piece:
                yield piece


def _listed(value: str) -> set[str]:
    """The names in a header that is a list of such."""
    return {part.strip().lower() for part in value.split(",")}


def _too_long(limit: int) -> Response:
    return PlainTextResponse(f"A request may have {limit} bytes at most.\n", 413, {"Connection": "close"})
