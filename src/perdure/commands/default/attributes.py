"""`set`: attributes, seen and changed."""

from __future__ import annotations

from typing import Any

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB
from perdure.commands.default.attribute_locks import has_attribute, may_read, may_write
from perdure.commands.default.attribute_paths import (
    AttributePart,
    Target,
    delete_part,
    parse_target,
    read_part,
    write_part,
)
from perdure.commands.default.editing import EditingCommand, named
from perdure.commands.default.typed_values import TypedValue, read_value
from perdure.commands.default.value_texts import shown_value, type_name
from perdure.commands.writing import edit, writes
from perdure.conf import conf
from perdure.errors import InvalidArgument
from perdure.scripts.models import ScriptDB
from perdure.text.markup import escape

__all__ = ["CmdSetAttribute"]

_CLASSES = {"char": "CHARACTER", "character": "CHARACTER", "room": "ROOM", "exit": "EXIT"}
_MODELS = {"account": AccountDB, "script": ScriptDB, "channel": ChannelDB}


class CmdSetAttribute(EditingCommand):
    """Show, set or delete attributes.

    Usage:
      set <thing>
      set <thing>/<attribute>[:<category>]
      set <thing>/<attribute>[/<attribute>…][:<category>] = <value>
      set <thing>/<attribute>[:<category>] =
      set <thing>/<attribute>[<key or index>]… [= <value>]
      set/edit <thing>/<attribute>[:<category>]

    Switches:
      edit - write a text line by line
      account, script, channel - the thing is one of these (an account is *name too)
      room, exit, character    - (char) look for one of these, everywhere

    A value is written as in Python: 5, 2.5, True, None, "text", [1, 2], (1, 2), {"a": 1}, {1, 2}, date(2024, 2, 29),
    timedelta(3). $dbref(#5) and $search(lamp) are references to things that you may edit; they may stand inside a list
    too. Anything else is taken as text, and you are told so. An empty value deletes the attribute.

    In brackets, a number is an index (or a number as a key), anything else a key; write a number that is a text with
    quotes: bag["5"]. [+] adds to a list, [+2] puts a new item before the one with the index 2.

    Example:
      set lamp/oil = 20
      set chest/contents[coins][0] = 5
    """

    key = "@set"
    switch_options = ("account", "script", "channel", "char", "character", "room", "exit", "edit")
    locks = "cmd:perm(set) or perm(Builder)"

    async def func(self) -> None:
        """Show, set or delete."""
        if not self.lhs:
            self.usage()
            return
        try:
            wanted = parse_target(self.lhs)
        except InvalidArgument as error:
            self.msg(escape(str(error)))
            return
        target = self._find(wanted.name)
        if target is None:
            return
        if "edit" in self.switches:
            await self._edit(target, wanted)
        elif self.rhs is None:
            self._show(target, wanted)
        elif not wanted.parts:
            self.msg("Say which attribute: set <thing>/<attribute> = <value>.")
        elif self.require(target):
            if self.rhs:
                self._set(target, wanted)
            else:
                self._each(target, wanted, self._delete)

    def _find(self, name: str) -> Any:
        for switch in self.switches:
            if switch == "account":
                return self.find_account(name)
            if switch in _MODELS:
                return self.find_one_of(_MODELS[switch], name)
            if switch in _CLASSES:
                base = getattr(conf, f"BASE_{_CLASSES[switch]}_TYPECLASS")
                return self.caller.search(name, global_search=True, typeclass=base)
        return self.find_object(name, accounts=True)

    # --- seeing

    def _show(self, target: Any, wanted: Target) -> None:
        if not self.may(target, "examine"):
            self.msg(f"You may not see the attributes of {named(target)}: it takes 'examine' access (see explain).")
            return
        parts = wanted.parts or tuple(AttributePart(row.db_key) for row in target.attributes.all(category=""))
        if not parts:
            self.msg(f"{named(target)} has no attributes (without a category).")
        for part in parts:
            self._show_part(target, part, wanted.category)

    def _show_part(self, target: Any, part: AttributePart, category: str | None) -> None:
        if not has_attribute(target, part.key, category):
            self.msg(f"{_label(target, part, category)} does not exist.")
            return
        if not may_read(target, part.key, category, self.caller):
            self.msg(f"{_label(target, part, category)} has locks of its own, which do not let you see it.")
            return
        try:
            value = read_part(target.attributes.get(part.key, category=category), part.path)
        except InvalidArgument as error:
            self.msg(f"{_label(target, part, category)}: {escape(str(error))}.")
            return
        self.msg(f"{_label(target, part, category)} = {shown_value(value)} ({type_name(value)})")

    # --- changing

    def _set(self, target: Any, wanted: Target) -> None:
        try:
            given = read_value(self.rhs or "", self._reference)
        except InvalidArgument as error:
            self.msg(escape(str(error)))
            return

        def put(target: Any, part: AttributePart, category: str | None) -> str:
            return self._put(target, part, category, given)

        self._each(target, wanted, put)

    def _reference(self, kind: str, name: str) -> Any:
        """The entity of `$dbref(…)` or `$search(…)`, if the caller may edit it; None after telling why not."""
        if kind == "dbref":
            name = name if name.startswith("#") else f"#{name}"
        entity = self.find_object(name, everywhere=True, accounts=True)
        return entity if entity is not None and self.require(entity, what="refer to") else None

    def _each(self, target: Any, wanted: Target, change: Any) -> None:
        """Change each part by itself, and tell what came of it."""
        for part in wanted.parts:
            label = _label(target, part, wanted.category)
            if not may_write(target, part.key, wanted.category, self.caller):
                self.msg(f"{label} has locks of its own, which do not let you.")
                continue
            with self.alone(f"{label} was not changed"):
                self.msg(change(target, part, wanted.category))

    def _put(self, target: Any, part: AttributePart, category: str | None, given: TypedValue) -> str:
        label = _label(target, part, category)
        there = has_attribute(target, part.key, category)
        if part.path:
            if not there:
                raise InvalidArgument("there is no such attribute, so nothing can be put into it; set it first")
            write_part(target.attributes.get(part.key, category=category), part.path, given.value)
        else:
            target.attributes.add(part.key, given.value, category=category)
        note = " It is no Python value, so it was taken as text." if given.is_plain_text else ""
        verb = "changed to" if there else "new:"
        return f"{label} is {verb} {shown_value(given.value)} ({type_name(given.value)}).{note}"

    async def _edit(self, target: Any, wanted: Target) -> None:
        """Write one attribute line by line; something that is no text becomes one only after a yes."""
        if len(wanted.parts) != 1 or wanted.parts[0].path:
            self.msg("Say which one attribute to edit: set/edit <thing>/<attribute>.")
            return
        part, category = wanted.parts[0], wanted.category
        label = _label(target, part, category)
        if not self._may_edit(target, part, category):
            return
        value = target.attributes.get(part.key, default="", category=category)
        if not isinstance(value, str):
            question = f"{label} is {shown_value(value, 60)} ({type_name(value)}). Make it a text?"
            if not await self.confirm(question, default=False):
                self.msg("It stays as it is.")
                return
        text = value if isinstance(value, str) else str(value)

        await edit(self, self._save_text, target, part.key, category, text=text, title=label)

    @writes("set")
    def _save_text(self, text: str, target: Any, key: str, category: str | None) -> bool:
        if target is None or target._is_deleted:
            self.msg("It is not there any more.")
            return False
        if not self._may_edit(target, AttributePart(key), category):
            return False
        target.attributes.add(key, text, category=category)
        return True

    def _may_edit(self, target: Any, part: AttributePart, category: str | None) -> bool:
        if not self.require(target):
            return False
        if may_write(target, part.key, category, self.caller) and may_read(target, part.key, category, self.caller):
            return True
        self.msg(f"{_label(target, part, category)} has locks of its own, which do not let you.")
        return False

    def _delete(self, target: Any, part: AttributePart, category: str | None) -> str:
        label = _label(target, part, category)
        if not has_attribute(target, part.key, category):
            return f"{label} does not exist."
        if part.path:
            delete_part(target.attributes.get(part.key, category=category), part.path)
        else:
            target.attributes.remove(part.key, category=category)
        return f"{label} is deleted."


def _label(target: Any, part: AttributePart, category: str | None) -> str:
    return f"{named(target)}/{escape(str(part))}{f':{escape(category)}' if category else ''}"
