"""What lists of games are told by telnet (MSSP)."""

from __future__ import annotations

from collections.abc import Mapping

from perdure.version import __version__

__all__ = ["variables"]


def variables(
    name: str, players: int, started: float, ports: list[int], tls_port: int | None, more: Mapping[str, str | list[str]]
) -> dict[str, str | list[str]]:
    """The variables of the game; `more` adds some and replaces others."""
    ours: dict[str, str | list[str]] = {
        "NAME": name,
        "PLAYERS": str(players),
        "UPTIME": str(int(started)),
        "PORT": [str(port) for port in ports] or "-1",
        "CODEBASE": f"Perdure {__version__}",
        "FAMILY": "Custom",
        "CHARSET": "UTF-8",
        "ANSI": "1",
        "XTERM 256 COLORS": "1",
        "UTF-8": "1",
        "VT100": "0",
        "GMCP": "1",
        "MSDP": "0",
        "MCCP": "1",
        "MXP": "1",
        "SSL": str(tls_port) if tls_port else "0",
    }
    return {**ours, **more}
