"""TLS, begun only after a look at who asks: handshakes under way are bounded, for all and for each address.

Contract: `begin` takes a connection in the clear and gives it, encrypted, to a protocol, by `connection_made` as if it
had come so. asyncio itself would make the handshake before anybody is asked, and whoever opened a thousand connections
and said nothing would have the gateway's last descriptor for ten seconds.

Invariants: a protocol whose handshake fails hears nothing at all. Owner: the event loop. Failure modes: a banned
address, or one handshake too many, ends the connection at once and without a word; a handshake takes `SECONDS` at most.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING

from perdure.server.gateway.limits import network_of
from perdure.server.gateway.tls import Certificate

if TYPE_CHECKING:
    from perdure.server.gateway.gateway import Gateway

__all__ = ["Handshakes"]

#: How long one may take; how many there may be at once, and from one address.
SECONDS = 10.0
AT_ONCE, OF_ONE_ADDRESS = 300, 20

log = logging.getLogger("perdure.gateway")


class Handshakes:
    """Those that are under way.

    Args:
        gateway: who knows bans and proxies.
        certificate: of this side.
    """

    def __init__(self, gateway: Gateway, certificate: Certificate) -> None:
        self._gateway = gateway
        self._certificate = certificate
        self._of: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        """Encrypt the connection; `protocol` gets it when that is done."""
        # Nothing is read before TLS reads it.
        transport.pause_reading()
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) and peer else "local"
        network = "" if address in self._gateway.upstream else network_of(address)
        too_many = len(self._tasks) >= AT_ONCE or (network and self._of[network] >= OF_ONE_ADDRESS)
        if too_many or address in self._gateway.door.banned:
            self._gateway.door.refused += 1
            transport.abort()
            return
        self._of[network] += 1
        task = self._gateway.loop.create_task(self._shake_hands(transport, protocol), name="handshake")
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._done(done, network))

    def _done(self, task: asyncio.Task[None], network: str) -> None:
        self._tasks.discard(task)
        self._of[network] -= 1
        if not self._of[network]:
            del self._of[network]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("An encrypted connection could not be taken: %s", error, exc_info=error)

    async def _shake_hands(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        meanwhile = _Meanwhile()
        try:
            encrypted = await self._gateway.loop.start_tls(
                transport,
                meanwhile,
                self._certificate.context,
                server_side=True,
                ssl_handshake_timeout=SECONDS,
            )
        except OSError as error:
            log.debug("A handshake has failed: %s", error)
            transport.abort()
            return
        if encrypted is None or meanwhile.lost:
            return
        encrypted.set_protocol(protocol)
        protocol.connection_made(encrypted)
        if meanwhile.data:
            protocol.data_received(meanwhile.data)


class _Meanwhile(asyncio.Protocol):
    """Keeps what came together with the end of the handshake."""

    def __init__(self) -> None:
        self.data = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
