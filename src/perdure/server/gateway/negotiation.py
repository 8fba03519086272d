"""What a telnet client and we agree upon, and what it says of itself meanwhile.

Contract: bytes go in, text comes out; the commands among them are answered, what they tell of the client becomes flags
of its session. `complete` says that nothing is left to wait for. A client that sends too many commands is dropped.

Failure modes: what makes no sense to telnetlib3 is logged at debug level and passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from telnetlib3.telopt import AYT, CHARSET, GMCP, IAC, MCCP2_COMPRESS, MSSP, MXP, NAWS, SB, SE, SGA, TTYPE

from perdure.server.gateway.limits import Bucket
from perdure.server.gateway.oob import Refused, flags_from_options, from_gmcp, to_gmcp
from perdure.server.gateway.options import CHARSETS, Framing, Options
from perdure.server.gateway.settings import Limits
from perdure.server.gateway.terminal import Terminal
from perdure.server.messages import Flag
from perdure.text.markup import MXP_LOCKED

__all__ = ["Negotiation", "Side"]

log = logging.getLogger("perdure.gateway.telnet")

_RATE = 100.0
_BURST = 300


class Side(Protocol):
    """What the negotiation needs of the session."""

    flags: dict[str, Flag]

    def write(self, data: bytes) -> None:
        """Sends bytes as they are."""

    def is_closing(self) -> bool:
        """Whether it is over."""

    def drop(self, notice: str) -> None:
        """Ends the connection and says why."""

    def tell_flags(self, flags: dict[str, Flag]) -> None:
        """Something is known of the client."""

    def take_message(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
        """The client has sent a named message."""

    def negotiation_went_on(self) -> None:
        """A command has been dealt with."""

    def mssp(self) -> dict[str, str | list[str]]:
        """What lists of games are told."""


class Negotiation:
    """The negotiation with one client.

    Args:
        side: its session, which is a transport to telnetlib3 as well.
        limits: how much it may send.
        compression: offer to compress.
    """

    def __init__(self, side: Side, limits: Limits, compression: bool) -> None:
        self.options = Options(side)
        self.speaks_telnet = False
        self._side = side
        self._depth = limits.message_depth
        self._framing = Framing(self._on_command, self._on_subnegotiation, limits.message_bytes)
        self._commands = Bucket(_RATE, _BURST)
        self._terminal = Terminal()
        self._mssp_sent = False
        self._charset_asked = False
        self.options.set_ext_callback(TTYPE, self._on_ttype)
        self.options.set_ext_callback(NAWS, self._on_naws)
        self.options.set_ext_offer_callback(CHARSET, lambda: list(CHARSETS))
        self.options.set_ext_send_callback(CHARSET, self._choose_charset)
        self.options.set_ext_callback(CHARSET, self._on_charset)
        self.options.set_iac_callback(AYT, self._on_are_you_there)
        self.options.offer(compression)

    def text_of(self, data: bytes) -> bytes:
        """The text among these bytes. Raises `TooLong` for a sub-negotiation without an end."""
        return self._framing.text_of(data)

    def stop(self) -> None:
        """Nothing more is to be looked at."""
        self._framing.stopped = True

    @property
    def complete(self) -> bool:
        """Whether all is known that there is to know."""
        names_to_come = self.options.remote_option.enabled(TTYPE) and not self._terminal.done
        return self.options.settled and not names_to_come

    @property
    def compression_agreed(self) -> bool:
        """Whether the client wants compressed output."""
        return self.options.local_option.enabled(MCCP2_COMPRESS)

    @property
    def wants_go_ahead(self) -> bool:
        """Whether the client refused to do without."""
        return self.options.local_option.get(SGA) is False

    def gmcp(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> bytes:
        """A named message as the client understands it; empty if it does not."""
        if not self.options.local_option.enabled(GMCP):
            return b""
        return IAC + SB + GMCP + to_gmcp(name, args, kwargs).replace(IAC, IAC + IAC) + IAC + SE

    # --- what the client says ------------------------------------------------------------------------

    def _on_command(self, command: bytes) -> None:
        if self._may_command():
            self._interpret(self.options.command, command)

    def _on_subnegotiation(self, payload: bytes) -> None:
        if not self._may_command():
            return
        if payload[:1] == GMCP:
            self._on_gmcp(payload[1:])
        else:
            self._interpret(self.options.subnegotiation, payload)

    def _may_command(self) -> bool:
        if self._side.is_closing():
            return False
        self.speaks_telnet = True
        if self._commands.take():
            return True
        self._side.drop("Too many telnet commands.")
        return False

    def _interpret(self, function: Callable[[bytes], None], command: bytes) -> None:
        try:
            function(command)
        except Exception as error:  # noqa: BLE001 - boundary to telnetlib3, which is given whatever a client sends
            log.debug("A telnet command makes no sense: %r", error)
        if not self._side.is_closing():
            self._follow_up()
            self._side.negotiation_went_on()

    def _follow_up(self) -> None:
        """Does what was agreed upon."""
        local = self.options.local_option
        if local.enabled(MSSP) and not self._mssp_sent:
            self._mssp_sent = True
            self.options.send_mssp(self._side.mssp())
        if local.enabled(CHARSET) and not self._charset_asked:
            self._charset_asked = True
            self.options.request_charset()
        if local.enabled(MXP) and not self._side.flags.get("MXP"):
            self._side.write(IAC + SB + MXP + IAC + SE + MXP_LOCKED.encode())
            self._side.tell_flags({"MXP": True})
        if local.enabled(GMCP) and not self._side.flags.get("GMCP"):
            self._side.tell_flags({"GMCP": True})

    def _on_ttype(self, name: str) -> None:
        if self._terminal.done:
            return
        self._side.tell_flags(self._terminal.hear(name))
        if not self._terminal.done:
            self.options.request_ttype()

    def _on_naws(self, rows: int, columns: int) -> None:
        if self._side.flags.get("AUTORESIZE", True) is False and "SCREENWIDTH" in self._side.flags:
            return
        size = {"SCREENWIDTH": columns, "SCREENHEIGHT": rows}
        self._side.tell_flags({name: value for name, value in size.items() if 0 < value <= 1000})

    def _choose_charset(self, offers: list[str]) -> str | None:
        """Which of the character sets that the client names is used; None for none of them."""
        named = {offer.upper(): offer for offer in offers}
        chosen = next((charset for charset in CHARSETS if charset in named), None)
        if chosen is None:
            return None
        self._on_charset(chosen)
        return named[chosen]

    def _on_charset(self, name: str) -> None:
        if name.upper() in CHARSETS:
            self._side.tell_flags({**flags_from_options({"encoding": name}), "UTF-8": name.upper() == CHARSETS[0]})

    def _on_are_you_there(self, _command: bytes) -> None:
        self._side.write(b"[Yes]\r\n")

    def _on_gmcp(self, payload: bytes) -> None:
        try:
            message = from_gmcp(payload, self._depth)
        except Refused as error:
            log.debug("A GMCP message is refused: %s", error)
            return
        self._side.take_message(*message)
