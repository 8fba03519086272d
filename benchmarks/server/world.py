"""The world that every server gets: rooms of ten, and in each the characters of as many accounts.

Each number of clients has rooms of its own, so that one client alone is alone.
"""

from __future__ import annotations

from dataclasses import dataclass

#: How many stand in a room: a `say` is heard by all of them.
PER_ROOM = 10
COUNTS = (1, 10, 20, 100)
PASSWORD = "a-clew-of-thread"
DESCRIPTION = (
    "A long hall of grey stone. Benches stand along the walls, a fire burns at the far end, and high up, where the "
    "light of the fire ends, somebody has painted the night sky."
)


@dataclass(frozen=True)
class Player:
    """An account, its character of the same name, and the room of the character."""

    name: str
    room: str


def players(count: int) -> list[Player]:
    """Those who play when there are so many."""
    return [Player(f"p{count}x{number:03}", f"Hall{count}n{number // PER_ROOM:02}") for number in range(count)]


def everybody() -> list[Player]:
    """All accounts of the world."""
    return [player for count in COUNTS for player in players(count)]
