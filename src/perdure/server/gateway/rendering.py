"""Texts with markup as what each kind of client shows, made once for each kind and kept for a while.

Contract: what a room of a hundred people sees is rendered once for each kind of client among them. What is kept is
bounded by number, and long texts are not kept. No client gets an escape character or a piece of HTML out of a text:
`perdure.text.markup` sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from perdure.server.messages import Flag
from perdure.text.markup import Depth, escape, to_ansi, to_html, to_plain

__all__ = ["RENDERING_OPTIONS", "TelnetKind", "html", "telnet_bytes", "telnet_kind"]

#: Options of a text that say how it is rendered, and are not passed on to browsers.
RENDERING_OPTIONS = frozenset(
    {"raw", "nocolor", "ansi", "xterm256", "truecolor", "mxp", "screenreader", "client_raw", "send_prompt", "echo"}
)
#: Together at most some 3 MB.
_KEPT = 256
_LONG = 2048


class TelnetKind(NamedTuple):
    """What decides how a text looks to a telnet client."""

    depth: Depth = "16"
    screenreader: bool = False
    mxp: bool = False
    raw: bool = False
    encoding: str = "utf-8"

    def with_options(self, options: Mapping[str, Any]) -> TelnetKind:
        """The kind for one text that has options of its own."""
        kind = self
        if options.get("raw"):
            kind = kind._replace(raw=True)
        if options.get("nocolor"):
            kind = kind._replace(depth="none")
        if options.get("screenreader"):
            kind = kind._replace(screenreader=True)
        return kind


def telnet_kind(flags: Mapping[str, Flag]) -> TelnetKind:
    """The kind of a client with these flags."""
    depth: Depth = "none"
    if flags.get("NOCOLOR"):
        depth = "none"
    elif flags.get("TRUECOLOR"):
        depth = "truecolor"
    elif flags.get("XTERM256"):
        depth = "256"
    elif flags.get("ANSI", True):
        depth = "16"
    return TelnetKind(
        depth=depth,
        screenreader=bool(flags.get("SCREENREADER")),
        mxp=bool(flags.get("MXP")),
        raw=bool(flags.get("RAW")),
        encoding="latin-1" if flags.get("ENCODING") == "latin-1" else "utf-8",
    )


def telnet_bytes(text: str, kind: TelnetKind, end: bytes = b"\r\n") -> bytes:
    """The text as it is written to a telnet client."""
    if len(text) > _LONG:
        return _telnet_bytes.__wrapped__(text, kind, end)
    return _telnet_bytes(text, kind, end)


@lru_cache(maxsize=_KEPT)
def _telnet_bytes(text: str, kind: TelnetKind, end: bytes) -> bytes:
    shown = to_ansi(escape(text) if kind.raw else text, kind.depth, screenreader=kind.screenreader, mxp=kind.mxp)
    # A carriage return can come through only as part of an end of line.
    data = shown.replace("\r\n", "\n").replace("\n", "\r\n").encode(kind.encoding, "replace")
    if b"\xff" in data:
        data = data.replace(b"\xff", b"\xff\xff")
    return data if end and data.endswith(end) else data + end


def html(text: str, options: Mapping[str, Any], flags: Mapping[str, Flag]) -> str:
    """The text as browsers get it."""
    raw = bool(options.get("raw") or flags.get("RAW"))
    plain = bool(options.get("nocolor") or flags.get("NOCOLOR"))
    screenreader = bool(options.get("screenreader") or flags.get("SCREENREADER"))
    if len(text) > _LONG:
        return _html.__wrapped__(text, raw, plain, screenreader)
    return _html(text, raw, plain, screenreader)


@lru_cache(maxsize=_KEPT)
def _html(text: str, raw: bool, plain: bool, screenreader: bool) -> str:
    if raw:
        text = escape(text)
    elif plain:
        text = escape(to_plain(text))
    return to_html(text, screenreader=screenreader)
