"""Holding Python's garbage collector off while many objects are made that will stay.

Contract: inside `with held_off:` no collection starts by itself; blocks may nest, and may overlap in several threads
(the collector is one for the process). It is on again after the last of them, if it was on before the first; what came
into being meanwhile, if that is much, counts as old then, so that it is looked through with the old and not before.

Why: the collector starts after every few hundred new objects and looks through the young ones, and now and then
through all. While a world is loaded there is nothing for it to find, and that costs the more for each object the more
there are.
"""

from __future__ import annotations

import gc
import threading

__all__ = ["held_off"]

# So many new objects are a bulk.
MANY = 10_000


class _HeldOff:
    """The blocks that hold the collector off now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._was_on = False

    def __enter__(self) -> None:
        with self._lock:
            if not self._blocks:
                self._was_on = gc.isenabled()
                gc.disable()
            self._blocks += 1

    def __exit__(self, *exc_info: object) -> None:
        with self._lock:
            self._blocks -= 1
            if not self._blocks and self._was_on:
                if gc.get_count()[0] > MANY:
                    _age_the_young()
                gc.enable()


def _age_the_young() -> None:
    """Make the young objects old ones, without looking at them: thawed objects go to the oldest generation."""
    if not gc.get_freeze_count():  # else the project has frozen some for good
        gc.freeze()
        gc.unfreeze()


held_off = _HeldOff()
