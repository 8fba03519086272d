"""The clock of scripts, as the game loop asks for it."""

from __future__ import annotations

from datetime import timedelta

from perdure.scripts.clock import script_clock

__all__ = ["ScriptTimers"]


class ScriptTimers:
    """The timers of all running scripts."""

    def seconds_until_due(self) -> float | None:
        """Until the next tick, or None."""
        due = script_clock.next_due()
        return None if due is None else (due - script_clock.now()).total_seconds()

    def run_due(self) -> None:
        """Run the ticks that are due."""
        script_clock.run_due()

    def advance(self, seconds: float) -> None:
        """Let time pass without running anything."""
        script_clock._move_to(script_clock.now() + timedelta(seconds=seconds))
