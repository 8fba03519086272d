"""What somebody types as a value, and the value that is meant: Python literals, and references to entities.

Contract: `read_value("[1, 2.5, 'x']", find)` gives the list. What is no literal is the text itself, and the result says
so. Nothing is evaluated: names, operators and calls other than those of `_MADE` are no literals, so they are text.
`$dbref(#5)` and `$search(lamp)`, alone or inside a literal, stand for entities; `find` looks them up.

Failure modes: `InvalidArgument` for a reference that is not found (that is never taken for text), and for a call such
as `date(2024, 13, 1)` whose arguments Python refuses.
"""

from __future__ import annotations

import ast
import datetime
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from perdure.errors import InvalidArgument

__all__ = ["TypedValue", "read_value"]

#: What may be called in a value; the arguments are literals too.
_MADE: dict[str, Callable[..., Any]] = {
    "Decimal": Decimal,
    "date": datetime.date,
    "datetime": datetime.datetime,
    "frozenset": frozenset,
    "set": set,
    "time": datetime.time,
    "timedelta": datetime.timedelta,
}
_REFERENCE = re.compile(r"\$(dbref|search)\(([^()]*)\)")
_STRING = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")

Finder = Callable[[str, str], Any]


class TypedValue(NamedTuple):
    """A value, and whether it is just the text that was typed."""

    value: Any
    is_plain_text: bool


class _NotALiteral(Exception):
    """What was typed is text."""


def read_value(text: str, find: Finder) -> TypedValue:
    """The value meant by `text`.

    Args:
        text: what was typed.
        find: `find("dbref", "#5")` and `find("search", "lamp")` give the entity, or None after telling why not.

    Raises `InvalidArgument` for a reference that `find` does not find.
    """
    code, entities = _without_references(text.strip(), find)
    try:
        tree = ast.parse(code, mode="eval")
        return TypedValue(_literal(tree.body, entities), is_plain_text=False)
    except InvalidArgument:
        raise  # a ValueError, but one that tells what is wrong
    except (SyntaxError, ValueError, MemoryError, RecursionError, _NotALiteral):
        if entities:
            raise InvalidArgument(
                f"{text.strip()!r} has a reference in it, but is no value: write text with quotes around it, and a "
                "reference alone or as part of a list, a tuple or a dict"
            ) from None
        return TypedValue(text.strip(), is_plain_text=True)


def _without_references(text: str, find: Finder) -> tuple[str, dict[str, Any]]:
    """The text with a name in the place of each reference outside quotes, and the entity that each name stands for."""
    entities: dict[str, Any] = {}

    def replace(match: re.Match[str]) -> str:
        entity = find(match[1], match[2].strip())
        if entity is None:
            raise InvalidArgument(f"{match[0]} was not found, so no value is set")
        name = f"_entity_{len(entities)}"
        entities[name] = entity
        return name

    parts = []
    position = 0
    for string in _STRING.finditer(text):
        parts += [_REFERENCE.sub(replace, text[position : string.start()]), string[0]]
        position = string.end()
    parts.append(_REFERENCE.sub(replace, text[position:]))
    return "".join(parts), entities


def _literal(node: ast.AST, entities: dict[str, Any]) -> Any:
    """The value of a literal; raises `_NotALiteral` for any other expression."""
    match node:
        case ast.Constant(value=value) if value is not Ellipsis:
            return value
        case ast.Name(id=name) if name in entities:
            return entities[name]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=ast.Constant(value=int() | float() as number)):
            return -number if isinstance(node.op, ast.USub) else number
        case ast.List(elts=items):
            return [_literal(item, entities) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_literal(item, entities) for item in items)
        case ast.Set(elts=items):
            return _hashed(set, [_literal(item, entities) for item in items])
        case ast.Dict(keys=keys, values=values) if None not in keys:
            pairs: Any = zip(keys, values, strict=True)
            return _hashed(dict, [(_literal(key, entities), _literal(value, entities)) for key, value in pairs])
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _MADE:
            return _made(name, [_literal(arg, entities) for arg in args])
    raise _NotALiteral


def _hashed(kind: Callable[..., Any], items: list[Any]) -> Any:
    try:
        return kind(items)
    except TypeError as error:
        raise InvalidArgument(f"no such {kind.__name__} can be made: {error}") from None


def _made(name: str, args: list[Any]) -> Any:
    try:
        return _MADE[name](*args)
    except (TypeError, ValueError, OverflowError, InvalidOperation) as error:
        raise InvalidArgument(f"{name}({', '.join(map(repr, args))}) cannot be made: {error}") from None
