"""What there is in Colossal Cave, as typeclasses.

Each carries a `cave_id` (`room 3`, `exit 3.1`, `object 2`), by which building finds it again. The names have the prefix
that keeps them apart from a game's own classes: typeclass names are unique within a game.
"""

from __future__ import annotations

import random
from typing import Any

from perdure.objects.objects import DefaultCharacter, DefaultExit, DefaultObject, DefaultRoom
from perdure.text.english import join_words, with_article
from perdure.typeclasses.attributes import AttributeProperty
from perdure.worlds.cave import puzzles
from perdure.worlds.cave.commands import LampCmdSet, TravelCmdSet, offer
from perdure.worlds.cave.puzzles import find
from perdure.worlds.cave.verbs import VerbCmdSet

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
#: Of a hundred steps from dark to dark, so many end in a pit.
PITFALLS = 35
MAGIC = frozenset({"xyzzy", "plugh", "plover", "y2"})
#: The words that are shown of a way, if it has one of them, and in which order the ways are listed.
DIRECTIONS = {
    "north": "north", "ne": "ne", "east": "east", "se": "se", "south": "south", "sw": "sw", "west": "west", "nw": "nw",
    "upward": "up", "d": "down", "inward": "in", "out": "out",
}  # fmt: skip


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
    #: What is in another room and is seen from here too: the other side of a grate.
    sights: AttributeProperty[list[Any]] = AttributeProperty(list, autocreate=False)

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
        """Whether there is light here: the room's own, or a lit lamp that lies here or that somebody here carries."""
        if self.is_light:
            return True
        people = [one for one in self.contents if isinstance(one, DefaultCharacter)]
        holders = [self, *people, *([looker] if looker is not None and looker not in people else [])]
        return any(isinstance(thing, LitCaveLamp) for holder in holders for thing in holder.contents)

    def get_display_exits(self, looker: Any, **kwargs: Any) -> str:
        """The ways of the compass, each once; where there are none, the words there are, but no magic ones."""
        if not self.can_be_seen_by(looker):
            return ""
        ways = [way for way in self.exits if isinstance(way, CaveExit) and not way.forced]
        named = {name for way in ways for word, name in DIRECTIONS.items() if way.is_called(word)}
        named |= {name for other in self.others for word, name in DIRECTIONS.items() if word in other["words"]}
        shown = [name for name in dict.fromkeys(DIRECTIONS.values()) if name in named]
        shown = shown or sorted({way.key for way in ways if way.key not in MAGIC})
        if any(not isinstance(way, CaveExit) for way in self.exits):
            shown += [way.get_display_name(looker) for way in self.exits if not isinstance(way, CaveExit)]
        return f"|wExits:|n {join_words(shown)}" if shown else ""

    def get_display_characters(self, looker: Any, **kwargs: Any) -> str:
        """Who is here, for those who can see them."""
        return super().get_display_characters(looker, **kwargs) if self.can_be_seen_by(looker) else ""

    def get_display_things(self, looker: Any, **kwargs: Any) -> str:
        """A sentence for each thing of the cave, as its state has it, and a list of all others."""
        if not self.can_be_seen_by(looker):
            return ""
        far = [thing for thing in self.sights if thing.is_seen_from(self)]
        here = self.filter_visible([*self.contents_get(content_type="object"), *far], looker, **kwargs)
        sentences = [thing.messages.get(thing.state, "") for thing in here if isinstance(thing, CaveObject)]
        rest = [thing for thing in here if not isinstance(thing, CaveObject)]
        names = join_words(with_article(thing.get_display_name(looker, **kwargs)) for thing in rest)
        return "\n".join(line for line in [*sentences, f"|wYou see:|n {names}" if names else ""] if line)

    def travel_words(self) -> set[str]:
        """All words that the travel table of this room knows."""
        words = {word for other in self.others for word in other["words"]}
        for way in self.exits:
            if isinstance(way, CaveExit) and not way.forced:
                words.update((way.key, *way.aliases.all()))
        return {word for word in words if word.strip()}

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Offer the words of the travel table, and what else one does in a cave."""
        offer(self, TravelCmdSet)
        offer(self, VerbCmdSet)

    def travel(self, traveller: Any, word: str) -> bool:
        """Go where `word` leads, as the travel table says: the first entry with this word whose condition holds.

        Returns whether the traveller has moved; if not, they have been told why.
        """
        ways: list[tuple[int, Any]] = [(way.position, way) for way in self.exits if isinstance(way, CaveExit)]
        ways += [(other["position"], other) for other in self.others]
        for _, way in sorted(ways, key=lambda entry: entry[0]):
            if isinstance(way, CaveExit):
                if way.is_called(word) and holds(way.condition, traveller) and way.access(traveller, "traverse"):
                    return self._fall_into_a_pit(traveller, way) or way.go_through(traveller)
            elif word in way["words"] and holds(way["condition"], traveller):
                moved = puzzles.cross(self, traveller, way["special"]) if way["special"] else False
                if moved is None:
                    continue
                if way["message"]:
                    traveller.msg(way["message"])
                return moved
        traveller.msg("There is no way to go in that direction.")
        return False

    def _fall_into_a_pit(self, traveller: Any, way: Any) -> bool:
        """Whether somebody who goes from dark to dark comes to grief."""
        if self.can_be_seen_by(traveller) or way.destination.can_be_seen_by(traveller):
            return False
        if way.destination.number == self.number or random.randrange(100) >= PITFALLS:
            return False
        puzzles.perish(traveller, self, "You fell into a pit and broke every bone in your body!")
        return True


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
                if way.destination.db.cave_id == puzzles.NOWHERE:
                    # The end of somebody who has gone too far: the data has no way on from there.
                    puzzles.perish(traversing_object, source_location, here.db.desc or "")
                    return
                traversing_object.msg(here.db.desc or "")
                way.go_through(traversing_object)
                return

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """No command of its own: several entries of a room may have the same word, and the room decides."""

    def go_through(self, traveller: Any) -> bool:
        """Take the way whatever its condition says; whether the traveller has left.

        In the forest and in mazes some lead back to where one is: that one sees again, and has not left.
        """
        before = traveller.location
        if self.destination is before:
            traveller.msg(traveller.at_look(before))
            return False
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
        """What is seen of it in its present state; of what one has in the hand, what cannot be said by its name."""
        if looker is not None and self.location is looker:
            return puzzles.in_hand(self)
        return self.messages.get(self.state) or super().get_display_desc(looker, **kwargs)

    def is_seen_from(self, place: Any) -> bool:
        """Whether it is there; what has two sides, and is where it belongs, is in both places."""
        return self.location is place or (self.also_in is place and self.location is self.home)

    def at_carried(self, carrier: Any, place: Any) -> None:
        """Called when somebody has carried this into a room."""

    def at_pre_get(self, getter: Any, **kwargs: Any) -> bool | None:
        """Some things have a mind of their own."""
        return puzzles.may_take(self, getter)

    def at_get(self, getter: Any, **kwargs: Any) -> None:
        """A bird is in its cage then."""
        puzzles.taken(self)

    def at_drop(self, dropper: Any, **kwargs: Any) -> None:
        """Some things break, some are home then."""
        puzzles.put_down(self, dropper)

    def begin_anew(self) -> None:
        """Called when the adventure begins again, after it has been put into its place and state."""


class CaveScenery(CaveObject):
    """Something that stays where it is."""

    default_locks = DefaultObject.default_locks.replace("get:all()", "get:false()")


class CaveTreasure(CaveObject):
    """Something worth bringing home."""

    value: AttributeProperty[int] = AttributeProperty(0)
    found_by: AttributeProperty[list[Any]] = AttributeProperty(list, autocreate=False)
    brought_home_by: AttributeProperty[list[Any]] = AttributeProperty(list, autocreate=False)

    def at_get(self, getter: Any, **kwargs: Any) -> None:
        """Remember everybody who has ever found it."""
        super().at_get(getter, **kwargs)
        if getter not in self.found_by:
            self.found_by.append(getter)
            getter.msg(f"{self.key}: worth {self.value} points.")


class CaveLamp(CaveObject):
    """A lamp that is not lit."""

    turns_left: AttributeProperty[int] = AttributeProperty(FRESH_BATTERIES)
    is_lit = False

    def begin_anew(self) -> None:
        """Fresh batteries."""
        if self.turns_left != FRESH_BATTERIES:
            self.turns_left = FRESH_BATTERIES

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

    is_lit = True

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
    if kind == "carrying_or_in_room_with":
        return puzzles.near(traveller, number) is not None
    return kind == "carrying" and thing.location is traveller
