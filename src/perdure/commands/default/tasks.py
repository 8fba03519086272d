"""The command that shows and handles delayed work (`perdure.delay`)."""

from __future__ import annotations

from perdure.commands.default.stock import StockCommand
from perdure.commands.delays import TASK_HANDLER, Task
from perdure.commands.durations import brief
from perdure.text.markup import escape

__all__ = ["CmdTasks"]

ACTIONS = ("pause", "unpause", "do_task", "call", "remove", "cancel")


class CmdTasks(StockCommand):
    """See what will be done later, and change that.

    Usage:
      tasks
      tasks/<switch> <number of a task, or name of its function>

    Switches:
      pause   - let it wait for longer
      unpause - go on waiting
      do_task - do it now, and not later
      call    - do it now, and later as well
      remove  - forget it
      cancel  - do it not at all; it is listed for a while

    You are asked first. The name of a function means all tasks that call it.
    """

    key = "@tasks"
    aliases = ["@delays", "@task"]
    help_category = "system"
    locks = "cmd:perm(tasks) or perm(Developer)"
    switch_options = ACTIONS

    async def func(self) -> None:
        """List or change."""
        if not self.switches:
            self._list()
            return
        wanted = self.args.strip()
        tasks = [task for task in _tasks() if wanted and wanted in (str(task.get_id()), _function(task))]
        if not tasks:
            self.msg("There is no such task; |wtasks|n lists them." if wanted else "Which task?")
            return
        action = self.switches[0]
        named = ", ".join(f"{task.get_id()} ({escape(_function(task))})" for task in tasks[:10])
        many = f" and {len(tasks) - 10} others" if len(tasks) > 10 else ""
        if not await self.confirm(f"{action}: {named}{many}?", default=False):
            self.msg("Nothing is changed.")
            return
        for task in tasks:
            if not task.exists():
                self.msg(f"Task {task.get_id()} is over already.")
                continue
            number = task.get_id()
            getattr(task, action)()
            self.msg(f"{action}: done with task {number}.")

    def _list(self) -> None:
        tasks = _tasks()
        if not tasks:
            self.msg("Nothing is to be done later.")
            return
        table = self.table("#", "In", "State", "Function", "Arguments", "Kept")
        for task in tasks:
            kept = "yes" if task.persistent else "no"
            function = escape(_function(task))
            table.add_row(task.get_id(), _due(task), task.state.value, function, _arguments(task), kept)
        self.msg(str(table))


def _tasks() -> list[Task]:
    return TASK_HANDLER.all()


def _function(task: Task) -> str:
    return str(task.name)


def _due(task: Task) -> str:
    return brief(task.remaining)


def _arguments(task: Task) -> str:
    parts = [repr(argument) for argument in task.args] + [f"{name}={value!r}" for name, value in task.kwargs.items()]
    text = ", ".join(parts)
    return escape(text if len(text) <= 60 else f"{text[:59]}…")
