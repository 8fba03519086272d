"""Sockets that listen, for both families of addresses."""

from __future__ import annotations

import socket
from collections.abc import Iterable

__all__ = ["bound_sockets", "port_of"]


def bound_sockets(interfaces: Iterable[str], port: int) -> list[socket.socket]:
    """A socket on this port for each address; one for all addresses of both families when none is named.

    Raises `OSError` that names the address and the port.
    """
    bound: list[socket.socket] = []
    try:
        for address in list(interfaces) or [""]:
            bound.append(_bound(address, port))
    except OSError as error:
        for sock in bound:
            sock.close()
        raise OSError(error.errno, f"port {port} of {address or 'this machine'}: {error.strerror}") from error
    return bound


def _bound(address: str, port: int) -> socket.socket:
    both = not address and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if both else 1)
        sock.bind((address, port))
        # A port that is taken shows only now on some systems.
        sock.listen(256)
    except BaseException:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def port_of(sock: socket.socket) -> int:
    """The port that it got."""
    return int(sock.getsockname()[1])
