"""What the command line and the gateway say to each other over `server/run/control.sock`.

Contract: one connection, one request. The answer is any number of `Progress` and one `Answer`; then the gateway closes.
Frames are those of the link (`wire`). Invariants: see `messages`; `CONTROL_PROTOCOL` grows when one of these changes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = [
    "CONTROL_PROTOCOL",
    "Answer",
    "Change",
    "ControlRequest",
    "Halt",
    "Progress",
    "Report",
    "RunSource",
    "Status",
]

CONTROL_PROTOCOL = 1


class ControlMessage(msgspec.Struct, array_like=True, tag=True):
    """Base: the name of the class, then its fields."""


class Status(ControlMessage):
    """How is it going?"""

    protocol: int = CONTROL_PROTOCOL


class Change(ControlMessage):
    """Put a new world in the place of the old one."""

    verb: Literal["reload", "reset"]


class Halt(ControlMessage):
    """End the game.

    Args:
        now: without giving the world time to say farewell.
    """

    now: bool = False


class RunSource(ControlMessage):
    """Run Python in the world."""

    source: str


class Progress(ControlMessage):
    """A step on the way to the answer, for people."""

    text: str


class Answer(ControlMessage):
    """What came of it.

    Args:
        ok: whether it happened.
        summary: one line; for `RunSource` what the code printed.
        detail: traceback.
        data: for `Status`, plain values.
    """

    ok: bool
    summary: str
    detail: str = ""
    data: dict[str, Any] = {}


ControlRequest = Status | Change | Halt | RunSource
Report = Progress | Answer
