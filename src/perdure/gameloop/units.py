"""A unit: one piece of work that happens as a whole or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

__all__ = ["Report", "Unit", "shown_text"]

logger = logging.getLogger("perdure.gameloop")

Failed = Callable[[Exception, str], object]
Shown = str | Callable[[], str | None] | None


class Unit:
    """One piece of work.

    Args:
        function: does it.
        label: what it is called in logs: a command's name, a timer's function.
        caller: who wants it, for logs.
        failed: called with the error and its id after the unit was undone.
        line: what was typed, for logs, or what says that when it is needed; None when it must not be logged.
        turn: whose turn it needs (a session): units of one turn stay in order, turns alternate.
        about: what it is for, for `GameLoop.withdraw`.

    Attributes:
        answered: what it has taken its line for an answer to, should it be done again; see `commands.prompts`.
    """

    __slots__ = ("about", "answered", "caller", "failed", "function", "label", "line", "sample", "turn")

    def __init__(
        self,
        function: Callable[[], Any],
        label: str = "",
        caller: Any = None,
        failed: Failed | None = None,
        line: Shown = None,
        turn: Hashable = None,
        about: Any = None,
    ) -> None:
        self.function = function
        self.label = label or getattr(function, "__qualname__", "work")
        self.caller = caller
        self.failed = failed
        self.line = line
        self.turn = turn
        self.about = about
        self.answered: Any = None
        self.sample = ""


@dataclass(frozen=True, slots=True)
class Report:
    """How a unit went.

    Args:
        label, caller: see `Unit`.
        shown: `line` of the unit.
        seconds: how long it took.
        statements: how many SQL statements it sent.
        ok: whether it went through.
        where: where it was when it had taken too long: the statement, if it was in one, and the calling code.
    """

    label: str
    caller: str
    shown: Shown
    seconds: float
    statements: int
    ok: bool
    where: str = ""

    @property
    def line(self) -> str:
        """What was typed, as logs may have it."""
        return shown_text(self.shown)


def shown_text(shown: Shown) -> str:
    """What is to be shown of what was typed; empty for nothing."""
    try:
        return (shown() if callable(shown) else shown) or ""
    except Exception:
        # Boundary of user code: the settings say what is masked, and a pattern that is wrong must not show a password.
        logger.exception("what was typed cannot be shown")
        return ""
