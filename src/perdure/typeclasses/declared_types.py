"""What the type of a declared attribute accepts.

Contract: only the type of the value itself is looked at, not what is inside a container. A bool is not an int; an int
will do where a float is declared. What cannot be checked at run time (`Any`, type variables, names that are imported
for type checkers only) is not checked.
"""

from __future__ import annotations

import inspect
import logging
import sys
import types
import typing
from typing import Any

__all__ = ["accepted_types", "annotated_type", "fits"]

logger = logging.getLogger("perdure.typeclasses")

Accepted = tuple[type, ...] | None

_NUMBERS = (int, float, complex)


def annotated_type(owner: type, name: str) -> Any:
    """What `owner` annotates `name` with in its own body, or `Any`."""
    try:
        annotation = inspect.get_annotations(owner).get(name, Any)
        holder = type("_", (), {"__annotations__": {name: annotation}})
        return typing.get_type_hints(holder, vars(sys.modules[owner.__module__]))[name]
    except (NameError, AttributeError, TypeError, SyntaxError, KeyError) as error:
        logger.info("the type of %s.%s is not checked: %s", owner.__qualname__, name, error)
        return Any


def accepted_types(declared: Any) -> Accepted:
    """The classes of which an instance will do, or None if anything will."""
    if isinstance(declared, tuple):
        return _any_of(declared)
    origin = typing.get_origin(declared)
    if origin is typing.Union or origin is types.UnionType:
        return _any_of(typing.get_args(declared))
    if origin is typing.Annotated or origin is typing.ClassVar or origin is typing.Final:
        return accepted_types(typing.get_args(declared)[0])
    if origin is typing.Literal:
        return tuple({type(value) for value in typing.get_args(declared)})
    if declared is None:
        return (type(None),)
    return _of_class(origin or declared)


def _any_of(options: tuple[Any, ...]) -> Accepted:
    found: list[type] = []
    for option in options:
        accepted = accepted_types(option)
        if accepted is None:
            return None
        found.extend(accepted)
    return tuple(found)


def _of_class(cls: Any) -> Accepted:
    if cls is object or not isinstance(cls, type):
        return None
    if cls in _NUMBERS:
        return _NUMBERS[: _NUMBERS.index(cls) + 1]
    try:
        isinstance(None, cls)
    except TypeError:  # a protocol that cannot be checked at run time
        return None
    return (cls,)


def fits(value: Any, accepted: Accepted) -> bool:
    """Whether `value` is an instance of one of `accepted`."""
    if accepted is None:
        return True
    if isinstance(value, bool):
        accepted = tuple(cls for cls in accepted if cls not in _NUMBERS)
    return isinstance(value, accepted)
