"""Who asks, on the web port: the client's address behind proxies that are trusted, and the page that opens a WebSocket.

Contract: what a client says of its own address counts only when it comes through a proxy named in `upstream_ips`.
A browser may open a WebSocket from the game's own pages alone; whoever sends no `Origin` is no browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from perdure.server.gateway.limits import Networks, parse_address

__all__ = ["client_address", "same_origin", "scheme_of"]

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def client_address(scope: Mapping[str, Any], headers: Mapping[str, str], upstream: Networks) -> str:
    """The address of who asks, as far as it can be trusted."""
    client = scope.get("client")
    peer = _normal(str(client[0])) if client else "local"
    if peer not in upstream:
        return peer
    # From the last proxy to the first: the first address that is no proxy of ours is the client's.
    for part in reversed(headers.get("x-forwarded-for", "").split(",")):
        address = parse_address(part.strip())
        if address is None:
            break
        peer = str(address)
        if peer not in upstream:
            break
    return peer


def _normal(text: str) -> str:
    address = parse_address(text)
    return text if address is None else str(address)


def scheme_of(scope: Mapping[str, Any], headers: Mapping[str, str], upstream: Networks) -> str:
    """Whether the client came by http or https."""
    client = scope.get("client")
    said = headers.get("x-forwarded-proto", "").lower()
    if said in ("http", "https") and client and _normal(str(client[0])) in upstream:
        return said
    return "https" if scope.get("scheme") in ("https", "wss") else "http"


def same_origin(origin: str | None, host: str, others: Iterable[str]) -> bool:
    """Whether a page of this origin may open a WebSocket to this host."""
    if origin is None or origin in others:
        return True
    try:
        page = urlsplit(origin)
        wanted = urlsplit(f"//{host}")
        default = _PORTS[page.scheme]
        return bool(page.hostname) and (page.hostname, page.port or default) == (
            wanted.hostname,
            wanted.port or default,
        )
    except (KeyError, ValueError):
        return False
