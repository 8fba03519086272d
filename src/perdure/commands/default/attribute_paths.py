"""Where inside an attribute: `box/bag[coins][0]`, and what can be done there.

Contract: `parse_target` splits what stands before the `=` of the `set` command. Slashes and colons inside brackets
belong to the keys there. `read_part`, `write_part` and `delete_part` walk the live containers of an attribute, so what
they change is saved.

Failure modes: `InvalidArgument` naming the step that does not work; nothing has been changed then.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, MutableMapping, MutableSequence, MutableSet
from dataclasses import dataclass
from typing import Any

from perdure.errors import InvalidArgument

__all__ = ["AttributePart", "Insert", "Target", "delete_part", "parse_target", "read_part", "write_part"]

_NUMBER = re.compile(r"[-+]?[0-9]{1,18}")
_INSERT = re.compile(r"\+([0-9]{1,18})?")
_BRACKET = re.compile(r"\[((?:'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|[^\[\]])*)\]")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Insert:
    """The step `[+]` or `[+2]`: a new item at the end of a list, or before the item with this index."""

    before: int | None = None

    def __str__(self) -> str:
        return "[+]" if self.before is None else f"[+{self.before}]"


@dataclass(frozen=True, slots=True)
class AttributePart:
    """An attribute, or something inside its value.

    Attributes:
        key: the attribute, in lower case.
        path: the keys and indexes that lead to the part, outermost first; empty for the whole value.
    """

    key: str
    path: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return self.key + "".join(str(step) if isinstance(step, Insert) else f"[{step!r}]" for step in self.path)


@dataclass(frozen=True, slots=True)
class Target:
    """What `name/attr[key]/attr:category` means."""

    name: str
    parts: tuple[AttributePart, ...]
    category: str | None


def parse_target(text: str) -> Target:
    """What somebody typed, taken apart. Raises `InvalidArgument` for brackets that do not pair up."""
    pieces = _split(text, "/")
    *front, last = pieces
    category = None
    if front:
        last, *rest = _split(last, ":")
        category = ":".join(rest).strip() or None
    names = [*front, last]
    return Target(names[0].strip(), tuple(_part(name.strip()) for name in names[1:] if name.strip()), category)


def _split(text: str, separator: str) -> list[str]:
    """The text between separators, of which those in brackets do not count."""
    hidden = _BRACKET.sub(lambda match: "\0" * len(match[0]), text)
    pieces, start = [], 0
    for position, letter in enumerate(hidden):
        if letter == separator:
            pieces.append(text[start:position])
            start = position + 1
    return [*pieces, text[start:]]


def _part(text: str) -> AttributePart:
    first = text.find("[")
    if first <= 0:
        return AttributePart(text.lower())
    steps, position = [], first
    while position < len(text):
        match = _BRACKET.match(text, position)
        if match is None:
            raise InvalidArgument(f"the brackets in {text!r} do not pair up; write one pair for each key: bag['a'][0]")
        steps.append(_step(match[1].strip()))
        position = match.end()
    return AttributePart(text[:first].strip().lower(), tuple(steps))


def _step(text: str) -> Any:
    """A key or an index: `+`, `+2`, a whole number, a literal in quotes or parentheses, else the text itself."""
    if insert := _INSERT.fullmatch(text):
        return Insert(None if insert[1] is None else int(insert[1]))
    if _NUMBER.fullmatch(text):
        return int(text)
    if text[:1] in ("'", '"', "("):
        try:
            return ast.literal_eval(text)
        except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
            return text
    return text


# --- walking


def read_part(value: Any, path: Iterable[Any]) -> Any:
    """What is at `path` inside `value`."""
    for step in path:
        value = _entered(value, step)
    return value


def write_part(value: Any, path: tuple[Any, ...], new: Any) -> None:
    """Put `new` at a path that is not empty."""
    *way, last = path
    container = read_part(value, way)
    if isinstance(last, Insert):
        _insert(container, last, new)
    elif isinstance(container, MutableMapping):
        _hashable(last)
        container[last] = new
    elif isinstance(container, MutableSequence):
        _entered(container, last)
        container[last] = new
    else:
        raise InvalidArgument(f"{_kind(container)} cannot have one of its items set; set the whole value")


def delete_part(value: Any, path: tuple[Any, ...]) -> None:
    """Remove what is at a path that is not empty."""
    *way, last = path
    container = read_part(value, way)
    if isinstance(container, MutableSet) and not isinstance(last, Insert):
        _hashable(last)
        if last not in container:
            raise InvalidArgument(f"there is no {last!r} in this set")
        container.remove(last)
        return
    _entered(container, last)
    if not isinstance(container, MutableMapping | MutableSequence):
        raise InvalidArgument(f"{_kind(container)} cannot lose one of its items; set the whole value")
    del container[last]


def _insert(container: Any, step: Insert, new: Any) -> None:
    if isinstance(container, MutableSet) and step.before is None:
        _hashable(new, "be in a set")
        container.add(new)
        return
    if not isinstance(container, MutableSequence):
        raise InvalidArgument(f"{step} adds to a list, and this is {_kind(container)}")
    if getattr(container, "maxlen", None) == len(container):
        raise InvalidArgument(f"this is {_kind(container)} of at most {len(container)}, and it is full")
    if step.before is None:
        container.append(new)
    else:
        container.insert(step.before, new)


def _entered(container: Any, step: Any) -> Any:
    """The item of a container that a step leads to."""
    if isinstance(step, Insert):
        raise InvalidArgument(f"{step} is a place for a new item; there is nothing there yet")
    if isinstance(container, str | bytes) or not hasattr(container, "__getitem__"):
        raise InvalidArgument(f"{_kind(container)} has no items, so there is no [{step!r}] in it")
    if isinstance(container, MutableMapping):
        _hashable(step)
        # Not `container[step]`: a dict with a default would make the item.
        found = container.get(step, _MISSING)
        if found is _MISSING:
            raise InvalidArgument(f"there is no key {step!r}; {_choices(container)}")
        return found
    try:
        return container[step]
    except (IndexError, KeyError, TypeError):
        number = len(container) if hasattr(container, "__len__") else 0
        raise InvalidArgument(
            f"there is no item {step!r}: this is {_kind(container)} of {number}, counted from 0"
        ) from None


def _hashable(value: Any, what: str = "be a key") -> None:
    try:
        hash(value)
    except TypeError:
        raise InvalidArgument(f"{value!r} cannot {what}") from None


def _choices(container: Any) -> str:
    keys = [repr(key) for key, _ in zip(container, range(8), strict=False)]
    more = len(container) - len(keys)
    return f"the keys are {', '.join(keys)}{f' and {more} more' if more else ''}" if keys else "the dict is empty"


def _kind(value: Any) -> str:
    """The type of a value as its owner thinks of it: of tracked containers, that of the plain one."""
    name = type(value).__name__.removeprefix("Tracked").lower()
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
