"""What objects look like to a looker.

Contract: `return_appearance` fills `appearance_template` from the `get_display_*` methods, each of which a class may
override, and hands the text to `format_appearance`. Lines of the template that have nothing to show are left out.

Invariants: looking never writes. Names in the plural are computed when they are shown and when they are searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from perdure.locks import check_perm
from perdure.text.english import join_words, numbered, plural, with_article
from perdure.text.stance import display_name

__all__ = ["Appearance"]

_FIELD = re.compile(r"\{\w+\}")


class Appearance:
    """How an object looks; part of `DefaultObject`."""

    default_description = "You see nothing special."

    appearance_template = """
{header}
|c{name}|n{extra_name_info}
{desc}
{exits}
{characters}
{things}
{footer}
"""

    def return_appearance(self: Any, looker: Any, **kwargs: Any) -> str:
        """What `looker` sees when looking at this object; empty without a looker. `kwargs` go to every helper."""
        if looker is None:
            return ""
        slots = {
            "name": self.get_display_name(looker, **kwargs),
            "extra_name_info": self.get_extra_display_name_info(looker, **kwargs),
            "desc": self.get_display_desc(looker, **kwargs),
            "header": self.get_display_header(looker, **kwargs),
            "footer": self.get_display_footer(looker, **kwargs),
            "exits": self.get_display_exits(looker, **kwargs),
            "characters": self.get_display_characters(looker, **kwargs),
            "things": self.get_display_things(looker, **kwargs),
        }
        lines = [_filled(line, slots) for line in self.appearance_template.split("\n")]
        text = "\n".join(line for line in lines if line is not None)
        return str(self.format_appearance(text, looker, **kwargs))

    def format_appearance(self, appearance: str, looker: Any, **kwargs: Any) -> str:
        """The last touch: no more than one blank line or space in a row, nothing around it."""
        text = re.sub(r"(?<=\S) {2,}", " ", appearance)
        return re.sub(r"\n[ \t]*(\n[ \t]*)+\n", "\n\n", text).strip()

    def get_display_name(self: Any, looker: Any = None, **kwargs: Any) -> str:
        """What `looker` calls this object."""
        return str(self.name)

    def get_extra_display_name_info(self: Any, looker: Any = None, **kwargs: Any) -> str:
        """What stands behind the name when looked at: `(#id)` for builders."""
        return f"({self.dbref})" if looker is not None and check_perm(looker, "Builder") else ""

    def get_display_desc(self: Any, looker: Any, **kwargs: Any) -> str:
        """The description: the attribute `desc`, or `default_description`."""
        return self.db.desc or self.default_description  # type: ignore[no-any-return]

    def get_display_header(self, looker: Any, **kwargs: Any) -> str:
        """A line above everything else."""
        return ""

    def get_display_footer(self, looker: Any, **kwargs: Any) -> str:
        """A line below everything else."""
        return ""

    def get_display_exits(self: Any, looker: Any, **kwargs: Any) -> str:
        """The visible exits, by name. `exit_order`, an iterable of names, puts those first."""
        exits = self.filter_visible(self.contents_get(content_type="exit"), looker, **kwargs)
        order = {name.lower(): index for index, name in enumerate(kwargs.get("exit_order") or ())}
        exits.sort(key=lambda way: (order.get(way.key.lower(), len(order)), way.key.lower()))
        names = join_words(way.get_display_name(looker, **kwargs) for way in exits)
        return f"|wExits:|n {names}" if names else ""

    def get_display_characters(self: Any, looker: Any, **kwargs: Any) -> str:
        """The visible characters."""
        characters = self.filter_visible(self.contents_get(content_type="character"), looker, **kwargs)
        names = join_words(character.get_display_name(looker, **kwargs) for character in characters)
        return f"|wCharacters:|n {names}" if names else ""

    def get_display_things(self: Any, looker: Any, **kwargs: Any) -> str:
        """The visible things, equal names counted together."""
        groups: dict[str, list[Any]] = {}
        for thing in self.filter_visible(self.contents_get(content_type="object"), looker, **kwargs):
            groups.setdefault(thing.get_display_name(looker, **kwargs), []).append(thing)
        shown = []
        for name, things in sorted(groups.items()):
            singular, several = things[0].get_numbered_name(len(things), looker, key=name)
            shown.append(singular if len(things) == 1 else several)
        names = join_words(shown)
        return f"|wYou see:|n {names}" if names else ""

    def get_numbered_name(self: Any, count: int, looker: Any, **kwargs: Any) -> Any:
        """This object's name as one, and as `count` of them: `("an apple", "three apples")`.

        Args:
            count: how many.
            looker: who sees them.
            kwargs: `key` to use in place of the display name; `return_string` gives only the form that suits `count`;
                `no_article` leaves out the article of the first.
        """
        name = kwargs.get("key") or self.get_display_name(looker)
        singular = name if kwargs.get("no_article") else with_article(name)
        several = numbered(name, count) if count != 1 else plural(name)
        if kwargs.get("return_string"):
            return singular if count == 1 else several
        return singular, several

    def filter_visible(self: Any, obj_list: Iterable[Any], looker: Any, **kwargs: Any) -> list[Any]:
        """Those of the objects that `looker` can see: not itself, and passing the locks `view` and `search`."""
        return [
            obj
            for obj in obj_list
            if obj is not looker and obj.access(looker, "view") and obj.access(looker, "search", default=True)
        ]

    def get_visible_contents(self: Any, looker: Any, **kwargs: Any) -> dict[str, list[Any]]:
        """What `looker` can see inside, as lists called exits, characters and things."""
        kinds = {"exits": "exit", "characters": "character", "things": "object"}
        return {
            name: self.filter_visible(self.contents_get(content_type=kind), looker, **kwargs)
            for name, kind in kinds.items()
        }

    def get_content_names(self: Any, looker: Any, **kwargs: Any) -> dict[str, list[str]]:
        """The display names of what `looker` can see inside, as lists called exits, characters and things."""
        visible = self.get_visible_contents(looker, **kwargs)
        return {name: [display_name(obj, looker) for obj in found] for name, found in visible.items()}

    # --- hooks

    def at_look(self: Any, target: Any, **kwargs: Any) -> str:
        """What this object sees when it looks at `target`; sends nothing."""
        if not target.access(self, "view"):
            return f"You cannot look at {target.get_display_name(self)}."
        seen = str(target.return_appearance(self, **kwargs))
        target.at_desc(looker=self)
        return seen

    def at_desc(self, looker: Any = None, **kwargs: Any) -> None:
        """Called when this object has been looked at."""


def _filled(line: str, slots: dict[str, str]) -> str | None:
    """One line of the template with its slots filled; None if there is nothing in them."""
    wanted = _FIELD.findall(line)
    if wanted and not any(slots.get(name[1:-1]) for name in wanted):
        return None
    return line.format_map(_Slots(slots))


class _Slots(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""
