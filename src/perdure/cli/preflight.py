"""What is looked at before a game is started: whatever would end the start, said in a sentence with what to do.

Contract: `prepared_game` sets the game up, checks its settings, database, owner and ports, and writes `gateway.json`.
It starts nothing, and changes nothing else.
"""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from perdure.cli.output import stderr
from perdure.cli.troubles import require_writable
from perdure.errors import AlreadyRunning, ConfigurationError
from perdure.server.gateway.ports import ports_handed_over
from perdure.server.gateway.run_directory import running_pid
from perdure.server.gateway.settings import GatewaySettings

__all__ = ["check_ports", "game_directory", "prepared_game"]


def game_directory() -> Path:
    """The game that the command is given in. Raises `NoGameDirectory`."""
    from perdure.bootstrap import find_game_directory

    return find_game_directory()


def prepared_game(*, to_stdout: bool = False, json_logs: bool = False) -> tuple[Path, GatewaySettings]:
    """The game's directory, checked, and what its gateway is told.

    Raises:
        AlreadyRunning: it runs.
        NoGameDirectory: there is none.
        NoAccess: this user may not write to it.
        SchemaOutdated: `perdure migrate` is to be run.
        ConfigurationError: the settings cannot be used, a check fails, or a port is taken.
    """
    game = game_directory()
    if (pid := running_pid(game)) is not None:
        raise AlreadyRunning(
            f"the game {game.name} is running already (pid {pid}). New code comes in with: perdure reload"
        )
    from perdure.bootstrap import check_schema, prepare
    from perdure.server.gateway_settings import gateway_settings, write

    prepare(game)
    require_writable(game)
    check_schema()
    _check_settings()
    _check_owner()
    settings = gateway_settings(to_stdout=to_stdout, json_logs=json_logs)
    check_ports(settings)
    write(settings, game)
    return game, settings


def _check_settings() -> None:
    """Django's system checks, ours among them."""
    from django.conf import settings
    from django.core import checks
    from django.core.exceptions import ImproperlyConfigured

    try:
        _ = settings.SECRET_KEY
    except ImproperlyConfigured as error:
        raise ConfigurationError(f"{error} It belongs into secret_settings.py beside settings.py.") from None
    found = checks.run_checks(databases=["default"])
    errors = [one for one in found if one.level >= checks.ERROR and not one.is_silenced()]
    if errors:
        raise ConfigurationError("\n".join(str(one) for one in errors))
    for warning in found:
        if warning.level >= checks.WARNING and not warning.is_silenced():
            stderr.print(str(warning), style="yellow", markup=False)


def _check_owner() -> None:
    from perdure.accounts.models import AccountDB

    if not AccountDB.objects.filter(is_superuser=True).exists():
        raise ConfigurationError("the game has no owner yet. Make one, and the first room, with: perdure migrate")


def check_ports(settings: GatewaySettings) -> None:
    """See that the ports can be had, or have been opened for us. Raises `ConfigurationError` with port and setting."""
    ports = {"telnet": settings.telnet_port, "telnet-tls": settings.telnet_tls_port, "web": settings.web_port}
    try:
        given = ports_handed_over(ports)
    except OSError as error:
        raise ConfigurationError(str(error.strerror)) from error
    from perdure.conf import conf

    if given and conf.LOCKDOWN_MODE:
        raise ConfigurationError(
            "LOCKDOWN_MODE is on, and a service manager has opened ports whatever it says. Stop its socket units, or "
            "set LOCKDOWN_MODE to False"
        )
    for name, port in ports.items():
        if port and name not in given:
            for address in settings.interfaces:
                _check_port(f"{name.replace('-', '_').upper()}_PORT", address, port)


def _check_port(name: str, address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address, port))
            probe.listen(1)
    except OSError as error:
        raise ConfigurationError(_why_not(name, address, port, error)) from error


def _why_not(name: str, address: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {address} is taken by another program (another game?). End that program, or set {name} "
            f"in settings.py to another port. Who it is: ss -ltnp 'sport = :{port}'"
        )
    if error.errno == errno.EACCES:
        return f"port {port} may not be opened by this user: ports below 1024 are for root. Set {name} to a higher one"
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return f"this machine has no address {address}: correct INTERFACES in settings.py"
    return f"port {port} on {address} ({name}) cannot be opened: {os.strerror(error.errno or 0)}"
