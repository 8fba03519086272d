"""Making rooms and the ways between them: `dig` and `tunnel`."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import EditingCommand, named
from perdure.text.markup import escape

__all__ = ["DIRECTIONS", "CmdDig", "CmdTunnel"]

#: Short name of a direction: its long name, and the short name of the way back.
DIRECTIONS = {
    "n": ("north", "s"),
    "ne": ("northeast", "sw"),
    "e": ("east", "w"),
    "se": ("southeast", "nw"),
    "s": ("south", "n"),
    "sw": ("southwest", "ne"),
    "w": ("west", "e"),
    "nw": ("northwest", "se"),
    "u": ("up", "d"),
    "d": ("down", "u"),
    "i": ("in", "o"),
    "o": ("out", "i"),
}

Wanted = dict[str, Any]


class _Digging(EditingCommand):
    """What `dig` and `tunnel` share."""

    def dig(self, room: Wanted, way_there: Wanted | None, way_back: Wanted | None) -> None:
        """Make a room, and ways between it and where the caller is; go there if that was asked for."""
        made = self.make("room", room["name"], room["option"], aliases=room["aliases"])
        if made is None:
            return
        self.msg(f"Made the room {named(made)}, a {type(made).__name__}.")
        here = self.here
        if here is None:
            if way_there or way_back:
                self.msg("You are nowhere, so no ways to or from here were made.")
        else:
            self._way(way_there, here, made)
            self._way(way_back, made, here)
        if "teleport" in self.switches or "tel" in self.switches:
            went = self.caller.move_to(made, move_type="teleport")
            if not went and not went.reason:
                self.msg(f"You stay in {named(here)}.")

    def _way(self, wanted: Wanted | None, start: Any, end: Any) -> None:
        if wanted is None or not wanted["name"]:
            return
        way = self.make(
            "exit", wanted["name"], wanted["option"], aliases=wanted["aliases"], location=start, destination=end
        )
        if way is None:
            return
        name = way.key.lower()
        double = any(one is not way and one.key.lower() == name for one in start.contents_get(content_type="exit"))
        hint = " There is another exit of that name: who types it will be asked which." if double else ""
        self.msg(f"Made the exit {named(way)} from {named(start)} to {named(end)}.{hint}")


class CmdDig(_Digging):
    """Make a room, and exits to it and back.

    Usage:
      dig[/teleport] <room>[;<alias>…][:<class>] [= <exit there>[;<alias>…][:<class>] [, <exit back>…]]

    Switches:
      teleport - go there at once (tel)

    The first exit leads from here to the new room, the second one back. An exit without a name is left out.

    Example:
      dig/tel Cellar:rooms.DarkRoom = trapdoor;down;d, ladder;up;u
    """

    key = "@dig"
    switch_options = ("teleport",)
    locks = "cmd:perm(dig) or perm(Builder)"

    def func(self) -> None:
        """Dig."""
        if not self.lhs_objs or not self.lhs_objs[0]["name"]:
            self.usage()
            return
        ways = [*self.rhs_objs, None, None]
        self.dig(self.lhs_objs[0], ways[0], ways[1])


class CmdTunnel(_Digging):
    """Make a room in a direction of the compass, with exits there and back.

    Usage:
      tunnel[/oneway][/tel] <direction>[:<class of the exits>] [= <room>[;<alias>…][:<class>]]

    Switches:
      oneway - no exit back
      tel    - go there at once

    Directions are n, ne, e, se, s, sw, w, nw, u(p), d(own), i(n) and o(ut), or their long names.

    Example:
      tunnel n = Meadow
    """

    key = "@tunnel"
    aliases = ["@tun"]
    switch_options = ("oneway", "tel")
    locks = "cmd:perm(tunnel) or perm(Builder)"

    def func(self) -> None:
        """Dig in the direction."""
        if not self.lhs:
            self.usage()
            return
        name, _, exit_class = self.lhs.partition(":")
        short = _direction(name)
        if short is None:
            self.msg(f"'{escape(name.strip())}' is no direction; there are {', '.join(DIRECTIONS)}.")
            return
        room: Wanted = {"name": "Some place", "aliases": [], "option": None}
        if self.rhs_objs and self.rhs_objs[0]["name"]:
            room = self.rhs_objs[0]
        back = None if "oneway" in self.switches else _exit(DIRECTIONS[short][1], exit_class)
        self.dig(room, _exit(short, exit_class), back)


def _direction(text: str) -> str | None:
    """The short name of a direction, typed long or short."""
    wanted = text.strip().lower()
    return next((short for short, (long, _) in DIRECTIONS.items() if wanted in (short, long)), None)


def _exit(short: str, path: str) -> Wanted:
    return {"name": DIRECTIONS[short][0], "aliases": [short], "option": path.strip() or None}
