"""What the gateway needs to know, as the command line writes it to `server/run/gateway.json` before the gateway starts.

Contract: plain values only, each with a default, so that a gateway runs without a file. The Django settings are
not read here: the gateway does without Django. Paths are relative to the game directory, where the gateway runs.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

__all__ = ["GatewaySettings", "Limits", "Logging", "Timeouts", "load"]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much anybody may ask of the gateway.

    Args:
        connections: how many clients at once, over all protocols.
        connections_per_address: how many of them from one address (for IPv6: from one /64).
        connection_rate: how many new connections a second from one address, once `connection_burst` are used up.
        connection_burst: how many at once before the rate counts.
        line_rate: how many lines and other messages a second from one session, once `line_burst` are used up.
        line_burst: how many at once before the rate counts.
        line_characters: longest line, in characters; the rest is cut off, with a notice.
        line_bytes: longest line, in bytes, ended or not; a client that sends more is disconnected.
        message_bytes: longest message by GMCP or WebSocket.
        message_depth: how deep values in such a message may be nested.
        output_bytes: how much may wait for a client that does not read; then it is disconnected.
        queued_lines: how many lines of one session may wait for a world.
        body_bytes: longest body of a web request.
    """

    connections: int = 1000
    connections_per_address: int = 100
    connection_rate: float = 5.0
    connection_burst: int = 20
    line_rate: float = 80.0
    line_burst: int = 160
    line_characters: int = 6000
    line_bytes: int = 32_768
    message_bytes: int = 65_536
    message_depth: int = 8
    output_bytes: int = 524_288
    queued_lines: int = 200
    body_bytes: int = 10_485_760


class Timeouts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long things may take, in seconds.

    Args:
        login: how long a client has to say anything about itself before the login screen is shown anyway.
        negotiation: how long it has to finish, once it has begun.
        unauthenticated: how long a client may sit at the login screen without a word; 0 for ever.
        keepalive: how often a client that is silent is sent something that it ignores; 0 never.
        world: how long a web request waits for a world.
        request: how long the world may take before it begins to answer a web request.
        closing: how long a client has to take what was sent before its connection is closed.
        reload: how long a new world may take to check itself.
        quiesce: how long the old world may take to finish.
        takeover: how long the new world may take to begin to serve.
        stop: how long a world may take to end.
    """

    login: float = 0.3
    negotiation: float = 2.0
    unauthenticated: float = 600.0
    keepalive: float = 30.0
    world: float = 10.0
    request: float = 60.0
    closing: float = 2.0
    reload: float = 120.0
    quiesce: float = 10.0
    takeover: float = 30.0
    stop: float = 10.0


class Logging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how the gateway logs.

    Args:
        format: "plain" or "json".
        level: the least that is logged.
        directory: where files go, relative to the game directory.
        to_stdout: log to the standard output too (`perdure run`).
    """

    format: str = "plain"
    level: str = "INFO"
    directory: str = "server/logs"
    to_stdout: bool = False


class GatewaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the gateway needs to know.

    Args:
        server_name: name of the game, in holding texts and MSSP.
        interfaces: addresses to listen on; "" for all.
        telnet_port, web_port: ports; 0 for any that is free, None for none.
        telnet_tls_port: port for telnet over TLS, or None.
        tls_cert, tls_key: PEM files; read again when they change.
        web_tls: whether the web port speaks TLS with them.
        proxy_protocol: whether telnet connections from `upstream_ips` begin with a PROXY protocol header (those in the
            clear: a load balancer that ends TLS itself, or passes it on without a header).
        upstream_ips: addresses and networks whose `X-Forwarded-For` and PROXY headers are believed.
        mccp: offer to compress telnet.
        metrics_public: answer `/metrics` to others than this machine.
        websocket_origins: origins besides the page's own that may open a WebSocket.
        mssp: more variables for MSSP, and those that replace ours.
        holding_text: shown to who connects while no world serves; empty for ours.
    """

    server_name: str = "Perdure"
    interfaces: list[str] = []
    telnet_port: int | None = 4000
    web_port: int | None = 4001
    telnet_tls_port: int | None = None
    tls_cert: str = ""
    tls_key: str = ""
    web_tls: bool = False
    proxy_protocol: bool = False
    upstream_ips: list[str] = msgspec.field(default_factory=lambda: ["127.0.0.1", "::1"])
    mccp: bool = True
    metrics_public: bool = False
    websocket_origins: list[str] = []
    mssp: dict[str, str | list[str]] = {}
    holding_text: str = ""
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    logging: Logging = Logging()


def load(path: str | Path) -> GatewaySettings:
    """The settings in a file; the defaults when there is none. Raises `ValueError` that names file and field."""
    path = Path(path)
    if not path.exists():
        return GatewaySettings()
    try:
        return msgspec.json.decode(path.read_bytes(), type=GatewaySettings)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path}: {error}") from error
