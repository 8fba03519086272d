"""Sockets that listen, for both families of addresses; our own, or those that systemd hands over.

Contract: `bound_sockets` raises `OSError` that names the address and the port. Sockets of a service manager are known
by their names (`FileDescriptorName=telnet`, `telnet-tls` or `web`), and taken once.
"""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterable, MutableMapping

__all__ = ["allow_connections", "bound_sockets", "handed_over", "port_of"]

_FIRST = 3


def bound_sockets(interfaces: Iterable[str], port: int) -> list[socket.socket]:
    """A socket on this port for each address; one for all addresses of both families when none is named."""
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
    """The port that it got; 0 for a Unix socket."""
    name = sock.getsockname()
    return int(name[1]) if isinstance(name, tuple) else 0


def handed_over(
    environment: MutableMapping[str, str] = os.environ, first: int = _FIRST
) -> dict[str, list[socket.socket]]:
    """The sockets that the service manager opened for this process, by name; empty when there are none.

    The variables that tell of them are taken out of the environment, so that no child takes them for its own.
    """
    said = {name: environment.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")}
    if said["LISTEN_PID"] != str(os.getpid()) or not said["LISTEN_FDS"].isdigit():
        return {}
    names = said["LISTEN_FDNAMES"].split(":")
    found: dict[str, list[socket.socket]] = {}
    for number in range(int(said["LISTEN_FDS"])):
        os.set_inheritable(first + number, False)
        sock = socket.socket(fileno=first + number)
        sock.setblocking(False)
        found.setdefault(names[number] if number < len(names) else "", []).append(sock)
    return found


def allow_connections(count: int) -> None:
    """Lets this process have so many connections open, as far as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count * 2 + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
