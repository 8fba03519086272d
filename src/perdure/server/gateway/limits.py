"""Who is let in, how many, and how fast: buckets of tokens, banned networks, and the door in front of all ports.

Contract: everything is asked before a session exists and costs a few look-ups. Addresses are counted one by one for
IPv4 and by /64 for IPv6, which is what one household has. What is remembered is bounded: `Door` forgets addresses
that are not connected and have not knocked lately.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable, Iterable

from perdure.server.gateway.settings import Limits

__all__ = ["Address", "Bucket", "Door", "Networks", "network_of", "parse_address"]

log = logging.getLogger("perdure.gateway")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_REMEMBERED = 4096
#: A token, but for what adding up small parts of one leaves out.
_TOKEN = 1.0 - 1e-6


def parse_address(text: str) -> Address | None:
    """The address that a text names, IPv4 in IPv6 as IPv4; None when it names none (a Unix socket, say)."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return address if mapped is None else mapped


def network_of(text: str) -> str:
    """What counts as one address: itself, or the /64 that it is in."""
    address = parse_address(text)
    if address is None:
        return text
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


class Bucket:
    """Tokens that come back at a steady rate, up to a burst.

    Args:
        rate: tokens a second; 0 or less for no limit.
        burst: how many there can be.
    """

    __slots__ = ("_at", "_burst", "_clock", "_left", "_rate")

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(1.0, burst)
        self._left = self._burst
        self._clock = clock
        self._at = clock()

    @property
    def ready(self) -> bool:
        """Whether there is a token."""
        if self._left >= _TOKEN:
            return True
        self._fill()
        return self._left >= _TOKEN or self._rate <= 0

    def take(self) -> bool:
        """Takes a token if there is one."""
        if not self.ready:
            return False
        self._left -= 1.0
        return True

    def wait(self) -> float:
        """How many seconds until there is a token."""
        self._fill()
        return 0.0 if self._rate <= 0 or self._left >= _TOKEN else (1.0 - self._left) / self._rate

    @property
    def full(self) -> bool:
        """Whether nothing was taken lately."""
        self._fill()
        return self._left >= self._burst

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now


class Networks:
    """A set of addresses and networks of both families; whether an address is in it costs one look-up per length."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._prefixes: dict[tuple[int, int], set[int]] = {}
        for text in networks:
            self._add(text)

    def _add(self, text: str) -> None:
        try:
            network = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            log.warning("%r is no address and no network, and is left out", text)
            return
        mapped = getattr(network.network_address, "ipv4_mapped", None)
        if mapped is not None and network.prefixlen >= 96:
            network = ipaddress.ip_network((int(mapped), network.prefixlen - 96), strict=False)
        shift = network.max_prefixlen - network.prefixlen
        self._prefixes.setdefault((network.version, shift), set()).add(int(network.network_address) >> shift)

    def __contains__(self, text: object) -> bool:
        if not self._prefixes or not isinstance(text, str):
            return False
        address = parse_address(text)
        if address is None:
            return False
        number, version = int(address), address.version
        return any(
            kind == version and number >> shift in prefixes for (kind, shift), prefixes in self._prefixes.items()
        )


class _Visitor:
    __slots__ = ("bucket", "count")

    def __init__(self, limits: Limits) -> None:
        self.bucket = Bucket(limits.connection_rate, limits.connection_burst)
        self.count = 0


class Door:
    """Lets clients in, or says why not. `enter` and `leave` are called once for each client."""

    def __init__(self, limits: Limits) -> None:
        self.banned = Networks()
        self.inside = 0
        self.refused = 0
        self._limits = limits
        self._visitors: dict[str, _Visitor] = {}

    def enter(self, address: str) -> str:
        """Empty if the client may come in (it then counts until `leave`); otherwise the reason."""
        reason = self._reason(address)
        if reason:
            self.refused += 1
            return reason
        self.inside += 1
        self._visitors[network_of(address)].count += 1
        return ""

    def _reason(self, address: str) -> str:
        if address in self.banned:
            return "Your address is banned here."
        if self.inside >= self._limits.connections:
            return "There is no room for more connections. Please try again later."
        visitor = self._visitor(network_of(address))
        if visitor.count >= self._limits.connections_per_address:
            return "There are too many connections from your address."
        if not visitor.bucket.take():
            return "There were too many connections from your address just now. Please wait a little."
        return ""

    def leave(self, address: str) -> None:
        """The client has gone."""
        self.inside -= 1
        visitor = self._visitors.get(network_of(address))
        if visitor is not None:
            visitor.count -= 1

    def _visitor(self, network: str) -> _Visitor:
        visitor = self._visitors.get(network)
        if visitor is None:
            if len(self._visitors) >= _REMEMBERED:
                self._forget()
            visitor = self._visitors[network] = _Visitor(self._limits)
        return visitor

    def _forget(self) -> None:
        """Forgets who is not here; those who knocked lately too, if there are still too many."""
        away = [network for network, visitor in self._visitors.items() if not visitor.count]
        rested = [network for network in away if self._visitors[network].bucket.full]
        for network in rested if len(rested) > _REMEMBERED // 4 else away:
            del self._visitors[network]
