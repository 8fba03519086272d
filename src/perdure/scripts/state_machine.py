"""The states of a script's timer, and what each operation makes of them.

    STOPPED --start--> RUNNING --pause--> PAUSED --unpause/start--> RUNNING
    any --stop--> STOPPED

Contract: the state is derived from the script's row, so a rollback or a crash cannot part the two. `next_state` is
the only place that knows what is legal; an illegal operation raises `IllegalState` naming the operation and the state.
"""

from __future__ import annotations

import enum
from typing import Any

from perdure.errors import IllegalState
from perdure.idmapper.states import describe

__all__ = ["TimerState", "next_state", "timer_state"]


class TimerState(enum.Enum):
    """State of a script's timer."""

    STOPPED = "stopped"
    RUNNING = "running"
    PAUSED = "paused"


_STOPPED, _RUNNING, _PAUSED = TimerState.STOPPED, TimerState.RUNNING, TimerState.PAUSED

_TRANSITIONS: dict[str, dict[TimerState, TimerState]] = {
    "start": {_STOPPED: _RUNNING, _RUNNING: _RUNNING, _PAUSED: _RUNNING},
    "stop": {_STOPPED: _STOPPED, _RUNNING: _STOPPED, _PAUSED: _STOPPED},
    "pause": {_RUNNING: _PAUSED, _PAUSED: _PAUSED},
    "unpause": {_PAUSED: _RUNNING, _RUNNING: _RUNNING},
    "repeat": {_RUNNING: _RUNNING},
}


def timer_state(script: Any) -> TimerState:
    """The state of the timer of `script`."""
    if not script.db_is_active:
        return TimerState.STOPPED
    if script.db_paused_remaining is not None:
        return TimerState.PAUSED
    return TimerState.RUNNING if script.db_next_due is not None else TimerState.STOPPED


def next_state(script: Any, operation: str) -> tuple[TimerState, TimerState]:
    """The state of the timer now and after `operation`.

    Raises `IllegalState` if the timer's state does not allow it.
    """
    now = timer_state(script)
    after = _TRANSITIONS[operation].get(now)
    if after is None:
        allowed = " or ".join(state.value for state in _TRANSITIONS[operation])
        raise IllegalState(
            f"cannot {operation} the timer of {describe(script)} ({script.db_key!r}): it is {now.value} and would have "
            f"to be {allowed}; start() it first"
        )
    return now, after
