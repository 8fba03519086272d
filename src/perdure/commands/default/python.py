"""`py`: Python in the running world, for developers."""

from __future__ import annotations

import ast
import codeop
import logging
import time
from typing import Any

from perdure.commands.arguments import MuxCommand
from perdure.commands.default.python_names import python_names
from perdure.commands.default.python_running import FILENAME, PythonRun, last_lines
from perdure.commands.default.reading_jobs import MOST_JOBS, ReadingJob, running_jobs
from perdure.commands.drafts import keep_text, kept_text
from perdure.commands.durations import brief
from perdure.commands.writing import edit, writes
from perdure.conf import conf
from perdure.errors import InterruptCommand
from perdure.gameloop import Interrupted
from perdure.text.markup import escape

__all__ = ["CmdPy"]

audit = logging.getLogger("perdure.audit")

#: Seconds after which a console that nobody types into is closed.
_PATIENCE = 3600
#: Under which name the text is kept that was saved with py/edit.
_KEPT = "py"
_LEAVE = frozenset({"exit", "exit()", "quit", "quit()"})


class CmdPy(MuxCommand):
    """
    Run Python code in the running world.

    Usage:
      py <code>
      py
      ! <code>
      py/thread [<code>]
      py/thread/stop <number>

    Switches:
      time   - tell how long the code took, in milliseconds
      noecho - do not repeat the code
      edit   - write the code line by line; :! runs it
      thread - for what takes long and only reads: run the code beside the game, which goes on; without code, list what
               runs so
      stop   - end one of these

    The value of the last expression is shown, and what the code prints. At hand without an import are self and me
    (you), here (your location), account, session, search and create (as in search.objects("lamp")), perdure, every name
    of perdure, and every typeclass by its class name. cmd is this command, so that `await cmd.sleep(2)` waits.

    Without code it asks for one line after the other and keeps their names, until you type exit. A block (def, for …)
    ends with an empty line.

    What py/thread runs is in a process of its own, with its own objects: it sees what is stored, can change nothing,
    and ends with your connection, with a reload, or after PY_THREAD_TIME_LIMIT seconds.

    Code that raises an error, or runs for longer than the setting PY_TIME_LIMIT allows, is undone. Whoever may use this
    command may do anything at all; each use is written to the audit log.

    Example:
      py me.location.contents
      py [obj.key for obj in here.contents if not obj.db.worth]
    """

    key = "@py"
    aliases = ["!"]
    switch_options = ("time", "noecho", "edit", "thread", "stop")
    locks = "cmd:perm(py) or perm(Developer)"
    help_category = "system"

    names_of_code: dict[str, Any] | None = None

    async def func(self) -> None:
        """Run the code, or the console."""
        if "thread" in self.switches or "stop" in self.switches:
            await self._thread()
        elif "edit" in self.switches:
            await self._edit()
        elif self.args:
            await self._run(self.args, self._names())
        else:
            await self._console(self._names())

    async def _run(self, code: str, names: dict[str, Any]) -> None:
        """Run one text, and show what comes of it."""
        if not self.access(self.caller, "cmd", session=self.session):
            self.msg("You may not use py any more.")  # a console stays open for long
            raise InterruptCommand
        self._log(code)
        if "noecho" not in self.switches:
            self._show(f">>> {code}", "py_input")
        limit = float(conf.PY_TIME_LIMIT)
        begun = time.perf_counter()
        run = None
        try:
            run = PythonRun(code, names, limit)
            await run.finish()
            value = run.shown()
        except (Exception, Interrupted) as error:  # noqa: BLE001
            # boundary of user code: a developer's own, who is shown what went wrong; it is undone already.
            self._show_printed(run)
            self._show(last_lines(error, limit), "py_output")
            audit.info("py of %s ended with %s", self._who(), type(error).__name__)
            return
        self._show_printed(run)
        if value:
            self._show(value, "py_output")
        if "time" in self.switches:
            self._show(f"({(time.perf_counter() - begun) * 1000:.3f} ms)", "py_output")

    async def _edit(self) -> None:
        """Write code and run it as often as wanted; what is stored is text, which runs when `:!` says so."""
        text = self.args or kept_text(self.caller, _KEPT)
        await edit(self, self._keep, text=text, title="Python code; :! runs it", others={"!": self._run_text})

    @writes("py.keep")
    def _keep(self, text: str) -> bool:
        keep_text(self.caller, _KEPT, text)
        return True

    @writes("py.run")
    async def _run_text(self, text: str) -> None:
        await self._run(text, self._names())

    def _names(self) -> dict[str, Any]:
        """The names that this use of the command has; they stay as long as it lasts."""
        if self.names_of_code is None:
            self.names_of_code = python_names(self)
            self.names_of_code["cmd"] = self
        return self.names_of_code

    async def _console(self, names: dict[str, Any]) -> None:
        """Ask for line after line, until `exit`."""
        self._show("Python. The names you make stay; exit ends it.", "py_output")
        compiler = codeop.CommandCompiler()
        compiler.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        lines: list[str] = []
        while True:
            answer = await self.ask("... " if lines else ">>> ", timeout=_PATIENCE)
            if not lines and answer.strip() in _LEAVE:
                self._show("Python is closed.", "py_output")
                return
            lines.append(answer)
            code = "\n".join(lines)
            if _is_unfinished(code, compiler):
                continue
            lines.clear()
            if code.strip():
                await self._run(code, names)

    # --- beside the game

    async def _thread(self) -> None:
        """Run code that only reads in a process of its own; list such processes, or end one."""
        if "stop" in self.switches:
            self._stop(self.args.strip())
        elif self.args:
            await self._run_beside(self.args)
        else:
            self._list()

    async def _run_beside(self, code: str) -> None:
        self._log(code, "py/thread")
        if "noecho" not in self.switches:
            self._show(f">>> {code}", "py_input")
        if len(running_jobs()) >= MOST_JOBS:
            self.msg(f"{MOST_JOBS} run already: wait, or stop one (|wpy/thread|n lists them).")
            return
        job = ReadingJob(code, self, lambda text: self._show(text, "py_output"))
        self.msg(f"It runs as number {job.number}; |wpy/thread|n lists what runs, |wpy/thread/stop|n ends it.")
        ok = await job
        seconds = time.time() - job.begun
        how = "its time was over" if job.timed_out else "it is done" if ok else "it ended with an error"
        audit.info("py/thread %s of %s: %s after %.1f s", job.number, self._who(), how, seconds)
        self.msg(f"Number {job.number}: {how}, after {seconds:.1f} s.")

    def _list(self) -> None:
        jobs = running_jobs()
        if not jobs:
            self.msg("No code runs beside the game.")
            return
        table = self.styled_table("#", "Whose", "For", "Code")
        for job in jobs:
            owner = str(job.run.caller) if job.run is not None else ""
            code = " ".join(job.code.split())
            shown = code if len(code) <= 60 else f"{code[:59]}…"
            table.add_row(job.number, owner, brief(time.time() - job.begun), escape(shown))
        self.msg(str(table))

    def _stop(self, number: str) -> None:
        job = next((one for one in running_jobs() if str(one.number) == number), None)
        if job is None or job.run is None:
            self.msg("There is no such code; |wpy/thread|n lists what runs.")
            return
        job.run.cancel(f"{self.caller} has stopped it.")
        self.msg(f"Number {job.number} is stopped.")

    # --- telling

    def _show_printed(self, run: PythonRun | None) -> None:
        printed = run.printed.rstrip("\n") if run is not None else ""
        if printed:
            self._show(printed, "py_output")

    def _show(self, text: str, kind: str) -> None:
        """Send to the caller just as it is: colour codes in it are shown, not obeyed."""
        self.msg((escape(text), {"type": kind}))

    def _log(self, code: str, event: str = "py") -> None:
        address = getattr(self.session, "address", None)
        said = {"account": getattr(self.account, "username", None), "address": address, "event": event}
        audit.info("%s by %s from %s: %r", event, self._who(), address, code, extra=said)

    def _who(self) -> str:
        account = self.account
        name = f"account {account.username} (#{account.pk})" if account is not None else "nobody's account"
        return f"{name} as {self.caller} ({getattr(self.caller, 'dbref', '')})"


def _is_unfinished(code: str, compiler: Any) -> bool:
    """Whether more lines are wanted, as at Python's own prompt."""
    try:
        return compiler(code, FILENAME, "single") is None
    except (SyntaxError, ValueError, OverflowError):
        return False
