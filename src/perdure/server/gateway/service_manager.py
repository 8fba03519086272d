"""Telling systemd, or what takes its place, how the game is: the notify protocol, and nothing without it."""

from __future__ import annotations

import logging
import os
import socket

__all__ = ["tell_service_manager"]

logger = logging.getLogger("perdure.gateway")


def tell_service_manager(text: str) -> None:
    """Send a state (`READY=1`, `STOPPING=1`, `STATUS=…`), if somebody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection:
            connection.setblocking(False)
            connection.sendto(text.encode(), "\0" + address[1:] if address[0] == "@" else address)
    except OSError as error:
        logger.debug("the service manager does not listen: %s", error)
