"""From Django's settings to what the gateway reads: `server/run/gateway.json`.

Contract: `gateway_settings` looks at every setting that the gateway needs, and raises for one that cannot be used,
naming the setting and a value that can. `write` puts the file where the gateway looks for it, readable by its user
alone. The gateway itself never sees Django.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from perdure.conf import conf
from perdure.errors import ConfigurationError
from perdure.server.gateway.run_directory import SETTINGS_FILE
from perdure.server.gateway.settings import GatewaySettings, Limits, Logging, Timeouts

__all__ = ["gateway_settings", "write"]

LOOPBACK = ("127.0.0.1", "::1")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def gateway_settings(*, to_stdout: bool = False, json_logs: bool = False) -> GatewaySettings:
    """What the settings of the game say to the gateway.

    Args:
        to_stdout: log to the standard output too.
        json_logs: log as JSON, whatever `LOG_FORMAT` says.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    cert, key = _tls_files()
    found = GatewaySettings(
        server_name=str(conf.SERVERNAME),
        interfaces=_interfaces(),
        telnet_port=_port("TELNET_PORT"),
        web_port=_port("WEB_PORT"),
        telnet_tls_port=_port("TELNET_TLS_PORT"),
        tls_cert=cert,
        tls_key=key,
        web_tls=bool(conf.WEB_TLS),
        proxy_protocol=bool(conf.PROXY_PROTOCOL),
        upstream_ips=_networks("UPSTREAM_IPS"),
        metrics_public=bool(conf.METRICS_PUBLIC),
        websocket_origins=_texts("WEBSOCKET_ORIGINS"),
        mssp=dict(conf.MSSP_VARIABLES),
        holding_text=str(conf.HOLDING_TEXT or ""),
        limits=_limits(),
        timeouts=_timeouts(),
        logging=Logging(
            format="json" if json_logs else _choice("LOG_FORMAT", ("plain", "json")),
            level=_choice("LOG_LEVEL", LEVELS),
            directory=str(conf.LOG_DIR or "server/logs"),
            to_stdout=to_stdout,
        ),
    )
    _check_together(found)
    return found


def write(settings: GatewaySettings, game: Path) -> Path:
    """Write the file; where it is."""
    path = game / SETTINGS_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(settings), indent=2))
    new.replace(path)
    return path


def _limits() -> Limits:
    return Limits(
        connections=_number("MAX_CONNECTIONS", int, least=1),
        connections_per_address=_number("MAX_CONNECTIONS_PER_ADDRESS", int, least=1),
        connection_rate=_number("MAX_CONNECTION_RATE", float, above=0),
        line_rate=_number("MAX_COMMAND_RATE", float, above=0),
        line_burst=max(2, round(2 * _number("MAX_COMMAND_RATE", float, above=0))),
        line_characters=_number("MAX_CHAR_LIMIT", int, least=1),
        line_bytes=max(Limits().line_bytes, 4 * _number("MAX_CHAR_LIMIT", int, least=1) + 1024),
        output_bytes=_number("MAX_WAITING_OUTPUT", int, least=4096),
        queued_lines=_number("MAX_WAITING_LINES", int, least=0),
    )


def _timeouts() -> Timeouts:
    return Timeouts(
        unauthenticated=_number("LOGIN_SCREEN_TIMEOUT", float, least=0),
        reload=_number("RELOAD_CHECK_TIMEOUT", float, above=0),
        quiesce=_number("RELOAD_FINISH_TIMEOUT", float, above=0),
        takeover=_number("RELOAD_TAKEOVER_TIMEOUT", float, above=0),
        stop=_number("STOP_TIMEOUT", float, above=0),
    )


def _refuse(name: str, value: Any, accepted: str) -> ConfigurationError:
    return ConfigurationError(f"{name} in settings.py is {value!r}; it can be {accepted}")


def _number(name: str, kind: type, *, least: float | None = None, above: float | None = None) -> Any:
    value = getattr(conf, name)
    right = isinstance(value, int | float) and not isinstance(value, bool) and value == kind(value)
    if not right or (least is not None and value < least) or (above is not None and value <= above):
        border = f"of at least {least:g}" if least is not None else f"above {above:g}"
        raise _refuse(name, value, f"a {'whole ' if kind is int else ''}number {border}")
    return kind(value)


def _port(name: str) -> int | None:
    value = getattr(conf, name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
        raise _refuse(name, value, "a port from 1 to 65535, 0 for any that is free, or None for no such port")
    return value


def _choice(name: str, choices: Iterable[str]) -> str:
    value = getattr(conf, name)
    if value not in choices:
        raise _refuse(name, value, " or ".join(repr(choice) for choice in choices))
    return str(value)


def _texts(name: str) -> list[str]:
    value = getattr(conf, name)
    if isinstance(value, str) or not all(isinstance(text, str) for text in value):
        raise _refuse(name, value, "a list of texts")
    return list(value)


def _interfaces() -> list[str]:
    given = _texts("INTERFACES")
    if conf.LOCKDOWN_MODE:
        return [LOOPBACK[0]]
    for address in given:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise _refuse(
                "INTERFACES", given, 'a list of addresses such as ["127.0.0.1"], or ["0.0.0.0", "::"] for all'
            ) from None
    if not given:
        raise _refuse("INTERFACES", given, 'a list of at least one address, such as ["127.0.0.1"]')
    return given


def _networks(name: str) -> list[str]:
    given = _texts(name)
    for network in given:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise _refuse(
                name, given, 'a list of addresses and networks, such as ["127.0.0.1", "10.0.0.0/8"]'
            ) from None
    return given


def _tls_files() -> tuple[str, str]:
    found = []
    for name in ("TLS_CERTIFICATE", "TLS_KEY"):
        value = getattr(conf, name)
        if value and not os.access(value, os.R_OK):
            raise ConfigurationError(f"{name} in settings.py is {value!r}, a file that is not there or cannot be read")
        found.append(str(Path(value).absolute()) if value else "")
    return found[0], found[1]


def _check_together(found: GatewaySettings) -> None:
    """What is right by itself, and not beside the rest."""
    if (found.telnet_tls_port is not None or found.web_tls) and not (found.tls_cert and found.tls_key):
        name = "WEB_TLS" if found.web_tls else "TELNET_TLS_PORT"
        raise ConfigurationError(f"{name} needs a certificate: set TLS_CERTIFICATE and TLS_KEY to PEM files")
    ports = [port for port in (found.telnet_port, found.web_port, found.telnet_tls_port) if port]
    if len(set(ports)) != len(ports):
        raise ConfigurationError(
            "TELNET_PORT, WEB_PORT and TELNET_TLS_PORT must differ from each other; they are "
            f"{found.telnet_port}, {found.web_port} and {found.telnet_tls_port}"
        )
    if found.telnet_port is None and found.web_port is None and found.telnet_tls_port is None:
        raise ConfigurationError("nobody could come in: give one of TELNET_PORT, WEB_PORT and TELNET_TLS_PORT a port")
