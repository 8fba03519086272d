"""What commands tell of the server: its name, since when it runs, who is connected, what memory it takes.

Contract: everything is asked of the running process when it is needed. Where there is no game loop (a shell, a test of
a part) facts about it are None.
"""

from __future__ import annotations

import time
from typing import Any

from perdure.conf import conf
from perdure.errors import PerdureError
from perdure.gameloop import current_loop

__all__ = ["address_of", "gateway_started", "loop_or_none", "server_name", "world_started"]


def server_name() -> str:
    """What the game is called."""
    return str(conf.SERVERNAME)


def address_of(session: Any) -> str:
    """Where a client is; empty if that is not known."""
    address = getattr(session, "address", "") or ""
    return str(address[0] if isinstance(address, tuple | list) and address else address)


def loop_or_none() -> Any:
    """The game loop of this thread, or None."""
    try:
        return current_loop()
    except PerdureError:
        return None


def world_started() -> float | None:
    """When the world's process began to serve, in seconds since 1970."""
    return getattr(loop_or_none(), "started", None)


def gateway_started() -> float | None:
    """When the gateway began to listen, in seconds since 1970."""
    return getattr(loop_or_none(), "gateway_started", None)


def now() -> float:
    """The time, in seconds since 1970."""
    return time.time()
