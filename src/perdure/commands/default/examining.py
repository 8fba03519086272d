"""`examine`: all that is known of something."""

from __future__ import annotations

from typing import Any

from perdure.channels.models import ChannelDB
from perdure.commands.default.attribute_paths import Target, parse_target
from perdure.commands.default.editing import EditingCommand, named
from perdure.commands.default.examination import attribute_line, examination
from perdure.errors import InvalidArgument
from perdure.locks.permissions import is_account
from perdure.scripts.models import ScriptDB
from perdure.text.markup import escape

__all__ = ["CmdExamine"]


class CmdExamine(EditingCommand):
    """Show all that is known of something.

    Usage:
      examine
      examine <thing>[/<attribute>[/<attribute>…][:<category>]] [, <thing>…]
      examine *<account>

    Switches:
      account, object, script, channel - the thing is one of these

    Without a name it is the place where you are. With attributes only those are shown, whole. What you may not examine
    you just look at. When you are playing nobody, names are those of accounts.

    Example:
      examine lamp/oil, *anna
    """

    key = "@examine"
    aliases = ["@ex", "@exam"]
    switch_options = ("account", "object", "script", "channel")
    locks = "cmd:perm(examine) or perm(Builder)"

    async def func(self) -> None:
        """Show each."""
        if not self.args:
            place = self.here if not is_account(self.caller) else self.caller
            if place is None:
                self.msg("You are nowhere. Say what to examine.")
            else:
                await self.page(self._examined(place, Target("", (), None)), kind="examine")
            return
        texts = []
        for text in self._items():
            try:
                wanted = parse_target(text)
            except InvalidArgument as error:
                self.msg(escape(str(error)))
                continue
            target = self._find(wanted.name)
            if target is not None:
                texts.append(self._examined(target, wanted))
        if texts:
            await self.page("\n\n".join(texts), kind="examine")

    def _items(self) -> list[str]:
        return [text for text in (part.strip() for part in self.args.split(",")) if text]

    def _find(self, name: str) -> Any:
        if "script" in self.switches:
            return self.find_one_of(ScriptDB, name)
        if "channel" in self.switches:
            return self.find_one_of(ChannelDB, name)
        if "account" in self.switches or (is_account(self.caller) and "object" not in self.switches):
            return self.find_account(name)
        return self.find_object(name, accounts=True)

    def _examined(self, target: Any, wanted: Target) -> str:
        """What is known of the target, or what it looks like to whoever may not examine it."""
        if not self.may(target, "examine"):
            look = getattr(self.caller, "at_look", None)
            if hasattr(target, "return_appearance") and look is not None:
                return str(look(target))
            return f"You may not examine {named(target)} (see explain)."
        lines = self._attributes(target, wanted) if wanted.parts else examination(target, self.caller)
        return "\n".join(lines)

    def _attributes(self, target: Any, wanted: Target) -> list[str]:
        """The attributes asked for, in every category if none was named."""
        rows = target.attributes.all(accessing_obj=self.caller)
        lines = []
        for part in wanted.parts:
            found = [
                row
                for row in rows
                if row.db_key == part.key and (wanted.category is None or row.db_category == wanted.category.lower())
            ]
            lines += [f"{named(target)}/{attribute_line(row, None)}" for row in found]
            if not found:
                lines.append(f"{named(target)}/{escape(part.key)} does not exist.")
        return lines
