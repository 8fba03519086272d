"""The language of lockstrings: text in, a small immutable tree out.

Contract: `parse(text)` gives the lockdefs of a lockstring in the order written; `parse_expression(text)`
gives one expression. Both raise `LockException`, and nothing else, for whatever is not in the language;
nothing is skipped or guessed. `compile_lockstring(text)` is `parse` by access type, kept for the texts used
most recently.

    lockstring := lockdef { ";" lockdef }
    lockdef    := access_type ":" or
    or         := and { OR and }
    and        := not { AND not }
    not        := NOT not | call | "(" or ")"
    call       := name "(" [ argument { "," argument } ] ")"
    argument   := text | 'quoted' | "quoted" | key "=" (text | quoted)

Invariants: access types are lower case. Arguments are text. Trees are no deeper than
`MAX_DEPTH`, so walking them cannot overflow the stack.
Failure modes: input longer than `MAX_LENGTH`, deeper than `MAX_DEPTH`, or with characters that no
database stores as text, is refused like any other malformed text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from perdure.errors import LockException
from perdure.locks.tree import ACCESS_TYPE, MAX_DEPTH, RESERVED_KEYWORDS, Lockdef, Node

__all__ = [
    "EXPRESSION_TYPE",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "RESERVED_KEYWORDS",
    "compile_ad_hoc",
    "compile_lockstring",
    "is_access_type",
    "parse",
    "parse_expression",
]

MAX_LENGTH = 4096
EXPRESSION_TYPE = "expression"

_UNSTORABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_STARTS_WITH_TYPE = re.compile(rf"[\s;]*{ACCESS_TYPE}\s*:")


def parse(text: str) -> tuple[Lockdef, ...]:
    """The lockdefs of a lockstring, in the order written. Raises `LockException`."""
    parsed: tuple[Lockdef, ...] = _run(text, "lockstring")
    return parsed


def parse_expression(text: str) -> Node:
    """The tree of an expression without access type. Raises `LockException`."""
    parsed: Node = _run(text, "expression")
    return parsed


@lru_cache(maxsize=1024)
def compile_lockstring(text: str) -> Mapping[str, Lockdef]:
    """The lockdefs by access type, later ones winning. Raises `LockException`."""
    return MappingProxyType({lockdef.access_type: lockdef for lockdef in parse(text)})


def compile_ad_hoc(text: str) -> Mapping[str, Lockdef]:
    """As `compile_lockstring`; a bare expression is taken as the lock of one dummy type. Raises `LockException`."""
    _refuse_unfit(text)
    if text.strip() and not _STARTS_WITH_TYPE.match(text):
        text = f"{EXPRESSION_TYPE}:{text}"
    return compile_lockstring(text)


def is_access_type(name: str) -> bool:
    """Whether the text can name an access type."""
    return re.fullmatch(ACCESS_TYPE, name) is not None


def _run(text: str, start: str) -> Any:
    _refuse_unfit(text)
    from perdure.locks.parser import run  # with the parser generator, which a start does not need

    return run(text, start)


def _refuse_unfit(text: str) -> None:
    if not isinstance(text, str):
        raise LockException(f"a lockstring is text, not {type(text).__name__}")
    if len(text) > MAX_LENGTH:
        raise LockException(f"the lockstring has {len(text)} characters; {MAX_LENGTH} is the limit")
    if unstorable := _UNSTORABLE.search(text):
        position = unstorable.start()
        raise LockException(f"character {position} ({text[position]!a}) cannot stand in a lockstring")
