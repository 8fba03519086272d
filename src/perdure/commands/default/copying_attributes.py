"""Attributes taken from one thing to another, and taken away: `cpattr`, `mvattr` and `wipe`."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.attribute_locks import has_attribute, may_read, may_write
from perdure.commands.default.attribute_paths import Target, parse_target
from perdure.commands.default.editing import EditingCommand, named
from perdure.errors import InvalidArgument
from perdure.text.markup import escape
from perdure.values import plain

__all__ = ["CmdCpAttr", "CmdMvAttr", "CmdWipe"]


class CmdCpAttr(EditingCommand):
    """Copy attributes from one thing to others.

    Usage:
      cpattr[/move] <thing>/<attribute>[/<attribute>…][:<category>] = <thing>[/<attribute>…][:<category>] [, <thing>…]
      cpattr[/move] <attribute>[:<category>] = <thing>[/<attribute>][:<category>] [, <thing>…]

    Switches:
      move - take the attributes away from the first thing afterwards

    Without a thing on the left the attribute is yours. Without attributes on the right they keep their names.

    Example:
      cpattr lamp/oil = lantern, torch/fuel
    """

    key = "@cpattr"
    switch_options = ("move",)
    locks = "cmd:perm(cpattr) or perm(Builder)"
    moves = False

    def func(self) -> None:
        """Copy or move."""
        if not self.lhs or not self.rhs:
            self.usage()
            return
        try:
            wanted = parse_target(self.lhs if "/" in self.lhs else f"/{self.lhs}")
            goals = [parse_target(text) for text in self.rhslist if text.strip()]
        except InvalidArgument as error:
            self.msg(escape(str(error)))
            return
        source = self.find_object(wanted.name, accounts=True) if wanted.name else self.caller
        if source is None:
            return
        moves = self.moves or "move" in self.switches
        if not (self.require(source) if moves else self._may_see(source)):
            return
        names = self._present(source, wanted)
        done = [self._give(source, wanted, names, goal) for goal in goals] if names else []
        if moves and done and all(done):
            for name in names:
                source.attributes.remove(name, category=wanted.category)
            self.msg(f"{named(source)} does not have {', '.join(map(escape, names))} any more.")
        elif moves and any(done):
            self.msg(f"{named(source)} keeps what was not moved everywhere.")

    def _may_see(self, source: Any) -> bool:
        if self.may(source, "examine"):
            return True
        self.msg(f"You may not see the attributes of {named(source)}: it takes 'examine' access (see explain).")
        return False

    def _present(self, source: Any, wanted: Target) -> list[str]:
        """The names of the attributes that are there and may be read; tells of the others."""
        found = []
        for part in wanted.parts:
            if part.path:
                self.msg(f"'{escape(str(part))}' is inside an attribute; only whole attributes can be copied.")
            elif not has_attribute(source, part.key, wanted.category):
                self.msg(f"{named(source)}/{escape(part.key)} does not exist.")
            elif not may_read(source, part.key, wanted.category, self.caller):
                self.msg(f"{named(source)}/{escape(part.key)} has locks of its own, which do not let you.")
            else:
                found.append(part.key)
        return found

    def _give(self, source: Any, wanted: Target, names: list[str], goal: Target) -> bool:
        """Give the attributes to one thing; whether it got them all."""
        target = self.find_object(goal.name, accounts=True)
        if target is None or not self.require(target):
            return False
        category = goal.category if goal.category is not None else wanted.category
        new_names = [part.key for part in goal.parts] + names[len(goal.parts) :]
        for name, new_name in zip(names, new_names, strict=False):
            if not may_write(target, new_name, category, self.caller):
                self.msg(f"{named(target)}/{escape(new_name)} has locks of its own, which do not let you.")
                return False
            value = plain(source.attributes.get(name, category=wanted.category))
            copied = False
            with self.alone(f"{named(target)}/{escape(new_name)} was not set"):
                target.attributes.add(new_name, value, category=category)
                self.msg(f"{named(target)}/{escape(new_name)} is what {named(source)}/{escape(name)} is.")
                copied = True
            if not copied:
                return False
        return True


class CmdMvAttr(CmdCpAttr):
    """Move attributes from one thing to others.

    Usage:
      mvattr[/copy] <thing>/<attribute>[/<attribute>…][:<category>] = <thing>[/<attribute>…][:<category>] [, <thing>…]

    Switches:
      copy - leave them with the first thing, too

    They are taken away from the first thing only when every other one has got them.

    Example:
      mvattr lamp/oil = lantern/fuel
    """

    key = "@mvattr"
    switch_options = ("copy",)
    locks = "cmd:perm(mvattr) or perm(Builder)"

    @property
    def moves(self) -> bool:  # type: ignore[override]
        """Whether the first thing loses them."""
        return "copy" not in self.switches


class CmdWipe(EditingCommand):
    """Take attributes away.

    Usage:
      wipe <thing>
      wipe <thing>/<attribute>[/<attribute>…][:<category>]

    Without names it takes all attributes away, of every category; you are asked first.

    Example:
      wipe lamp/oil/wick
    """

    key = "@wipe"
    locks = "cmd:perm(wipe) or perm(Builder)"

    async def func(self) -> None:
        """Take them away."""
        if not self.args:
            self.usage()
            return
        try:
            wanted = parse_target(self.args)
        except InvalidArgument as error:
            self.msg(escape(str(error)))
            return
        target = self.find_object(wanted.name, accounts=True)
        if target is None or not self.require(target):
            return
        if not wanted.parts:
            await self._wipe_all(target)
            return
        for part in wanted.parts:
            label = f"{named(target)}/{escape(part.key)}"
            if not has_attribute(target, part.key, wanted.category):
                self.msg(f"{label} does not exist.")
            elif not may_write(target, part.key, wanted.category, self.caller):
                self.msg(f"{label} has locks of its own, which do not let you.")
            else:
                with self.alone(f"{label} was not deleted"):
                    target.attributes.remove(part.key, category=wanted.category)
                    self.msg(f"{label} is deleted.")

    async def _wipe_all(self, target: Any) -> None:
        number = len(target.attributes.all())
        if not number:
            self.msg(f"{named(target)} has no attributes.")
            return
        if not await self.confirm(f"Delete all {number} attributes of {named(target)}?", default=False):
            self.msg("Its attributes stay.")
            return
        if target._is_deleted or not self.require(target):
            return
        target.attributes.clear(accessing_obj=self.caller)
        left = len(target.attributes.all())
        but = f", but for {left} with locks of their own" if left else ""
        self.msg(f"The attributes of {named(target)} are deleted{but}.")
