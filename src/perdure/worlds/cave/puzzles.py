"""What there is to be done in Colossal Cave besides walking: doors that open, beasts that are driven off, a score.

Contract: each rule changes the states and places of things (`state`, `location`) and says so to those who are there;
what only the actor is to read is returned. Rules look at the world alone, so they hold for several players at once:
whoever has the keys may open the grate, and it is open for all.

Of the program of 1977 dwarves, pirate, bear on a leash, hints and closing time are not here. A death costs nobody their
character: see `perish`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perdure.errors import Veto
from perdure.objects.models import ObjectDB

__all__ = [
    "cross",
    "find",
    "in_hand",
    "is_treasure",
    "may_take",
    "near",
    "perish",
    "points",
    "put_down",
    "set_state",
    "set_up",
    "taken",
]

KEYS, LAMP, GRATE, CAGE, ROD, BIRD, DOOR, PILLOW, SNAKE, FISSURE = 1, 2, 3, 4, 5, 8, 9, 10, 11, 12
CLAM, OYSTER, FOOD, BOTTLE, PLANT, FAR_PLANT, DRAGON, TROLL, BEAR = 14, 15, 19, 20, 24, 25, 31, 33, 35
VASE, EMERALD, TRIDENT, PEARL, RUG, CHAIN = 58, 59, 57, 61, 62, 64

NOWHERE, BUILDING, CUL_DE_SAC = "room 0", "room 3", "room 105"
#: States that are not 0 when the adventure begins: the dragon lies on the rug, the chain holds the bear.
BEGINNING = {RUG: 1, CHAIN: 1}
#: Of what can be picked up at one time and not at another: the lock at the beginning.
LOCKS = {RUG: "get:false()", CHAIN: "get:false()", VASE: "get:all()"}
#: Of the bottle.
WATER, EMPTY, OIL = 0, 1, 2
#: The points for seeing a treasure at all; the rest is for bringing it home.
FOR_FINDING = 2
#: Places of the plover passage and of the bridge, by the numbers that the data gives their rules.
PLOVER, PLOVER_MAGIC, BRIDGE = 301, 302, 303
ENDS = {PLOVER: (99, 100), PLOVER_MAGIC: (33, 100), BRIDGE: (117, 122)}


def find(cave_id: str) -> Any:
    """What the build made under this id (`room 3`, `exit 3.1`, `object 2`), or None."""
    return ObjectDB.objects.filter_attributes(cave_id=cave_id).first()


def near(actor: Any, number: int) -> Any:
    """The thing, if the actor carries it or it can be seen from where they are; else None."""
    thing = find(f"object {number}")
    if thing is None:
        return None
    return thing if thing.location is actor or thing.is_seen_from(actor.location) else None


def carries(actor: Any, number: int) -> bool:
    """Whether the actor has it."""
    thing = near(actor, number)
    return thing is not None and thing.location is actor


def set_state(number: int, state: int) -> None:
    """Put a thing into a state; nothing happens if it is not there."""
    if (thing := find(f"object {number}")) is not None and thing.state != state:
        thing.state = state


def vanish(thing: Any) -> None:
    """Take a thing out of the game, to where things are that are nowhere."""
    thing.move_to(find(NOWHERE), quiet=True, move_hooks=False)


def tell(actor: Any, text: str) -> None:
    """Tell all who are there, the actor among them."""
    actor.location.msg_contents(text, from_obj=actor)


def in_hand(thing: Any) -> str:
    """What somebody who carries a thing sees of it besides its name."""
    if thing.number == LAMP:
        return f"It is {'lit' if thing.is_lit else 'not lit'}."
    if thing.number == BOTTLE:
        return {WATER: "It is full of water.", EMPTY: "It is empty.", OIL: "It is full of oil."}.get(thing.state, "")
    return ""


# --- picking up and putting down


def may_take(thing: Any, getter: Any) -> bool:
    """Whether somebody can pick this up. Raises `Veto` that says why not."""
    if thing.number == BIRD:
        if thing.state == 0 and carries(getter, ROD):
            raise Veto("The bird was unafraid when you came in, but as you approach it becomes disturbed.")
        if not carries(getter, CAGE):
            raise Veto("You can catch the bird, but you cannot carry it.")
    return True


def taken(thing: Any) -> None:
    """What becomes of a thing that was picked up."""
    if thing.number == BIRD:
        thing.state = 1
    elif thing.number == VASE and thing.state == 1:
        thing.state = 0


def put_down(thing: Any, dropper: Any) -> None:
    """What becomes of a thing where it was put down."""
    if thing.number == VASE:
        soft = near(dropper, PILLOW)
        if soft is not None and soft.location is dropper.location:
            thing.state = 1
        else:
            thing.state = 2
            thing.locks.add("get:false()")
            tell(dropper, "The Ming vase drops with a delicate crash.")
    if thing.number == CAGE and carries(dropper, BIRD):
        find(f"object {BIRD}").move_to(dropper.location, quiet=True, move_hooks=False)
    if is_treasure(thing) and dropper.location.db.cave_id == BUILDING and dropper not in thing.brought_home_by:
        thing.brought_home_by.append(dropper)
        dropper.msg(f"That was the right place for it. {points(dropper)}")


def is_treasure(thing: Any) -> bool:
    """Whether it is worth anything, and whole."""
    return bool(getattr(thing, "value", 0)) and not (thing.number == VASE and thing.state == 2)


def points(somebody: Any) -> str:
    """The score of somebody, as a sentence. What they have earned stays theirs when the cave begins anew."""
    from perdure.worlds.cave.typeclasses import CaveTreasure

    treasures = list(CaveTreasure.objects.all().preload())
    found = [one for one in treasures if somebody in one.found_by]
    home = [one for one in found if somebody in one.brought_home_by]
    score = FOR_FINDING * len(found) + sum(one.value - FOR_FINDING for one in home)
    most = sum(one.value for one in treasures)
    return (
        f"You have found {len(found)} of {len(treasures)} treasures and brought {len(home)} of them home: "
        f"{score} of {most} points."
    )


# --- ways that have rules of their own


def cross(room: Any, traveller: Any, rule: int) -> bool | None:
    """Follow a way that the program of 1977 has a rule for. Whether they have moved; None: the next entry counts."""
    if rule == PLOVER_MAGIC:
        if carries(traveller, EMERALD):
            find(f"object {EMERALD}").move_to(room, quiet=True)
        return None
    if rule == PLOVER and any(thing.number != EMERALD for thing in traveller.contents if hasattr(thing, "number")):
        traveller.msg("Something you're carrying won't fit through the tunnel with you.")
        return False
    if rule == BRIDGE and not _pass_the_troll(traveller):
        return False
    if rule not in ENDS:
        traveller.msg("You cannot go that way yet.")
        return False
    one, other = (find(f"room {number}") for number in ENDS[rule])
    before = traveller.location
    traveller.move_to(other if room is one else one, move_type="traverse")
    return traveller.location is not before


def _pass_the_troll(traveller: Any) -> bool:
    """One has been paid for; the next has to be paid for again."""
    troll = find(f"object {TROLL}")
    if troll.state == 0:
        troll.state = 1
        return True
    troll.move_to(troll.home, quiet=True, move_hooks=False)
    troll.state = 0
    tell(traveller, "The troll steps out from beneath the bridge and blocks the way.")
    return False


def perish(somebody: Any, place: Any, how: str) -> None:
    """Somebody dies of something. What they carried stays where it happened; they are patched up in the building.

    The lamp goes home too: nobody could find it in the dark.
    """
    somebody.msg(how)
    for thing in list(somebody.contents):
        home = thing.home if getattr(thing, "number", 0) == LAMP else place
        if getattr(thing, "is_lit", False):
            thing.put_out()
        thing.move_to(home or place, quiet=True, move_hooks=False)
    place.msg_contents("$You() $conj(come) to grief.", exclude=[somebody], from_obj=somebody)
    somebody.msg("Somebody carries you up and patches you together. You have lost what you had with you.")
    somebody.move_to(find(BUILDING), quiet=True, move_type="teleport")


# --- beginning


def set_up(things: Iterable[Any]) -> None:
    """Put these things where they begin, in the state in which they begin."""
    for thing in things:
        if getattr(thing, "is_lit", False):
            thing.put_out()
        if thing.location is not thing.home and thing.home is not None:
            holder = thing.location
            thing.move_to(thing.home, quiet=True, move_hooks=False)
            if getattr(holder, "has_account", False):
                holder.msg(f"The {thing.key} is gone: in the cave the adventure has begun anew.")
        if thing.state != (state := BEGINNING.get(thing.number, 0)):
            thing.state = state
        if (lock := LOCKS.get(thing.number)) and thing.locks.get("get") != lock:
            thing.locks.add(lock)
        thing.begin_anew()
