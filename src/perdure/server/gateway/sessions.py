"""A client's session as the gateway has it, whatever it connects by.

Contract: a `Session` has a number for as long as its connection lasts. It counts its lines, knows which of them the
world has not yet done, and takes no more of them than it may. What the world says of it (`SessionState`) is kept for
the next world. Transports (telnet, WebSocket) derive from it and say how things are shown.

Invariants: the world hears of a session once, and of nothing else of it before that (`Stage`). Owner: the event
loop.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from perdure.server.gateway.limits import Bucket
from perdure.server.messages import Flag, Line, SessionRecord

if TYPE_CHECKING:
    from perdure.server.gateway.gateway import Gateway

__all__ = ["Session", "Stage"]


#: How much text of one session the world may owe an answer to.
_UNFINISHED_SIZE = 200_000


class Stage(Enum):
    """Where a session is: `NEW` finds out what the client can do, `WAITING` has no world to be greeted by."""

    NEW = "new"
    WAITING = "waiting"
    KNOWN = "known"
    GONE = "gone"


class Session:
    """One client.

    Args:
        gateway: whose session this is.
        protocol: "telnet", "telnet-tls" or "websocket".
        address: where the client is.
    """

    sessid: int
    record: SessionRecord
    ticket = ""

    def begin_session(self, gateway: Gateway, protocol: str, address: str) -> None:
        """Sets up what every session has. (No `__init__`: transports are made before a session is.)"""
        self.gateway = gateway
        self.protocol = protocol
        self.address = address
        self.stage = Stage.NEW
        self.sessid = gateway.next_sessid()
        self.flags: dict[str, Flag] = {}
        self.seq = 0
        self.unfinished: dict[int, Line] = {}
        self._unfinished_size = 0
        self.typing_visible = True
        self.last_input = time.monotonic()
        limits = gateway.settings.limits
        self.bucket = Bucket(limits.line_rate, limits.line_burst)
        self.record = SessionRecord(
            sessid=self.sessid, protocol=protocol, address=address, flags={}, conn_time=time.time()
        )

    # --- what the gateway asks of it ---------------------------------------------------------------

    def show(self, text: str, kind: str, options: Mapping[str, Any]) -> None:
        """Shows a text with markup."""
        raise NotImplementedError

    def show_prompt(self, text: str, options: Mapping[str, Any]) -> None:
        """Shows a prompt after all that is shown together with it."""
        raise NotImplementedError

    def show_oob(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Passes a named message on, if the client understands such."""
        raise NotImplementedError

    def show_typing(self, visible: bool) -> None:
        """Shows, or hides, what is typed."""
        raise NotImplementedError

    def flush(self) -> None:
        """Sends what was shown since the last time."""
        raise NotImplementedError

    def close(self, reason: str) -> None:
        """Ends the connection after what was shown has been sent."""
        raise NotImplementedError

    def abort(self, reason: str) -> None:
        """Ends the connection at once; what was not sent is dropped."""
        raise NotImplementedError

    def keep_alive(self) -> None:
        """Sends something that the client ignores."""

    def resume(self) -> None:
        """Goes on with lines that had to wait."""

    def flags_changed(self) -> None:
        """The flags are not what they were."""

    # --- what all have in common --------------------------------------------------------------------

    @property
    def is_gone(self) -> bool:
        """Whether this is over."""
        return self.stage is Stage.GONE

    @property
    def may_send(self) -> bool:
        """Whether another line may go to the world now."""
        return (
            self.stage is Stage.KNOWN
            and len(self.unfinished) < self.gateway.settings.limits.queued_lines
            and self._unfinished_size < _UNFINISHED_SIZE
        )

    def begin_line(self, line: Line) -> None:
        """A line has gone to the world. What was typed while it was hidden is not kept here."""
        kept = line if self.typing_visible else Line(line.sessid, line.seq, "(hidden)")
        self.unfinished[line.seq] = kept
        self._unfinished_size += len(kept.text)

    def finish_line(self, seq: int) -> None:
        """The world has done a line, or nobody waits for it any more."""
        line = self.unfinished.pop(seq, None)
        if line is not None:
            self._unfinished_size -= len(line.text)

    @property
    def logged_in(self) -> bool:
        """Whether the world has said that this is somebody."""
        return self.record.uid is not None

    def current_record(self) -> SessionRecord:
        """The record with what the client can do now."""
        return msgspec.structs.replace(self.record, flags=dict(self.flags))

    def learn(self, record: SessionRecord) -> None:
        """Takes over what the world says of the session, with the flags that it has changed."""
        changed = {name: flag for name, flag in record.flags.items() if self.record.flags.get(name) != flag}
        self.record = record
        if changed:
            self.flags.update(changed)
            self.flags_changed()

    def tell_flags(self, flags: dict[str, Flag]) -> None:
        """The client has said what it can do; what is new of it goes to the world."""
        changed = {name: flag for name, flag in flags.items() if self.flags.get(name) != flag}
        if not changed:
            return
        self.flags.update(changed)
        self.flags_changed()
        self.gateway.flags_of(self, changed)
