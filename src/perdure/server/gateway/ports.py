"""Sockets that listen, for both families of addresses; our own, or those that systemd hands over.

Contract: `bound_sockets` raises `OSError` that names the address and the port. Sockets of a service manager are known
by their names (`FileDescriptorName=telnet`, `telnet-tls` or `web`), else by the port that they listen on, and taken
once. One that is neither is an error: clients would connect to it and wait for ever.
"""

from __future__ import annotations

import errno
import os
import resource
import socket
from collections.abc import Iterable, Mapping, MutableMapping

__all__ = ["PORT_NAMES", "allow_connections", "bound_sockets", "handed_over", "port_of", "ports_handed_over"]

PORT_NAMES = ("telnet", "telnet-tls", "web")

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
    wanted: Mapping[str, int | None], environment: MutableMapping[str, str] = os.environ, first: int = _FIRST
) -> dict[str, list[socket.socket]]:
    """The sockets that the service manager opened for this process, by our names for them; empty when there are none.

    The variables that tell of them are taken out of the environment, so that no child takes them for its own.

    Args:
        wanted: the port for each of `PORT_NAMES`.

    Raises:
        OSError: one of them is for nothing that we know.
    """
    names = _said(environment)
    for variable in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environment.pop(variable, None)
    sockets = [socket.socket(fileno=first + number) for number in range(len(names))]
    found: dict[str, list[socket.socket]] = {}
    try:
        for name, sock in zip(names, sockets, strict=True):
            sock.set_inheritable(False)
            sock.setblocking(False)
            found.setdefault(_ours(name, sock, wanted), []).append(sock)
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return found


def ports_handed_over(wanted: Mapping[str, int | None], first: int = _FIRST) -> set[str]:
    """Which of `PORT_NAMES` the service manager has opened for this process; nothing is taken. Raises `OSError`."""
    found = set()
    for number, name in enumerate(_said(os.environ)):
        with socket.socket(fileno=os.dup(first + number)) as sock:
            found.add(_ours(name, sock, wanted))
    return found


def _said(environment: Mapping[str, str]) -> list[str]:
    """The names of the sockets that were handed over to this very process."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit():
        return []
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    return (names + [""] * int(count))[: int(count)]


def _ours(name: str, sock: socket.socket, wanted: Mapping[str, int | None]) -> str:
    if name in PORT_NAMES:
        return name
    port = port_of(sock)
    for ours, number in wanted.items():
        if port and number == port:
            return ours
    raise OSError(
        errno.EINVAL,
        f"the service manager handed over a socket called {name!r} on {sock.getsockname()}, and nothing says what it "
        f"is for: in its unit, name it with FileDescriptorName={' or '.join(PORT_NAMES)}, or give it a setting's port",
    )


def allow_connections(count: int) -> None:
    """Lets this process have so many connections open, as far as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count * 2 + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
