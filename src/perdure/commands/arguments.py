"""Arguments in the style of MUX: `name/switch/switch left = right`, and what build commands make of them.

Contract: `rhs` is None when there was no delimiter and empty when there was one with nothing behind it. Switches are
only what follows the name directly; the first blank ends them.
"""

from __future__ import annotations

import re
from typing import Any

from perdure.commands.command import Command
from perdure.conf import conf
from perdure.errors import TypeclassError
from perdure.objects.models import ObjectDB
from perdure.text.markup import escape
from perdure.typeclasses import registry

__all__ = ["MuxCommand", "ObjManipCommand", "split_switches"]

_INDEX = re.compile(r"(?P<name>[^\[]*)(?P<index>\[.*\])?", re.DOTALL)


class MuxCommand(Command):
    """Base of commands whose arguments are `/switches left = right`.

    Set by `parse`: `raw` (all of it), `switches`, `args` (without the switches, stripped), `arglist` (at blanks), `lhs`
    and `rhs` (None without a delimiter), `lhslist` and `rhslist` (at commas). With `account_caller` also `character`.
    """

    #: The switches there are; None accepts any, unchecked.
    switch_options: tuple[str, ...] | None = None
    #: What divides left from right: one text, or several in order of preference.
    rhs_split: str | tuple[str, ...] | None = "="
    #: Whether the account is the caller; `character` is then who it plays, or None.
    account_caller = False

    raw: str = ""
    switches: list[str] = []
    arglist: list[str] = []
    lhs: str = ""
    rhs: str | None = None
    lhslist: list[str] = []
    rhslist: list[str] = []
    character: Any = None

    def parse(self) -> Any:
        """Take the arguments apart."""
        self.raw = self.args
        given, rest = split_switches(self.args)
        self.switches = self._known_switches(given)
        self.args = rest.strip()
        self.arglist = self.args.split()
        self.lhs, self.rhs = self._sides()
        self.lhslist = _commas(self.lhs)
        self.rhslist = _commas(self.rhs)
        if self.account_caller:
            self._let_the_account_act()

    def _known_switches(self, given: list[str]) -> list[str]:
        """The switches by their whole names; the others are told about and left out."""
        if self.switch_options is None:
            return given
        found: list[str] = []
        for switch in given:
            options = [option for option in self.switch_options if option.lower() == switch.lower()] or [
                option for option in self.switch_options if option.lower().startswith(switch.lower())
            ]
            if len(options) == 1:
                found += [] if options[0] in found else options
            elif options:
                several = " or ".join(f"/{one}" for one in options)
                self.msg(f"The switch /{escape(switch)} could be {several}; it was left out.")
            else:
                self.msg(f"There is no switch /{escape(switch)} here; it was left out.")
        return found

    def _sides(self) -> tuple[str, str | None]:
        delimiters = self.rhs_split if self.rhs_split is not None else "="
        for delimiter in (delimiters,) if isinstance(delimiters, str) else delimiters:
            left, found, right = self.args.partition(delimiter)
            if found:
                return left.strip(), right.strip()
        return self.args, None

    def _let_the_account_act(self) -> None:
        caller = self.caller
        if getattr(caller, "cmdset_provider_type", "") == "account":
            self.character = caller.get_puppet(self.session) if self.session is not None else None
            return
        account = getattr(caller, "account", None)
        if account is not None:
            self.character = caller if getattr(caller, "cmdset_provider_type", "") == "object" else None
            self.caller = account

    def get_command_info(self) -> str:
        """What the command was given, and what was made of it."""
        shown = ("switches", "arglist", "lhs", "rhs", "lhslist", "rhslist")
        return "\n".join([super().get_command_info(), *(f"  {name}: {getattr(self, name)!r}" for name in shown)])


class ObjManipCommand(MuxCommand):
    """Base of commands that build: each item between commas is `name;alias:option` or `name/attribute:category`.

    Set by `parse` as well: `lhs_objs` and `rhs_objs`, dicts with `name`, `aliases` and `option`; `lhs_objattr` and
    `rhs_objattr`, dicts with `name`, `attrs` and `category`. Names of attributes are in lower case, but for what stands
    in brackets at their end.
    """

    lhs_objs: list[dict[str, Any]] = []
    rhs_objs: list[dict[str, Any]] = []
    lhs_objattr: list[dict[str, Any]] = []
    rhs_objattr: list[dict[str, Any]] = []

    def parse(self) -> Any:
        """Take the arguments apart."""
        super().parse()
        self.lhs_objs = [_object_part(item) for item in self.lhslist]
        self.rhs_objs = [_object_part(item) for item in self.rhslist]
        self.lhs_objattr = [_attribute_part(item) for item in self.lhslist]
        self.rhs_objattr = [_attribute_part(item) for item in self.rhslist]

    def get_object_typeclass(
        self, obj_type: str = "object", typeclass: str | None = None, method: str = "cmd_create", **kwargs: Any
    ) -> tuple[Any, list[str]]:
        """The class of a new thing, and why there is none.

        Args:
            obj_type: object, character, room or exit: whose base class it is when none is named.
            typeclass: the path that was named.
            method: which command asks, for classes that decide by it.
        """
        path = typeclass or getattr(conf, f"BASE_{obj_type.upper()}_TYPECLASS")
        try:
            return registry.resolve(path, ObjectDB), []
        except TypeclassError as error:
            return None, [str(error)]


def split_switches(args: str) -> tuple[list[str], str]:
    """The switches at the very beginning, and what follows them."""
    if not args.startswith("/"):
        return [], args
    word, *rest = args.split(maxsplit=1)
    return [switch for switch in word.split("/") if switch], rest[0] if rest else ""


def _commas(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _object_part(item: str) -> dict[str, Any]:
    """`name;alias;alias:option`."""
    names, found, option = item.rpartition(":")
    if not found:
        names, option = item, ""
    name, *aliases = (part.strip() for part in names.split(";"))
    return {"name": name, "aliases": [alias for alias in aliases if alias], "option": option.strip() or None}


def _attribute_part(item: str) -> dict[str, Any]:
    """`name/attribute/attribute:category`."""
    names, found, category = item.rpartition(":")
    if not found or "]" in category:  # the colon is inside of an index
        names, category = item, ""
    name, *attributes = (part.strip() for part in names.split("/"))
    return {
        "name": name,
        "attrs": [_attribute_name(attribute) for attribute in attributes if attribute],
        "category": category.strip() or None,
    }


def _attribute_name(text: str) -> str:
    found = _INDEX.fullmatch(text)
    return found["name"].lower() + (found["index"] or "") if found else text.lower()
