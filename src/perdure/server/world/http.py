"""The world's web pages: requests come to the I/O loop, Django answers them on the game thread.

Contract: each request is one unit of the game loop, so a view may use live objects as a command may, and what it does
is committed before the answer leaves. An answer of 500 or more undoes what the view did. Hashing of passwords leaves
the game thread: a view gives an `OffloadResponse`, its work is done in the pool, and the request is run again with what
came of it (`perdure.web.offloading`). The error of a `FailedResponse` is dealt with as that of a command
(`perdure.web.failing`). A view that meets a stale object is run again, whatever answer Django has made of that.

Bodies come in and answers leave on the I/O loop, so that a client that is slow holds up nobody (`wsgi`).

Only the gateway reaches this server, through a Unix socket, so what it says of the client (`X-Forwarded-For`,
`X-Forwarded-Proto`) is believed.

Failure modes: 413 for a body that is too long, 503 while the world does not serve or too much is sent at once, 500 for
an error (with its id). A request that is under way when the world ceases to serve, or for longer than `SECONDS`, is
answered with 503, and what of it was not begun is not done. A body that breaks off is no request.
"""

from __future__ import annotations

import asyncio
import io
import logging
import secrets
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception, request_finished, request_started
from django.db import close_old_connections

from perdure.errors import Overloaded, StaleObject
from perdure.server.world.wsgi import (
    Answer,
    Bodies,
    Receive,
    Scope,
    Send,
    answer_of,
    environ_of,
    plain_answer,
    send_answer,
)
from perdure.web.failing import FailedResponse
from perdure.web.offloading import OffloadResponse

if TYPE_CHECKING:
    from perdure.server.world.world import World

__all__ = ["GameThreadApp", "keep_connections"]

logger = logging.getLogger("perdure.server.http")

SECONDS = 60.0
MAX_ROUNDS = 4
FAILED, RAISED = "perdure.failed", "perdure.raised"

RESTARTING = "The world is being restarted; try again in a moment."
TOO_MUCH = "Too much is going on at this moment; try again in a moment."


def keep_connections() -> None:
    """Have Django leave the game thread's connection open at the end of a request: it is in the tick's transaction."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)


def _note_error(request: Any = None, **kwargs: Any) -> None:
    """Django is about to make an answer of an exception."""
    if request is not None:
        request.META[RAISED] = sys.exc_info()[1]


got_request_exception.connect(_note_error, dispatch_uid="perdure.server.world.http")


class _Undone(Exception):
    """Undoes what a view did whose answer is an error."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(f"answered with {answer.status}")


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
        self._bodies = Bodies()

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
            kind = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]
            await send_answer(send, Answer(200, kind, self._metrics()))
            return
        try:
            body = await self._bodies.read(receive)
        except ConnectionResetError:
            return
        except Overloaded:
            await send_answer(send, plain_answer(503, TOO_MUCH))
            return
        if body is None:
            await send_answer(send, plain_answer(413, "This is too long."))
            return
        pending = _Pending(asyncio.get_running_loop())
        self._pending.add(pending)
        try:
            answer = await self._answer_of(pending, environ_of(scope, body), body)
        finally:
            pending.over = True
            self._pending.discard(pending)
            self._bodies.release(body)
        try:
            await send_answer(send, answer, scope["method"])
        finally:
            if answer.response is not None:
                self._world.loop.submit(answer.close_file, label="http end")

    async def _answer_of(self, pending: _Pending, environ: dict[str, Any], body: bytes) -> Answer:
        """The answer, unless there is none in time or before the world ceases to serve."""
        if not self._world.is_serving:
            return plain_answer(503, RESTARTING)
        work = asyncio.ensure_future(self._on_game_thread(pending, environ, body))
        both: set[asyncio.Future[Any]] = {work, pending.called_off}
        await asyncio.wait(both, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
        what = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        if work.done() or pending.answered:
            try:
                return await work
            except Overloaded:
                return plain_answer(503, TOO_MUCH)
            except Exception:  # boundary of user code: what a view has left to another thread may raise anything
                error_id = secrets.token_hex(4)
                logger.exception("error %s in %s", error_id, what, extra={"error_id": error_id})
                return _failure(error_id)
        work.cancel()
        if pending.called_off.done():
            return plain_answer(503, RESTARTING)
        logger.error("no answer to %s within %g s", what, SECONDS)
        return plain_answer(503, "The world is busy; try again in a moment.")

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
            self._world.loop.after_commit(partial(answer_with, answer), undone=getattr(answer, "close_file", None))

        def failed(error: Exception, error_id: str) -> None:
            response = environ.pop(FAILED, None)
            answer = _failure(error_id)
            if isinstance(error, _Undone):
                answer = error.answer
            elif response is not None and response.error is error:
                answer = answer_of(response.told(error_id))
            self._world.loop.after_commit(partial(answer_with, answer))

        label = f"http {environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        address = environ["REMOTE_ADDR"]
        self._world.loop.submit(work, label=label, caller=address, failed=failed, turn=("http", address))
        return await future

    def _django(self, environ: dict[str, Any]) -> Any:
        if self._handler is None:
            self._handler = WSGIHandler()
        environ.pop(RAISED, None)
        response: Any = self._handler(environ, _no_start)
        if isinstance(response, OffloadResponse):
            response.close()
            return response
        if isinstance(response, FailedResponse):
            response.close()
            environ[FAILED] = response
            raise response.error
        error = environ.pop(RAISED, None)
        answer = answer_of(response)
        if answer.status < 500:
            return answer
        if isinstance(error, StaleObject):
            answer.close_file()
            raise error
        raise _Undone(answer)

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


def _failure(error_id: str) -> Answer:
    return plain_answer(500, f"Something went wrong; it is logged as error {error_id}.")
