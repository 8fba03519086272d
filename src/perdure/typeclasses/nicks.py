"""`obj.nicks`: personal shorthands, replaced in what is typed.

A nick is stored under its pattern, by category, as four strings: regex, output template, pattern and replacement.
`nick_templates` has the language of patterns.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from perdure.errors import InvalidArgument, NickTemplateInvalid, UnreadableValue
from perdure.typeclasses.attribute_api import _shape
from perdure.typeclasses.attribute_store import Slot
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.nick_templates import MAX_PATTERN, initialize_nick_templates, parse_nick_template
from perdure.typeclasses.stored_attributes import AttributeHandler

__all__ = [
    "Nick",
    "NickHandler",
    "NickTemplateInvalid",
    "initialize_nick_templates",
    "nick_slot",
    "parse_nick_template",
]

Nick = tuple[str, str, str, str]

logger = logging.getLogger("perdure.typeclasses")

_LONGEST_KEY = 255


def nick_slot(key: Any, category: Any) -> Slot:
    """Where a nick of this pattern and category is kept. Raises `InvalidKey`."""
    normal = normal_key(key, "nick", MAX_PATTERN)
    if len(normal) > _LONGEST_KEY:
        # The key column is shorter than a pattern may be; the pattern itself is in the value.
        digest = hashlib.sha256(normal.encode()).hexdigest()
        normal = f"{normal[: _LONGEST_KEY - len(digest) - 1]}…{digest}"
    return ("nick", normal_category(category, "nick"), normal)


class NickHandler(AttributeHandler):
    """Handles the nicks of an object or account.

    Nicks are tried in the order they were added, categories in the order they are asked for.
    """

    _attrtype = "nick"

    def _slot(self, key: Any, category: Any) -> Slot:
        return nick_slot(key, category)

    def _find(self, slot: Slot) -> Any:
        self._in_order()
        return super()._find(slot)

    def _set(self, slot: Slot, value: Any, lockstring: str | None, string: str | None) -> None:
        self._in_order()
        super()._set(slot, value, lockstring, string)

    def _in_order(self) -> None:
        """Have memory hold all nicks in the order of their rows, whichever is read first."""
        store = self._store
        store.load()
        for slot in [slot for slot in store.raw if slot[0] == "nick"]:
            with suppress(UnreadableValue):  # whoever asks for that one gets the error
                store.find(slot)

    def add(  # type: ignore[override]
        self,
        pattern: str,
        replacement: str,
        category: str | None = "inputline",
        pattern_is_regex: bool = False,
        **kwargs: Any,
    ) -> None:
        """Create or overwrite a nick.

        Args:
            pattern: what is typed; also the key of the nick.
            replacement: what it becomes.
            category: `inputline`, `channel`, or any other; case-insensitive.
            pattern_is_regex: `pattern` is a regular expression.
            kwargs: `lockstring`, `accessing_obj`, `default_access` of `attributes.add`.

        Raises:
            NickTemplateInvalid: the pattern is malformed, or its markers are not those of the replacement.
        """
        kwargs.pop("strattr", None)
        regex, template = initialize_nick_templates(pattern, replacement, pattern_is_regex)
        super().add(pattern, (regex, template, pattern, replacement), category=category, **kwargs)

    def batch_add(self, *nicks: Any, strattr: bool = False) -> None:
        """Create or overwrite several: each `(pattern, replacement[, category[, lockstring[, default_access]]])`.

        They are written together or not at all.
        """
        items = []
        for nick in nicks:
            if isinstance(nick, str) or not isinstance(nick, Iterable) or len(parts := list(nick)) < 2:
                raise InvalidArgument(f"batch_add takes (pattern, replacement[, category]) tuples, got {nick!r}")
            initialize_nick_templates(parts[0], parts[1])
            items.append(parts if len(parts) > 2 else [*parts, "inputline"])
        super().batch_add(*items)

    def get(  # type: ignore[override]
        self, key: Any = None, category: str | None = "inputline", return_tuple: bool = False, **kwargs: Any
    ) -> Any:
        """The replacement of a nick, or a list of several; the default (None) for none.

        Args:
            key: its pattern, or several; None for all of the category.
            category: where to look.
            return_tuple: give the four strings instead.
            kwargs: as `attributes.get`: `default`, `return_obj`, `return_list`, `raise_exception`, `accessing_obj`,
                `default_access`.
        """
        kwargs.pop("strattr", None)
        if kwargs.get("return_obj"):
            return super().get(key, category=category, **kwargs)
        default = kwargs.pop("default", None)
        return_list = kwargs.pop("return_list", False)
        found = super().get(key, category=category, return_list=True, **kwargs)
        return _shape(found if return_tuple else [nick[3] for nick in found], default, return_list)

    def has(self, key: Any = None, category: str | None = "inputline") -> bool | list[bool]:
        """Whether there is such a nick: a bool for one key, a list for several; without a key, whether there is any."""
        return super().has(key, category=category)

    def remove(  # type: ignore[override]
        self, key: Any = None, category: str | None = "inputline", **kwargs: Any
    ) -> None:
        """Remove one nick or several; None removes the whole category. See `attributes.remove` for `kwargs`."""
        super().remove(key, category=category, **kwargs)

    def nickreplace(
        self, raw_string: str, categories: Iterable[str] = ("inputline", "channel"), include_account: bool = True
    ) -> str:
        """`raw_string` with the first nick that matches all of it replaced, or as it was.

        Args:
            raw_string: what was typed.
            categories: where to look; of nicks with the same key, the one in the later category counts.
            include_account: look into the nicks of the controlling account too; these win over the object's own.
        """
        categories = (categories,) if isinstance(categories, str) else tuple(categories)
        nicks = self._by_key(categories)
        account = getattr(self.obj, "account", None) if include_account else None
        if account is not None:
            nicks.update(account.nicks._by_key(categories))
        for key, nick in nicks.items():
            try:
                matched, result = parse_nick_template(raw_string, nick[0], nick[1])
            except NickTemplateInvalid as error:
                logger.warning("nick %r of %r passed over: %s", key, self.obj, error)
                continue
            if matched:
                return result
        return raw_string

    def _by_key(self, categories: tuple[str, ...]) -> dict[str, Nick]:
        self._in_order()
        store = self._store
        slots = [slot for category in categories for slot in self._slots(normal_category(category, "nick"))]
        nicks = {slot[2]: store.held(slot) for slot in slots}
        return {key: nick for key, nick in nicks.items() if isinstance(nick, tuple) and len(nick) == 4}
