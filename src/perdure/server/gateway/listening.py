"""The ports of the gateway, all opened and closed together.

Contract: `open` opens all that the settings name, or raises and leaves none open. A socket that a service manager
handed over takes the place of our own. The certificate is one for telnet and the web.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
from typing import TYPE_CHECKING

from perdure.server.gateway.handshakes import Handshakes
from perdure.server.gateway.ports import allow_connections, bound_sockets, handed_over, port_of
from perdure.server.gateway.telnet import TelnetSession
from perdure.server.gateway.tls import Certificate
from perdure.server.gateway.web import WebPort

if TYPE_CHECKING:
    from perdure.server.gateway.gateway import Gateway

__all__ = ["Listening"]


class Listening:
    """The ports.

    Args:
        gateway: whose they are.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.ports: dict[str, list[int]] = {}
        self.web: WebPort | None = None
        self.certificate: Certificate | None = None
        self._gateway = gateway
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        """Opens the ports. Raises `OSError` when one cannot be had or the certificate cannot be read."""
        # What telnetlib3 warns of is what anybody can send, and fill a log with.
        logging.getLogger("telnetlib3").setLevel(logging.ERROR)
        settings = self._gateway.settings
        allow_connections(settings.limits.connections)
        handshakes: Handshakes | None = None
        if settings.tls_cert:
            self.certificate = Certificate(settings.tls_cert, settings.tls_key)
            handshakes = Handshakes(self._gateway, self.certificate)
        given = handed_over(
            {"telnet": settings.telnet_port, "telnet-tls": settings.telnet_tls_port, "web": settings.web_port}
        )
        try:
            if "telnet-tls" in given and self.certificate is None:
                raise OSError("a socket for telnet over TLS was handed over, and there is no certificate")
            await self._open_telnet(self._sockets("telnet", settings.telnet_port, given), None)
            if handshakes is not None:
                await self._open_telnet(self._sockets("telnet-tls", settings.telnet_tls_port, given), handshakes)
            sockets = self._sockets("web", settings.web_port, given)
            if sockets:
                self.web = WebPort(self._gateway, sockets, handshakes if settings.web_tls else None)
                await self.web.start()
        except BaseException:
            self.close_telnet()
            await self.close_web()
            for sock in (sock for sockets in given.values() for sock in sockets):
                sock.close()
            raise

    def _sockets(self, name: str, port: int | None, given: dict[str, list[socket.socket]]) -> list[socket.socket]:
        """The sockets of a port: those that were handed over, or our own; none if there is to be no such port."""
        sockets = given.get(name, [])
        if not sockets and port is not None:
            sockets = bound_sockets(self._gateway.settings.interfaces, port)
        if sockets:
            self.ports[name] = sorted({port_of(sock) for sock in sockets})
        return sockets

    async def _open_telnet(self, sockets: list[socket.socket], handshakes: Handshakes | None) -> None:
        session = functools.partial(TelnetSession, self._gateway, handshakes)
        for sock in sockets:
            self._servers.append(await self._gateway.loop.create_server(session, sock=sock, backlog=256))

    def close_telnet(self) -> None:
        """Listens for telnet no longer; connections stay."""
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def close_web(self) -> None:
        """Closes the web port with all its connections."""
        if self.web is not None:
            await self.web.stop()
