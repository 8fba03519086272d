"""`typeclass`: the classes of the game, and the class of an entity."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import EditingCommand, named, plural_s
from perdure.commands.default.typeclass_listing import (
    FAMILIES,
    all_classes,
    described,
    kind_of,
    matching_classes,
)
from perdure.commands.default.typeclass_swaps import PlannedSwap
from perdure.errors import TypeclassError
from perdure.text.english import with_article
from perdure.text.markup import escape
from perdure.typeclasses import registry

__all__ = ["CmdTypeclass"]

_BY_NAME = {"script": "ScriptDB", "channel": "ChannelDB", "account": "AccountDB", "object": "ObjectDB"}


class CmdTypeclass(EditingCommand):
    """Show the classes of the game, or change the class of something.

    Usage:
      typeclass/list [<part of a path>]
      typeclass/show <thing or class>
      typeclass <thing>
      typeclass[/force][/update][/reset] <thing> = <class>
      update <thing>
      swap <thing> = <class>

    Switches:
      list    - all classes there are, how many of each there are, and what is wrong with any (typeclasses)
      show    - what a class is, or what class a thing has (examine)
      update  - run the creation hook of the class again, also if it has the class already
      reset   - begin anew: all attributes and command sets go, and everything runs that runs for a new thing; you are
                asked first
      force   - do it also if it has the class already
      object, account, script, channel - the thing is one of these; an account is *name too

    A class is given by its path, which may leave out a prefix of the setting TYPECLASS_PATHS. Changing the class keeps
    name, place, tags, locks, number and (without reset) attributes, and runs the creation hook of the new class. It is
    done as a whole or not at all. swap is typeclass/force/reset.

    Example:
      typeclass chair = furniture.Sofa
    """

    key = "@typeclass"
    aliases = ["@type", "@parent", "@swap", "@update", "@typeclasses"]
    switch_options = ("list", "show", "examine", "update", "reset", "force", "object", "account", "script", "channel")
    locks = "cmd:perm(typeclass) or perm(Builder)"

    async def func(self) -> None:
        """List, show or change."""
        name = self.cmdname.lstrip("@").lower()
        switches = set(self.switches)
        if name == "swap":
            switches |= {"force", "reset"}
        if name == "update" or "update" in switches:
            switches |= {"update", "force"}
        if name == "typeclasses" or "list" in switches:
            await self._list(self.args)
        elif not self.args:
            self.usage()
        elif switches & {"show", "examine"}:
            await self._show(self.args)
        elif self.rhs is None and not switches & {"update", "reset", "force"}:
            self._show_class_of(self._find(self.lhs, None))
        else:
            await self._change(switches)

    # --- seeing

    async def _list(self, part: str) -> None:
        found = all_classes()
        lines = []
        for title, entries in (("The game's", found.game), ("The engine's", found.engine)):
            table = self.table("class", "of", "number", "")
            for entry in entries:
                if part.lower() in entry.path.lower():
                    table.add_row(escape(entry.path), entry.kind, entry.rows, entry.state)
            lines += [f"|w{title} classes|n ({len(table)})", str(table) if table else "  none", ""]
        if found.missing:
            lines.append(
                f"|rMissing classes|n ({len(found.missing)}); what is of them keeps its data and cannot change:"
            )
            for entry in found.missing:
                lines.append(
                    f"  {escape(entry.path)}: {entry.rows} {entry.kind}{plural_s(entry.rows)}. {escape(entry.state)}"
                )
        if found.failing:
            lines.append(f"|rModules that fail to import|n ({len(found.failing)}):")
            lines += [f"  {escape(module)}: {escape(error)}" for module, error in sorted(found.failing.items())]
        await self.page("\n".join(lines).rstrip())

    async def _show(self, name: str) -> None:
        """The class of something nearby of this name, else the class of this name."""
        finder = getattr(self.caller, "find", None)
        nearby = finder(name).one() if finder is not None else None
        if nearby is not None:
            self._show_class_of(nearby)
            return
        found = matching_classes(name)
        if len(found) == 1:
            await self.page("\n".join(described(found[0])))
        elif found:
            self.msg(f"'{escape(name)}' can be {escape(', '.join(cls.path for cls in found))}.")
        else:
            self.msg(f"There is neither a thing here nor a class called '{escape(name)}'; see typeclass/list.")

    def _show_class_of(self, entity: Any) -> None:
        if entity is None:
            return
        self.msg(f"{named(entity)} is of the class {escape(entity.typeclass_path)}.")
        if getattr(entity, "_unavailable", None):
            self.msg(f"|rThat class is missing:|n {escape(str(entity._unavailable))}")

    # --- finding

    def _find(self, name: str, family: Any) -> Any:
        """The entity of this name, of the family given or named by a switch; None after telling why not."""
        chosen = next((_BY_NAME[switch] for switch in self.switches if switch in _BY_NAME), None)
        label = chosen or (family.__name__ if family is not None else "ObjectDB")
        if name.startswith("*") or label == "AccountDB":
            return self.find_account(name)
        if label == "ObjectDB":
            return self.find_anywhere(name)
        return self.find_one_of(next(one for one in FAMILIES if one.__name__ == label), name)

    def _resolve(self, path: str) -> Any:
        """The class meant by a path, of whatever kind; None after telling why there is none."""
        if "." not in path:
            found = matching_classes(path)
            if len(found) == 1:
                return found[0]
        problems = []
        for family in FAMILIES:
            try:
                return registry.resolve(path, family)
            except TypeclassError as error:
                problems.append(error)
        self.msg(f"There is no such class, so nothing was changed: {escape(str(problems[0]))}")
        return None

    # --- changing

    async def _change(self, switches: set[str]) -> None:
        wanted = None
        if self.rhs:
            wanted = self._resolve(self.rhs)
            if wanted is None:
                return
        entity = self._find(self.lhs, registry.family_of(wanted) if wanted is not None else None)
        if entity is None or not self.require(entity, what="change the class of"):
            return
        if wanted is None:
            wanted = self._own_class(entity)
            if wanted is None:
                return
        family = registry.family_of(wanted)
        if family is not entity.__dbclass__:
            kind = with_article(kind_of(entity.__dbclass__))
            other = f"{escape(wanted.path)} is a class of {kind_of(family)}s"
            self.msg(f"{named(entity)} is {kind}, and {other}; nothing was changed.")
            return
        if type(entity) is wanted and "force" not in switches:
            self.msg(
                f"{named(entity)} is of the class {escape(wanted.path)} already; use /update to run its hook again."
            )
            return
        plan = PlannedSwap(entity, wanted, reset="reset" in switches)
        if plan.reset:
            question = "\n".join([f"Begin {named(entity)} anew as {escape(wanted.path)}?", *plan.preview()])
            if not await self.confirm(question, default=False):
                self.msg("Nothing was changed.")
                return
            # Much may have happened before the answer.
            if entity._is_deleted or not self.require(entity, what="change the class of"):
                return
        with self.alone("Nothing was changed"):
            preview = plan.preview()
            plan.carry_out()
            self.msg("\n".join([plan.report(), *([] if plan.reset else preview)]))

    def _own_class(self, entity: Any) -> Any:
        if getattr(entity, "_unavailable", None):
            self.msg(f"The class of {named(entity)} is missing ({escape(entity.typeclass_path)}); give another.")
            return None
        return type(entity)
