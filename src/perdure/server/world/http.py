"""The world's web pages: requests come to the I/O loop, Django answers them on the game thread.

Contract: each request is one unit of the game loop, so a view may use live objects as a command may, and what it does
is committed before the answer leaves. An answer of 500 or more undoes what the view did. Hashing of passwords leaves
the game thread: a view gives an `OffloadResponse`, its work is done in the pool, and the request is run again with what
came of it (`perdure.web.offloading`). The error of a `FailedResponse` is dealt with as that of a command
(`perdure.web.failing`).

Only the gateway reaches this server, through a Unix socket, so what it says of the client (`X-Forwarded-For`,
`X-Forwarded-Proto`) is believed.

Failure modes: 413 for a body that is too long, 503 while the world does not serve, 500 for an error (with its id). A
request that is under way when the world ceases to serve, or for longer than `SECONDS`, is answered with 503, and what
of it was not begun is not done. A body that breaks off is no request.
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

from perdure.errors import Overloaded
from perdure.web.failing import FailedResponse
from perdure.web.offloading import OffloadResponse

if TYPE_CHECKING:
    from perdure.server.world.world import World

__all__ = ["GameThreadApp", "keep_connections"]

logger = logging.getLogger("perdure.server.http")

MAX_BODY = 10 * 1024 * 1024
SECONDS = 60.0
MAX_ROUNDS = 4
FAILED = "perdure.failed"

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


class _Pending:
    """A request that is under way.

    Attributes:
        over: nobody waits for it any more, so that nothing of it may be begun.
        answered: there is an answer, and what belongs to it is committed.
        called_off: done when the world ceases to serve.
    """

    __slots__ = ("answered", "called_off", "loop", "over")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.over = self.answered = False
        self.loop = loop
        self.called_off: asyncio.Future[None] = loop.create_future()


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
        self._pending: set[_Pending] = set()

    def call_off(self) -> None:
        """The world serves no more: whoever waits for an answer is told. On the game thread."""
        for pending in list(self._pending):
            if not pending.answered:
                pending.over = True
                _settle(pending.loop, pending.called_off, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["path"] == "/metrics" and not any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
            # The gateway itself asks. What it passes on (as `/./metrics`) is a request for a page.
            await _answer(
                send, (200, [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")], self._metrics())
            )
            return
        try:
            body = await _body(receive)
        except ConnectionResetError:
            return
        if body is None:
            await _answer(send, _plain(413, "This is too long."))
            return
        pending = _Pending(asyncio.get_running_loop())
        self._pending.add(pending)
        try:
            answer = await self._answer_of(pending, _environ(scope, body), body)
        finally:
            pending.over = True
            self._pending.discard(pending)
        await _answer(send, answer)

    async def _answer_of(self, pending: _Pending, environ: dict[str, Any], body: bytes) -> Answer:
        """The answer, unless there is none in time or before the world ceases to serve."""
        if not self._world.is_serving:
            return _plain(503, "The world is being restarted; try again in a moment.")
        work = asyncio.ensure_future(self._on_game_thread(pending, environ, body))
        both: set[asyncio.Future[Any]] = {work, pending.called_off}
        await asyncio.wait(both, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if work.done() or pending.answered:
            try:
                return await work
            except Overloaded:
                return _plain(503, "Too much is going on at this moment; try again in a moment.")
        work.cancel()
        if pending.called_off.done():
            return _plain(503, "The world is being restarted; try again in a moment.")
        logger.error("no answer to %s %s within %g s", environ["REQUEST_METHOD"], environ["PATH_INFO"], SECONDS)
        return _plain(503, "The world is busy; try again in a moment.")

    async def _on_game_thread(self, pending: _Pending, environ: dict[str, Any], body: bytes) -> Answer:
        offloaded: dict[str, Any] = {}
        for _ in range(MAX_ROUNDS):
            response = await self._run(
                pending,
                {
                    **environ,
                    "wsgi.input": io.BytesIO(body),
                    "perdure.can_offload": True,
                    "perdure.offloaded": offloaded,
                },
            )
            if not isinstance(response, OffloadResponse):
                return response  # type: ignore[no-any-return]
            offloaded = {**offloaded, response.key: await self._offload(response.work)}
        raise RuntimeError(f"{environ['PATH_INFO']} asked for offloaded work again and again")

    async def _run(self, pending: _Pending, environ: dict[str, Any]) -> Any:
        """One round on the game thread: an `OffloadResponse`, or the answer."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def answer_with(answer: Any) -> None:
            pending.answered = not isinstance(answer, OffloadResponse)
            _settle(loop, future, answer)

        def work() -> None:
            if pending.over:
                return
            environ["wsgi.input"].seek(0)  # this may not be the first time
            answer = self._django(environ)
            # The answer leaves when what the view did is committed.
            self._world.loop.after_commit(lambda: answer_with(answer))

        def failed(error: Exception, error_id: str) -> None:
            response = environ.pop(FAILED, None)
            if isinstance(error, _Undone):
                answer = _rendered(error.response)
            elif response is not None and response.error is error:
                answer = _rendered(response.told(error_id))
            else:
                answer = _plain(500, f"Something went wrong; it is logged as error {error_id}.")
            self._world.loop.after_commit(lambda: answer_with(answer))

        label = f"http {environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        address = environ["REMOTE_ADDR"]
        self._world.loop.submit(work, label=label, caller=address, failed=failed, turn=("http", address))
        return await future

    def _django(self, environ: dict[str, Any]) -> Any:
        if self._handler is None:
            self._handler = WSGIHandler()
        response: Any = self._handler(environ, _no_start)
        if isinstance(response, OffloadResponse):
            response.close()
            return response
        if isinstance(response, FailedResponse):
            response.close()
            environ[FAILED] = response
            raise response.error
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
    """The whole body, or None if it is too long. Raises `ConnectionResetError` when it breaks off."""
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
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
