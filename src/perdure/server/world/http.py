"""The world's web pages: requests come to the I/O loop, Django answers them on the game thread.

Contract: each request is one unit of the game loop, so a view may use live objects as a command may, and what it does
is committed before the answer leaves. An answer of 500 or more undoes what the view did. Hashing of passwords leaves
the game thread: a view gives an `OffloadResponse`, its work is done in the pool, and the request is run again with what
came of it (`perdure.web.offloading`).

Only the gateway reaches this server, through a Unix socket, so what it says of the client (`X-Forwarded-For`,
`X-Forwarded-Proto`) is believed.

Failure modes: 413 for a body that is too long, 503 while the world does not serve, 500 for an error (with its id).
"""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from perdure.web.offloading import OffloadResponse

if TYPE_CHECKING:
    from perdure.server.world.world import World

__all__ = ["GameThreadApp", "keep_connections"]

logger = logging.getLogger("perdure.server.http")

MAX_BODY = 10 * 1024 * 1024
SECONDS = 60.0
MAX_ROUNDS = 4

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def keep_connections() -> None:
    """Have Django leave the game thread's connection open at the end of a request: it is in the tick's transaction."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)


class _Undone(Exception):
    """Undoes what a view did whose answer is an error."""

    def __init__(self, response: Any) -> None:
        self.response = response
        super().__init__(f"answered with {response.status_code}")


class GameThreadApp:
    """Django as an ASGI application that runs on the game thread.

    Args:
        world: whose game thread.
        metrics: gives what `/metrics` shows.
    """

    def __init__(self, world: World, metrics: Callable[[], bytes]) -> None:
        self._world = world
        self._metrics = metrics
        self._handler: WSGIHandler | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] == "/metrics":
            await _answer(
                send, (200, [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")], self._metrics())
            )
            return
        body = await _body(receive)
        if body is None:
            await _answer(send, _plain(413, "This is too long."))
            return
        if not self._world.is_serving:
            await _answer(send, _plain(503, "The world is being restarted; try again in a moment."))
            return
        try:
            answer = await asyncio.wait_for(self._on_game_thread(_environ(scope, body), body), SECONDS)
        except TimeoutError:
            logger.error("no answer to %s %s within %g s", scope["method"], scope["path"], SECONDS)
            answer = _plain(503, "The world is busy; try again in a moment.")
        await _answer(send, answer)

    async def _on_game_thread(self, environ: dict[str, Any], body: bytes) -> Answer:
        offloaded: dict[str, Any] = {}
        for _ in range(MAX_ROUNDS):
            response = await self._run(
                {**environ, "wsgi.input": io.BytesIO(body), "perdure.can_offload": True, "perdure.offloaded": offloaded}
            )
            if not isinstance(response, OffloadResponse):
                return response  # type: ignore[no-any-return]
            offloaded = {**offloaded, response.key: await self._offload(response.work)}
        raise RuntimeError(f"{environ['PATH_INFO']} asked for offloaded work again and again")

    async def _run(self, environ: dict[str, Any]) -> Any:
        """One round on the game thread: an `OffloadResponse`, or the answer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        results: list[Any] = []

        def work() -> None:
            results.clear()
            results.append(self._django(environ))
            # The answer leaves when what the view did is committed.
            self._world.loop.after_commit(lambda: _settle(loop, future, results[0]))

        def failed(error: Exception, error_id: str) -> None:
            answer = results[0] if results else None
            if isinstance(error, _Undone):
                answer = _rendered(error.response)
            if answer is None:
                answer = _plain(500, f"Something went wrong; it is logged as error {error_id}.")
            self._world.loop.after_commit(lambda: _settle(loop, future, answer))

        label = f"http {environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        self._world.loop.submit(work, label=label, caller=environ["REMOTE_ADDR"], failed=failed)
        return await future

    def _django(self, environ: dict[str, Any]) -> Any:
        if self._handler is None:
            self._handler = WSGIHandler()
        response: Any = self._handler(environ, _no_start)
        if isinstance(response, OffloadResponse):
            response.close()
            return response
        if response.status_code >= 500:
            raise _Undone(response)
        return _rendered(response)

    async def _offload(self, work: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def then(result: Any, error: BaseException | None) -> None:
            _settle(loop, future, result, error)

        self._world.loop.offload(work, then=then)
        return await future


def _no_start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
    """What WSGI calls to begin an answer; ours is sent when it is whole."""
    return lambda data: None


def _settle(loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], result: Any, error: Any = None) -> None:
    def finish() -> None:
        if future.done():  # nobody waits any more
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    loop.call_soon_threadsafe(finish)


def _rendered(response: Any) -> Answer:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers += [(b"Set-Cookie", cookie.OutputString().encode("latin-1")) for cookie in response.cookies.values()]
    body = b"".join(response)
    response.close()
    return response.status_code, headers, body


def _plain(status: int, text: str) -> Answer:
    return status, [(b"content-type", b"text/plain; charset=utf-8"), (b"retry-after", b"2")], text.encode()


async def _answer(send: Send, answer: Answer) -> None:
    status, headers, body = answer
    if not any(name.lower() == b"content-length" for name, _ in headers):
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes | None:
    """The whole body, or None if it is too long."""
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        part = message.get("body", b"")
        length += len(part)
        if length > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


def _environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """The request as WSGI has it."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        value = raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers and name != "COOKIE" else value
    forwarded = headers.pop("X_FORWARDED_FOR", "").split(",")[-1].strip()
    scheme = headers.pop("X_FORWARDED_PROTO", "http")
    host, _, port = headers.get("HOST", "localhost").rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "CONTENT_TYPE": headers.pop("CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": forwarded or "127.0.0.1",
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port if port.isdecimal() else ("443" if scheme == "https" else "80"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme if scheme in ("http", "https") else "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    headers.pop("CONTENT_LENGTH", None)
    # A name with an underscore is not passed on: it could pass for one with a hyphen.
    allowed = {raw.decode("latin-1").upper().replace("-", "_") for raw, _ in scope["headers"] if b"_" not in raw}
    environ.update({f"HTTP_{name}": value for name, value in headers.items() if name in allowed})
    return environ
