"""Walks over whole values: what is inside, copies without tracking, changes of anchor.

Contract: a walk enters containers (tracked or plain), tuples, frozensets and registered records, and nothing else;
an entity is never iterated. Keys and set members hold no containers (adoption sees to that), so only walks
that look for entities enter them.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from typing import Any

from perdure.values import registry
from perdure.values.anchors import CONTAINERS, Anchor, Detached
from perdure.values.references import hooks
from perdure.values.scalars import IMMEDIATE

__all__ = ["anchor_in", "detach", "holds_containers", "plain", "references_in", "release"]


def _parts(value: Any) -> Any:
    """The values directly inside, keys left out."""
    kind = type(value)
    if kind in CONTAINERS:
        return value.values() if isinstance(value, dict) else value
    if kind is tuple or kind is frozenset:
        return value
    if hooks.is_entity(value):
        return ()
    registered = registry.find(kind)
    if registered is None or not registered.is_record:
        return ()
    return registered.dismantle(value).values()


def _tracked(value: Any) -> Iterator[Any]:
    """Every tracked container in the value, itself included."""
    if type(value) in IMMEDIATE:
        return
    waiting = [value]
    while waiting:
        item = waiting.pop()
        kind = type(item)
        if CONTAINERS.get(kind) is kind:
            yield item
        waiting.extend(part for part in _parts(item) if type(part) not in IMMEDIATE)


def anchor_in(value: Any) -> Any:
    """The anchor of the containers in a value; None if there are none, or they are free."""
    container = next(_tracked(value), None)
    return None if container is None else container._anchor


def holds_containers(value: Any) -> bool:
    """Whether the value is a tracked container or has one anywhere inside."""
    return next(_tracked(value), None) is not None


def release(value: Any) -> None:
    """Set the containers of a value free, at every depth: they can be changed, and nobody is told."""
    for container in _tracked(value):
        container._anchor = None


def detach(value: Any) -> None:
    """Cut the containers of a value off, at every depth: they can be read, and refuse to be changed.

    Free containers and those already cut off stay as they are.
    """
    verdict: Anchor | None = None
    for container in _tracked(value):
        anchor = container._anchor
        if anchor is None or type(anchor) is Detached:
            continue
        verdict = verdict or Detached(anchor)
        container._anchor = verdict


def _plain_record(value: Any) -> Any:
    registered = None if hooks.is_entity(value) else registry.find(type(value))
    if registered is None or not registered.is_record:
        return value
    fields = registered.dismantle(value)
    copies = {name: plain(item) for name, item in fields.items()}
    unchanged = all(copies[name] is item for name, item in fields.items())
    return value if unchanged else registered.assemble(copies)


_PLAIN: dict[type, Callable[[Any], Any]] = {
    list: lambda source: [plain(item) for item in source],
    dict: lambda source: {key: plain(item) for key, item in source.items()},
    set: set,
    deque: lambda source: deque(map(plain, source), source.maxlen),
    OrderedDict: lambda source: OrderedDict((key, plain(item)) for key, item in source.items()),
    defaultdict: lambda source: defaultdict(source.default_factory, ((k, plain(v)) for k, v in source.items())),
    Counter: lambda source: Counter({key: plain(item) for key, item in source.items()}),
}


def plain(value: Any) -> Any:
    """A deep copy in plain built-ins: nothing of it is tracked. Entities and values without parts are shared."""
    kind = type(value)
    if kind in IMMEDIATE:
        return value
    tracked = CONTAINERS.get(kind)
    if tracked is not None:
        return _PLAIN[tracked._builtin](value)
    if kind is tuple:
        return tuple([plain(item) for item in value])
    if kind is frozenset:
        return value
    return _plain_record(value)


def references_in(value: Any) -> Iterator[Any]:
    """Every entity in a value: at any depth, in keys, sets, tuples and registered types. May repeat."""
    kind = type(value)
    if kind in IMMEDIATE:
        return
    if kind not in CONTAINERS and kind is not tuple and kind is not frozenset:
        if hooks.is_entity(value):
            yield value
            return
        registered = registry.find(kind)
        if registered is not None:
            yield from references_in(registered.dismantle(value))
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from references_in(key)
            yield from references_in(item)
        return
    for item in value:
        yield from references_in(item)
