"""`perdure run`: the game in the foreground."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from perdure.cli.output import stderr
from perdure.cli.preflight import prepared_game
from perdure.server.gateway.settings import GatewaySettings

__all__ = ["gateway_command", "places", "run"]

#: Addresses for which one connects to this machine by its own name.
EVERYWHERE_OR_HERE = frozenset({"127.0.0.1", "0.0.0.0", "::1", "::"})


def run(
    watch: Annotated[bool, typer.Option("--watch", help="Reload whenever the game's code changes.")] = False,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Log as JSON, one object a line.")] = False,
) -> None:
    """Run the game in this terminal, or under systemd or in a container: logs on the standard output.

    Ctrl-C or SIGTERM stops it in order, SIGHUP reloads it. perdure start runs it in the background instead.
    """
    game, settings = prepared_game(to_stdout=True, json_logs=json_logs)
    if not json_logs:
        show_places(settings)
    os.chdir(game)
    command = gateway_command(game, watch=watch)
    sys.stdout.flush()
    sys.stderr.flush()
    # In the place of this process: nothing of the command line stays in memory, and signals reach the gateway.
    os.execv(command[0], command)


def gateway_command(game: Path, *, watch: bool = False) -> list[str]:
    """What starts the gateway. Python's own modules are not looked for in the game (-P)."""
    command = [sys.executable, "-P", "-m", "perdure.server.gateway", "--game", str(game)]
    return [*command, "--watch"] if watch else command


def places(settings: GatewaySettings, ports: dict[str, list[int]] | None = None) -> list[str]:
    """Where players connect, one line each.

    Args:
        settings: of the gateway.
        ports: those that are open, by the gateway's word; without it those of the settings.
    """
    address = settings.interfaces[0] if settings.interfaces else "localhost"
    host = "localhost" if address in EVERYWHERE_OR_HERE else address
    opened = ports or {
        "telnet": [settings.telnet_port or 0],
        "telnet-tls": [settings.telnet_tls_port or 0],
        "web": [settings.web_port or 0],
    }
    shown = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.web_tls else "http"
    lines = {
        "telnet": f"telnet    {host} {{port}}",
        "telnet-tls": f"telnet    {host} {{port}} (TLS)",
        "web": f"browser   {scheme}://{shown}:{{port}}/",
    }
    return [lines[name].format(port=ports_[0]) for name, ports_ in opened.items() if ports_ and ports_[0]]


def show_places(settings: GatewaySettings) -> None:
    """Say where to connect, on the standard error: the standard output is for logs."""
    for line in places(settings):
        stderr.print(line, markup=False)
    if stderr.is_terminal:
        stderr.print("Ctrl-C stops it. What it logs:", style="dim")
