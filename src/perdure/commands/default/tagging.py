"""`tag`: the tags of things, and the things that carry a tag."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.editing import EditingCommand, named, plural_s
from perdure.errors import InvalidKey
from perdure.objects.models import ObjectDB
from perdure.text.markup import escape

__all__ = ["CmdTag"]

_MOST = 50


class CmdTag(EditingCommand):
    """Show or change the tags of something, or find what carries a tag.

    Usage:
      tag <thing>
      tag <thing> = <tag>[:<category>][, <tag>…]
      tag/del <thing> [= <tag>[:<category>]]
      tag/search <tag>[:<category>]
      tag/search :<category>

    Switches:
      del    - take a tag away; without one, all of them (you are asked first)
      search - list what carries the tag, or any tag of the category

    Example:
      tag lamp = light:kind
    """

    key = "@tag"
    aliases = ["@tags"]
    switch_options = ("search", "del")
    locks = "cmd:perm(tag) or perm(Builder)"

    async def func(self) -> None:
        """Show, change or find."""
        if not self.args:
            self.usage()
            return
        if "search" in self.switches:
            self._search(self.args)
            return
        target = self.find_anywhere(self.lhs)
        if target is None:
            return
        if "del" in self.switches:
            await self._delete(target)
        elif self.rhs is None:
            self._show(target)
        elif self.require(target, what="tag"):
            self._add(target)

    def _show(self, target: Any) -> None:
        tags = [_shown(key, category) for key, category in target.tags.all(return_key_and_category=True)]
        self.msg(f"{named(target)} has the tag{plural_s(len(tags))} {', '.join(tags)}." if tags else _none(target))

    def _add(self, target: Any) -> None:
        wanted = [_split(text) for text in self.rhslist if text.strip()]
        if not wanted or not all(key for key, _ in wanted):
            self.msg("Give a tag; to take tags away there is tag/del.")
            return
        for key, category in wanted:
            with self.alone(f"'{escape(key)}' was not added"):
                target.tags.add(key, category=category)
                self.msg(f"{named(target)} has the tag {_shown(key, category)} now.")

    async def _delete(self, target: Any) -> None:
        if not self.require(target, what="tag"):
            return
        if not self.rhs:
            if not target.tags.all():
                self.msg(_none(target))
            elif await self.confirm(f"Take all tags of {named(target)} away?", default=False):
                if target._is_deleted or not self.require(target, what="tag"):
                    return
                target.tags.clear()
                self.msg(f"{named(target)} has no tags any more.")
            else:
                self.msg("Its tags stay.")
            return
        for key, category in (_split(text) for text in self.rhslist if text.strip()):
            with self.alone(f"'{escape(key)}' was not taken away"):
                if key and target.tags.has(key, category=category):
                    target.tags.remove(key, category=category)
                    self.msg(f"{named(target)} has no tag {_shown(key, category)} any more.")
                else:
                    self.msg(f"{named(target)} has no tag {_shown(key, category)}.")

    def _search(self, text: str) -> None:
        key, category = _split(text)
        label = _shown(key, category) if key else f"of the category '{escape(category or '')}'"
        try:
            found = ObjectDB.objects.get_by_tag(key=key or None, category=category).order_by("pk")
        except InvalidKey as error:  # longer than any can be
            self.msg(f"There is no tag {label}: {escape(str(error))}.")
            return
        number = found.count()
        if not number:
            self.msg(f"Nothing carries a tag {label}.")
            return
        lines = [f"{number} thing{plural_s(number)} with a tag {label}:"]
        lines += [f"  {named(one)} - {escape(one.typeclass_path)}" for one in found[:_MOST]]
        if number > _MOST:
            lines.append(f"  … and {number - _MOST} more.")
        self.msg("\n".join(lines))


def _split(text: str) -> tuple[str, str | None]:
    """Key and category of `light:kind`."""
    key, _, category = text.strip().partition(":")
    return key.strip(), category.strip() or None


def _shown(key: str, category: str | None) -> str:
    return f"'{escape(f'{key}:{category}' if category else key)}'"


def _none(target: Any) -> str:
    return f"{named(target)} has no tags."
