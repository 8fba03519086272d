"""Stopping code that does not end: what the time limit of `py` raises in it."""

from __future__ import annotations

__all__ = ["Interrupted", "TimeLimitExceeded"]


class TimeLimitExceeded(Exception):
    """Code ran for longer than it may; what it did has been undone."""


class Interrupted(BaseException):
    """Raised inside a unit to end it; no `except Exception` of a game stands in its way."""

    @staticmethod
    def as_error(error: BaseException) -> Exception:
        """Whatever ended a unit, for those who are told of it."""
        if isinstance(error, Exception):
            return error
        if isinstance(error, Interrupted):
            return TimeLimitExceeded(str(error) or "interrupted")
        told = RuntimeError(f"{type(error).__name__} was raised, which ends no more than the command")
        told.__cause__ = error
        return told
