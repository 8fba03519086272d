"""What happens in the story: see `perdure.worlds.cave.story`. It uses what any game can use, and nothing else."""

from __future__ import annotations

import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perdure import ObjectDB, PerdureError, cache_size, create_object, transaction
from perdure.worlds.cave.typeclasses import (
    CaveExplorer,
    CaveLamp,
    CaveObject,
    CaveTreasure,
    LitCaveLamp,
    find,
)

__all__ = ["first_half", "second_half"]

NAME = "Plato"
START, WELL_HOUSE = "room 1", "room 3"
DOWN = ("xyzzy", "west", "west", "west", "down")
UP = ("up", "east", "east", "east", "xyzzy", "out")
ROOMS = ("room 1", "room 3", "room 11", "room 12", "room 13", "room 14", "room 15")


class StoryFailed(PerdureError):
    """The story did not go as it must; the message says where."""


class _ChangedMyMind(Exception):
    """Ends a transaction that is to be undone."""


# --- the first half


def first_half(console: Console) -> dict[str, Any]:
    """Play it; what it left in the world, as plain values.

    Raises:
        StoryFailed: something is not as it must be.
    """
    console.rule("First half")
    explorer = _find_or_create(console)
    lamp = find("object 2")
    _fetch_the_lamp(console, explorer, lamp)
    _swap(console, explorer, lamp)
    _walk(console, explorer, DOWN)
    _write_attributes(console, explorer, lamp)
    _query(console)
    _roll_back(console, explorer, lamp)
    return _report(explorer, lamp)


def _chapter(console: Console, title: str) -> None:
    console.print(f"\n[bold cyan]{title}[/]")


def _expect(value: Any, expected: Any, what: str) -> None:
    if value != expected:
        raise StoryFailed(f"{what}: expected {expected!r}, found {value!r}")


def _find_or_create(console: Console) -> Any:
    _chapter(console, "Somebody to walk with")
    explorer = CaveExplorer.objects.filter(db_key=NAME).first()
    if explorer is None:
        start = find(START)
        explorer = create_object(CaveExplorer, key=NAME, location=start, home=start, tags=[("explorer", "cave")])
        console.print(f"{explorer} ({explorer.dbref}) is made, and stands in: {explorer.location}.")
    else:
        console.print(f"{explorer} ({explorer.dbref}) is here since {explorer.date_created:%Y-%m-%d %H:%M}.")
    _expect(CaveExplorer.objects.get(db_key=NAME) is explorer, True, "one instance for one row")
    if explorer.location is not find(START):
        explorer.move_to(find(START), move_type="teleport")
    return explorer


def _fetch_the_lamp(console: Console, explorer: Any, lamp: Any) -> None:
    _chapter(console, "Through an exit, and pick up the lamp")
    if isinstance(lamp, LitCaveLamp):
        lamp.put_out()
    if lamp.turns_left < 50:
        lamp.turns_left = CaveLamp.turns_left.default
        console.print("The lamp gets fresh batteries.")
    if lamp.location is not find(WELL_HOUSE):
        lamp.move_to(find(WELL_HOUSE), quiet=True)
    _walk(console, explorer, ("enter",))
    if not lamp.access(explorer, "get") or not lamp.move_to(explorer, move_type="get"):
        raise StoryFailed(f"{explorer} cannot pick up the {lamp}")
    _expect(explorer.contents, [lamp], "what the explorer carries")
    console.print(f"{explorer} carries: {lamp}. {escape(lamp.get_display_desc(explorer))}")


def _walk(console: Console, explorer: Any, words: tuple[str, ...]) -> None:
    """Go through exits one after the other; their hooks, and those of the rooms, do the rest."""
    for word in words:
        explorer.ndb.heard = []
        before = explorer.location
        if not before.travel(explorer, word):
            raise StoryFailed(f"{explorer} cannot go {word} from {before}: {explorer.ndb.heard}")
        here = explorer.location
        console.print(f"  {word:<6} [green]{escape(here.key)}[/]  visit {here.visits}, step {explorer.steps}", end="")
        console.print("".join(f"  [yellow]{escape(line)}[/]" for line in explorer.ndb.heard))


def _swap(console: Console, explorer: Any, lamp: Any) -> None:
    _chapter(console, "Light it: the same object becomes another class")
    console.print(f"before: {type(lamp).__name__} {lamp.dbref}, {lamp.turns_left} turns left")
    explorer.ndb.heard = []
    if not lamp.light():
        raise StoryFailed("the lamp does not light")
    console.print(f"hook:   [yellow]{escape(' '.join(explorer.ndb.heard))}[/]")
    _expect(type(lamp), LitCaveLamp, "class of the lamp")
    _expect(ObjectDB.objects.get(pk=lamp.pk) is lamp, True, "the same instance")
    console.print(f"after:  {type(lamp).__name__} {lamp.dbref}; it burns a turn with every room it is carried into")


def _write_attributes(console: Console, explorer: Any, lamp: Any) -> None:
    _chapter(console, "Attributes, at any depth")
    walks = explorer.journal.setdefault("walks", [])
    walks.append({"when": datetime.datetime.now(datetime.UTC), "rooms": [], "light": {"lamp": lamp, "turns": ()}})
    for cave_id in ROOMS[1:]:
        walks[-1]["rooms"].append(find(cave_id))
    walks[-1]["light"]["turns"] = (lamp.turns_left, "left")
    explorer.journal.setdefault("visits", {}).update({find(cave_id): find(cave_id).visits for cave_id in ROOMS})
    explorer.db.mood = "curious"
    console.print(f"journal: {len(walks)} walk(s), the last through {len(walks[-1]['rooms'])} rooms, lamp and all")
    explorer.ndb.tune = "In the Hall of the Mountain King"
    console.print(f"db.mood: {explorer.db.mood}    ndb.tune: {explorer.ndb.tune} (in memory only)")


def _query(console: Console) -> None:
    _chapter(console, "Ask the database")
    exactly, family = CaveObject.objects.count(), CaveObject.objects.all_family().count()
    console.print(f"CaveObject.objects.count(): {exactly}    with derived classes (all_family): {family}")
    if not exactly < family:
        raise StoryFailed(f"{family} objects of a family, {exactly} of the class itself")
    rich = CaveTreasure.objects.filter_attributes(value__gte=14).order_by_attribute("-value")
    console.print("value >= 14: " + ", ".join(f"{treasure} {treasure.value}" for treasure in rich))


def _roll_back(console: Console, explorer: Any, lamp: Any) -> None:
    _chapter(console, "A transaction that changes its mind")
    before = (lamp.turns_left, type(lamp), lamp.location, explorer.key, len(explorer.journal["walks"]))
    try:
        with transaction():
            lamp.turns_left = 0
            lamp.put_out()
            lamp.move_to(find("room 0"), quiet=True)
            explorer.key = "Nobody"
            explorer.journal["walks"].clear()
            console.print(f"inside: {explorer}; {lamp} in {lamp.location}, {lamp.turns_left} turns left")
            raise _ChangedMyMind
    except _ChangedMyMind:
        pass
    after = (lamp.turns_left, type(lamp), lamp.location, explorer.key, len(explorer.journal["walks"]))
    _expect(after, before, "memory after the rollback")
    console.print(
        f"after:  {explorer}; {lamp} carried by {lamp.location}, {lamp.turns_left} turns left: all is as it was"
    )


def _report(explorer: Any, lamp: Any) -> dict[str, Any]:
    """What the world holds, as plain values that another process can compare."""
    walk = explorer.journal["walks"][-1]
    treasures = CaveTreasure.objects.filter_attributes(value__gte=14).order_by_attribute("-value")
    return {
        "explorer": f"{explorer.key} {explorer.dbref}",
        "explorer's class": explorer.typeclass_path,
        "explorer is in": str(explorer.location),
        "explorer's steps": explorer.steps,
        "explorer's tags": [list(tag) for tag in explorer.tags.all(return_key_and_category=True)],
        "db.mood": explorer.db.mood,
        "walks in the journal": len(explorer.journal["walks"]),
        "last walk": walk["when"].isoformat(),
        "its rooms": [str(room) for room in walk["rooms"]],
        "its light": [str(walk["light"]["lamp"]), *walk["light"]["turns"]],
        "visits, by room": {room.cave_id: visits for room, visits in explorer.journal["visits"].items()},
        "visits, by the rooms": {cave_id: find(cave_id).visits for cave_id in ROOMS},
        "lamp's class": lamp.typeclass_path,
        "lamp is carried by": str(lamp.location),
        "lamp's turns left": lamp.turns_left,
        "treasures from 14 up": [f"{treasure} {treasure.value}" for treasure in treasures],
        "objects in the cave": CaveObject.objects.all_family().count(),
    }


# --- the second half


def second_half(console: Console, expected: dict[str, Any]) -> bool:
    """Compare the world with `expected`, then walk home. Whether all of it was there.

    Raises:
        StoryFailed: the walk home is not as it must be.
    """
    console.print(f"In memory before anything is asked for: {cache_size()[0]} instance(s).")
    explorer = CaveExplorer.objects.filter(db_key=NAME).first()
    lamp = find("object 2")
    if explorer is None or lamp is None:
        console.print("[red]There is no explorer, or no lamp, in this world.[/]")
        return False
    same = _compare(console, expected, _report(explorer, lamp))
    if not same:
        console.print("[bold red]The world is not what the first process left.[/]")
        return False
    console.print(f"ndb.tune: {explorer.ndb.tune} (it was in memory only)")
    _walk_home(console, explorer, lamp)
    visits = find(START).visits
    console.print(f"\n[bold green]All of it was there.[/] {find(START)} has been come to {visits} time(s).")
    return True


def _compare(console: Console, expected: dict[str, Any], found: dict[str, Any]) -> bool:
    table = Table("", "left by the first process", "found by this one", "", header_style="bold", show_lines=False)
    for name in expected | found:
        then, now = expected.get(name), found.get(name)
        mark = "[green]same[/]" if then == now else "[bold red]DIFFERS[/]"
        table.add_row(name, escape(_short(then)), escape(_short(now)), mark)
    console.print(table)
    return expected == found


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _walk_home(console: Console, explorer: Any, lamp: Any) -> None:
    _chapter(console, "Home again")
    _walk(console, explorer, UP[:-1])
    lamp.put_out()
    if not lamp.access(explorer, "drop") or not lamp.move_to(explorer.location, move_type="drop"):
        raise StoryFailed(f"{explorer} cannot put down the {lamp}")
    console.print(f"{explorer} puts down the {lamp}: {type(lamp).__name__}, {lamp.turns_left} turns left.")
    _walk(console, explorer, UP[-1:])
    _expect(explorer.location is find(START), True, "home")
