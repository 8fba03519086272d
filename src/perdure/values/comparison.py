"""What a value is compared by: a kind, a number, a sortable text.

Contract: values that are equal in Python have the same key in every process, however their dicts and sets are ordered
and whatever hash seed it runs with. Order of the sortable text is order in time for dates, and of
characters for strings. Containers have a digest, for equality only.

| kind | what | number | sortable |
|---|---|---|---|
| n | None | - | - |
| b | bool | 0, 1 | - |
| i | int, float, Decimal | itself; a float when beyond 64 bits; None for NaN | - |
| s | str | - | itself; None if it holds NUL |
| d t z | date, naive datetime, aware datetime | - | ISO, microseconds; aware ones in UTC |
| D | timedelta | microseconds | - |
| r | reference | - | model:pk |
| c o | container; everything else | - | digest |

Two answers of Python's own equality cannot be had and are settled so: an OrderedDict is compared as a dict, and a
Counter too, with its zeros.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

from msgspec.json import Encoder

from perdure.values import registry
from perdure.values.adoption import adopt
from perdure.values.anchors import CONTAINERS
from perdure.values.references import Reference, hooks, reference_or_none
from perdure.values.refusal import Refusal, explain
from perdure.values.scalars import EXACT_INTEGER

__all__ = ["classify", "comparison_key", "sortable_reference"]

Key = tuple[str, int | float | None, str | None]

_text = Encoder().encode
_DAY = timedelta(days=1)


def comparison_key(value: Any) -> Key:
    """The key of a value that is searched for: `(kind, number, sortable)`, as `encode` gives it.

    Raises:
        UnstorableValue: it cannot be stored, so nothing can be equal to it.
        UnsavedObject, DeletedObject: an entity in it has no row.
    """
    return classify(adopt(value, None, "value"))


def classify(value: Any) -> Key:
    """The key of a value that is known to be storable."""
    kind = type(value)
    if kind is str:
        return "s", None, None if "\0" in value else value
    if kind is int:
        return "i", _bounded(value), None
    found = _KEYS.get(kind)
    if found is not None:
        return found(value)
    if kind in CONTAINERS or kind in (tuple, frozenset, range):
        return "c", None, _digest(value)
    if hooks.is_entity(value):
        reference = reference_or_none(value)
        return ("n", None, None) if reference is None else ("r", None, sortable_reference(reference))
    return "o", None, _digest(value)


def sortable_reference(reference: Reference) -> str:
    """The text by which a reference is found."""
    return f"{reference.model}:{reference.pk}"


def _bounded(number: int) -> int | float:
    if -(2**63) <= number < 2**63:
        return number
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def _float_key(value: float) -> Key:
    return "i", None if value != value else value, None


def _decimal_key(value: Decimal) -> Key:
    return "i", None if value.is_nan() else float(value), None


def _datetime_key(value: datetime) -> Key:
    if value.tzinfo is None:
        return "t", None, value.isoformat(timespec="microseconds")
    return "z", None, _in_utc(value)


def _in_utc(value: datetime) -> str:
    """ISO text in UTC. A moment beyond the first or last year of the calendar keeps its place in the order."""
    try:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    except OverflowError:
        offset = value.utcoffset() or timedelta()
        first = value.year == 1
        shifted = value.replace(tzinfo=None) + (_DAY if first else -_DAY) - offset
        return ("0000-12-31" if first else "9999-12-32") + shifted.isoformat(timespec="microseconds")[10:]


def _microseconds(value: timedelta) -> int:
    return value // timedelta(microseconds=1)


_KEYS: dict[type, Callable[[Any], Key]] = {
    type(None): lambda value: ("n", None, None),
    bool: lambda value: ("b", int(value), None),
    float: _float_key,
    Decimal: _decimal_key,
    datetime: _datetime_key,
    date: lambda value: ("d", None, value.isoformat()),
    timedelta: lambda value: ("D", _bounded(_microseconds(value)), None),
}


def _digest(value: Any) -> str:
    return blake2b(_normal(value), digest_size=16).hexdigest()


def _integer(value: int) -> bytes:
    return b"%d" % value if value.bit_length() <= 256 else hex(value).encode()


def _float(value: float) -> bytes:
    return _integer(int(value)) if value.is_integer() else repr(float(value)).encode()


def _decimal(value: Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):  # infinite, or not a number
        return b"nan" if value.is_nan() else _float(float(value))
    written = "".join(map(str, digits)).lstrip("0")
    if not written:
        return b"0"
    exponent += len(written)
    written = written.rstrip("0")
    exponent -= len(written)
    if exponent >= 0 and len(written) + exponent <= 4000:
        number = int(written) * 10**exponent
        return _integer(-number if sign else number)
    if exponent < 0 and float(value) == value:
        return _float(float(value))
    return b"%be%d" % (("-" * sign + written).encode(), exponent)


def _complex(value: complex) -> bytes:
    return _float(value.real) if value.imag == 0 else b"j%b,%b" % (_float(value.real), _float(value.imag))


def _moment(value: datetime) -> bytes:
    kind, _, text = _datetime_key(value)
    return f"{kind}:{text}".encode()


def _time(value: time) -> bytes:
    offset = value.utcoffset()
    if offset is None:
        return b"time:" + value.replace(fold=0, tzinfo=None).isoformat("microseconds").encode()
    elapsed = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
    return b"utctime:%d" % _microseconds(elapsed - offset)


def _range(value: range) -> bytes:
    # Not by len(), which refuses very long ranges.
    if not value:
        return b"range:"
    if value[0] == value[-1]:
        return b"range:%b" % _integer(value[0])
    return b"range:%b,%b,%b" % (_integer(value[0]), _integer(value.step), _integer(value[-1]))


def _items(value: Any) -> bytes:
    # Most items are texts and small integers; they need no look at the table.
    return b",".join(
        [
            _text(item)
            if (kind := type(item)) is str or (kind is int and -EXACT_INTEGER <= item <= EXACT_INTEGER)
            else _normal(item)
            for item in value
        ]
    )


def _mapping(value: Any) -> bytes:
    pairs = []
    for key, item in value.items():
        name = _text(key) if type(key) is str else _normal(key)
        form = _NORMAL.get(type(item), _normal)
        pairs.append(name + b":" + form(item))
    return b"{" + b",".join(sorted(pairs)) + b"}"


def _members(value: Any) -> bytes:
    return b"<" + b",".join(sorted(map(_normal, value))) + b">"


_NORMAL: dict[type, Callable[[Any], bytes]] = {
    str: _text,
    int: _integer,
    bool: _integer,  # True == 1, in a container as anywhere
    type(None): lambda value: b"null",
    float: _float,
    Decimal: _decimal,
    complex: _complex,
    bytes: lambda value: b"bytes:" + value.hex().encode(),
    datetime: _moment,
    date: lambda value: b"d:" + value.isoformat().encode(),
    time: _time,
    timedelta: lambda value: b"D:%d" % _microseconds(value),
    UUID: lambda value: b"uuid:" + value.hex.encode(),
    re.Pattern: lambda value: b"pattern:" + _normal(value.pattern) + b"/%d" % value.flags,
    range: _range,
    tuple: lambda value: b"(" + _items(value) + b")",
    frozenset: _members,
    list: lambda value: b"[" + _items(value) + b"]",
    deque: lambda value: b"deque[" + _items(value) + b"]",
    set: _members,
    dict: _mapping,
    OrderedDict: _mapping,
    defaultdict: _mapping,
    Counter: _mapping,
}


_BARE: dict[type, Callable[[Any], Any]] = {int: int.__int__, str: str.__str__, float: float.__float__}
"""How to get at the plain value of an instance of a subclass, past anything the subclass overrides."""


def _normal(value: Any) -> bytes:
    """A form that is the same for equal values and for nothing else."""
    kind = type(value)
    form = _NORMAL.get(kind)
    if form is not None:
        return form(value)
    if kind in CONTAINERS:
        return _NORMAL[CONTAINERS[kind]._builtin](value)
    if hooks.is_entity(value):
        reference = reference_or_none(value)
        return b"null" if reference is None else b"@" + _text(sortable_reference(reference))
    registered = registry.find(kind)
    if registered is None:
        raise Refusal(value, explain(value))
    # Members of IntEnum, StrEnum and the like, and named tuples, are equal to what they are made of.
    for basis, bare in _BARE.items():
        if isinstance(value, basis):
            return _NORMAL[basis](bare(value))
    if registered.is_record and isinstance(value, tuple):
        return _NORMAL[tuple](value)
    return b"type:" + _text(registered.name) + _normal(registered.dismantle(value))
