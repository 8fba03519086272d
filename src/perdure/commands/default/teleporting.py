"""Moving things by a word: `teleport`, and where things belong: `sethome`."""

from __future__ import annotations

import re
from typing import Any

from perdure.commands.default.editing import EditingCommand, named
from perdure.locks import check_perm

__all__ = ["CmdSetHome", "CmdTeleport"]

_TO = re.compile(r"\s+to\s+", re.IGNORECASE)


class CmdTeleport(EditingCommand):
    """Go, or move something, to another place at once.

    Usage:
      tel[/quiet][/intoexit][/loc] <place>
      tel[/quiet][/intoexit][/loc] <thing> = <place>
      tel <thing> to <place>
      tel/tonone [<thing>]

    Switches:
      quiet    - nobody is told
      intoexit - go into an exit itself, rather than to where it leads
      loc      - go to where the place (or person) is
      tonone   - take the thing out of the world; not for somebody who is being played

    Both may be anywhere. The thing must let you teleport it, and the place must take it in.

    Example:
      tel Castle
      tel/quiet lamp = #12
      tel/loc anna
    """

    key = "@teleport"
    aliases = ["@tel"]
    switch_options = ("quiet", "intoexit", "tonone", "loc")
    locks = "cmd:perm(teleport) or perm(Builder)"

    def func(self) -> None:
        """Move."""
        thing_name, place_name = self._asked()
        if "tonone" in self.switches:
            thing = self.caller if not self.args else self.find_anywhere(self.args)
            if thing is not None:
                self._take_out(thing)
            return
        if not place_name:
            self.usage()
            return
        thing = self.find_anywhere(thing_name) if thing_name else self.caller
        if thing is None:
            return
        place = self.find_anywhere(place_name)
        if place is not None and "loc" in self.switches:
            if place.location is None:
                self.msg(f"{named(place)} is nowhere.")
                return
            place = place.location
        if place is not None:
            self._move(thing, place)

    def _asked(self) -> tuple[str, str]:
        """The names of the thing (empty for oneself) and of the place."""
        if self.rhs is not None:
            return self.lhs, self.rhs
        thing, *place = _TO.split(self.args, maxsplit=1)
        return (thing, place[0]) if place else ("", self.args)

    def _move(self, thing: Any, place: Any) -> None:
        into = place.destination if place.destination is not None and "intoexit" not in self.switches else place
        problem = _impossible(thing, into) or self._forbidden(thing, into)
        if problem:
            self.msg(problem)
            return
        quiet = "quiet" in self.switches
        # Whoever goes into an exit itself must not be sent on to where it leads.
        result = thing.move_to(
            into,
            quiet=quiet,
            emit_to_obj=self.caller,
            use_destination="intoexit" not in self.switches,
            move_type="teleport",
        )
        if not result:
            if not result.reason:  # else it has been told
                self.msg(f"{named(thing)} did not move.")
        elif thing is not self.caller:
            self.msg(f"{named(thing)} is in {named(into)} now.")

    def _forbidden(self, thing: Any, place: Any) -> str:
        """Why the locks do not allow it; empty if they do."""
        if check_perm(self.caller, "Admin"):
            return ""
        if thing is not self.caller and not thing.access(self.caller, "teleport") and not self.may(thing):
            return f"You may not teleport {named(thing)} (see explain)."
        if not place.access(thing, "teleport_here") and not self.may(place):
            return f"{named(place)} does not take in {named(thing)} (see explain)."
        return ""

    def _take_out(self, thing: Any) -> None:
        if thing.sessions.count():
            self.msg(f"Somebody is playing {named(thing)}, so it stays in the world.")
            return
        if not self.require(thing):
            return
        if thing.location is None:
            self.msg(f"{named(thing)} is nowhere already.")
            return
        before = thing.location
        if "quiet" not in self.switches:
            before.msg_contents(f"{thing.get_display_name(before)} vanishes.", exclude=(thing,))
        thing.move_to(None, to_none=True)
        self.msg(f"{named(thing)} was in {named(before)}, and is nowhere now.")


def _impossible(thing: Any, place: Any) -> str:
    """Why the thing cannot be there; empty if it can."""
    if thing is place:
        return "Nothing can be put inside itself."
    if thing.location is place:
        return f"{named(thing)} is there already."
    above = place.location
    while above is not None:
        if above is thing:
            return f"{named(place)} is inside {named(thing)}."
        above = above.location
    return ""


class CmdSetHome(EditingCommand):
    """Show or set where something belongs.

    Usage:
      sethome <thing>
      sethome <thing> = <place>

    A thing goes home when the place it is in is deleted; a player by the command home.

    Example:
      sethome lamp = Castle
    """

    key = "@sethome"
    locks = "cmd:perm(sethome) or perm(Builder)"

    def func(self) -> None:
        """Show or set."""
        if not self.lhs:
            self.usage()
            return
        thing = self.find_anywhere(self.lhs)
        if thing is None:
            return
        if not self.rhs:
            self.msg(f"The home of {named(thing)} is {named(thing.home)}.")
            return
        place = self.find_anywhere(self.rhs)
        if place is None or not self.require(thing):
            return
        if place is thing:
            self.msg("Nothing can be its own home.")
            return
        before = thing.home
        with self.alone(f"The home of {named(thing)} was not changed"):
            thing.home = place
            self.msg(f"The home of {named(thing)} is {named(place)} now; it was {named(before)}.")
