"""Values to text.

Contract: `encode` gives canonical JSON, the comparison key and the references of a value. What `decode` gives back
has the same types and equal values, at every depth. A plain dict with string keys is a JSON object and a list a
JSON array; whatever JSON has no word for is an object with one key that starts with `~`:

    {"~tuple": [...]}  {"~set": [...]}  {"~frozenset": [...]}  {"~deque": [[...], maxlen]}
    {"~dict": [[key, value], ...]}  {"~odict": [[key, value], ...]}  {"~counter": [[key, value], ...]}
    {"~defaultdict": ["factory", [[key, value], ...]]}  {"~ref": ["model", pk]}  {"~type": ["name", payload]}

and the scalars of `scalars.py`. A dict of the user's own with such a key is written as pairs, so nothing that is
stored can be taken for a tag. Sets are written in the order of their encoded members.

Failure modes: `UnstorableValue` for what adoption would have refused, and for containers put into each other too deeply
one by one, which only shows here.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, NamedTuple

from msgspec import Raw
from msgspec.json import Encoder

from perdure.errors import UnstorableValue
from perdure.values import registry
from perdure.values.adoption import MAX_DEPTH, adopt
from perdure.values.anchors import CONTAINERS
from perdure.values.comparison import classify
from perdure.values.references import Reference, hooks, reference_or_none
from perdure.values.refusal import Refusal, explain
from perdure.values.scalars import EXACT_INTEGER, SCALARS

__all__ = ["Encoded", "encode"]

_dumps = Encoder().encode


class Encoded(NamedTuple):
    """A value ready for its row.

    Attributes:
        text: canonical JSON.
        kind: one letter; see `comparison`.
        number: what to compare it by as a number, or None.
        sortable: what to compare it by as text, or None.
        references: the entities it refers to, each once.
    """

    text: str
    kind: str
    number: int | float | None
    sortable: str | None
    references: tuple[Reference, ...]


_make = tuple.__new__
_PLAIN = frozenset({str, bool, type(None)})


def encode(value: Any) -> Encoded:
    """The stored form of a value (live or plain).

    An entity that was deleted after it was put in is written as None.

    Raises:
        UnstorableValue: it holds something that cannot be stored, or is nested too deeply.
        UnsavedObject: an entity in it has no row yet.
    """
    kind = type(value)
    if kind is str:
        try:
            return _make(Encoded, (_dumps(value).decode(), "s", None, None if "\0" in value else value, ()))
        except UnicodeEncodeError as error:
            raise _unstorable(value, str(error)) from None
    if kind is int and -EXACT_INTEGER <= value <= EXACT_INTEGER:
        return _make(Encoded, (str(value), "i", value, None, ()))
    if kind is float and isfinite(value):
        return _make(Encoded, (_dumps(value).decode(), "i", value, None, ()))
    if value is None:
        return _NONE
    if kind is bool:
        return _TRUE if value else _FALSE
    return _encode_structure(value)


_NONE = Encoded("null", "n", None, None, ())
_TRUE = Encoded("true", "b", 1, None, ())
_FALSE = Encoded("false", "b", 0, None, ())


def _encode_structure(value: Any) -> Encoded:
    writer = _Writer()
    try:
        text = _dumps(writer.node(value)).decode()
        return _make(Encoded, (text, *classify(value), tuple(writer.references)))
    except Refusal as refusal:
        raise _unstorable(value, refusal.why, refusal.found) from None
    except UnicodeEncodeError as error:
        raise _unstorable(value, str(error)) from None


def _unstorable(value: Any, why: str, found: Any = None) -> UnstorableValue:
    """The error with the path to the offender, which only a walk for adoption knows."""
    try:
        adopt(value, None, "value")
    except UnstorableValue as error:
        return error
    return UnstorableValue("value", value if found is None else found, why)


class _Writer:
    """One value on its way to JSON. `node` gives something that a JSON encoder can write as it is."""

    __slots__ = ("depth", "references")

    def __init__(self) -> None:
        self.references: dict[Reference, None] = {}
        self.depth = 0

    def node(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is int and -EXACT_INTEGER <= value <= EXACT_INTEGER:
            return value
        if kind is float and isfinite(value):
            return value
        scalar = SCALARS.get(kind)
        if scalar is not None:
            return {scalar.tag: scalar.write(value)}
        if self.depth >= MAX_DEPTH:
            raise Refusal(value, f"containers may stand at most {MAX_DEPTH} deep inside each other")
        self.depth += 1
        container = CONTAINERS.get(kind)
        write = _WRITERS.get(container._builtin if container is not None else kind)
        node = write(self, value) if write is not None else self.other(value)
        self.depth -= 1
        return node

    def nodes(self, values: Iterable[Any]) -> list[Any]:
        node = self.node
        return [
            value
            if (kind := type(value)) in _PLAIN or (kind is int and -EXACT_INTEGER <= value <= EXACT_INTEGER)
            else node(value)
            for value in values
        ]

    def pairs(self, value: Mapping[Any, Any]) -> list[list[Any]]:
        return [[self.node(key), self.node(item)] for key, item in value.items()]

    def mapping(self, value: Mapping[Any, Any]) -> Any:
        node = {}
        for key, item in value.items():
            if type(key) is not str or key[:1] == "~":
                return {"~dict": self.pairs(value)}
            kind = type(item)
            exact = kind in _PLAIN or (kind is int and -EXACT_INTEGER <= item <= EXACT_INTEGER)
            node[key] = item if exact else self.node(item)
        return node

    def members(self, value: Iterable[Any]) -> list[Raw]:
        return [Raw(text) for text in sorted([_dumps(self.node(member)) for member in value])]

    def factory_mapping(self, value: Any) -> Any:
        name = None
        if value.default_factory is not None:
            name = registry.factory_name(value.default_factory)
            if name is None:
                raise Refusal(value.default_factory, "this factory is not registered; see register_factory")
        return {"~defaultdict": [name, self.pairs(value)]}

    def other(self, value: Any) -> Any:
        if hooks.is_entity(value):
            reference = reference_or_none(value)
            if reference is None:
                return None
            self.references[reference] = None
            return {"~ref": list(reference)}
        registered = registry.find(type(value))
        if registered is None:
            raise Refusal(value, explain(value))
        payload = registered.dismantle(value)
        node = dict(zip(payload, self.nodes(payload.values()), strict=True)) if registered.is_record else None
        return {"~type": [registered.name, self.node(payload) if node is None else node]}


_WRITERS: dict[type, Callable[[_Writer, Any], Any]] = {
    list: _Writer.nodes,
    dict: _Writer.mapping,
    tuple: lambda writer, value: {"~tuple": writer.nodes(value)},
    set: lambda writer, value: {"~set": writer.members(value)},
    frozenset: lambda writer, value: {"~frozenset": writer.members(value)},
    deque: lambda writer, value: {"~deque": [writer.nodes(value), value.maxlen]},
    OrderedDict: lambda writer, value: {"~odict": writer.pairs(value)},
    Counter: lambda writer, value: {"~counter": writer.pairs(value)},
    defaultdict: _Writer.factory_mapping,
}
