"""Saying exactly where inside a value the thing is that cannot be stored.

`Refusal` travels up through the containers; each adds its own step, so a value that is accepted pays nothing
for the path. Whoever started the walk turns it into `perdure.errors.UnstorableValue`.
"""

from __future__ import annotations

import reprlib
import types
from collections import abc
from dataclasses import is_dataclass
from enum import Enum

from perdure.errors import UnstorableValue

__all__ = ["Refusal", "explain", "short"]

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_BUILTINS = (str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset)


class Refusal(Exception):
    """A value that cannot be stored, on its way to the caller. Never leaves the package.

    Args:
        found: what cannot be stored.
        why: the reason and the way out.
    """

    def __init__(self, found: object, why: str) -> None:
        super().__init__(why)
        self.found = found
        self.why = why
        self.steps: list[str] = []

    def at(self, path: str, place: str = "") -> UnstorableValue:
        """The error for the caller, with the steps from `path` down to what was found, and where it was to go."""
        return UnstorableValue(path + "".join(reversed(self.steps)) + place, self.found, self.why)


def short(key: object) -> str:
    """A key as a path shows it: never long, and never raising."""
    if isinstance(key, int) and key.bit_length() > 256:
        return f"{hex(key)[:20]}..."
    return _short.repr(key)


def explain(value: object) -> str:
    """Why a value of this type cannot be stored, and what to do instead."""
    if isinstance(value, type):
        return "a class cannot be stored; store its name, or register the instances with register_value_type()"
    if isinstance(value, Enum):
        return "its enum is not registered; put @register_value_type on the class"
    if is_dataclass(value):
        return "its dataclass is not registered; put @register_value_type on the class"
    if isinstance(value, (bytearray, memoryview)):
        return "store bytes(...) of it"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "its named tuple is not registered; put @register_value_type on the class, or store tuple(...) of it"
    for builtin in _BUILTINS:
        if isinstance(value, builtin):
            return (
                f"a subclass of {builtin.__name__} would come back as something else; store {builtin.__name__}(...) "
                "of it, or register the class with register_value_type(cls, encode=..., decode=...)"
            )
    if isinstance(value, (abc.Iterator, abc.MappingView)):
        return "an iterator or view has no contents of its own; store list(...) of it"
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "code cannot be stored; store a name and look the function up by it"
    return "this type cannot be stored; register the class with register_value_type(cls, encode=..., decode=...)"
