"""Values of the model: plain Python, with `Ref(pk)` where a stored value has an object.

`Pick(n)` stands for an object in what hypothesis draws: it becomes a `Ref` once it is known which objects there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st


class Pick(NamedTuple):
    pick: int


class Ref(NamedTuple):
    ref: int


picks = st.builds(Pick, st.integers(0, 7))
texts = st.sampled_from(["", "a", "b", "~ref", "é", '{"~ref": 1}', "\U0001f5dd"])
hashables = st.one_of(st.integers(-3, 3), texts, picks, st.tuples(st.integers(0, 2), texts))
leaves = st.one_of(
    hashables,
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, width=16),
    st.sampled_from([2**70, Decimal("1.50"), b"\0x"]),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(hashables, inner, max_size=3),
        st.dictionaries(texts, inner, max_size=3),
        st.sets(hashables, max_size=3),
        st.tuples(inner, inner),
        st.lists(inner, max_size=2).map(deque),
    ),
    max_leaves=6,
)
containers = trees.filter(lambda value: isinstance(value, list | dict | set | deque))
values = st.one_of(trees, containers, containers)


def changed(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """A deep copy of `value` with every `Pick` and `Ref` (and everything that is no container) put through `leaf`."""
    if isinstance(value, Pick | Ref):
        return leaf(value)
    if isinstance(value, dict):
        return {changed(key, leaf): changed(item, leaf) for key, item in value.items()}
    if isinstance(value, list | set | tuple | deque):
        builtin = next(kind for kind in (list, set, tuple, deque) if isinstance(value, kind))
        return builtin(changed(item, leaf) for item in value)
    return leaf(value)


def canonical(value: Any) -> Any:
    """A value as JSON that differs whenever a type, an order or a content does. Objects must be `Ref`s by now."""
    if isinstance(value, Ref):
        return ["ref", value.ref]
    if isinstance(value, dict):
        return ["dict", [[canonical(key), canonical(item)] for key, item in value.items()]]
    if isinstance(value, set):
        return ["set", sorted((canonical(item) for item in value), key=repr)]
    for kind in (list, tuple, deque):
        if isinstance(value, kind):
            return [kind.__name__, [canonical(item) for item in value]]
    return [type(value).__name__, repr(value)]


def container_paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in `value` there are containers that can be changed."""
    if isinstance(value, list | dict | set | deque):
        yield path
    if isinstance(value, Ref):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from container_paths(item, (*path, key))
    elif isinstance(value, list | tuple | deque):
        for index, item in enumerate(value):
            yield from container_paths(item, (*path, index))


def follow(value: Any, path: tuple[Any, ...]) -> Any:
    """What is at `path` in `value`. Raises LookupError or TypeError if nothing is."""
    for step in path:
        value = value[step]
    return value


def mutate(container: Any, op: int, index: int, key: Any, item: Any) -> None:
    """Change `container` in the way that `op` says; the same for a stored container and for the model's."""
    kind = next(kind for kind in (list, dict, set, deque) if isinstance(container, kind))
    size = len(container)
    ways = MUTATIONS[kind]
    ways[op % len(ways)](container, index % size if size else None, key, item)


def _unless_empty(change: Callable[..., Any]) -> Callable[..., Any]:
    return lambda container, index, key, item: None if index is None else change(container, index, key, item)


def _set_slice(container: list[Any], index: Any, key: Any, item: Any) -> None:
    container[:1] = [item, key]


MUTATIONS: dict[type, list[Callable[..., Any]]] = {
    list: [
        lambda c, i, k, v: c.append(v),
        lambda c, i, k, v: c.insert(i or 0, v),
        lambda c, i, k, v: c.extend([v, k]),
        lambda c, i, k, v: c.__iadd__([v]),
        _unless_empty(lambda c, i, k, v: c.__setitem__(i, v)),
        _unless_empty(lambda c, i, k, v: c.__delitem__(i)),
        _unless_empty(lambda c, i, k, v: c.pop(i)),
        lambda c, i, k, v: c.reverse(),
        lambda c, i, k, v: c.clear(),
        _set_slice,
    ],
    dict: [
        lambda c, i, k, v: c.__setitem__(k, v),
        lambda c, i, k, v: c.setdefault(k, v),
        lambda c, i, k, v: c.update({k: v}),
        lambda c, i, k, v: c.__ior__({k: v}),
        _unless_empty(lambda c, i, k, v: c.pop(list(c)[i])),
        _unless_empty(lambda c, i, k, v: c.popitem()),
        _unless_empty(lambda c, i, k, v: c.__setitem__(list(c)[i], v)),
        lambda c, i, k, v: c.clear(),
    ],
    set: [
        lambda c, i, k, v: c.add(k),
        lambda c, i, k, v: c.discard(k),
        lambda c, i, k, v: c.update({k, 2}),
        lambda c, i, k, v: c.__ixor__({k}),
        lambda c, i, k, v: c.clear(),
    ],
    deque: [
        lambda c, i, k, v: c.append(v),
        lambda c, i, k, v: c.appendleft(v),
        lambda c, i, k, v: c.rotate(1),
        _unless_empty(lambda c, i, k, v: c.pop()),
        _unless_empty(lambda c, i, k, v: c.__setitem__(i, v)),
        lambda c, i, k, v: c.clear(),
    ],
}
