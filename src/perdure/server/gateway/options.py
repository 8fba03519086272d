"""Telnet's options, by telnetlib3: which we offer, which we take, and the framing of commands in a stream of bytes.

Contract: `Framing` takes a stream apart into text, commands, options and sub-negotiations, wherever it is cut;
sub-negotiations are bounded. `Options` is telnetlib3's state machine for who does what; it is only fed whole
commands, so that nothing a client sends leaves it half way in one. Options that we do not know are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telnetlib3 import slc
from telnetlib3.stream_writer import TelnetWriter
from telnetlib3.telopt import (
    CHARSET,
    DO,
    ECHO,
    GMCP,
    IAC,
    LINEMODE,
    LOGOUT,
    MCCP2_COMPRESS,
    MSSP,
    MXP,
    NAWS,
    SB,
    SE,
    SGA,
    TM,
    TTYPE,
    WILL,
    WONT,
)

__all__ = ["CHARSETS", "Framing", "Options", "TooLong"]

_IAC = IAC[0]
_SB = SB[0]
_SE = SE[0]
_NEGOTIATION = frozenset(range(WILL[0], 255))
_ALL = {bytes([number]) for number in range(256)}
_REFUSED_DO = frozenset(_ALL - {ECHO, SGA, MCCP2_COMPRESS, MSSP, GMCP, MXP, CHARSET, TM, LOGOUT})
_REFUSED_WILL = frozenset(_ALL - {LINEMODE, NAWS, TTYPE, SGA, CHARSET, TM, LOGOUT})
_FOLLOWED = frozenset({TTYPE, NAWS, LINEMODE, CHARSET})
#: What texts can be written in, the best first, as RFC 2066 names it.
CHARSETS = ("UTF-8", "ISO-8859-1")
#: What a client need not answer for us to know what it can do.
_NOT_AWAITED = frozenset({SB + LINEMODE, SB + MXP, WILL + ECHO})


class TooLong(ValueError):
    """A sub-negotiation that does not end."""


class Options(TelnetWriter):
    """telnetlib3's record of options, which writes what has to be said to the transport it is given."""

    # Lines are edited by the client; nothing that is typed is a signal.
    slc_simulated = False
    default_linemode = slc.Linemode(slc.LMODE_MODE_EDIT)

    def __init__(self, transport: Any) -> None:
        super().__init__(transport=transport, protocol=transport, server=True)
        self.hides_typing = False
        self.always_wont = _REFUSED_DO  # type: ignore[assignment]
        self.always_dont = _REFUSED_WILL  # type: ignore[assignment]

    def offer(self, compression: bool) -> None:
        """Says what we can do and ask for, at the beginning."""
        self.compression = compression
        self.iac(DO, LINEMODE)
        self.iac(WILL, SGA)
        self.iac(DO, NAWS)
        self.iac(DO, TTYPE)
        if compression:
            self.iac(WILL, MCCP2_COMPRESS)
        self.iac(WILL, MSSP)
        self.iac(WILL, GMCP)
        self.iac(WILL, MXP)
        self.iac(WILL, CHARSET)

    def handle_do(self, opt: bytes) -> bool:
        """Agrees to what was offered; to echo only while we hide what is typed."""
        if opt != ECHO:
            return bool(super().handle_do(opt))
        # The answer to an earlier change may come after a later one: what we want now decides, not what is pending.
        if not self.hides_typing:
            self.iac(WONT, ECHO)
        return self.hides_typing

    def handle_will(self, opt: bytes) -> None:
        """Agrees to what was asked for; to negotiate about character sets also when the client begins."""
        if opt == CHARSET:
            # telnetlib3 answers with a WILL of our own and a request, but not to the client's WILL.
            self.iac(DO, CHARSET)
        super().handle_will(opt)

    def hide_typing(self, hide: bool) -> None:
        """Asks the client not to show what is typed, by saying that we do; or takes that back."""
        self.hides_typing = hide
        # A client that never answered is asked again all the same.
        self.pending_option[WILL + ECHO] = False
        self.iac(WILL if hide else WONT, ECHO)

    def command(self, command: bytes) -> None:
        """A whole command: one byte, or one and an option."""
        for byte in IAC + command:
            self.feed_byte(bytes((byte,)))

    def subnegotiation(self, payload: bytes) -> None:
        """A whole sub-negotiation, its option first; those that nobody here follows are passed over."""
        if payload[:1] in _FOLLOWED and len(payload) <= 512:
            for byte in IAC + SB + payload.replace(IAC, IAC + IAC) + IAC + SE:
                self.feed_byte(bytes((byte,)))

    @property
    def settled(self) -> bool:
        """Whether all that was asked has been answered."""
        return not any(pending for option, pending in self.pending_option.items() if option not in _NOT_AWAITED)


class Framing:
    """Takes a stream of bytes apart.

    Args:
        on_command: called with a command, or a command and its option.
        on_subnegotiation: called with what is between `IAC SB` and `IAC SE`.
        limit: how long that may be.

    When one of them sets `stopped`, what is left of the stream is of no interest any more.
    """

    __slots__ = ("_limit", "_on_command", "_on_subnegotiation", "_rest", "stopped")

    def __init__(
        self, on_command: Callable[[bytes], None], on_subnegotiation: Callable[[bytes], None], limit: int
    ) -> None:
        self._on_command = on_command
        self._on_subnegotiation = on_subnegotiation
        self._limit = limit
        self._rest = b""
        self.stopped = False

    def text_of(self, data: bytes) -> bytes:
        """The text in these bytes; commands have been called for then. Raises `TooLong`."""
        if not self._rest and _IAC not in data:
            return data
        data = self._rest + data
        self._rest = b""
        text: list[bytes] = []
        at = 0
        while not self.stopped:
            found = data.find(_IAC, at)
            if found < 0:
                text.append(data[at:])
                break
            text.append(data[at:found])
            at = self._command_at(data, found, text)
            if at < 0:
                self._rest = data[found:]
                break
        return b"".join(text)

    def _command_at(self, data: bytes, found: int, text: list[bytes]) -> int:
        """Where it goes on after the command there; negative when it is not whole."""
        command = data[found + 1] if found + 1 < len(data) else -1
        if command == _IAC:
            text.append(IAC)
            return found + 2
        if command in _NEGOTIATION:
            if found + 2 >= len(data):
                return -1
            self._on_command(data[found + 1 : found + 3])
            return found + 3
        if command == _SB:
            return self._subnegotiation_at(data, found)
        if command >= 0:
            self._on_command(data[found + 1 : found + 2])
            return found + 2
        return -1

    def _subnegotiation_at(self, data: bytes, found: int) -> int:
        begin = at = found + 2
        while True:
            at = data.find(_IAC, at)
            if at < 0 or at + 1 >= len(data):
                if len(data) - begin > self._limit:
                    raise TooLong(f"a sub-negotiation has more than {self._limit} bytes")
                return -1
            if data[at + 1] == _IAC:
                at += 2
                continue
            if data[at + 1] != _SE:
                # Another command in between: what there was of this one is void.
                return at
            if at - begin > self._limit:
                raise TooLong(f"a sub-negotiation has more than {self._limit} bytes")
            self._on_subnegotiation(data[begin:at].replace(IAC + IAC, IAC))
            return at + 2
