"""A game for the browser client that is not there: its page, its files, and a WebSocket that a test speaks through.

The page's answers carry the headers of the real site, so that a script or style that the policy forbids shows here.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

__all__ = ["FakeGame"]

PATIENCE = 10.0


class FakeGame:
    """Serves on a free port of this machine, in a thread.

    Args:
        page: HTML of the client's page.
        static: gives `(body, content type)` of a static file, or None.
        policy: the page's Content-Security-Policy.
    """

    def __init__(self, page: str, static: Any, policy: str) -> None:
        self.page = page
        self.static = static
        self.policy = policy
        self.down = False
        self.tickets = 0
        self.ticket_of_connection = ""
        self.received: queue.Queue[list[Any]] = queue.Queue()
        self.connections: queue.Queue[str] = queue.Queue()
        self._socket: WebSocket | None = None
        routes = [
            Route("/webclient/", self._page),
            Route("/webclient/ticket", self._ticket, methods=["POST"]),
            Route("/static/{path:path}", self._static),
            WebSocketRoute("/ws", self._ws),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), port=0, log_level="error", lifespan="off", ws="websockets-sansio"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)

    # --- the life of it

    def start(self) -> None:
        self._thread.start()
        deadline = threading.Event()
        for _ in range(200):
            if self._server.started:
                break
            deadline.wait(0.05)
        assert self._server.started
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await self._server.serve()

        asyncio.run(serve())

    # --- what a test says and hears

    def send(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Send the client a message."""
        self._do(self._socket.send_text(json.dumps([name, list(args), kwargs])))  # type: ignore[union-attr]

    def send_raw(self, text: str) -> None:
        self._do(self._socket.send_text(text))  # type: ignore[union-attr]

    def close(self, code: int = 1000, reason: str = "") -> None:
        """End the connection."""
        self._do(self._socket.close(code, reason))  # type: ignore[union-attr]

    def next(self, name: str) -> list[Any]:
        """The next message of that name from the client."""
        while True:
            message = self.received.get(timeout=PATIENCE)
            if message[0] == name:
                return message

    def line(self) -> str:
        """The next line from the client."""
        return str(self.next("text")[1][0])

    def connected(self) -> str:
        """Waits for a connection; the ticket that came with it."""
        return self.connections.get(timeout=PATIENCE)

    def nothing_came(self) -> bool:
        return self.received.empty()

    def _do(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    # --- what the browser asks

    async def _page(self, request: Request) -> Response:
        headers = {"Content-Security-Policy": self.policy, "X-Content-Type-Options": "nosniff"}
        return Response(self.page, media_type="text/html", headers=headers)

    async def _static(self, request: Request) -> Response:
        found = self.static(request.path_params["path"])
        if found is None:
            return Response("no such file", 404)
        return Response(found[0], media_type=found[1], headers={"X-Content-Type-Options": "nosniff"})

    async def _ticket(self, request: Request) -> Response:
        if self.down:
            return Response("down", 503)
        assert request.headers["X-CSRFToken"]
        self.tickets += 1
        return JSONResponse({"ticket": f"ticket-{self.tickets}"})

    async def _ws(self, websocket: WebSocket) -> None:
        if self.down:
            await websocket.send_denial_response(Response("down", 503))
            return
        assert websocket.scope["subprotocols"] == ["v1.evennia.com"]
        await websocket.accept("v1.evennia.com")
        self._socket = websocket
        self.connections.put(websocket.query_params.get("ticket", ""))
        try:
            while True:
                self.received.put(json.loads(await websocket.receive_text()))
        except WebSocketDisconnect:
            pass
