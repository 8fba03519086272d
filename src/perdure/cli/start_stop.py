"""`perdure start`, `stop`, `reload`, `reset`, `reboot`: a game in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from perdure.cli.gateway_client import ask, require_running, wait_for_end
from perdure.cli.output import stderr, stdout
from perdure.cli.preflight import game_directory, prepared_game
from perdure.cli.run import gateway_command, places
from perdure.cli.status import show_warnings
from perdure.errors import NotAnswering, NotRunning, ReloadRefused, StartFailed
from perdure.server.control_messages import Answer, Change, Halt, Status
from perdure.server.gateway.run_directory import RUN_DIRECTORY

__all__ = ["reboot", "reload", "reset", "start", "stop"]

START_LOG = RUN_DIRECTORY / "start.log"
POLL = 0.05
#: How long the gateway may take to end after the worlds have, and how long it may take with `--now`.
END_SECONDS, NOW_SECONDS = 15.0, 5.0

Now = Annotated[bool, typer.Option("--now", help="At once, without letting the world finish; kill what does not end.")]


def start() -> None:
    """Start the game in the background, and wait until it serves."""
    game, settings = prepared_game()
    status = _start(game)
    stdout.print(f"{game.name} is running (pid {status['pid']}).", markup=False)
    show_warnings(status)
    for line in places(settings, status["gateway"]["ports"]):
        stdout.print(line, markup=False)


def stop(now: Now = False) -> None:
    """Stop the game: the world finishes what it has begun and says farewell to its players."""
    game = game_directory()
    require_running(game)
    _stop(game, now)
    stdout.print(f"{game.name} has been stopped.", markup=False)


def reload() -> None:
    """Put a new world with the new code in the place of the old one. Nobody is disconnected.

    The new one checks everything before it takes over; if anything is wrong, the old one goes on and you see why.
    """
    _change("reload")


def reset() -> None:
    """Like reload, but the game is told of a shutdown and a cold start: scripts that do not persist end."""
    _change("reset")


def reboot(now: Now = False) -> None:
    """Stop and start: the gateway too, so everybody has to connect again. Needed after an upgrade of Perdure."""
    game = game_directory()
    with suppress(NotRunning):
        require_running(game)
        _stop(game, now)
    start()


# --- starting -------------------------------------------------------------------------------------


def _start(game: Path) -> dict[str, Any]:
    """Begin the gateway's process and wait until a world serves; its status.

    Raises:
        StartFailed: it ended before.
    """
    log = game / START_LOG
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            gateway_command(game),
            cwd=game,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    with _waiting("Starting") as update:
        while True:
            status = _status_of(game, process)
            if status is not None and status["serving"]:
                return status
            if process.poll() is not None:
                raise _start_failed(game, process.returncode)
            update(f"Starting: {status['what']}" if status else "Starting")
            time.sleep(POLL)


def _status_of(game: Path, process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    """What the new gateway says; None while it says nothing."""
    try:
        answer = ask(game, Status(), seconds=5)
    except (NotRunning, NotAnswering):
        return None
    return answer.data if answer.data.get("pid") == process.pid else None


def _start_failed(game: Path, code: int) -> StartFailed:
    said = (game / START_LOG).read_text(encoding="utf-8", errors="replace").strip()
    detail, _, reason = said.rpartition("\n\n")
    if detail:
        stderr.print(detail, markup=False)
    return StartFailed(reason or f"the gateway ended with exit code {code} and said nothing; see perdure logs")


# --- stopping -------------------------------------------------------------------------------------


def _stop(game: Path, now: bool) -> None:
    pid = require_running(game)
    with _waiting("Stopping") as update:
        try:
            seconds = NOW_SECONDS if now else None
            ask(game, Halt(now), progress=lambda text: update(f"Stopping: {text}"), seconds=seconds)
        except NotAnswering:
            _signal(pid, signal.SIGTERM)
        except NotRunning:
            pass  # it ended while it answered
        if wait_for_end(game, NOW_SECONDS if now else END_SECONDS):
            return
        if now:
            _signal(pid, signal.SIGKILL)
            if wait_for_end(game, NOW_SECONDS):
                return
    raise NotAnswering(f"the gateway (pid {pid}) does not end. Kill it, and its world with it: perdure stop --now")


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        if pid > 0:
            os.kill(pid, number)


# --- changing -------------------------------------------------------------------------------------


def _change(verb: Literal["reload", "reset"]) -> None:
    game = game_directory()
    require_running(game)
    begun = time.monotonic()
    with _waiting(verb.capitalize()) as update:
        answer = ask(game, Change(verb), progress=lambda text: update(f"{verb.capitalize()}: {text}"))
    if not answer.ok:
        raise _refused(verb, answer)
    took = time.monotonic() - begun
    status = ask(game, Status(), seconds=5).data
    gap = status.get("gap", 0.0)
    stdout.print(f"{verb.capitalize()} done in {took:.1f} s; the world was away for {gap:.2f} s of them.", markup=False)
    show_warnings(status)


def _refused(verb: str, answer: Answer) -> ReloadRefused:
    if answer.detail:
        stderr.print(answer.detail.rstrip(), markup=False, style="dim")
    return ReloadRefused(f"{verb} refused: {answer.summary}")


def _waiting(text: str) -> AbstractContextManager[Callable[[str], None]]:
    """A spinner at a terminal; nothing elsewhere."""
    if not stderr.is_terminal:
        return nullcontext(lambda text: None)
    return _Spinner(text)


class _Spinner:
    def __init__(self, text: str) -> None:
        self._status = stderr.status(text)

    def __enter__(self) -> Callable[[str], None]:
        self._status.start()
        return lambda text: self._status.update(text)

    def __exit__(self, *error: object) -> None:
        self._status.stop()
