"""What a contender is: it builds the logical world in its own way and offers operations to be timed.

An operation is a method whose name is the key of a workload. It gives a `Loop` (an expression timed in an inlined
loop, for what takes nanoseconds) or a `Work` (a function that does a number of logical operations). What is not part
of the work happens in `before` and `after`, untimed, and `check` proves that the work was done. A contender that has no
such method takes no part in that workload.

Needs the standard library only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.logical_world import hits, spread, spread_things

#: What is asked of SQLite, to be told beside the figures.
PRAGMAS = ("journal_mode", "synchronous", "wal_autocheckpoint", "cache_size", "page_size", "mmap_size")


def _nothing() -> None:
    return None


@dataclass
class Loop:
    """An expression that is timed in a loop without calls around it."""

    expression: str
    names: dict[str, Any]


@dataclass
class Work:
    """A function that does `count` logical operations each time it is called, and writes other values each time."""

    run: Callable[[], object]
    count: int
    before: Callable[[], object] = field(default=_nothing)
    after: Callable[[], object] = field(default=_nothing)
    check: Callable[[], object] = field(default=_nothing)


Operation = Loop | Work


@dataclass
class Place:
    """Where a contender keeps its world: a directory of its own, the size, and the database server if there is one."""

    directory: Path
    size: int
    backend: str = "sqlite"
    host: str = ""
    database: str = ""


class Contender:
    """One way to do the work.

    Life: `build` (once, in a process of its own), then in each process `open`, perhaps `warm`, operations, `close`.
    """

    #: Name on the command line and in results.
    name: ClassVar[str] = ""
    #: The databases it can use.
    backends: ClassVar[tuple[str, ...]] = ("sqlite",)
    #: Where its design differs from the others': one line for each operation.
    notes: ClassVar[dict[str, str]] = {}

    def __init__(self, place: Place) -> None:
        self.place = place
        self.size = place.size
        self._next_value = 1000
        self._next_number = 10_000_000

    def build(self) -> None:
        """Make the world on disk."""
        raise NotImplementedError

    def open(self) -> None:
        """Become able to use the world; nothing of it is in memory yet."""
        raise NotImplementedError

    def warm(self) -> None:
        """Bring the whole world into memory."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the database."""

    def first(self) -> None:
        """Use one object: read its key and one attribute."""
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        """Durability and journal settings, asked of the database."""
        return {}

    def versions(self) -> dict[str, str]:
        """The versions of the libraries that do the work."""
        return {}

    def count_statements(self, run: Callable[[], object]) -> int | None:
        """Statements that `run` sends, without BEGIN and COMMIT; one for an executemany. None: it has none."""
        return None

    # --- for operations

    def _write_figure(self, key: str, figure: float) -> None:
        """Keep what was measured while the world was built, for other processes."""
        (self.place.directory / f"{key}.figure").write_text(repr(figure), encoding="ascii")

    def _read_figure(self, key: str) -> float:
        return float((self.place.directory / f"{key}.figure").read_text(encoding="ascii"))

    def hits(self) -> dict[str, int]:
        """How many objects each of the queries has to find."""
        return hits(self.size)

    def fresh_value(self) -> int:
        """A number that was not written before."""
        self._next_value += 1
        return self._next_value

    def fresh_numbers(self, count: int) -> list[int]:
        """Numbers of objects that do not exist yet."""
        first = self._next_number
        self._next_number += count
        return list(range(first, first + count))

    def sample(self, count: int) -> list[int]:
        """Numbers of `count` objects, spread over the world."""
        return spread(self.size, count)

    def sample_of_things(self, count: int) -> list[int]:
        """Numbers of `count` objects of the class `Thing` itself."""
        return spread_things(self.size, count)
