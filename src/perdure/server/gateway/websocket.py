"""Browser clients: WebSockets with messages in JSON.

Contract: a message either way is `[name, [values], {names: values}]` in a text frame (the sub-protocol
`v1.evennia.com`, or none). `text` and `prompt` go out as HTML made from markup. What comes in is `text`, or any
other name that `oob` lets pass. Where the world is at is told as `["world", ["serving" | …], {}]`, and whether to
show what is typed as `["typing", [true], {}]`.

Bounds: a client that sends too fast is not read from; one that does not read is disconnected; one whose messages
make no sense is disconnected after a few of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from perdure.server.gateway.lines import clean_line
from perdure.server.gateway.oob import Refused, from_json, to_json
from perdure.server.gateway.rendering import RENDERING_OPTIONS, html
from perdure.server.gateway.sessions import Session

if TYPE_CHECKING:
    from perdure.server.gateway.gateway import Gateway

__all__ = ["SUBPROTOCOL", "BrowserSession"]

log = logging.getLogger("perdure.gateway.websocket")

SUBPROTOCOL = "v1.evennia.com"
_PATIENCE = 10


class BrowserSession(Session):
    """One browser.

    Args:
        gateway: whose client it is.
        websocket: the connection, accepted.
        address: where the client is.
        ticket: what the website gave it to be logged in with.
    """

    def __init__(self, gateway: Gateway, websocket: WebSocket, address: str, ticket: str) -> None:
        self.begin_session(gateway, "websocket", address)
        self.ticket = ticket
        self.flags = {"CLIENTNAME": "browser", "ANSI": True, "XTERM256": True, "TRUECOLOR": True, "UTF-8": True}
        self._websocket = websocket
        self._out: list[str] = []
        self._prompt = ""
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._held: deque[str] = deque()
        self._refused = 0
        self._reason = ""
        self._tasks: list[asyncio.Task[None]] = []
        connection: tuple[Callable[[], None], asyncio.Event] = websocket.scope["extensions"]["perdure.connection"]
        self._abort, self._lost = connection

    async def run(self) -> None:
        """Serves the client until it goes, or is made to."""
        self.gateway.add(self)
        self.gateway.ready(self)
        if not self.gateway.worlds.is_serving:
            self.show_oob("world", [self.gateway.worlds.state], {})
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._end()

    async def _end(self) -> None:
        self.gateway.remove(self, self._reason or "the client has gone")
        writer = self._tasks[1]
        if not writer.done() and self._reason:
            # What was shown before the end is still to be sent.
            self._wake.set()
            await asyncio.wait([writer], timeout=self.gateway.settings.timeouts.closing)
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                # Starlette's word for a connection that has been closed under us is no fault.
                level = logging.DEBUG if isinstance(result, RuntimeError) else logging.ERROR
                log.log(level, "Session %d ends: %r", self.sessid, result, exc_info=result)
        if self._websocket.application_state is WebSocketState.CONNECTED:
            try:
                await asyncio.wait_for(
                    self._websocket.close(1000, self._reason[:100]), self.gateway.settings.timeouts.closing
                )
            except (RuntimeError, TimeoutError, WebSocketDisconnect):
                log.debug("Session %s did not wait for the end", self.sessid)
        if self._waiting_bytes:
            self._abort()

    # --- what comes in -------------------------------------------------------------------------------

    async def _read(self) -> None:
        limit = self.gateway.settings.limits.queued_lines
        while not self.is_gone:
            message = await self._websocket.receive()
            if message["type"] != "websocket.receive":
                return
            if not self.bucket.take() and not await self._slowed_down():
                return
            text = message.get("text")
            lines = self._take(text if text is not None else message.get("bytes") or b"")
            for number, line in enumerate(lines):
                # Many lines in one message are as many as in many.
                if number and not self.bucket.take() and not await self._slowed_down():
                    return
                self._held.append(line)
                self._pass_on()
            while len(self._held) >= limit and not self.is_gone and not self._lost.is_set():
                self._room.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._room.wait(), 1.0)

    async def _slowed_down(self) -> bool:
        """Waits for as long as the client must; False if it has gone meanwhile, and what it sent too fast with it."""
        self.gateway.metrics.throttled += 1
        while not self.bucket.take():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), self.bucket.wait() + 0.001)
            if self._lost.is_set():
                return False
        return True

    def _take(self, text: str | bytes) -> list[str]:
        """Do what a message says; the lines in it, if it is a text."""
        try:
            name, args, kwargs = from_json(text, self.gateway.settings.limits.message_depth)
            if name == "text" and not (args and isinstance(args[0], str)):
                raise Refused("a text is a string")
        except Refused as error:
            self._refuse(str(error))
            return []
        if name == "text":
            return list(map(clean_line, args[0].splitlines() or [""]))
        if name == "websocket_close":
            self.close("the client has gone")
        else:
            self.gateway.message(self, name, args, kwargs, counted=True)
        return []

    def _refuse(self, why: str) -> None:
        self.gateway.metrics.refused_messages += 1
        self._refused += 1
        log.debug("Session %s: a message is refused: %s", self.sessid, why)
        if self._refused >= _PATIENCE:
            self.gateway.metrics.dropped += 1
            self.close("too many messages that make no sense")

    def _pass_on(self) -> None:
        while self._held and self.may_send:
            self.gateway.line(self, self._held.popleft())
        if not self._held:
            self._room.set()

    def resume(self) -> None:
        """Goes on with lines that had to wait."""
        if self._held:
            self._pass_on()

    # --- what goes out -------------------------------------------------------------------------------

    def show(self, text: str, kind: str, options: Mapping[str, Any]) -> None:
        """Shows a text."""
        if options.get("send_prompt"):
            self.show_prompt(text, options)
            return
        more = {name: value for name, value in options.items() if name not in RENDERING_OPTIONS} if options else {}
        if kind:
            more["type"] = kind
        self._send(to_json("text", [html(text, options, self.flags)], more))

    def show_prompt(self, text: str, options: Mapping[str, Any]) -> None:
        """Shows a prompt, last."""
        self._prompt = to_json("prompt", [html(text, options, self.flags)], {})
        self.gateway.touch(self)

    def show_oob(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Passes a named message on."""
        self._send(to_json(name, args, kwargs))

    def show_typing(self, visible: bool) -> None:
        """Tells the page whether to show what is typed."""
        self.typing_visible = visible
        self._send(to_json("typing", [visible], {}))

    def _send(self, frame: str) -> None:
        if self.is_gone:
            return
        if self._waiting_bytes > self.gateway.settings.limits.output_bytes:
            self.gateway.metrics.slow_readers += 1
            self.abort("the client does not read")
            return
        self._out.append(frame)
        self._waiting_bytes += len(frame)
        self.gateway.touch(self)

    def flush(self) -> None:
        """Sends what has gathered, the prompt last."""
        if self._prompt:
            self._out.append(self._prompt)
            self._waiting_bytes += len(self._prompt)
            self._prompt = ""
        if self._out:
            self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            frames, self._out = self._out, []
            for frame in frames:
                await self._websocket.send_text(frame)
                self._waiting_bytes -= len(frame)
                self.gateway.metrics.bytes_out += len(frame)
            if self._reason and not self._out:
                return

    # --- the end -------------------------------------------------------------------------------------

    def close(self, reason: str) -> None:
        """Ends the connection after what was shown has been sent."""
        if self.is_gone:
            return
        self.flush()
        self._reason = reason or "closed"
        self.gateway.remove(self, self._reason)
        self._room.set()
        self._wake.set()

    def abort(self, reason: str) -> None:
        """Ends the connection now."""
        self._reason = reason
        self.gateway.remove(self, reason)
        self._abort()
        for task in self._tasks:
            task.cancel()
