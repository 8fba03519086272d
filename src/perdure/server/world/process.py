"""The process of a world: its threads, and what the gateway may ask of it.

Contract
    The main thread is the game thread. A second thread runs an asyncio loop with the link to the gateway and the web
    server. The process says `Hello`, checks the game, says `Ready` or `Failed`, and serves from `TakeOver` until it is
    quiesced. A quiesced world stands still until it hears `Resume` or `Stop`.

    STARTING -> READY -> SERVING -> QUIESCED -> SERVING (resumed) or the end

Failure modes: when the link ends, the world finishes its tick and the process ends: nothing that was acknowledged is
lost, since it was committed before. Exit code 0 after `Stop` or the end of the link, 1 when the game cannot be served.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn

from perdure.server.messages import (
    Failed,
    Line,
    Ping,
    Pong,
    Quiesce,
    Quiesced,
    Ready,
    Resume,
    Running,
    Stop,
    Stopped,
    TakeOver,
    Wanted,
    Welcome,
)
from perdure.server.world.link import Link

__all__ = ["WorldProcess", "WorldState"]

logger = logging.getLogger("perdure.server")


class WorldState(enum.Enum):
    """What a world's process is doing."""

    STARTING = "starting"
    READY = "ready"
    SERVING = "serving"
    QUIESCED = "quiesced"
    ENDED = "ended"


_AFTER: dict[WorldState, frozenset[WorldState]] = {
    WorldState.STARTING: frozenset({WorldState.READY, WorldState.ENDED}),
    WorldState.READY: frozenset({WorldState.SERVING, WorldState.ENDED}),
    WorldState.SERVING: frozenset({WorldState.QUIESCED, WorldState.ENDED}),
    WorldState.QUIESCED: frozenset({WorldState.SERVING, WorldState.ENDED}),
    WorldState.ENDED: frozenset(),
}


class WorldProcess:
    """One world process.

    Args:
        link_path: the gateway's Unix socket, relative to the game directory.
        token: what the gateway gave this process.
        generation: the how-many-eth world of this gateway it is.
    """

    def __init__(self, link_path: str, token: str, generation: int) -> None:
        self.link = Link(link_path, token)
        self.generation = generation
        self.state = WorldState.STARTING
        self._control: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._io = asyncio.new_event_loop()
        self._world: Any = None
        self._http: uvicorn.Server | None = None
        self._early: list[Any] | None = []
        self._receiving = threading.Lock()

    def _enter(self, state: WorldState) -> None:
        if state not in _AFTER[self.state]:
            raise RuntimeError(f"a world that is {self.state.value} cannot become {state.value}")
        self.state = state

    # --- the main thread

    def run(self) -> int:
        """Be a world until the gateway says stop; the exit code."""
        welcome = self.link.connect()
        threading.Thread(target=self._io_thread, name="perdure-io", daemon=True).start()
        try:
            code = self._serve(welcome)
        finally:
            self._enter(WorldState.ENDED)
        self.link.flush()
        return code

    def _serve(self, welcome: Welcome) -> int:
        started = time.monotonic()
        warnings = self._check(welcome)
        if warnings is None:
            return 1
        socket_path = self._start_web()
        self._enter(WorldState.READY)
        self.link.send([Ready(socket_path, warnings, time.monotonic() - started)])
        order = self._control.get()
        if not isinstance(order, TakeOver):
            return 0
        from perdure.gameloop import Watchdog

        self._take_over(order)
        watchdog = Watchdog(self._world.loop, self._world.loop.slow_seconds)
        watchdog.start()
        self._world.loop.run_forever()
        watchdog.stop()
        self._world.close()
        self._remove(socket_path)
        self.link.send([Stopped()])
        return 0

    def _check(self, welcome: Welcome) -> list[str] | None:
        """Set the game up; what is not right but can be lived with. None if it cannot be served."""
        from perdure.server.world.checks import GameBroken, check_game

        try:
            warnings = check_game(strict=welcome.mode in ("reload", "reset"))
            from perdure.server.world.warming import warm_up
            from perdure.server.world.world import World

            self._world = World(self.link.send)
            self._world.ask_gateway = self._ask_gateway
            self._world.loop.gateway_started = welcome.gateway_started
            warm_up()
            return warnings
        except Exception as error:  # noqa: BLE001  (boundary of user code: whoever asked must hear what it was)
            broken = error if isinstance(error, GameBroken) else GameBroken.of(error, "the world cannot be set up")
            # The traceback goes to the gateway, which logs it and hands it on.
            logger.error("%s", broken.summary)
            self.link.send([Failed(broken.summary, broken.detail, broken.file, broken.line)])
            return None

    def _take_over(self, order: TakeOver) -> None:
        started = time.monotonic()
        self._enter(WorldState.SERVING)
        self._world.take_over(order.mode, order.sessions)
        self.link.send([Running(time.monotonic() - started)])
        with self._receiving:  # what comes now comes after what came early
            early, self._early = self._early or [], None
            for message in early:
                self._world.receive(message)

    def _quiesce(self, order: Quiesce) -> None:
        """Stop, tell so, and stand still until there are orders. On the game thread, outside of ticks."""
        self._enter(WorldState.QUIESCED)
        leftovers: list[Line] = []
        try:
            leftovers = self._world.quiesce(order.mode, order.seconds)
        except Exception:  # boundary of user code: the gateway must hear that this world stands still
            logger.exception("the world did not cease in order")
        self.link.send([Quiesced(leftovers)])
        orders = self._control.get()
        if isinstance(orders, Resume):
            started = time.monotonic()
            self._enter(WorldState.SERVING)
            self._world.resume(orders.sessions)
            self.link.send([Running(time.monotonic() - started)])
            return
        self._world.loop.stop()

    def _ask_gateway(self, verb: Any, reason: str, sessid: int | None) -> None:
        self.link.send([Wanted(verb, reason, sessid)])

    # --- the I/O thread

    def _io_thread(self) -> None:
        asyncio.set_event_loop(self._io)
        self.link.run(self._io, self._received, self._link_ended)
        self._io.run_forever()

    def _received(self, message: Any) -> None:
        match message:
            case Ping(number):
                busy = self._world.loop.busy_for() if self._world is not None else 0.0
                self.link.send([Pong(number, busy)])
            case TakeOver() | Resume() | Stop():
                self._control.put(message)
                if isinstance(message, Stop) and self.state is WorldState.SERVING:
                    self._world.loop.stop()
            case Quiesce():
                self._world.loop.between_ticks(lambda: self._quiesce(message))
            case _:
                with self._receiving:
                    if self._early is not None:
                        self._early.append(message)
                        return
                self._world.receive(message)

    def _link_ended(self) -> None:
        """The gateway has gone: end after the present tick."""
        logger.warning("the gateway has gone; this world ends")
        self._control.put(Stop())
        if self._world is None:
            os._exit(1)  # it is still being set up, and nobody waits for it
        self._world.loop.stop()

    def _start_web(self) -> str:
        """Start the web server; the path of its socket."""
        from perdure.server.world.http import GameThreadApp, keep_connections
        from perdure.server.world.metrics import Metrics

        path = f"server/run/http-{self.generation}.sock"
        self._remove(path)
        keep_connections()
        app = GameThreadApp(self._world, Metrics(self._world).text)
        self._world.ceasing.append(app.call_off)
        config = uvicorn.Config(
            app, uds=path, lifespan="off", log_config=None, access_log=False, ws="none", timeout_keep_alive=75
        )
        self._http = server = uvicorn.Server(config)
        started = threading.Event()

        async def serve() -> None:
            task = asyncio.ensure_future(server.serve())
            while not server.started and not task.done():
                await asyncio.sleep(0.005)
            started.set()

        asyncio.run_coroutine_threadsafe(serve(), self._io)
        if not started.wait(10) or not server.started:
            raise RuntimeError(f"the web server of the world does not start at {path}")
        Path(path).chmod(0o600)
        return path

    @staticmethod
    def _remove(path: str) -> None:
        Path(path).unlink(missing_ok=True)


def exit_with(code: int) -> None:
    """End the process without waiting for threads that are still at work."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
