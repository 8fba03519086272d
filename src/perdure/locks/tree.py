"""The tree of a lock expression, and how it is written as text.

A tree never changes, so one tree serves every object with the same lock. `render(tree)` is text that parses to
an equal tree, with the parentheses and quotes it needs and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# A quote mark inside an unquoted argument is an apostrophe (the king's key) or a mistake.
_PLAIN = r"""(?:[^\s'"(),;=]|(?<=\w)'(?=\w))"""
_PLAIN_OR_EQUALS = r"""(?:[^\s'"(),;]|(?<=\w)'(?=\w))"""
TEXT = rf"{_PLAIN}+(?:\s+{_PLAIN}+)*"
VALUE = rf"{_PLAIN}{_PLAIN_OR_EQUALS}*(?:\s+{_PLAIN_OR_EQUALS}+)*"
ACCESS_TYPE = r"""[^\s:;(),'"=]+"""

MAX_DEPTH = 32

# What the engine itself passes to a lock function; a lockstring must not speak for it.
RESERVED_KEYWORDS = frozenset({"access_type", "accessed_obj", "accessing_obj", "session"})


@dataclass(frozen=True, slots=True)
class Call:
    """One lock function with its arguments; `position` is where it stands in the text."""

    name: str
    args: tuple[str, ...] = ()
    kwargs: tuple[tuple[str, str], ...] = ()
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of `operand`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    """True when all of its two or more operands are."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when any of its two or more operands is."""

    operands: tuple[Node, ...]


Node = Call | Not | And | Or


@dataclass(frozen=True, slots=True)
class Lockdef:
    """One access type with its expression, as tree and as written."""

    access_type: str
    expression: Node
    source: str = field(compare=False)

    @property
    def text(self) -> str:
        """The lockdef as it is stored: `type:expression`."""
        return f"{self.access_type}:{self.source}"


def calls_of(node: Node) -> Iterator[Call]:
    """Every call in the tree, in the order written."""
    if isinstance(node, Call):
        yield node
        return
    for operand in _operands(node):
        yield from calls_of(operand)


def render(node: Node) -> str:
    """The tree as text, with the parentheses and quotes it needs and no others."""
    if isinstance(node, Call):
        args = [_quote_unless(TEXT, arg) for arg in node.args]
        args += [f"{key}={_quote_unless(VALUE, value)}" for key, value in node.kwargs]
        return f"{node.name}({', '.join(args)})"
    if isinstance(node, Not):
        return f"not {parenthesised(node.operand, render(node.operand), (And, Or))}"
    if isinstance(node, And):
        return " and ".join(parenthesised(operand, render(operand), (And, Or)) for operand in node.operands)
    return " or ".join(parenthesised(operand, render(operand), (Or,)) for operand in node.operands)


def parenthesised(node: Node, text: str, kinds: tuple[type, ...]) -> str:
    """The text of the node, in parentheses if the node is one of the kinds."""
    return f"({text})" if isinstance(node, kinds) else text


def _quote_unless(pattern: str, text: str) -> str:
    if re.fullmatch(pattern, text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _operands(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Call):
        return ()
    return (node.operand,) if isinstance(node, Not) else node.operands


def depth_of(node: Node) -> int:
    """How many levels of `not`, `and` and `or` stand over the deepest call, and the call itself."""
    return 1 + max((depth_of(operand) for operand in _operands(node)), default=0)
