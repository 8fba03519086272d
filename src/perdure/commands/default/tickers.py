"""The command that shows what is done again and again (`perdure.repeat`)."""

from __future__ import annotations

from typing import Any

from perdure.commands.default.stock import StockCommand
from perdure.commands.default.value_texts import shown_value
from perdure.commands.delays import TASK_HANDLER, Task
from perdure.commands.durations import brief
from perdure.text.markup import escape

__all__ = ["CmdTickers"]

_MOST = 100
_CROPPED = 60


class CmdTickers(StockCommand):
    """See what the game does again and again.

    Usage:
      tickers [<part of a function's name>]

    Lists the repetitions that code has asked for with repeat(): how often, when next, and what is called. Those that
    are kept go on after a stop of the server. Timers of scripts are listed by the command scripts, what is done once by
    tasks, with which developers also pause or end a repetition.
    """

    key = "@tickers"
    help_category = "system"
    locks = "cmd:perm(tickers) or perm(Builder)"
    switch_options = ()

    def func(self) -> None:
        """List them."""
        wanted = self.args.strip().lower()
        found = [task for task in TASK_HANDLER.all() if task.interval is not None and wanted in task.name.lower()]
        if not found:
            self.msg("Nothing is repeated." if not wanted else f"Nothing of that name is repeated: {escape(wanted)}.")
            return
        table = self.table("#", "Every", "Next in", "State", "Function", "Arguments", "Kept")
        for task in found[:_MOST]:
            table.add_row(
                task.get_id(),
                _every(task.interval or 0.0),
                brief(task.remaining),
                task.state.value,
                escape(task.name),
                _arguments(task),
                "yes" if task.persistent else "no",
            )
        more = f"\n… and {len(found) - _MOST} more." if len(found) > _MOST else ""
        self.msg(f"{table}{more}")


def _every(seconds: float) -> str:
    return brief(seconds) if seconds >= 60 else f"{seconds:g}s"


def _arguments(task: Task) -> str:
    parts: list[tuple[str, Any]] = [("", value) for value in task.args]
    parts += [(f"{name}=", value) for name, value in task.kwargs.items()]
    return ", ".join(f"{escape(label)}{shown_value(value, _CROPPED)}" for label, value in parts)
