"""Work for other threads: hashing, files, the network.

Contract: a few threads do what is submitted; what comes of it is given back as a unit of the game loop. At most
`WAITING` pieces wait; more are refused at once, so that a flood of logins cannot pile up. The threads are niced.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from django.db import connections

from perdure.errors import Overloaded

if TYPE_CHECKING:
    from perdure.gameloop.loop import GameLoop

__all__ = ["WAITING", "Pool"]

WAITING = 200
NICENESS = 10

Then = Callable[[Any, BaseException | None], object]


class Pool:
    """The threads of one loop."""

    def __init__(self, loop: GameLoop, workers: int) -> None:
        self._loop = loop
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="perdure-offload", initializer=_stand_back)
        self._count = threading.Lock()
        self.busy = 0

    def reserve(self) -> None:
        """Have a place for one piece of work. Raises `Overloaded` when too much waits."""
        with self._count:
            if self.busy >= WAITING:
                raise Overloaded(
                    f"{WAITING} pieces of work wait for another thread already; try again in a moment "
                    "(too many logins at once, or offloaded work that never ends)"
                )
            self.busy += 1

    def begin(self, function: Callable[..., Any], arguments: tuple[Any, ...], then: Then | None) -> None:
        """Do it on another thread, in a place that was reserved."""
        try:
            self._executor.submit(self._work, function, arguments, then)
        except RuntimeError:  # this world has ended
            self.give_back()
            raise

    def give_back(self) -> None:
        """The place that was reserved is not needed, or not any more."""
        with self._count:
            self.busy -= 1

    def close(self) -> None:
        """Take no more work, and do not wait for what is being done."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _work(self, function: Callable[..., Any], arguments: tuple[Any, ...], then: Then | None) -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = function(*arguments)
        except BaseException as raised:  # noqa: BLE001  (handed to `then`)
            error = raised
        finally:
            connections.close_all()
            if then is not None:
                self._loop.submit(lambda: then(result, error), label="offloaded work")
            self.give_back()


def _stand_back() -> None:
    """Let the game thread go first where both want the processor: hashing may take a little longer."""
    if sys.platform == "linux":  # elsewhere the priority is that of the whole process
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS))
