"""What the names that a telnet client gives itself say about what it can show.

Contract: three rounds at most — the name of the client, the kind of its terminal, and `MTTS` with a number of bits —
become flags. A client that says nothing has sixteen colours.
"""

from __future__ import annotations

import re

from perdure.server.messages import Flag

__all__ = ["Terminal"]

_ROUNDS = 3
_NAME = re.compile(r"[^\x20-\x7e]")

#: Clients that have these colours although an old version of them may not say so.
_256 = ("atlantis", "beip", "blightmud", "cmud", "kildclient", "mudlet", "mushclient", "potato", "tintin", "xterm")
_TRUECOLOR = ("blightmud", "mudlet", "truecolor")

_MTTS: dict[int, str] = {
    1: "ANSI",
    2: "VT100",
    4: "UTF-8",
    8: "XTERM256",
    16: "MOUSE",
    32: "OSC_COLOR",
    64: "SCREENREADER",
    128: "PROXY",
    256: "TRUECOLOR",
    512: "MNES",
    1024: "MSLP",
    2048: "SSL",
}


class Terminal:
    """Listens to the rounds of one client."""

    __slots__ = ("_names", "done")

    def __init__(self) -> None:
        self.done = False
        self._names: list[str] = []

    def hear(self, name: str) -> dict[str, Flag]:
        """A name the client gave; the flags that follow from it. `done` says that no other need be asked for."""
        name = _NAME.sub("", name)[:64]
        repeated = bool(self._names) and self._names[-1] == name
        self._names.append(name)
        self.done = repeated or len(self._names) >= _ROUNDS or not name
        if repeated or not name:
            return {}
        mtts = re.fullmatch(r"MTTS (\d{1,6})", name, re.IGNORECASE)
        if mtts is not None:
            self.done = True
            return {flag: True for bit, flag in _MTTS.items() if int(mtts[1]) & bit}
        return self._of_name(name.lower(), first=len(self._names) == 1)

    def _of_name(self, name: str, first: bool) -> dict[str, Flag]:
        flags: dict[str, Flag] = {"CLIENTNAME" if first else "TERM": name}
        if name in ("dumb", "unknown"):
            flags["ANSI"] = name == "unknown"
            return flags
        flags["ANSI"] = True
        if "256" in name or name.startswith(_256):
            flags["XTERM256"] = True
        if name.startswith(_TRUECOLOR) or name.endswith(("-truecolor", "-direct")):
            flags["TRUECOLOR"] = True
        return flags
