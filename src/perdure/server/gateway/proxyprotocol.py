"""The header by which a load balancer says whose connection it passes on (PROXY protocol, versions 1 and 2).

Contract: `read` gives the client's address and the bytes after the header, None while bytes are missing, or raises
`BadHeader`. It is asked only about connections from addresses that are trusted with it.
"""

from __future__ import annotations

import ipaddress

__all__ = ["BadHeader", "read"]

_V2 = b"\r\n\r\n\x00\r\nQUIT\n"
_LONGEST_V1 = 107
_LONGEST_V2 = 16 + 536


class BadHeader(ValueError):
    """These bytes are no PROXY header."""


def read(data: bytes) -> tuple[str, bytes] | None:
    """The address (empty when the proxy speaks for itself) and the bytes that follow; None: more bytes are needed."""
    if data[:12] == _V2[: len(data[:12])]:
        return _version_2(data) if len(data) >= 16 else None
    if data[:6] == b"PROXY "[: len(data[:6])]:
        return _version_1(data)
    raise BadHeader("the connection does not begin with a PROXY header")


def _version_1(data: bytes) -> tuple[str, bytes] | None:
    line, end, rest = data.partition(b"\r\n")
    if not end:
        if len(data) > _LONGEST_V1:
            raise BadHeader("a PROXY header has no end")
        return None
    parts = line.split(b" ")
    if len(parts) >= 2 and parts[1] == b"UNKNOWN":
        return "", rest
    if len(parts) != 6 or parts[1] not in (b"TCP4", b"TCP6"):
        raise BadHeader("a PROXY header has other fields than it should")
    try:
        return str(ipaddress.ip_address(parts[2].decode("ascii"))), rest
    except ValueError as error:
        raise BadHeader("a PROXY header has no address") from error


def _version_2(data: bytes) -> tuple[str, bytes] | None:
    length = int.from_bytes(data[14:16], "big")
    if data[12] >> 4 != 2 or length > _LONGEST_V2 - 16:
        raise BadHeader("a PROXY header of another version, or too long")
    if len(data) < 16 + length:
        return None
    body, rest = data[16 : 16 + length], data[16 + length :]
    command, family = data[12] & 15, data[13] >> 4
    size = {1: 4, 2: 16}.get(family, 0)
    if command == 0 or not size:
        return "", rest
    if len(body) < size * 2 + 4:
        raise BadHeader("a PROXY header is too short for its addresses")
    return str(ipaddress.ip_address(body[:size])), rest
