"""The gateway as a service: settings, sockets, worlds and signals put together, from start to stop.

Contract: `main` reads `server/run/gateway.json`, listens, starts the first world and runs until it is stopped. Exit
code 0 after a stop, 1 when it could not start, with the reason as the last lines on the standard error. SIGTERM and
SIGINT stop it in order, a second one at once. SIGHUP reloads, unless it comes from a terminal that is closed.

Invariants: no Django and no game code in this process. Failure modes: settings that do not fit, a port that is taken, a
game that is running already, a first world that does not come up: each one sentence and exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from perdure.server import logs
from perdure.server.gateway.control import Control
from perdure.server.gateway.gateway import Gateway
from perdure.server.gateway.keeping import Restarts
from perdure.server.gateway.process import WORLD_COMMAND, WorldLost, memory_of
from perdure.server.gateway.run_directory import CONTROL_SOCKET, SETTINGS_FILE, AlreadyRuns, RunDirectory
from perdure.server.gateway.service_manager import tell_service_manager
from perdure.server.gateway.settings import GatewaySettings, load
from perdure.server.gateway.worlds import Worlds
from perdure.version import __version__

__all__ = ["Service", "main"]

FAREWELL = "The game is being stopped. Good-bye."

logger = logging.getLogger("perdure.gateway")


class CannotStart(Exception):
    """Why not, in a sentence, and more for those who want it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.detail = detail
        super().__init__(reason)


class Service:
    """The gateway, its worlds and its control socket, put together.

    Args:
        settings: of the gateway.
        command: what starts a world.
        watch: reload when the game's code changes.
        restarts: how a world that dies is followed.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        command: Sequence[str] = WORLD_COMMAND,
        *,
        watch: bool = False,
        restarts: Restarts | None = None,
    ) -> None:
        self.settings = settings
        self.worlds = Worlds(settings, command=command, environment=_world_environment(settings), restarts=restarts)
        self.gateway = Gateway(settings, self.worlds)
        self.worlds.attach(self.gateway)
        self.control = Control(CONTROL_SOCKET, self.worlds, self.status)
        self.watch = watch
        self._tasks: set[asyncio.Task[Any]] = set()
        self._signals = 0

    async def run(self) -> None:
        """From start to stop. Raises `CannotStart`."""
        self._hear_signals()
        self._tell_service_manager_of_states()
        try:
            await self.gateway.start()
        except OSError as error:
            raise CannotStart(f"the gateway cannot listen: {error}") from error
        try:
            await self.control.start()
            if self.watch:
                self._watch()
            await self.worlds.run()
        except OSError as error:
            raise CannotStart(f"the gateway cannot go on: {error}") from error
        except WorldLost as error:
            raise CannotStart(f"the world cannot start: {error.summary}", error.detail) from error
        finally:
            tell_service_manager("STOPPING=1")
            await self.gateway.stop(FAREWELL)
            await self.control.close()
            for task in list(self._tasks):
                task.cancel()

    def status(self) -> dict[str, Any]:
        """Everything there is to say, as plain values."""
        return {
            "version": __version__,
            "server": self.settings.server_name,
            "pid": os.getpid(),
            "started": self.worlds.started,
            "uptime": round(time.time() - self.worlds.started, 3),
            "memory": memory_of(os.getpid()),
            **self.worlds.status(),
            "gateway": self.gateway.status(),
        }

    # --- signals ---------------------------------------------------------------------------------

    def _hear_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        # A terminal that is closed says SIGHUP too; then nobody is there to see the game go on.
        at_terminal = sys.stdin is not None and sys.stdin.isatty()
        loop.add_signal_handler(signal.SIGHUP, self._stop if at_terminal else self._reload)

    def _stop(self) -> None:
        self._signals += 1
        logger.info("stopping%s", " at once" if self._signals > 1 else "")
        self._in_background(self.worlds.stop(now=self._signals > 1), "the stop")

    def _reload(self) -> None:
        logger.info("SIGHUP: reload")
        self._in_background(self.worlds.request("reload"), "the reload")

    def _in_background(self, work: Coroutine[Any, Any, object], what: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=what)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("%s has failed: %s", task.get_name(), error, exc_info=error)

    # --- who else is told ------------------------------------------------------------------------

    def _tell_service_manager_of_states(self) -> None:
        """`Type=notify` of systemd: ready when a world serves, and one line of status."""
        before: Callable[[Any], None] | None = self.worlds.on_state

        def tell(state: Any) -> None:
            ready = "READY=1\n" if state == "serving" else ""
            tell_service_manager(f"{ready}STATUS=the world is {state}")
            if before is not None:
                before(state)

        self.worlds.on_state = tell

    def _watch(self) -> None:
        from perdure.server.gateway.watching import reload_on_changes

        self._in_background(reload_on_changes(Path.cwd(), self.worlds), "watching the code")


def _world_environment(settings: GatewaySettings) -> dict[str, str]:
    log = settings.logging
    return {
        "PERDURE_DURABILITY": "full",
        "PERDURE_GAME_DIR": str(Path.cwd()),
        **logs.environment(log.format, log.level, log.directory, to_stdout=log.to_stdout),
    }


def main(
    arguments: Sequence[str] | None = None,
    *,
    command: Sequence[str] = WORLD_COMMAND,
    restarts: Restarts | None = None,
) -> int:
    """Run the gateway; the exit code.

    Args:
        arguments: of the command line.
        command: what starts a world (tests start one of their own).
        restarts: how a world that dies is followed.
    """
    parser = argparse.ArgumentParser(prog="python -m perdure.server.gateway", description="Use: perdure run")
    parser.add_argument("--game", required=True, type=Path, help="the game directory")
    parser.add_argument("--watch", action="store_true", help="reload when the game's code changes")
    options = parser.parse_args(arguments)
    try:
        os.chdir(options.game)
        run_directory = RunDirectory.claim()
        settings = load(SETTINGS_FILE)
    except (OSError, ValueError, AlreadyRuns) as error:
        return _failed(str(error))
    log = settings.logging
    listener = logs.configure(
        "gateway",
        format=log.format,
        level=log.level,
        directory=log.directory,
        to_stdout=log.to_stdout,
        threaded=True,
    )
    logger.info("Perdure %s, %s, pid %d", __version__, settings.server_name, os.getpid())
    try:
        asyncio.run(_serve(settings, command, options.watch, restarts))
    except CannotStart as error:
        logger.error("%s", error)
        return _failed(str(error), error.detail)
    finally:
        logger.info("the gateway has ended")
        if listener is not None:
            listener.stop()
        run_directory.release()
    return 0


async def _serve(settings: GatewaySettings, command: Sequence[str], watch: bool, restarts: Restarts | None) -> None:
    service = Service(settings, command, watch=watch, restarts=restarts)
    # What was imported stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    await service.run()


def _failed(reason: str, detail: str = "") -> int:
    with suppress(OSError):
        sys.stderr.write(f"{detail.rstrip()}\n\n{reason}\n" if detail.strip() else f"{reason}\n")
        sys.stderr.flush()
    return 1
