"""Called when a world begins and ends. Delete what you do not need: none of these has to be there.

Each is a transaction of its own. One that raises is undone and logged, and the world goes on. A reload ends one world
and begins another, so `at_server_start` and `at_server_stop` are called then too.
"""


def at_server_start() -> None:
    """The world begins; after `at_server_reload_start` (a reload) or `at_server_cold_start` (all else)."""


def at_server_stop() -> None:
    """The world ends; after `at_server_reload_stop` or `at_server_cold_stop`."""


def at_server_reload_start() -> None:
    """The world follows another one, after `reload`."""


def at_server_reload_stop() -> None:
    """Another world follows this one, after `reload`."""


def at_server_cold_start() -> None:
    """The world begins: start, `reset`, after a crash."""


def at_server_cold_stop() -> None:
    """The world ends: stop, `reset`."""
