"""Holding Python's garbage collector off while many objects are made that will stay.

Contract: inside `held_off()` no collection starts by itself; blocks may nest, and may overlap in several threads (the
collector is one for the process). It is on again after the last of them, if it was on before the first.

Why: the collector starts after every few hundred new objects and looks through the young ones, and now and then
through all. While a world is loaded there is nothing for it to find, and that costs the more for each object the more
there are.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["held_off"]

_lock = threading.Lock()


class _Holders:
    number = 0
    was_on = False


@contextmanager
def held_off() -> Iterator[None]:
    """Inside, no garbage is collected by itself."""
    with _lock:
        if not _Holders.number:
            _Holders.was_on = gc.isenabled()
            gc.disable()
        _Holders.number += 1
    try:
        yield
    finally:
        with _lock:
            _Holders.number -= 1
            if not _Holders.number and _Holders.was_on:
                gc.enable()
