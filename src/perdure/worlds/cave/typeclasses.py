"""What there is in Colossal Cave, as typeclasses.

Each carries a `cave_id` (`room 3`, `exit 3.1`, `object 2`), by which building finds it again. The names have the prefix
that keeps them apart from a game's own classes: typeclass names are unique within a game.
"""

from __future__ import annotations

import random
from typing import Any

from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultObject, DefaultRoom
from perdure.typeclasses.attributes import AttributeProperty
from perdure.worlds.cave.commands import LampCmdSet, TravelCmdSet, offer

__all__ = [
    "CaveExit",
    "CaveExplorer",
    "CaveLamp",
    "CaveObject",
    "CaveRoom",
    "CaveScenery",
    "CaveTreasure",
    "Lamp",
    "LitCaveLamp",
    "Treasure",
    "find",
]

DARKNESS = "It is now pitch dark. If you proceed you will likely fall into a pit."
FRESH_BATTERIES = 330
DIM_AT = 30


def find(cave_id: str) -> Any:
    """What the build made under this id (`room 3`, `exit 3.1`, `object 2`), or None."""
    return ObjectDB.objects.filter_attributes(cave_id=cave_id).first()


class CaveRoom(DefaultRoom):
    """A location. Its description is the long one of the data."""

    #: What the build made it as; see `find`.
    cave_id: AttributeProperty[str] = AttributeProperty("", autocreate=False)
    number: AttributeProperty[int] = AttributeProperty(0, autocreate=False)
    short_description: AttributeProperty[str] = AttributeProperty("", autocreate=False)
    is_light: AttributeProperty[bool] = AttributeProperty(False, autocreate=False)
    liquid: AttributeProperty[str] = AttributeProperty("", autocreate=False)
    #: How often somebody has come in.
    visits: AttributeProperty[int] = AttributeProperty(0, autocreate=False)
    #: The travel entries that lead nowhere: dicts of position, words, condition and message or special.
    others: AttributeProperty[list[Any]] = AttributeProperty(list, autocreate=False)

    def at_object_receive(self, moved_obj: Any, source_location: Any, move_type: str = "move", **kwargs: Any) -> None:
        """Count visits, and let what the visitor carries notice that it is carried along."""
        if not isinstance(moved_obj, DefaultCharacter):
            return
        self.visits += 1
        for carried in moved_obj.contents:
            if isinstance(carried, CaveObject):
                carried.at_carried(moved_obj, self)

    def get_display_desc(self, looker: Any, **kwargs: Any) -> str:
        """The long description, for those who can see it."""
        return super().get_display_desc(looker, **kwargs) if self.can_be_seen_by(looker) else DARKNESS

    def can_be_seen_by(self, looker: Any) -> bool:
        """Whether there is light here: the room's own, or a lit lamp that lies here or that `looker` carries."""
        things = [*self.contents, *(looker.contents if looker is not None else ())]
        return self.is_light or any(isinstance(thing, LitCaveLamp) for thing in things)

    def travel_words(self) -> set[str]:
        """All words that the travel table of this room knows."""
        words = {word for other in self.others for word in other["words"]}
        for way in self.exits:
            if isinstance(way, CaveExit) and not way.forced:
                words.update((way.key, *way.aliases.all()))
        return {word for word in words if word.strip()}

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Offer the words of the travel table as commands."""
        offer(self, TravelCmdSet)

    def travel(self, traveller: Any, word: str) -> bool:
        """Go where `word` leads, as the travel table says: the first entry with this word whose condition holds.

        Returns whether the traveller has moved; if not, they have been told why.
        """
        ways: list[tuple[int, Any]] = [(way.position, way) for way in self.exits if isinstance(way, CaveExit)]
        ways += [(other["position"], other) for other in self.others]
        for _, way in sorted(ways, key=lambda entry: entry[0]):
            if isinstance(way, CaveExit):
                if way.is_called(word) and holds(way.condition, traveller) and way.access(traveller, "traverse"):
                    return way.go_through(traveller)
            elif word in way["words"] and holds(way["condition"], traveller):
                traveller.msg(way["message"] or "You cannot go that way yet.")
                return False
        traveller.msg("There is no way to go in that direction.")
        return False


class CaveExit(DefaultExit):
    """A travel entry that leads to a room; its key and aliases are the words that take it."""

    #: What the build made it as; see `find`.
    cave_id: AttributeProperty[str] = AttributeProperty("", autocreate=False)
    #: Its place in the travel table of its room.
    position: AttributeProperty[int] = AttributeProperty(0, autocreate=False)
    #: When it is open; see `holds`.
    condition: AttributeProperty[list[Any]] = AttributeProperty(list, autocreate=False)
    #: Whoever comes to its room is sent on at once.
    forced: AttributeProperty[bool] = AttributeProperty(False, autocreate=False)
    #: How often it has been taken.
    passages: AttributeProperty[int] = AttributeProperty(0, autocreate=False)

    def is_called(self, word: str) -> bool:
        """Whether this word takes it."""
        return word == self.key or word in self.aliases.all()

    def at_traverse(self, traversing_object: Any, target_location: Any, **kwargs: Any) -> None:
        """Go through, if the condition allows; a way that is a matter of luck always does when it is taken by name."""
        if self.condition and self.condition[0] != "%" and not holds(self.condition, traversing_object):
            self.at_failed_traverse(traversing_object)
            return
        super().at_traverse(traversing_object, target_location, **kwargs)

    def at_post_traverse(self, traversing_object: Any, source_location: Any, **kwargs: Any) -> None:
        """Count it. Where the way goes on by itself, tell what happens there and go on."""
        self.passages += 1
        here = traversing_object.location
        onward = [way for way in here.exits if isinstance(way, CaveExit) and way.forced]
        for way in sorted(onward, key=lambda way: way.position):
            if holds(way.condition, traversing_object):
                traversing_object.msg(here.db.desc or "")
                way.go_through(traversing_object)
                return

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """No command of its own: several entries of a room may have the same word, and the room decides."""

    def go_through(self, traveller: Any) -> bool:
        """Take the way whatever its condition says; whether the traveller has left."""
        before = traveller.location
        super().at_traverse(traveller, self.destination)
        return traveller.location is not before


class CaveObject(DefaultObject):
    """Something in the cave. `messages` has what is seen of it in each of its states."""

    #: What the build made it as; see `find`.
    cave_id: AttributeProperty[str] = AttributeProperty("", autocreate=False)
    number: AttributeProperty[int] = AttributeProperty(0, autocreate=False)
    state: AttributeProperty[int] = AttributeProperty(0, autocreate=False)
    messages: AttributeProperty[dict[int, str]] = AttributeProperty(dict, autocreate=False)
    #: The other room that it is seen from, for what has two sides.
    also_in: AttributeProperty[Any] = AttributeProperty(None, autocreate=False)

    def get_display_desc(self, looker: Any, **kwargs: Any) -> str:
        """What is seen of it in its present state."""
        return self.messages.get(self.state) or super().get_display_desc(looker, **kwargs)

    def at_carried(self, carrier: Any, place: Any) -> None:
        """Called when somebody has carried this into a room."""


class CaveScenery(CaveObject):
    """Something that stays where it is."""

    default_locks = DefaultObject.default_locks.replace("get:all()", "get:false()")


class CaveTreasure(CaveObject):
    """Something worth bringing home."""

    value: AttributeProperty[int] = AttributeProperty(0)
    found_by: AttributeProperty[list[Any]] = AttributeProperty(list, autocreate=False)

    def at_get(self, getter: Any, **kwargs: Any) -> None:
        """Remember everybody who has ever found it."""
        if getter not in self.found_by:
            self.found_by.append(getter)
            getter.msg(f"{self.key}: worth {self.value} points.")


class CaveLamp(CaveObject):
    """A lamp that is not lit."""

    turns_left: AttributeProperty[int] = AttributeProperty(FRESH_BATTERIES)

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Offer `light` and `extinguish`."""
        offer(self, LampCmdSet)

    def light(self) -> bool:
        """Light it: the same object, another class. False if there is no power left."""
        if self.turns_left <= 0:
            return False
        self.swap_typeclass(LitCaveLamp, run_start_hooks=None)
        return True


class LitCaveLamp(CaveLamp):
    """A lamp that is lit: it burns with every move of whoever carries it."""

    def at_typeclass_swap(self, old_class: type, new_class: type) -> None:
        """Being lit shows."""
        self.state = 1
        if self.location is not None:
            self.location.msg("Your lamp is now on.")

    def at_carried(self, carrier: Any, place: Any) -> None:
        """Burn a turn."""
        self.turns_left -= 1
        if self.turns_left <= 0:
            self.put_out()
            carrier.msg("Your lamp has run out of power.")
        elif self.turns_left == DIM_AT:
            carrier.msg("Your lamp is getting dim.")

    def put_out(self) -> None:
        """Make it an unlit lamp again."""
        self.swap_typeclass(CaveLamp, run_start_hooks=None)
        self.state = 0


class CaveExplorer(DefaultCharacter):
    """Somebody who walks the cave and writes a journal."""

    steps: AttributeProperty[int] = AttributeProperty(0)
    journal: AttributeProperty[dict[str, Any]] = AttributeProperty(dict)

    def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool:
        """Keep what is heard, in memory only: nobody need be connected."""
        if self.ndb.heard is None:
            self.ndb.heard = []
        self.ndb.heard.append(str(text[0] if isinstance(text, tuple) else text))
        return True

    def at_post_move(self, source_location: Any, move_type: str = "move", **kwargs: Any) -> None:
        """Count steps instead of looking around."""
        self.steps += 1


#: Short names, for code. As names of typeclasses they belong to the game.
Treasure = CaveTreasure
Lamp = CaveLamp


def holds(condition: Any, traveller: Any) -> bool:
    """Whether a condition of the travel table holds for somebody.

    `()` always; `("%", 80)` four times in five; `("not_dwarf",)` for everybody; `("carrying", n)` and
    `("carrying_or_in_room_with", n)` for object n; `("prop!=", n, s)` when object n is in another state than s. Any
    other never holds.
    """
    if not condition or condition[0] == "not_dwarf":
        return True
    kind, number = condition[0], condition[1]
    if kind == "%":
        return bool(random.randrange(100) < number)
    thing = find(f"object {number}")
    if thing is None:
        return False
    if kind == "prop!=":
        return bool(thing.state != condition[2])
    places = {"carrying": (traveller,), "carrying_or_in_room_with": (traveller, traveller.location)}
    return any(thing.location is place for place in places.get(kind, ()))
