"""Where ways lead: `open`, `link` and `unlink`."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import EditingCommand, named

__all__ = ["CmdLink", "CmdOpen", "CmdUnLink"]


class CmdOpen(EditingCommand):
    """Make an exit from here to a place that there is.

    Usage:
      open <exit>[;<alias>…][:<class>] [, <exit back>[;<alias>…][:<class>]] = <place>

    The place may be anywhere: give its name or its dbref. With a second exit there is a way back. An exit of this name
    that is here already is led to the place, and gets the aliases too.

    Example:
      open gate;g, gate;g = Castle
    """

    key = "@open"
    locks = "cmd:perm(open) or perm(Builder)"

    def func(self) -> None:
        """Open the way there, and the way back."""
        if not self.lhs_objs or not self.lhs_objs[0]["name"] or not self.rhs:
            self.usage()
            return
        here = self.here
        if here is None:
            self.msg("You are nowhere, so nothing leads from here.")
            return
        place = self.find_anywhere(self.rhs)
        if place is None:
            return
        way = self._open(self.lhs_objs[0], here, place)
        if way is not None and len(self.lhs_objs) > 1 and self.lhs_objs[1]["name"]:
            self._open(self.lhs_objs[1], place, here)

    def _open(self, wanted: dict[str, Any], start: Any, end: Any) -> Any:
        """The exit, new or led there; None after telling why not."""
        name = wanted["name"].lower()
        there = next((one for one in start.contents if one.key.lower() == name), None)
        if there is not None:
            return self._lead(there, wanted, end)
        way = self.make(
            "exit", wanted["name"], wanted["option"], aliases=wanted["aliases"], location=start, destination=end
        )
        if way is not None:
            self.msg(f"Made the exit {named(way)} from {named(start)} to {named(end)}.")
        return way

    def _lead(self, way: Any, wanted: dict[str, Any], end: Any) -> Any:
        if way.destination is None:
            self.msg(f"There is a {named(way)} already, which is no exit; nothing was changed.")
            return None
        if not self.require(way):
            return None
        with self.alone(f"{named(way)} was not changed"):
            way.destination = end
            for alias in wanted["aliases"]:
                way.aliases.add(alias)
            self.msg(f"{named(way)} was there already and leads to {named(end)} now.")
            return way
        return None


class CmdLink(EditingCommand):
    """Show, set or clear where something leads.

    Usage:
      link <thing>
      link[/twoway] <thing> = <target>
      link <thing> =

    Switches:
      twoway - link two exits with each other: each leads to where the other one is

    What leads somewhere is an exit. Both names are looked for here first, then everywhere.

    Example:
      link gate = Castle
      link/twoway gate = #12
    """

    key = "@link"
    switch_options: tuple[str, ...] = ("twoway",)
    locks = "cmd:perm(link) or perm(Builder)"

    def func(self) -> None:
        """Link."""
        if not self.lhs:
            self.usage()
            return
        way = self.find_anywhere(self.lhs)
        if way is None:
            return
        if self.rhs is None:
            self._show(way)
        elif not self.rhs:
            self.clear(way)
        else:
            self._link(way, self.rhs)

    def _show(self, way: Any) -> None:
        target = way.destination
        leads = f"leads to {named(target)}" if target is not None else "leads nowhere"
        self.msg(f"{named(way)}, in {named(way.location)}, {leads}.")

    def clear(self, way: Any) -> None:
        """Have something lead nowhere."""
        if not self.require(way):
            return
        if way.destination is None:
            self.msg(f"{named(way)} leads nowhere already.")
            return
        before = way.destination
        with self.alone(f"{named(way)} was not changed"):
            way.destination = None
            self.msg(f"{named(way)} does not lead to {named(before)} any more.")

    def _link(self, way: Any, name: str) -> None:
        target = self.find_anywhere(name)
        if target is None or not self.require(way):
            return
        if target is way:
            self.msg("Nothing can lead into itself.")
        elif "twoway" in self.switches:
            self._link_both(way, target)
        else:
            with self.alone(f"{named(way)} was not changed"):
                way.destination = target
                self.msg(f"{named(way)} leads to {named(target)} now.")

    def _link_both(self, one: Any, other: Any) -> None:
        if not self.require(other):
            return
        if one.location is None or other.location is None:
            self.msg("Both must be somewhere to lead to each other's place; nothing was changed.")
            return
        with self.alone("Nothing was changed"):
            one.destination, other.destination = other.location, one.location
            for way in (one, other):
                self.msg(f"{named(way)} leads to {named(way.destination)} now.")


class CmdUnLink(CmdLink):
    """Have something lead nowhere.

    Usage:
      unlink <thing>

    It stays where it is, but is no exit any more.
    """

    key = "@unlink"
    switch_options = ()
    locks = "cmd:perm(unlink) or perm(Builder)"

    def func(self) -> None:
        """Clear the destination."""
        if not self.args:
            self.usage()
            return
        way = self.find_anywhere(self.args)
        if way is not None:
            self.clear(way)
