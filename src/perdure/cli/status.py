"""`perdure status`: is it running, and how."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from perdure.cli.gateway_client import ask
from perdure.cli.output import stderr, stdout
from perdure.cli.preflight import game_directory
from perdure.errors import NotRunning
from perdure.server.control_messages import Status

__all__ = ["show_warnings", "status"]

#: As init scripts have it for a program that does not run.
NOT_RUNNING = 3


def status(
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Say whether the game runs, and how. Exit code 0 when it does, 3 when it does not."""
    game = game_directory()
    try:
        found = {"running": True, "game": game.name, **ask(game, Status(), seconds=5).data}
    except NotRunning:
        _say({"running": False, "game": game.name, "state": "stopped"}, as_json)
        raise typer.Exit(NOT_RUNNING) from None
    _say(found, as_json)


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        stdout.print(json.dumps(found, indent=2), markup=False)
    elif not found["running"]:
        stdout.print(f"{found['game']} is not running.", markup=False)
    else:
        table = Table.grid(padding=(0, 2))
        for name, value in _rows(found):
            table.add_row(name, Text(value))
        stdout.print(found["game"], style="bold", markup=False)
        stdout.print(table)
        show_warnings(found)


def show_warnings(found: dict[str, Any]) -> None:
    """What the world found when it checked itself, and lives with."""
    for warning in (found.get("world") or {}).get("warnings", []):
        stderr.print(f"Warning: {warning}", style="yellow", markup=False, soft_wrap=True)


def _rows(found: dict[str, Any]) -> list[list[str]]:
    gateway = found.get("gateway", {})
    rows = {
        "state": f"{found['state']} ({found['what']})",
        "trouble": found.get("error"),
        "gateway": f"pid {found['pid']}, up {_time(found['uptime'])}, {_memory(found['memory'])}",
        "world": _world(found.get("world")),
        "sessions": str(gateway.get("sessions", 0)),
        "ports": ", ".join(f"{name} {' '.join(map(str, ports))}" for name, ports in gateway.get("ports", {}).items()),
        "lines waiting": str(found["waiting"]) if found["waiting"] else None,
        "busy": f"for {found['busy']:.1f} s with one piece of work" if found["busy"] > 1 else None,
        "version": found["version"],
    }
    return [[name, value] for name, value in rows.items() if value]


def _world(world: dict[str, Any] | None) -> str | None:
    if not world:
        return None
    where = f"pid {world['pid']}, number {world['generation']}"
    return f"{where}, up {_time(world['uptime'])}, {_memory(world['memory'])}"


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _memory(size: int | None) -> str:
    return f"{size / 1_000_000:.0f} MB" if size else "memory unknown"
