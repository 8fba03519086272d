"""Text to live values.

Contract: reads what `encoder` wrote (see there for the form). All references of one call are resolved together.
Reading never imports and never evaluates: a type or factory is looked up among those registered, by name.

Failure modes: `UnreadableValue`, naming the tag or type and what to register. The text is the caller's to keep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder

from perdure.errors import UnreadableValue
from perdure.values import registry
from perdure.values.anchors import Anchor
from perdure.values.mappings import TrackedCounter, TrackedDefaultDict, TrackedDict, TrackedOrderedDict
from perdure.values.references import Reference, hooks
from perdure.values.scalars import SCALARS_BY_TAG
from perdure.values.sequences import TrackedDeque, TrackedList
from perdure.values.sets import TrackedSet
from perdure.values.structure import plain

__all__ = ["DamagedText", "decode", "decode_many", "parse"]

#: What a stored text says in plain JSON; raises `DamagedText`. For values without parts that is all there is to do.
parse: Callable[[str], Any] = Decoder().decode
DamagedText = DecodeError
_NESTED = frozenset({dict, list})

# What Python raises for a payload of the wrong shape or content.
_DAMAGED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, re.error, RecursionError)


def decode(text: str, anchor: Anchor | None) -> Any:
    """The live value of a stored text, its containers tracked by `anchor` (free, if that is None).

    Raises:
        UnreadableValue: the text is damaged, or needs a type that is not registered.
    """
    if text[:1] in ("[", "{"):
        wanted: dict[Reference, None] = {}
        reader = _Reader(text, anchor, wanted)
        return reader.read(hooks.resolve(wanted.keys()) if wanted else {})
    try:
        return parse(text)
    except DamagedText as error:
        raise _unreadable(anchor, error) from error


def decode_many(
    items: Iterable[tuple[str, Anchor | None]], unreadable: Callable[[int, UnreadableValue], Any] | None = None
) -> list[Any]:
    """The live values of many texts; all their references are resolved together.

    Args:
        items: text and anchor of each.
        unreadable: called with the index and the error of one that cannot be read; what it gives stands for it.

    Raises:
        UnreadableValue: one cannot be read, and `unreadable` was not given.
    """
    wanted: dict[Reference, None] = {}
    readers = [_Reader(text, anchor, wanted) for text, anchor in items]
    resolved = hooks.resolve(wanted.keys()) if wanted else {}
    results = []
    for index, reader in enumerate(readers):
        try:
            results.append(reader.read(resolved))
        except UnreadableValue as error:
            if unreadable is None:
                raise
            results.append(unreadable(index, error))
    return results


def _unreadable(anchor: Anchor | None, error: Exception) -> UnreadableValue:
    where = "the value" if anchor is None else anchor.describe()
    why = error if isinstance(error, UnreadableValue) else f"the stored text is damaged ({error!r})"
    return UnreadableValue(f"{where} cannot be read: {why}")


class _Reader:
    """One text on its way to a live value: parsed at once, built when its references are known."""

    __slots__ = ("_error", "_node", "_resolved", "anchor")

    def __init__(self, text: str, anchor: Anchor | None, wanted: dict[Reference, None]) -> None:
        self.anchor = anchor
        self._error: Exception | None = None
        self._resolved: Mapping[Reference, object] = {}
        try:
            self._node = parse(text)
            if '"~ref"' in text:
                _collect(self._node, wanted)
        except _DAMAGED as error:
            self._error = error

    def read(self, resolved: Mapping[Reference, object]) -> Any:
        """The live value. Raises UnreadableValue."""
        if self._error is not None:
            raise _unreadable(self.anchor, self._error) from self._error
        self._resolved = resolved
        try:
            return self.value(self._node)
        except _DAMAGED as error:
            raise _unreadable(self.anchor, error) from error

    def value(self, node: Any) -> Any:
        kind = type(node)
        if kind is list:
            return TrackedList._make(self.items(node), self.anchor)
        if kind is not dict:
            return node
        if len(node) == 1:
            ((tag, payload),) = node.items()
            if tag[:1] == "~":
                return self.tagged(tag, payload)
        for key, item in node.items():
            if type(item) in _NESTED:
                node[key] = self.value(item)
        new = TrackedDict.__new__(TrackedDict)
        new._anchor = self.anchor
        dict.update(new, node)
        return new

    def items(self, nodes: Any) -> list[Any]:
        if type(nodes) is not list:
            raise TypeError(f"expected an array, found {nodes!r}")
        return [self.value(node) if type(node) in _NESTED else node for node in nodes]

    def pairs(self, nodes: Any) -> list[tuple[Any, Any]]:
        return [(self.value(key), self.value(item)) for key, item in nodes]

    def tagged(self, tag: str, payload: Any) -> Any:
        scalar = SCALARS_BY_TAG.get(tag)
        if scalar is not None:
            return scalar.read(payload)
        read = _READERS.get(tag)
        if read is None:
            raise UnreadableValue(f"unknown tag {tag!r}; it was written by another version, or is not from here")
        return read(self, payload)

    def bounded(self, payload: Any) -> TrackedDeque:
        nodes, maxlen = payload
        return TrackedDeque._make(self.items(nodes), maxlen, self.anchor)

    def factory_mapping(self, payload: Any) -> Any:
        name, pairs = payload
        factory = None if name is None else registry.factory_named(name)
        return TrackedDefaultDict._make_with(factory, self.pairs(pairs), self.anchor)

    def reference(self, payload: Any) -> Any:
        return self._resolved.get(Reference(*payload))

    def registered(self, payload: Any) -> Any:
        name, node = payload
        registered = registry.find_name(name)
        if registered.is_record:
            return registered.assemble({field: self.value(item) for field, item in node.items()})
        if not registered.opaque:
            return registered.assemble(self.value(node))
        given = plain(self.value(node))
        try:
            return registered.assemble(given)
        except Exception as error:  # the game's own function: one bad value must not hide the others of its object
            raise UnreadableValue(f"the decode function of {name!r} failed: {error!r}") from error


_READERS: dict[str, Callable[[_Reader, Any], Any]] = {
    "~tuple": lambda reader, payload: tuple(reader.items(payload)),
    "~set": lambda reader, payload: TrackedSet._make(reader.items(payload), reader.anchor),
    "~frozenset": lambda reader, payload: frozenset(reader.items(payload)),
    "~deque": _Reader.bounded,
    "~dict": lambda reader, payload: TrackedDict._make(reader.pairs(payload), reader.anchor),
    "~odict": lambda reader, payload: TrackedOrderedDict._make(reader.pairs(payload), reader.anchor),
    "~counter": lambda reader, payload: TrackedCounter._make(reader.pairs(payload), reader.anchor),
    "~defaultdict": _Reader.factory_mapping,
    "~ref": _Reader.reference,
    "~type": _Reader.registered,
}


def _collect(node: Any, wanted: dict[Reference, None]) -> None:
    """Note every reference of a parsed text."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if type(item) is list:
            waiting.extend(part for part in item if type(part) in _NESTED)
        elif type(item) is dict:
            if len(item) == 1 and "~ref" in item:
                model, pk = item["~ref"]
                wanted[Reference(model, pk)] = None
            else:
                waiting.extend(part for part in item.values() if type(part) in _NESTED)
