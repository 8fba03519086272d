"""Stored values as people read them.

Contract: what is shown is what is stored, falsy values and colour codes included; entities are shown by name and
number. Long values can be cut. Containers of attributes are shown as the plain ones they stand for.
"""

from __future__ import annotations

from typing import Any

from perdure.text.markup import escape
from perdure.values import plain

__all__ = ["shown_value", "type_name"]


def shown_value(value: Any, most: int | None = None) -> str:
    """A value as Python would write it, its colour codes shown and not obeyed; with `most`, no longer than that."""
    text = _text(value)
    if most is not None and len(text) > most:
        text = f"{text[: most - 1]}…"
    return escape(text)


def _text(value: Any) -> str:
    if hasattr(value, "dbref") and hasattr(value, "_meta"):
        return f"{value.key}({value.dbref})"
    if isinstance(value, list | dict | tuple | set | frozenset):
        return repr(_readable(plain(value)))
    return repr(value)


def _readable(value: Any) -> Any:
    """The value with names in the place of entities."""
    kind = type(value)
    if kind is dict:
        return {_readable(key): _readable(item) for key, item in value.items()}
    if kind in (list, tuple, set, frozenset):
        return kind(_readable(item) for item in value)
    return _Named(_text(value)) if hasattr(value, "dbref") and hasattr(value, "_meta") else value


class _Named(str):
    """A text that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def type_name(value: Any) -> str:
    """The type of a value, of tracked containers that of the plain one."""
    if hasattr(value, "dbref") and hasattr(value, "_meta"):
        return f"a reference to {type(value).__name__}"
    return type(plain(value)).__name__
