"""The game loop: units of work in ticks, timers, work for other threads, and output that waits for the commit."""

from perdure.gameloop.interruption import Interrupted, TimeLimitExceeded
from perdure.gameloop.loop import GameLoop, TimerSource, current_loop, set_current_loop
from perdure.gameloop.timers import TimerHandle
from perdure.gameloop.units import Report, Unit
from perdure.gameloop.watchdog import Watchdog

__all__ = [
    "GameLoop",
    "Interrupted",
    "Report",
    "TimeLimitExceeded",
    "TimerHandle",
    "TimerSource",
    "Unit",
    "Watchdog",
    "current_loop",
    "set_current_loop",
]
