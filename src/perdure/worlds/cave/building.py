"""Building Colossal Cave.

Contract: `build()` makes every room, one exit for every travel entry that leads to a room, and every object, in one
transaction: all of it or, if anything raises (the progress callback too), nothing. Run again it makes what is missing
and puts names, words and texts back to what the data says; where things are, their state and what a game added stay.

What becomes of the data: see `source` for the counts. Words of an exit are its key and aliases; a condition is kept in
its `condition` and obeyed (`typeclasses.holds`); `forced` exits send on whoever comes. Travel entries that print a
message or belong to the game's program are kept in the room's `others`. Things that begin nowhere are in the room of
location 0. What is seen from two rooms is in the first and refers to the second as `also_in`. Of the program the
puzzles are there (`puzzles`, `verbs`), and a score; dwarves, pirate, hints and closing time are not. In a game a
`keeper` sees that the adventure can begin again.

Failure modes: `ConfigurationError` when the package `adventure` is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from perdure.conf import conf
from perdure.create import create_object, create_objects, create_script
from perdure.idmapper.wrappers import dbref_number
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultExit, DefaultRoom
from perdure.transactions import transaction
from perdure.worlds.cave import puzzles, source, typeclasses

__all__ = ["BuildReport", "Progress", "build"]

#: Called as `progress(done, total, what)`.
Progress = Callable[[int, int, str], None]

CATEGORY = "cave"
#: Where the adventure begins: at the end of a road, before a small brick building.
ENTRANCE = 1
BATCH = 100


@dataclass(frozen=True)
class BuildReport:
    """What a build found and did."""

    rooms: int
    exits: int
    objects: int
    created: int
    updated: int
    unchanged: int

    @property
    def total(self) -> int:
        """Number of all things built."""
        return self.rooms + self.exits + self.objects

    def __str__(self) -> str:
        return (
            f"{self.rooms} rooms, {self.exits} exits, {self.objects} objects: "
            f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged"
        )


def build(progress: Progress | None = None) -> BuildReport:
    """Build the cave, or what is missing of it.

    Args:
        progress: told after each batch; what it raises undoes the build.

    Raises:
        ConfigurationError: the data is not installed.
    """
    cave = source.read()
    total = len(cave.rooms) + len(cave.ways) + len(cave.things)
    with transaction():
        builder = _Builder(total, progress)
        rooms = builder.make("rooms", [_room_row(room) for room in cave.rooms])
        places = {room.number: made for room, made in zip(cave.rooms, rooms, strict=True)}
        builder.make("exits", [_exit_row(way, places) for way in cave.ways])
        fresh = not any(cave_id.startswith("object ") for cave_id in builder.known)
        things = builder.make("objects", [_thing_row(thing, places) for thing in cave.things])
        _show_far_sides(things)
        if fresh:
            puzzles.set_up(things)
        _open_entrance(places[ENTRANCE])
    counts = {what: builder.counts.get(what, 0) for what in ("created", "updated", "unchanged")}
    return BuildReport(len(cave.rooms), len(cave.ways), len(cave.things), **counts)


@dataclass(frozen=True)
class _Row:
    """What one thing is to be.

    `texts` are attributes that a later build puts right; `once` are further arguments of its creation.
    """

    cave_id: str
    typeclass: type
    key: str
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    texts: dict[str, Any] = field(default_factory=dict)
    once: dict[str, Any] = field(default_factory=dict)

    def arguments(self) -> dict[str, Any]:
        """For `create_objects`."""
        return {
            "typeclass": self.typeclass,
            "key": self.key,
            "aliases": list(self.words),
            "tags": [(tag, CATEGORY) for tag in self.tags],
            "attributes": [("cave_id", self.cave_id), *self.texts.items()],
            **self.once,
        }


class _Builder:
    """Makes rows, in batches, and keeps count."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.total = total
        self.progress = progress
        self.done = 0
        self.counts: dict[str, int] = {}
        found = ObjectDB.objects.filter_attributes(cave_id__isnull=False).preload().order_by("pk")
        self.known: dict[str, Any] = {}
        for obj in found:
            self.known.setdefault(obj.attributes.get("cave_id"), obj)

    def make(self, what: str, rows: list[_Row]) -> list[Any]:
        """Make or mend each; in the order of the rows."""
        for batch in _batches(rows):
            missing = [row for row in batch if row.cave_id not in self.known]
            for row in batch:
                if row.cave_id in self.known:
                    self._count("updated" if _mend(self.known[row.cave_id], row) else "unchanged")
            made = create_objects(None, [row.arguments() for row in missing]) if missing else []
            self.known.update((row.cave_id, obj) for row, obj in zip(missing, made, strict=True))
            self._count("created", len(missing))
            self.done += len(batch)
            if self.progress is not None:
                self.progress(self.done, self.total, what)
        return [self.known[row.cave_id] for row in rows]

    def _count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number


def _show_far_sides(things: list[Any]) -> None:
    """What has two sides is seen from the other room, too."""
    for thing in things:
        if thing.also_in is not None and thing not in thing.also_in.sights:
            thing.also_in.sights.append(thing)


def _open_entrance(road: Any) -> None:
    """In a game: a keeper, a way from where everybody begins to the end of the road, and its owner there already."""
    from perdure.worlds.cave.keeper import CaveKeeper
    from perdure.worlds.cave.typeclasses import CaveRoom

    begin = ObjectDB.objects.filter(pk=dbref_number(conf.START_LOCATION)).first()
    if not isinstance(begin, DefaultRoom) or isinstance(begin, CaveRoom):
        return
    if not CaveKeeper.objects.exists():
        create_script(CaveKeeper)
    if ObjectDB.objects.filter(db_location=begin, db_destination=road).exists():
        return
    create_object(DefaultExit, key="cave", aliases=["enter cave", "enter"], location=begin, destination=road)
    for somebody in begin.contents_get(content_type="character"):
        if not somebody.has_account:
            somebody.move_to(road, quiet=True, move_hooks=False)


def _batches(rows: list[_Row]) -> Iterator[list[_Row]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _mend(obj: Any, row: _Row) -> bool:
    """Put the names, words, texts and destination right; whether anything had to be."""
    changed = False
    if obj.key != row.key:
        obj.key = row.key
        changed = True
    changed |= _add_missing(obj.aliases, row.words, None) | _add_missing(obj.tags, row.tags, CATEGORY)
    for name, value in row.texts.items():
        if not obj.attributes.has(name) or obj.attributes.get(name) != value:
            obj.attributes.add(name, value)
            changed = True
    destination = row.once.get("destination")
    if destination is not None and obj.destination is not destination:
        obj.destination = destination
        changed = True
    return changed


def _add_missing(handler: Any, keys: Iterable[str], category: str | None) -> bool:
    missing = [key for key in keys if not handler.has(key, category=category)]
    for key in missing:
        handler.add(key, category=category)
    return bool(missing)


def _room_row(room: source.Room) -> _Row:
    others = [
        {
            "position": other.position,
            "words": list(other.words),
            "condition": list(other.condition),
            "message": other.message,
            "special": other.special,
        }
        for other in room.others
    ]
    texts: dict[str, Any] = {"number": room.number, "desc": room.long, "is_light": room.light}
    optional = {"short_description": room.short, "liquid": room.liquid, "others": others}
    texts |= {name: value for name, value in optional.items() if value}
    return _Row(
        f"room {room.number}",
        typeclasses.CaveRoom,
        room.title,
        tags=("room",),
        texts=texts,
        once={"nohome": True},
    )


def _exit_row(way: source.Way, places: dict[int, Any]) -> _Row:
    texts: dict[str, Any] = {"position": way.position}
    optional = {"condition": list(way.condition), "forced": way.forced}
    texts |= {name: value for name, value in optional.items() if value}
    words = way.words or ("onward",)  # a forced move has no word
    return _Row(
        f"exit {way.room}.{way.position}",
        typeclasses.CaveExit,
        words[0],
        words[1:],
        texts=texts,
        once={"location": places[way.room], "destination": places[way.destination], "nohome": True},
    )


def _thing_row(thing: source.Thing, places: dict[int, Any]) -> _Row:
    place = places[thing.rooms[0]]
    texts: dict[str, Any] = {"number": thing.number, "messages": thing.messages}
    if thing.value:
        texts["value"] = thing.value
    if len(thing.rooms) > 1:
        texts["also_in"] = places[thing.rooms[1]]
    return _Row(
        f"object {thing.number}",
        _class_of(thing),
        thing.title,
        thing.words,
        tags=("treasure",) if thing.treasure else (),
        texts=texts,
        once={"location": place, "home": place, **({"locks": "get:false()"} if thing.fixed else {})},
    )


def _class_of(thing: source.Thing) -> type:
    if thing.number == source.LAMP:
        return typeclasses.CaveLamp
    if thing.treasure:
        return typeclasses.CaveTreasure
    return typeclasses.CaveScenery if thing.fixed else typeclasses.CaveObject
