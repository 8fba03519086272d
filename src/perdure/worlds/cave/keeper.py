"""The keeper of the cave: sees that a world that goes on for years can be played by whoever comes next.

Contract: every `interval` seconds the keeper looks around. What somebody holds who has been away from the game for a
whole round goes home. When nobody has been in the cave for a whole round, everything in it begins anew; what players
have earned (`found_by`, `brought_home_by`) is theirs for ever. The lamp gets fresh batteries when it is at home.

What the keeper remembers from one round to the next is in memory: after a reload it waits a round longer.
"""

from __future__ import annotations

from typing import Any

from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultCharacter
from perdure.scripts.scripts import DefaultScript
from perdure.sessions import SESSION_HANDLER
from perdure.worlds.cave import puzzles

__all__ = ["CaveKeeper"]

KEY = "keeper of the cave"
ROUND = 600


class CaveKeeper(DefaultScript):
    """Puts the cave in order."""

    def at_script_creation(self) -> None:
        """One round every ten minutes."""
        self.key = KEY
        self.desc = "Puts the cave in order."
        self.interval = ROUND
        self.start_delay = True

    def at_repeat(self, **kwargs: Any) -> None:
        """A round."""
        things = self.things()
        if not self.ndb.empty and not self.is_anybody_there():
            self.ndb.empty = True
            return
        if self.ndb.empty and not self.is_anybody_there():
            puzzles.set_up(things)
            return
        self.ndb.empty = False
        away = {thing.pk for thing in things if self._is_stowed_away(thing)}
        again = away & (self.ndb.away or set())
        puzzles.set_up(thing for thing in things if thing.pk in again)
        self.ndb.away = away - again
        for thing in things:
            if thing.number == puzzles.LAMP and thing.location is thing.home:
                thing.begin_anew()

    def things(self) -> list[Any]:
        """Everything that belongs to the cave, of whatever class."""
        found = ObjectDB.objects.filter_attributes(cave_id__startswith="object ").preload().order_by("pk")
        return [thing for thing in found if hasattr(thing, "begin_anew")]

    def is_anybody_there(self) -> bool:
        """Whether somebody who is connected is in the cave."""
        places = (session.puppet.location for session in SESSION_HANDLER.values() if session.puppet is not None)
        return any(getattr(place, "cave_id", "").startswith("room ") for place in places if place is not None)

    def _is_stowed_away(self, thing: Any) -> bool:
        """Whether it is with a character who is out of the world, since nobody plays them."""
        holder = thing.location
        return isinstance(holder, DefaultCharacter) and holder.location is None
