"""The timer of a script: start, stop, pause, and what happens at a tick.

Contract
    A timer is data in the script's row (due time, count, paused remainder), so that it outlives a crash. Every
    operation is one transaction; a hook that raises undoes the operation, in memory too. `at_start` is called once
    for a start, before any tick; ticks are run by the clock, never inside `start`.
    `start_delay` has one meaning: True waits one interval before the first tick, False none, a number that many
    seconds.

Invariants
    Exactly a RUNNING script has a due time. A tick is one transaction: the moved due time, the count and what
    `at_repeat` did are stored together.

Failure modes: an error in `is_valid`, `at_repeat` or the last `at_stop` undoes what that hook did and is logged;
the timer goes on. `IllegalState` for an operation that the state does not allow, `InvalidArgument` for an interval
that is no whole number of seconds, a delay below 0, or either longer than 68 years.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from perdure.errors import InvalidArgument, StaleObject
from perdure.idmapper.states import describe, require
from perdure.scripts.clock import TimerKey, catch_up_policy, script_clock
from perdure.scripts.state_machine import TimerState, next_state, timer_state
from perdure.transactions import all_or_nothing, unit_of_work
from perdure.typeclasses import veto

__all__ = ["TIMER_FIELDS", "Timed", "checked_timer", "whole_seconds"]

logger = logging.getLogger("perdure.scripts")

#: The longest time in seconds, and the greatest number of ticks: 68 years, and what every database holds.
MOST = 2_147_483_647
TIMER_FIELDS = frozenset({"db_is_active", "db_next_due", "db_paused_remaining"})
_STOPPED_TIMER: dict[str, Any] = {
    "db_is_active": False,
    "db_next_due": None,
    "db_paused_remaining": None,
    "db_manually_paused": False,
    "db_callcount": 0,
}


class Timed:
    """The timer half of a script."""

    @property
    def timer(self: Any) -> TimerState:
        """Whether the timer is stopped, running or paused."""
        return timer_state(self)

    # --- operations

    def start(
        self: Any,
        interval: int | None = None,
        start_delay: bool | float | None = None,
        repeats: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Start, restart or resume the timer.

        Values given are stored. A running timer goes on undisturbed if none is given, else it is stopped and started
        anew. A paused one resumes, after what remained of its wait: less or more if `interval` is given, exactly
        `start_delay` if that is. An interval of 0 or less stops the timer.

        Args:
            interval: whole seconds between ticks.
            start_delay: True waits one interval before the first tick, False none, a number that many seconds.
            repeats: how many ticks there will be; 0 for no end.
            **kwargs: passed on to `at_start`.

        Raises `DeletedObject` for a deleted script, `InvalidArgument` for values that make no sense.
        """
        require(self, "save")
        fields = checked_timer(interval, start_delay, repeats)
        with self._timer_transaction():
            before, _ = next_state(self, "start")
            if before is TimerState.RUNNING and not fields:
                return
            old_interval = self.db_interval
            if before is TimerState.RUNNING:
                self.stop()
            self._write_fields(fields)
            if self.db_interval <= 0:
                self.stop()
                return
            if before is TimerState.PAUSED:
                self._run_after(self._resume_wait(old_interval, interval, start_delay))
            else:
                self._run_after(self._first_wait(start_delay), db_callcount=0)
            self.at_start(**kwargs)

    update = start

    def stop(self: Any, **kwargs: Any) -> None:
        """Stop the timer and forget where it was; `at_stop(**kwargs)` is called if it was running."""
        require(self, "save")
        with self._timer_transaction():
            before, _ = next_state(self, "stop")
            if before is TimerState.STOPPED and not self.db_is_active:
                return
            self._write_fields(_STOPPED_TIMER)
            if before is TimerState.RUNNING:
                self.at_stop(**kwargs)

    def pause(self: Any, manual_pause: bool = True, **kwargs: Any) -> None:
        """Hold the timer where it is, and call `at_pause`; a paused one stays as it is.

        Args:
            manual_pause: somebody wants it; False for the pause of a reload, which ends by itself.
            **kwargs: passed on to `at_pause`.

        Raises `IllegalState` if the timer is stopped.
        """
        require(self, "save")
        with self._timer_transaction():
            before, _ = next_state(self, "pause")
            if before is TimerState.PAUSED:
                if manual_pause and not self.db_manually_paused:
                    self._write_fields({"db_manually_paused": True})
                return
            remaining = max(0.0, (self.db_next_due - script_clock.now()).total_seconds())
            self._write_fields(
                {"db_paused_remaining": remaining, "db_next_due": None, "db_manually_paused": manual_pause}
            )
            self.at_pause(manual_pause=manual_pause, auto_pause=not manual_pause, **kwargs)

    def unpause(self: Any, **kwargs: Any) -> None:
        """Let a paused timer go on after what remained of its wait; a running one goes on undisturbed.

        Raises `IllegalState` if the timer is stopped.
        """
        require(self, "save")
        if next_state(self, "unpause")[0] is TimerState.PAUSED:
            self.start(**kwargs)

    def force_repeat(self: Any) -> None:
        """Tick now and begin the wait for the next tick anew; counts as a repeat.

        Raises `IllegalState` if the timer is not running.
        """
        require(self, "save")
        next_state(self, "repeat")
        self._tick_once(script_clock.now() + timedelta(seconds=self.db_interval))

    # --- questions

    def time_until_next_repeat(self: Any) -> int | None:
        """Seconds until the next tick, rounded up; None if the timer is not running."""
        if timer_state(self) is not TimerState.RUNNING:
            return None
        seconds: float = (self.db_next_due - script_clock.now()).total_seconds()
        return max(0, math.ceil(seconds))

    def remaining_repeats(self: Any) -> int | None:
        """How many ticks are left; None without end, or if the timer is not running."""
        if timer_state(self) is not TimerState.RUNNING or self.db_repeats <= 0:
            return None
        return int(max(0, self.db_repeats - self.db_callcount))

    def reset_callcount(self: Any, value: int = 0) -> None:
        """Say how many ticks there have been."""
        self._write_fields({"db_callcount": max(0, int(value))})

    # --- waiting

    def _first_wait(self: Any, start_delay: bool | float | None) -> float:
        """Seconds before the first tick."""
        if start_delay is None:
            start_delay = self.db_start_delay
        if isinstance(start_delay, bool):
            return float(self.db_interval) if start_delay else 0.0
        return float(start_delay)

    def _resume_wait(self: Any, old_interval: int, interval: int | None, start_delay: bool | float | None) -> float:
        """Seconds before the next tick of a paused timer."""
        if start_delay is not None:
            return float(self._first_wait(start_delay))
        remaining: float = self.db_paused_remaining
        if interval is None:
            return remaining
        return max(0.0, interval - (old_interval - remaining))

    def _run_after(self: Any, seconds: float, **fields: Any) -> None:
        due = script_clock.now() + timedelta(seconds=seconds)
        self._write_fields(
            {
                "db_is_active": True,
                "db_next_due": due,
                "db_paused_remaining": None,
                "db_manually_paused": False,
                **fields,
            }
        )

    # --- ticking

    def _tick(self: Any, due: datetime, now: datetime) -> int:
        """Run the tick that was due at `due`, by the policy if whole intervals were missed; how many ticks ran."""
        if self.db_interval <= 0:
            self._contained(self.stop)
            return 0
        interval = timedelta(seconds=self.db_interval)
        missed = (now - due) // interval
        policy = catch_up_policy() if missed > 0 else "all"
        following = due + interval * (1 if policy == "all" else missed + 1)
        if policy == "skip":
            self._write_fields({"db_next_due": following})
            return 0
        return int(self._tick_once(following))

    def _tick_once(self: Any, following: datetime) -> int:
        """One tick; the one after it is due at `following`. 1 if it ran, 0 if the script was not valid any more."""
        with self._timer_transaction():
            self._write_fields({"db_next_due": following, "db_callcount": self.db_callcount + 1})
            # Sent now, so that a row which another process changed is found out before anything of the game's runs.
            unit_of_work(self._state.db).flush()
            ran = self._contained(self._repeat_if_valid)
            if self._is_deleted or timer_state(self) is not TimerState.RUNNING:
                return int(ran is not False)
            if ran is False or 0 < self.db_repeats <= self.db_callcount:
                self._finish()
            return int(ran is not False)

    def _repeat_if_valid(self: Any) -> bool:
        if not veto.allowed(self.is_valid()):
            return False
        self.at_repeat()
        return True

    def _finish(self: Any) -> None:
        """Stop by itself; an error in `at_stop` does not bring the timer back."""
        self._write_fields(_STOPPED_TIMER)
        self._contained(self.at_stop)

    def _contained(self: Any, hook: Callable[[], Any]) -> Any:
        """Call user code; what it did is undone and logged if it raises, and None comes back."""
        try:
            with self._timer_transaction():
                return hook()
        except StaleObject:
            raise  # another process wrote first: the whole tick is undone and run again
        except Exception:  # boundary of user code: one broken script must not stop the clock
            logger.exception(
                "error in the timer of %s (%r); the timer goes on", describe(self), self.__dict__.get("db_key")
            )
            return None

    # --- storing

    def _timer_transaction(self: Any) -> Any:
        return all_or_nothing(self._state.db)

    def _write_fields(self: Any, fields: dict[str, Any]) -> None:
        changed = [name for name, value in fields.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, fields[name])
        if changed:
            self.save(update_fields=changed)

    def _reschedule(self: Any) -> None:
        """Tell the clock what the row says."""
        key = self._timer_key()
        if not self.__dict__.keys() >= TIMER_FIELDS:
            script_clock.doubt(key)
            return
        running = timer_state(self) is TimerState.RUNNING
        script_clock.schedule(key, self.db_next_due if running else None)

    def _timer_key(self: Any) -> TimerKey:
        return TimerKey(self._state.db, self.pk)


def checked_timer(interval: Any, start_delay: Any, repeats: Any) -> dict[str, Any]:
    """The fields to store for what was given."""
    fields: dict[str, Any] = {}
    if interval is not None:
        fields["db_interval"] = whole_seconds(interval)
    if start_delay is not None:
        if not isinstance(start_delay, bool | int | float) or not 0 <= start_delay <= MOST:
            raise InvalidArgument(
                f"start_delay is {start_delay!r}; give True, False or a number of seconds from 0 to {MOST}"
            )
        fields["db_start_delay"] = bool(start_delay)
    if repeats is not None:
        if isinstance(repeats, bool) or not isinstance(repeats, int) or abs(repeats) > MOST:
            raise InvalidArgument(f"repeats is {repeats!r}; give a whole number up to {MOST}, 0 for no end")
        fields["db_repeats"] = repeats
    return fields


def whole_seconds(interval: Any) -> int:
    """The interval as an int. Raises `InvalidArgument` if it is no whole number, or too long for a timer."""
    number = isinstance(interval, int | float) and not isinstance(interval, bool)
    if not number or not -MOST <= interval <= MOST or interval != int(interval):
        raise InvalidArgument(f"interval is {interval!r}; give whole seconds up to {MOST}, 0 or less for no timer")
    return int(interval)
