"""What things are called and how they look: `name`, `alias` and `desc`."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import EditingCommand, named
from perdure.commands.writing import edit, writes
from perdure.locks.permissions import is_account
from perdure.text.markup import escape

__all__ = ["CmdDesc", "CmdName", "CmdSetObjAlias"]


class CmdName(EditingCommand):
    """Give something another name.

    Usage:
      name <thing> = <new name>[;<alias>…]
      name *<account> = <new name>

    Aliases given are added to those it has. Accounts have none, and may be called as those that make them may call
    themselves.

    Example:
      name lamp = brass lamp;brass
    """

    key = "@name"
    aliases = ["@rename"]
    locks = "cmd:perm(rename) or perm(Builder)"

    def func(self) -> None:
        """Rename."""
        if not self.lhs or not self.rhs:
            self.usage()
            return
        target = self.find_object(self.lhs, accounts=True)
        if target is None or not self.require(target, what="rename"):
            return
        name, *aliases = (part.strip() for part in self.rhs.split(";"))
        aliases = [alias for alias in aliases if alias]
        before = named(target)
        if is_account(target):
            if aliases:
                self.msg("Accounts have no aliases; nothing was changed.")
                return
            name = target.normalize_username(name)
            valid, errors = target.validate_username(name, account=target)
            if not valid:
                self.msg(f"{before} was not renamed: {escape(' '.join(errors))}")
                return
        with self.alone(f"{before} was not renamed"):
            if name:
                target.key = name
            if aliases:
                target.aliases.add(aliases)
            changes = [f"is called {named(target)} now"] if name else []
            changes += (
                [f"has the alias{'es' if len(aliases) > 1 else ''} {escape(', '.join(aliases))}"] if aliases else []
            )
            self.msg(f"{before} {' and '.join(changes) or 'is as it was'}.")


class CmdSetObjAlias(EditingCommand):
    """Show or change the other names of something.

    Usage:
      alias <thing>
      alias <thing> = <alias>[, <alias>…]
      alias <thing> =
      alias/category <thing> = <alias>[, <alias>…]:<category>
      alias/delete <thing> = <alias>

    Switches:
      category - the word after the colon is the category of the aliases
      delete   - take this alias away, in every category

    Aliases given are added to those there are; an empty list takes all away.

    Example:
      alias brass lamp = lamp, light
      alias/delete brass lamp = light
    """

    key = "@alias"
    aliases = ["setobjalias"]
    switch_options = ("category", "delete")
    locks = "cmd:perm(setobjalias) or perm(Builder)"

    def func(self) -> None:
        """Show or change."""
        if not self.lhs:
            self.usage()
            return
        target = self.find_object(self.lhs)
        if target is None:
            return
        if self.rhs is None:
            self.msg(f"{named(target)} has {_listed(target)}.")
        elif self.require(target):
            with self.alone(f"{named(target)} was not changed"):
                self.msg(self._change(target))

    def _change(self, target: Any) -> str:
        text, category = self.rhs, None
        if not text:
            target.aliases.clear()
            return f"{named(target)} has no aliases any more."
        if "delete" in self.switches:
            return self._delete(target, text.strip().lower())
        if "category" in self.switches:
            text, _, category = text.rpartition(":")
            if not text or not category.strip():
                return "Give the aliases, a colon and the category; nothing was changed."
        added = [alias.strip().lower() for alias in text.split(",") if alias.strip()]
        target.aliases.add(added, category=category)
        return f"{named(target)} has {_listed(target)} now."

    def _delete(self, target: Any, alias: str) -> str:
        carried = [
            (key, category) for key, category in target.aliases.all(return_key_and_category=True) if key == alias
        ]
        if not carried:
            return f"{named(target)} has no alias '{escape(alias)}'; it has {_listed(target)}."
        for key, category in carried:
            target.aliases.remove(key, category=category)
        return f"{named(target)} is not called '{escape(alias)}' any more; it has {_listed(target)}."


def _listed(target: Any) -> str:
    carried = target.aliases.all(return_key_and_category=True)
    names = [escape(f"{key}:{category}" if category else key) for key, category in carried]
    return f"the aliases {', '.join(names)}" if names else "no aliases"


class CmdDesc(EditingCommand):
    """Describe the place where you are, or a thing.

    Usage:
      desc <text>
      desc <thing> = <text>
      desc <thing> =
      desc/edit [<thing>]

    Switches:
      edit - write it line by line

    The text is what people see when they look. An empty one takes the description away.

    Example:
      desc lamp = It is made of brass.
    """

    key = "@desc"
    switch_options = ("edit",)
    locks = "cmd:perm(desc) or perm(Builder)"

    async def func(self) -> None:
        """Describe."""
        if "edit" in self.switches:
            await self._edit()
            return
        if not self.args:
            self.usage()
            return
        if self.rhs is None:
            target, text = self.here, self.args
            if target is None:
                self.msg("You are nowhere, so there is no place to describe.")
                return
        else:
            target, text = self.find_object(self.lhs), self.rhs
        if target is not None:
            self._describe(text, target)

    @writes("desc")
    def _describe(self, text: str, target: Any) -> bool:
        """Whether it was done; a refusal is told."""
        if target is None or target._is_deleted:
            self.msg("It is not there any more.")
            return False
        if not self.require(target, what="describe"):
            return False
        with self.alone(f"{named(target)} was not changed"):
            if text:
                target.db.desc = text
                self.msg(f"{named(target)} has a new description.")
            else:
                target.attributes.remove("desc")
                self.msg(f"{named(target)} has no description of its own any more.")
            return True
        return False

    async def _edit(self) -> None:
        target = self.find_object(self.args) if self.args else self.here
        if target is None:
            if not self.args:
                self.msg("You are nowhere, so there is no place to describe.")
            return
        if self.require(target, what="describe"):
            title = f"the description of {named(target)}"
            await edit(self, self._describe, target, text=str(target.db.desc or ""), title=title)
