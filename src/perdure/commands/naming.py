"""The names and locks that a command class declares, in the form in which they are compared.

Contract: names are lower case with single blanks at the ends removed; a command's names are its key and its aliases,
each once. The lock text of a command always has a lock of the type `cmd`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from perdure.errors import InvalidArgument
from perdure.locks.tree import ACCESS_TYPE

__all__ = ["lock_text", "lowered", "normal_aliases", "normal_name"]

_TYPED = re.compile(rf"\s*{ACCESS_TYPE}\s*:")
_HAS_CMD = re.compile(r"(?:^|;)\s*cmd\s*:", re.IGNORECASE)
_SEMICOLON = re.compile(r""";(?=(?:[^'"]*(?:'[^']*'|"[^"]*"))*[^'"]*$)""")


def normal_name(name: Any, owner: str) -> str:
    """A name in lower case. Raises `InvalidArgument` if it is no text or blank."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidArgument(f"{owner}: the name of a command is a text that is not blank, not {name!r}")
    return name.strip().lower()


def normal_aliases(aliases: Any, key: str, owner: str) -> tuple[str, ...]:
    """Other names, of a list or a text with commas: lower case, each once, without the key."""
    if aliases is None:
        return ()
    parts: Iterable[Any] = aliases.split(",") if isinstance(aliases, str) else aliases
    if not isinstance(parts, Iterable):
        raise InvalidArgument(f"{owner}: aliases are a list or a text with commas, not {aliases!r}")
    names = dict.fromkeys(normal_name(part, owner) for part in parts if not isinstance(part, str) or part.strip())
    names.pop(key, None)
    return tuple(names)


def lowered(text: str) -> str:
    """The text in lower case with every character where it was (the lower case of a few is longer)."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(low if len(low := character.lower()) == 1 else character for character in text)


def lock_text(locks: str) -> str:
    """The locks of a command as a lockstring: what has no type is of the type `cmd`; without one, everybody may."""
    entries = [entry.strip() for entry in _SEMICOLON.split(locks) if entry.strip()]
    typed = [entry if _TYPED.match(entry) else f"cmd:{entry}" for entry in entries]
    text = ";".join(typed)
    if not _HAS_CMD.search(text):
        typed.append("cmd:all()")
    return ";".join(typed)
