"""Counts the writes of this process, so that a cache of query results can tell whether it may be stale."""

from __future__ import annotations

__all__ = ["WriteClock", "write_clock"]


class WriteClock:
    """A counter that only grows: one tick for every write, gathered or sent, on any connection."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0


write_clock = WriteClock()
