"""`perdure logs`: what gateway and world have logged, together and in order."""

from __future__ import annotations

import heapq
import json
import os
import time
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer

from perdure.cli.output import stdout
from perdure.cli.preflight import game_directory

__all__ = ["logs"]

NAMES = ("gateway.log", "world.log")
POLL = 0.25

#: When it was logged, and its lines.
Entry = tuple[float, list[str]]


def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing what is logged.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines to show.")] = 40,
) -> None:
    """Show the last lines of the logs of gateway and world, in the order of time."""
    directory = _directory(game_directory())
    files = [_Tail(directory / name) for name in NAMES]
    last = deque(
        (line for entry in heapq.merge(*[one.last(lines) for one in files]) for line in entry[1]), maxlen=lines
    )
    for line in last:
        stdout.print(line, markup=False)
    if not follow and not any(one.path.exists() for one in files):
        stdout.print(f"There are no logs in {directory} yet.", markup=False)
    while follow:
        for entry in heapq.merge(*[one.more() for one in files]):
            for line in entry[1]:
                stdout.print(line, markup=False)
        time.sleep(POLL)


def _directory(game: Path) -> Path:
    """Where the logs are: as the last start said, else the usual place."""
    from perdure.server.gateway.run_directory import SETTINGS_FILE
    from perdure.server.gateway.settings import load

    return game / load(game / SETTINGS_FILE).logging.directory


class _Tail:
    """The end of a file that grows, and begins anew when it is rotated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO | None = None
        self._at = 0.0

    def last(self, lines: int) -> list[Entry]:
        """Its last lines; `more` goes on after them."""
        before = self._entries(Path(f"{self.path}.1"), lines)
        if self._open():
            assert self._file is not None
            return [*before, *self._grouped(deque(self._file, maxlen=lines))]
        return before

    def _entries(self, path: Path, lines: int) -> list[Entry]:
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                return list(self._grouped(deque(file, maxlen=lines)))
        except FileNotFoundError:
            return []

    def more(self) -> list[Entry]:
        """What has been added."""
        if self._file is None and not self._open():
            return []
        assert self._file is not None
        lines = self._file.readlines()
        if not lines and self._is_rotated():
            self._file.close()
            self._file = None
        return list(self._grouped(lines))

    def _open(self) -> bool:
        try:
            self._file = self.path.open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return False
        return True

    def _is_rotated(self) -> bool:
        assert self._file is not None
        try:
            return os.stat(self.path).st_ino != os.fstat(self._file.fileno()).st_ino
        except OSError:
            return False

    def _grouped(self, lines: Iterator[str] | list[str] | deque[str]) -> Iterator[Entry]:
        """Lines without a time belong to the one before."""
        entry: Entry | None = None
        for line in lines:
            when = _time_of(line)
            if when is None and entry is not None:
                entry[1].append(line.rstrip("\n"))
                continue
            if entry is not None:
                yield entry
            self._at = when if when is not None else self._at
            entry = (self._at, [line.rstrip("\n")])
        if entry is not None:
            yield entry


def _time_of(line: str) -> float | None:
    """When a line was logged, plain or JSON."""
    try:
        if line.startswith("{"):
            return datetime.fromisoformat(json.loads(line)["time"]).timestamp()
        return datetime.fromisoformat(line[:23]).timestamp()
    except (ValueError, KeyError, TypeError):
        return None
