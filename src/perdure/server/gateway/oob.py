"""Named messages of clients other than text: what is let through, and how GMCP says them.

Contract: whatever a client sends, what comes out of here is a name of small letters, digits and `_`, and plain JSON
values of bounded depth and number that MessagePack can carry; or `Refused`. Flags come out only by known names and
with values of known types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from perdure.server.messages import Flag

__all__ = ["Refused", "checked_message", "flags_from_options", "from_gmcp", "from_json", "to_gmcp", "to_json"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SIGN = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_VALUES = 2000
_WHOLE = 2**63

#: Names that GMCP has a place of its own for.
_GMCP_NAMES = {
    "client_options": "Core.Supports.Get",
    "get_inputfuncs": "Core.Commands.Get",
    "get_value": "Char.Value.Get",
    "repeat": "Char.Repeat.Update",
    "monitor": "Char.Monitor.Update",
}
_NAMES_OF_GMCP = {package.lower(): name for name, package in _GMCP_NAMES.items()}

_BOOLEAN = "boolean"
_TEXT = "text"
_SIZE = "size"
#: What a client may say of itself: the name of the flag and the kind of its value.
_OPTIONS: dict[str, tuple[str, str]] = {
    "client": ("CLIENTNAME", _TEXT),
    "clientname": ("CLIENTNAME", _TEXT),
    "version": ("CLIENTVERSION", _TEXT),
    "ansi": ("ANSI", _BOOLEAN),
    "xterm256": ("XTERM256", _BOOLEAN),
    "truecolor": ("TRUECOLOR", _BOOLEAN),
    "mxp": ("MXP", _BOOLEAN),
    "utf-8": ("UTF-8", _BOOLEAN),
    "utf8": ("UTF-8", _BOOLEAN),
    "encoding": ("ENCODING", _TEXT),
    "screenreader": ("SCREENREADER", _BOOLEAN),
    "mccp": ("MCCP", _BOOLEAN),
    "screenwidth": ("SCREENWIDTH", _SIZE),
    "screenheight": ("SCREENHEIGHT", _SIZE),
    "autoresize": ("AUTORESIZE", _BOOLEAN),
    "nocolor": ("NOCOLOR", _BOOLEAN),
    "raw": ("RAW", _BOOLEAN),
    "nogoahead": ("NOGOAHEAD", _BOOLEAN),
    "nopromptgoahead": ("NOPROMPTGOAHEAD", _BOOLEAN),
    "forcedendline": ("FORCEDENDLINE", _BOOLEAN),
    "localecho": ("LOCALECHO", _BOOLEAN),
    "inputdebug": ("INPUTDEBUG", _BOOLEAN),
    "istyping": ("ISTYPING", _BOOLEAN),
}
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "latin-1": "latin-1", "latin1": "latin-1", "iso-8859-1": "latin-1"}
_WORDS = {"true": True, "on": True, "yes": True, "1": True, "false": False, "off": False, "no": False, "0": False}

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder()


class Refused(ValueError):
    """A client's message that is not let through; the text says why."""


def checked_message(name: Any, args: Any, kwargs: Any, depth: int) -> tuple[str, list[Any], dict[str, Any]]:
    """The message if it may pass, its name in small letters. Raises `Refused`."""
    if not isinstance(name, str) or _NAME.fullmatch(name := name.lower().replace("-", "_")) is None:
        raise Refused("the name of a message is a letter, then letters, digits and _, 64 at most")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise Refused("a message is [name, [values], {names: values}]")
    left = _count(args, depth, _VALUES)
    _count(kwargs, depth, left)
    return name, args, kwargs


def _count(value: Any, depth: int, left: int) -> int:
    """How many values there may still be after this one. Raises `Refused` for what is too much or no plain JSON."""
    if left <= 0:
        raise Refused(f"a message has {_VALUES} values at most")
    if isinstance(value, list | dict):
        if depth <= 0:
            raise Refused("a message is nested too deeply")
        for item in value.values() if isinstance(value, dict) else value:
            left = _count(item, depth - 1, left - 1)
        return left
    if isinstance(value, int) and not -_WHOLE <= value < _WHOLE:
        raise Refused("a number in a message is too large")
    if not (value is None or isinstance(value, str | int | float)):
        raise Refused("a message has plain JSON values only")
    return left


def from_json(text: str | bytes, depth: int) -> tuple[str, list[Any], dict[str, Any]]:
    """A message as browsers send it: `[name, [values], {names: values}]`, of which the last two may be missing.

    Raises `Refused`.
    """
    message = _decoded(text)
    if not isinstance(message, list) or not 1 <= len(message) <= 3:
        raise Refused("a message is [name, [values], {names: values}]")
    args = message[1] if len(message) > 1 else []
    kwargs = message[2] if len(message) > 2 else {}
    return checked_message(message[0], args, kwargs, depth)


def to_json(name: str, args: list[Any], kwargs: Mapping[str, Any]) -> str:
    """A message as browsers get it."""
    return _encoder.encode((name, args, kwargs)).decode()


def _decoded(text: str | bytes) -> Any:
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Refused(f"this is no JSON: {error}") from error


def from_gmcp(payload: bytes, depth: int) -> tuple[str, list[Any], dict[str, Any]]:
    """A message as GMCP has it: `Package.Name json`. Raises `Refused`."""
    package, _space, text = payload.partition(b" ")
    try:
        name = package.decode("ascii").strip().lower()
    except UnicodeDecodeError as error:
        raise Refused("the name of a message has letters, digits and dots") from error
    name = _NAMES_OF_GMCP.get(name) or name.removeprefix("core.").replace(".", "_")
    text = text.strip()
    args, kwargs = _parts(_decoded(text)) if text else ([], {})
    return checked_message(name, args, kwargs, depth)


def _parts(data: Any) -> tuple[list[Any], dict[str, Any]]:
    if isinstance(data, dict):
        return [], data
    if isinstance(data, list):
        if len(data) == 2 and isinstance(data[0], list) and isinstance(data[1], dict):
            return data[0], data[1]
        return data, {}
    return [data], {}


def to_gmcp(name: str, args: list[Any], kwargs: Mapping[str, Any]) -> bytes:
    """A message as GMCP has it: `foo_bar` is `Foo.Bar`, `foo` is `Core.Foo`."""
    package = _GMCP_NAMES.get(name)
    if package is None:
        parts = [part for part in name.split("_") if part] or ["Message"]
        package = ".".join(part.capitalize() for part in (parts if len(parts) > 1 else ["core", *parts]))
    data: Any
    if args and kwargs:
        data = [args, kwargs]
    elif kwargs:
        data = kwargs
    elif args:
        data = args[0] if len(args) == 1 else args
    else:
        return package.encode()
    return package.encode() + b" " + _encoder.encode(data)


def flags_from_options(options: Mapping[str, Any]) -> dict[str, Flag]:
    """The flags in what a client says of itself; what is unknown or of another kind is left out."""
    flags: dict[str, Flag] = {}
    for option, value in options.items():
        name, kind = _OPTIONS.get(str(option).lower().replace("_", "-"), ("", ""))
        flag = _flag(name, kind, value)
        if flag is not None:
            flags[name] = flag
    return flags


def _flag(name: str, kind: str, value: Any) -> Flag | None:
    if kind == _BOOLEAN:
        return value if isinstance(value, bool) else _WORDS.get(str(value).lower())
    if kind == _SIZE:
        # Of the sizes per window that some clients send, the first is meant.
        value = next(iter(value.values()), None) if isinstance(value, dict) else value
        try:
            size = int(value)
        except (TypeError, ValueError, OverflowError):
            return None
        return size if 1 <= size <= 1000 else None
    if kind == _TEXT and isinstance(value, str):
        return _ENCODINGS.get(value.lower()) if name == "ENCODING" else _SIGN.sub("", value)[:64]
    return None
