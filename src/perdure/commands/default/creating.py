"""Making things: `create` and `copy`."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import EditingCommand, named
from perdure.text.markup import escape

__all__ = ["CmdCopy", "CmdCreate"]


class CmdCreate(EditingCommand):
    """Make new things.

    Usage:
      create[/drop] <name>[;<alias>…][:<class>] [, <name>…]

    Switches:
      drop - put them here, and make this their home, instead of carrying them

    The class is a path, which may leave out a prefix of the setting TYPECLASS_PATHS. You control what you make.

    Example:
      create/drop brass lamp;lamp:objects.Lamp, keys
    """

    key = "@create"
    switch_options = ("drop",)
    locks = "cmd:perm(create) or perm(Builder)"

    def func(self) -> None:
        """Make each of them."""
        if not self.lhs_objs:
            self.usage()
            return
        place = self.caller if hasattr(self.caller, "contents") else None
        if "drop" in self.switches:
            place = self.here
            if place is None:
                self.msg("You are nowhere, so nothing can be put there.")
                return
        for wanted in self.lhs_objs:
            self._create(wanted, place)

    def _create(self, wanted: dict[str, Any], place: Any) -> None:
        if not wanted["name"]:
            self.msg("A thing needs a name.")
            return
        made = self.make(
            "object", wanted["name"], wanted["option"], aliases=wanted["aliases"], location=place, home=place
        )
        if made is not None:
            aliases = f" ({', '.join(map(escape, wanted['aliases']))})" if wanted["aliases"] else ""
            where = f"in {named(place)}" if place is not self.caller else "and you carry it"
            self.msg(f"Made {named(made)}{aliases}, a {type(made).__name__}, {where}.")


class CmdCopy(EditingCommand):
    """Make copies of a thing.

    Usage:
      copy <thing>
      copy <thing> = <name>[;<alias>…][:<place>] [, <name>…]

    A copy has the attributes, tags, aliases, locks, permissions and scripts of the original, and nothing of what is
    inside it. Aliases that are given take the place of those. Without a name the copy is called as the original with
    _copy behind it. It appears where the original is, or in the place given, which may be anywhere.

    Example:
      copy lamp = old lamp;old, new lamp;new:#2
    """

    key = "@copy"
    locks = "cmd:perm(copy) or perm(Builder)"

    def func(self) -> None:
        """Make each copy."""
        if not self.lhs:
            self.usage()
            return
        original = self.find_object(self.lhs)
        if original is None or not self.require(original, what="copy"):
            return
        if self.rhs is None:
            aliases = [f"{alias}_copy" for alias in original.aliases.all()]
            self._copy(original, {"name": f"{original.key}_copy", "aliases": aliases, "option": None})
            return
        for wanted in self.rhs_objs:
            if wanted["name"]:
                self._copy(original, wanted)
            else:
                self.msg("A copy needs a name.")

    def _copy(self, original: Any, wanted: dict[str, Any]) -> None:
        place = original.location
        if wanted["option"]:
            place = self.find_anywhere(wanted["option"])
            if place is None:
                return
            if not self.may(place, "teleport_here"):
                self.msg(f"You may not put anything into {named(place)}.")
                return
        with self.alone(f"'{escape(wanted['name'])}' was not made"):
            aliases = {"new_aliases": wanted["aliases"]} if wanted["aliases"] else {}
            made = original.copy(wanted["name"], new_location=place, **aliases)
            self.msg(f"Made {named(made)}, a copy of {named(original)}, in {named(place)}.")
