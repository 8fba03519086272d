"""Asking the gateway of a running game, over its control socket.

Contract: `ask` sends one request and gives the answer; steps on the way go to `progress`. It works from any directory
in the game. Django is not needed.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

from perdure.cli.output import stderr
from perdure.errors import NotAnswering, NotRunning
from perdure.server.control_messages import Answer, Progress, Report
from perdure.server.gateway.run_directory import CONTROL_SOCKET, running_pid
from perdure.server.wire import FrameReader, WireError, encode

__all__ = ["ask", "note_if_running", "require_running", "wait_for_end"]


def require_running(game: Path) -> int:
    """The process of the gateway. Raises `NotRunning`."""
    pid = running_pid(game)
    if pid is None:
        raise NotRunning(f"the game {game.name} is not running. Start it with: perdure start")
    return pid


def note_if_running(game: Path | None) -> None:
    """Say that a running world will not see what this process changes, to whoever is about to change it."""
    try:
        running = game is not None and running_pid(game) is not None
    except PermissionError:
        return  # another user's: what matters of it will be refused by itself
    if running and game is not None:
        stderr.print(
            f"Note: {game.name} is running, and its world does not see what is changed here in what it has in memory. "
            "In the running world: perdure shell --live",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )


def ask(
    game: Path, request: Any, *, progress: Callable[[str], None] | None = None, seconds: float | None = None
) -> Answer:
    """What the gateway says.

    Args:
        game: the game directory.
        request: one of `control_messages`.
        progress: called with each step.
        seconds: how long to wait for each of them; None for as long as it takes.

    Raises:
        NotRunning: the game does not run, or ended before it answered.
        NotAnswering: its process is there and does not answer.
    """
    pid = require_running(game)
    silent = f"the gateway (pid {pid}) does not answer; look at: perdure logs"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            # By a relative path: that of a socket may have 108 bytes.
            with chdir(game):
                connection.connect(os.fspath(CONTROL_SOCKET))
            connection.sendall(encode([request]))
            answer = _answer(connection, progress)
        except (OSError, WireError) as error:
            raise NotAnswering(f"{silent} ({error})") from error
    if answer is None:
        raise NotRunning(f"the gateway (pid {pid}) ended before it answered; perdure logs may say why")
    return answer


def _answer(connection: socket.socket, progress: Callable[[str], None] | None) -> Answer | None:
    frames = FrameReader(Report)
    while data := connection.recv(65536):
        for messages in frames.feed(data):
            for message in messages:
                if isinstance(message, Answer):
                    return message
                if isinstance(message, Progress) and progress is not None:
                    progress(message.text)
    return None


def wait_for_end(game: Path, seconds: float) -> bool:
    """Wait until the gateway has ended; whether it has."""
    deadline = time.monotonic() + seconds
    while running_pid(game) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
