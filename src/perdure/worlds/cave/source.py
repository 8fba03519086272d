"""The data of Colossal Cave, as plain records.

Contract: `read()` gives what the package `adventure` has parsed from `advent.dat`, with names made for what the data
only describes. Nothing here knows of the engine.

With version 1.6 and later of the package that is:

- 141 rooms: the 140 locations of the data, and location 0, which is where things are that are nowhere (yet);
- 493 travel entries, of which 458 lead to a room and become ways. The other 35 print a message (29) or belong to the
  program of the game (6: the squeeze to the plover room, the troll's bridge); they are kept with their room as `Other`;
- 55 objects, 15 of them treasures. (The parser's table of objects has 135 entries: each object under its number and
  under each of its 80 words.)

Failure modes: `ConfigurationError` when the package is not installed.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from perdure.errors import ConfigurationError

__all__ = ["Cave", "Condition", "Other", "Room", "Thing", "Way", "read"]

NOWHERE = 0
LAMP = 2
CHEST = 55
_TITLE_WIDTH = 60
_YOU_ARE = re.compile(r"^(?:you're|you are)\s+(?:standing\s+|now\s+)?", re.IGNORECASE)
_PLACE_WORDS = re.compile(r"^(?:(?:at|in|on|inside)\s+)?(?:(?:the|a|an)\s+)?", re.IGNORECASE)

#: When a way is open: `("carrying", 50)`, `("prop!=", 3, 0)` and so on; empty for always.
Condition = tuple[str | int, ...]


@dataclass(frozen=True)
class Way:
    """A travel entry that leads to a room; `position` is its place in the room's travel table."""

    room: int
    position: int
    words: tuple[str, ...]
    destination: int
    condition: Condition = ()
    forced: bool = False


@dataclass(frozen=True)
class Other:
    """A travel entry that leads nowhere: it prints `message`, or is number `special` of the game's program."""

    position: int
    words: tuple[str, ...]
    condition: Condition = ()
    message: str = ""
    special: int = 0


@dataclass(frozen=True)
class Room:
    """A location."""

    number: int
    title: str
    long: str
    short: str
    light: bool
    liquid: str
    ways: tuple[Way, ...]
    others: tuple[Other, ...]


@dataclass(frozen=True)
class Thing:
    """An object; `rooms` are where it begins (two for what is seen from both sides)."""

    number: int
    title: str
    words: tuple[str, ...]
    messages: dict[int, str]
    rooms: tuple[int, ...]
    fixed: bool
    value: int

    @property
    def treasure(self) -> bool:
        """Whether it is worth something."""
        return self.value > 0


@dataclass(frozen=True)
class Cave:
    """All of it."""

    rooms: tuple[Room, ...]
    things: tuple[Thing, ...]

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways of all rooms."""
        return tuple(way for room in self.rooms for way in room.ways)


def read() -> Cave:
    """Read the data.

    Raises:
        ConfigurationError: the package `adventure` is not installed.
    """
    try:
        from adventure import load_advent_dat
        from adventure.data import Data
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "Colossal Cave is made from the data of the package adventure, which is not installed: "
            "pip install 'perdure[cave]'"
        ) from error
    data = Data()
    load_advent_dat(data)
    rooms = tuple(_room(data.rooms[number]) for number in sorted(data.rooms))
    return Cave(rooms, tuple(_thing(thing) for thing in data.object_list))


def _room(room: Any) -> Room:
    ways: list[Way] = []
    others: list[Other] = []
    for position, move in enumerate(room.travel_table):
        words = _words(word.text for verb in move.verbs for word in verb.synonyms)
        condition = () if move.condition[0] is None else tuple(move.condition)
        if hasattr(move.action, "long_description"):
            ways.append(Way(room.n, position, words, move.action.n, condition, move.is_forced))
        elif isinstance(move.action, int):
            others.append(Other(position, words, condition, special=move.action))
        else:
            others.append(Other(position, words, condition, message=move.action.text.strip()))
    return Room(
        number=room.n,
        title=_room_title(room),
        long=room.long_description.strip(),
        short=room.short_description.strip(),
        light=bool(room.is_light),
        liquid=room.liquid.names[0] if room.liquid is not None else "",
        ways=tuple(ways),
        others=tuple(others),
    )


def _words(texts: Iterable[str]) -> tuple[str, ...]:
    """Each word once, the first that is more than a letter or two in front."""
    words = [word for word in dict.fromkeys(text.strip('"') for text in texts) if word]
    front = next((word for word in words if len(word) > 2), None)
    return tuple(words) if front is None else (front, *(word for word in words if word != front))


def _room_title(room: Any) -> str:
    if room.n == NOWHERE:
        return "Nowhere"
    text = " ".join((room.short_description or room.long_description).split())
    sentence = re.split(r"(?<=[.!?])\s", text)[0].rstrip(".!")
    about_you = _YOU_ARE.match(sentence)
    if about_you:
        sentence = _PLACE_WORDS.sub("", sentence[about_you.end() :])
    plain = sentence.removesuffix(" AGAIN").strip('"').lower()
    title = textwrap.shorten(plain, _TITLE_WIDTH, placeholder="…")
    return title[:1].upper() + title[1:] or f"Location {room.n}"


def _thing(thing: Any) -> Thing:
    """The inventory message names it; a `*` there marks what nobody can carry."""
    words = _words(thing.names)
    text = re.sub(r"\(.*|>.*?<", "", thing.inventory_message)
    title = " ".join(text.strip().lstrip("*").replace('"', "").lower().split()) or words[0]
    return Thing(
        number=thing.n,
        title=title,
        words=tuple(word for word in words if word != title),
        messages={number: message.strip() for number, message in thing.messages.items()},
        rooms=tuple(room.n for room in thing.starting_rooms) or (NOWHERE,),
        fixed=thing.is_fixed or len(thing.starting_rooms) > 1 or thing.inventory_message.startswith("*"),
        value=_value(thing.n) if thing.is_treasure else 0,
    )


def _value(number: int) -> int:
    """Points for a treasure brought home, as the game's scoring has them."""
    if number == CHEST:
        return 14
    return 16 if number > CHEST else 12
