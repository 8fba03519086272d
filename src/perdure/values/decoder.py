"""Text to live values.

Contract: reads what `encoder` wrote (see there for the form). All references of one value are resolved together.
Reading never imports and never evaluates: a type or factory is looked up among those registered, by name.

Failure modes: `UnreadableValue`, naming the tag or type and what to register. The text is the caller's to keep.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
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

__all__ = ["DamagedText", "decode", "parse"]

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
    try:
        node = parse(text)
        wanted = _references(node) if '"~ref"' in text else None
    except _DAMAGED as error:
        raise _unreadable(anchor, error) from error
    if type(node) not in _NESTED:
        return node
    builder = _Builder(anchor, hooks.resolve(wanted) if wanted else {})
    try:
        return builder.value(node)
    except _DAMAGED as error:
        raise _unreadable(anchor, error) from error


def _unreadable(anchor: Anchor | None, error: Exception) -> UnreadableValue:
    where = "the value" if anchor is None else anchor.describe()
    why = error if isinstance(error, UnreadableValue) else f"the stored text is damaged ({error!r})"
    return UnreadableValue(f"{where} cannot be read: {why}")


class _Builder:
    """Makes live values of parsed text.

    Args:
        anchor: what their containers belong to.
        resolved: the entities that they refer to.
    """

    __slots__ = ("_resolved", "anchor")

    def __init__(self, anchor: Anchor | None, resolved: Mapping[Reference, object]) -> None:
        self.anchor = anchor
        self._resolved = resolved

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


_READERS: dict[str, Callable[[_Builder, Any], Any]] = {
    "~tuple": lambda builder, payload: tuple(builder.items(payload)),
    "~set": lambda builder, payload: TrackedSet._make(builder.items(payload), builder.anchor),
    "~frozenset": lambda builder, payload: frozenset(builder.items(payload)),
    "~deque": _Builder.bounded,
    "~dict": lambda builder, payload: TrackedDict._make(builder.pairs(payload), builder.anchor),
    "~odict": lambda builder, payload: TrackedOrderedDict._make(builder.pairs(payload), builder.anchor),
    "~counter": lambda builder, payload: TrackedCounter._make(builder.pairs(payload), builder.anchor),
    "~defaultdict": _Builder.factory_mapping,
    "~ref": _Builder.reference,
    "~type": _Builder.registered,
}


def _references(node: Any) -> Collection[Reference]:
    """Every reference of a parsed text, once."""
    wanted: dict[Reference, None] = {}
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
    return wanted.keys()
