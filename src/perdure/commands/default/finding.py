"""`find`: looking things up in the whole database."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q

from perdure.accounts.models import AccountDB
from perdure.commands.default.editing import EditingCommand, named
from perdure.commands.default.typed_values import read_value
from perdure.commands.default.value_texts import shown_value
from perdure.conf import conf
from perdure.errors import InvalidArgument, InvalidKey, UnknownLookup
from perdure.idmapper.wrappers import dbref_number
from perdure.locks import check_perm
from perdure.objects.models import ObjectAttribute, ObjectDB
from perdure.text.markup import escape
from perdure.typeclasses import registry

__all__ = ["CmdFind"]

_MOST = 50
_WINDOW = re.compile(r"#?([0-9]{1,18})(?:\s*-\s*#?([0-9]{1,18}))?")
_COMPARED = re.compile(r"(?P<name>[^<>=!~]+?)\s*(?P<operator><=|>=|!=|<|>|=|~)\s*(?P<value>.+)", re.DOTALL)
_LOOKUPS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "=": "exact", "~": "icontains"}
_KINDS = {"room": "ROOM", "exit": "EXIT", "char": "CHARACTER"}


class CmdFind(EditingCommand):
    """Look things up in the whole world.

    Usage:
      find[/switches] <text> [= <lowest number>[-<highest number>]]
      find[/switches] #<number>
      find *<account>
      find/tag <tag>[:<category>] [= <lowest number>[-<highest number>]]
      find/attr <attribute>[:<category>] [<operator> <value>]

    Switches:
      room, exit, char - only these kinds, or classes derived from them; without a text, all of them
      exact            - the whole name
      startswith       - the beginning of the name
      loc              - tell where each is (locate means it)
      tag              - what carries a tag
      attr             - what has an attribute, or one that compares with a value

    Names and aliases that have the text in them are found, in upper or lower case. Operators are <, <=, >, >=, =, !=
    and ~ (has the text in it). Values are written as for the command set: numbers compare with numbers, text with text.
    Attributes that have a lock on being read are passed over, but for developers.

    Example:
      find/attr oil < 20
      find/room/loc cave = 100-200
    """

    key = "@find"
    aliases = ["@search", "@locate"]
    switch_options = ("room", "exit", "char", "exact", "loc", "startswith", "attr", "tag")
    locks = "cmd:perm(find) or perm(Builder)"

    async def func(self) -> None:
        """Look up and list."""
        kinds = [switch for switch in self.switches if switch in _KINDS]
        if not self.args and not kinds:
            self.usage()
            return
        if self.lhs.startswith("*"):
            await self._tell(AccountDB.objects.search_account(self.lhs.lstrip("* "), exact="exact" in self.switches))
            return
        try:
            found = self._rows()
        except (InvalidArgument, InvalidKey, UnknownLookup) as error:
            self.msg(escape(str(error)))
            return
        if found is None:
            return
        if kinds:
            found = found.filter(db_typeclass_path__in=_paths_of(kinds))
        await self._tell(found)

    def _rows(self) -> Any:
        """What is looked for, before kinds; None after telling what is wrong."""
        if "attr" in self.switches:
            return _by_attribute(self.args, self._reference, all_of_them=check_perm(self.caller, "Developer"))
        window = self._window()
        if window is None:
            return None
        if "tag" in self.switches:
            key, _, category = self.lhs.partition(":")
            found = ObjectDB.objects.get_by_tag(key=key.strip() or None, category=category.strip() or None)
        elif self.lhs.startswith("#") and (number := dbref_number(self.lhs)) is not None:
            found = ObjectDB.objects.filter(pk=number)
        else:
            found = self._by_name(self.lhs)
        return found.filter(window)

    def _window(self) -> Q | None:
        """The condition on the number; None after telling what is wrong."""
        if not self.rhs:
            return Q()
        match = _WINDOW.fullmatch(self.rhs)
        if match is None:
            self.msg("Behind the = stand the lowest number and, after a -, the highest.")
            return None
        return Q(pk__gte=int(match[1])) & (Q(pk__lte=int(match[2])) if match[2] else Q())

    def _by_name(self, text: str) -> Any:
        if not text:
            return ObjectDB.objects.all()
        if "exact" in self.switches:
            return ObjectDB.objects.search_object(text, exact=True, use_dbref=False).order_by("pk")
        lookup = "startswith" if "startswith" in self.switches else "contains"
        links = ObjectDB._meta.get_field("db_tags").remote_field.through
        alias = {"tag__db_tagtype": "alias", "tag__db_model": "objectdb", f"tag__db_key__{lookup}": text.lower()}
        carriers = links.objects.filter(**alias).values("objectdb_id")
        return ObjectDB.objects.filter(Q(**{f"db_key__i{lookup}": text}) | Q(pk__in=carriers))

    def _reference(self, kind: str, name: str) -> Any:
        return self.find_anywhere(name if kind == "search" or name.startswith("#") else f"#{name}")

    async def _tell(self, found: Any) -> None:
        number = found.count()
        if not number:
            self.msg("Nothing was found.")
            return
        shown = list(found.order_by("pk")[:_MOST])
        places = "loc" in self.switches or self.cmdname.lstrip("@") == "locate"
        lines = [f"{number} found:"]
        for one in shown:
            line = f"  {named(one)} - {escape(one.typeclass_path)}"
            if places and hasattr(one, "location"):
                line += f" - in {named(one.location)}"
            lines.append(line)
        if number > _MOST:
            lines.append(f"  … and {number - _MOST} more: narrow it down, for example by = {shown[-1].pk + 1}.")
        await self.page("\n".join(lines))


def _paths_of(kinds: list[str]) -> set[str]:
    """The stored paths of the classes of these kinds."""
    paths: set[str] = set()
    for kind in kinds:
        for path in (
            getattr(conf, f"BASE_{_KINDS[kind]}_TYPECLASS"),
            f"perdure.objects.objects.Default{_KINDS[kind].capitalize()}",
        ):
            paths.update(registry.family_paths(registry.resolve(path, ObjectDB)))
    return paths


def _by_attribute(text: str, reference: Any, all_of_them: bool) -> Any:
    """The objects whose attribute compares as the text says, or that have it.

    An attribute with a lock on being read tells nothing of itself here, unless `all_of_them` are looked through.
    """
    match = _COMPARED.fullmatch(text.strip())
    name, _, category = (match["name"] if match else text).strip().partition(":")
    key, category = name.strip().lower(), category.strip() or None
    if not key:
        raise InvalidArgument("Say which attribute: find/attr oil < 20.")
    objects = ObjectDB.objects.all()
    if not all_of_them:
        hidden = ObjectAttribute.objects.filter(db_key=key, db_lock_storage__icontains="attrread")
        objects = objects.exclude(pk__in=hidden.values("owner_id"))
    there = objects.filter(pk__in=ObjectDB.objects.get_by_attribute(key=key, category=category or "").values("pk"))
    if match is None:
        return there
    value = read_value(match["value"], reference).value
    if match["operator"] == "!=":
        return there.exclude_attributes(category, **{f"{key}__exact": value})
    if match["operator"] == "~" and not isinstance(value, str):
        raise InvalidArgument(f"~ looks for a text, and {shown_value(value)} is none; put quotes around it")
    return objects.filter_attributes(category, **{f"{key}__{_LOOKUPS[match['operator']]}": value})
