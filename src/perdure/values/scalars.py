"""Values without parts: which there are, and how each is written where JSON has no word for it.

Contract: reading what was written gives the same type and an equal value, to the last detail (sign of zero, `fold`,
zone, exponent). A tagged scalar is written as `{"~tag": payload}`. Reading never imports and never evaluates.

Failure modes: `Refusal` for text with lone surrogates and for time zones that have no name to find them by;
a damaged payload raises whatever Python raises for it, which the codec turns into `UnreadableValue`.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from perdure.values.refusal import Refusal

__all__ = ["ATOMS", "EXACT_INTEGER", "IMMEDIATE", "SCALARS", "SCALARS_BY_TAG", "Scalar", "check_text", "check_zone"]

EXACT_INTEGER = 2**53 - 1
"""Up to here every JSON reader keeps an integer exact; beyond it we write a tagged one."""

_MOMENT = timedelta(microseconds=1)


class Scalar(NamedTuple):
    """How one type is written and read."""

    tag: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def check_text(text: str) -> str:
    """The text itself. Raises Refusal if it holds half a surrogate pair, which no encoding can carry."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise Refusal(text, f"it holds a lone surrogate at index {error.start}, which cannot be stored") from None
    return text


def check_zone(moment: datetime | time) -> Any:
    """The moment itself. Raises Refusal if its time zone cannot be stored exactly."""
    _write_zone(moment.tzinfo)
    return moment


def _write_zone(zone: tzinfo | None) -> Any:
    """None, a zone's key, an offset in microseconds, or such an offset with its name."""
    if zone is None:
        return None
    if type(zone) is timezone:
        offset = zone.utcoffset(None)
        microseconds = offset // _MOMENT
        name = zone.tzname(None)
        return microseconds if name == timezone(offset).tzname(None) else [microseconds, check_text(name)]
    if type(zone) is ZoneInfo and zone.key is not None:
        return zone.key
    raise Refusal(zone, "only time zones of datetime.timezone and zoneinfo.ZoneInfo (with a key) can be stored")


def _read_zone(form: Any) -> tzinfo | None:
    if form is None:
        return None
    if isinstance(form, str):
        return ZoneInfo(form)
    if isinstance(form, int):
        return timezone(form * _MOMENT) if form else UTC
    microseconds, name = form
    return timezone(microseconds * _MOMENT, name)


def _write_moment(moment: datetime | time) -> Any:
    text = moment.replace(tzinfo=None).isoformat()
    if moment.fold:
        return [text, _write_zone(moment.tzinfo), 1]
    return text if moment.tzinfo is None else [text, _write_zone(moment.tzinfo)]


def _moment_reader(parse: Callable[[str], Any]) -> Callable[[Any], Any]:
    def read(form: Any) -> Any:
        if isinstance(form, str):
            return parse(form)
        text, zone, *fold = form
        return parse(text).replace(tzinfo=_read_zone(zone), fold=fold[0] if fold else 0)

    return read


def _write_integer(value: int) -> str:
    # Python limits decimal conversion of very long integers; hexadecimal has no limit.
    return str(value) if value.bit_length() <= 256 else hex(value)


def _read_integer(text: str) -> int:
    return int(text, 16) if "0x" in text else int(text)


def _write_float(value: float) -> Any:
    return value if math.isfinite(value) else {"~float": repr(value)}


def _read_float(form: Any) -> float:
    if isinstance(form, dict):
        return float(form["~float"])
    return float(form)


def _write_pattern(pattern: re.Pattern[Any]) -> Any:
    source = pattern.pattern
    return [source if isinstance(source, str) else {"~bytes": _write_bytes(source)}, pattern.flags]


def _read_pattern(form: Any) -> re.Pattern[Any]:
    source, flags = form
    return re.compile(_read_bytes(source["~bytes"]) if isinstance(source, dict) else source, flags)


def _write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _read_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


SCALARS: dict[type, Scalar] = {
    int: Scalar("~int", _write_integer, _read_integer),
    float: Scalar("~float", repr, float),
    complex: Scalar(
        "~complex", lambda v: [_write_float(v.real), _write_float(v.imag)], lambda f: complex(*map(_read_float, f))
    ),
    bytes: Scalar("~bytes", _write_bytes, _read_bytes),
    Decimal: Scalar("~decimal", str, Decimal),
    datetime: Scalar("~datetime", _write_moment, _moment_reader(datetime.fromisoformat)),
    date: Scalar("~date", date.isoformat, date.fromisoformat),
    time: Scalar("~time", _write_moment, _moment_reader(time.fromisoformat)),
    timedelta: Scalar("~timedelta", lambda v: [v.days, v.seconds, v.microseconds], lambda f: timedelta(*f)),
    UUID: Scalar("~uuid", str, UUID),
    re.Pattern: Scalar("~pattern", _write_pattern, _read_pattern),
    range: Scalar(
        "~range",
        lambda v: [_write_integer(n) for n in (v.start, v.stop, v.step)],
        lambda f: range(*map(_read_integer, f)),
    ),
}
"""How each tagged scalar is written. (`int` and `float` only where plain JSON cannot carry them; `range` counts as
one because its parts are plain integers.)"""

SCALARS_BY_TAG = {scalar.tag: scalar for scalar in SCALARS.values()}

ATOMS = frozenset({type(None), bool, *SCALARS} - {datetime, time})
"""Types whose instances can be stored without looking at them."""

IMMEDIATE = ATOMS | {str, datetime, time}
"""Types whose instances hold no other values: a walk need not enter them."""
