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
from perdure.commands.drafts import keep_text, kept_text
from perdure.commands.writing import edit, writes
from perdure.conf import conf
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

    Switches:
      time   - tell how long the code took, in milliseconds
      noecho - do not repeat the code
      edit   - write the code line by line; :! runs it

    The value of the last expression is shown, and what the code prints. At hand without an import are self and me
    (you), here (your location), account, session, search and create (as in search.objects("lamp")), perdure, every name
    of perdure, and every typeclass by its class name. cmd is this command, so that `await cmd.sleep(2)` waits.

    Without code it asks for one line after the other and keeps their names, until you type exit. A block (def, for …)
    ends with an empty line.

    Code that raises an error, or runs for longer than the setting PY_TIME_LIMIT allows, is undone. Whoever may use this
    command may do anything at all; each use is written to the audit log.

    Example:
      py me.location.contents
      py [obj.key for obj in here.contents if not obj.db.worth]
    """

    key = "@py"
    aliases = ["!"]
    switch_options = ("time", "noecho", "edit")
    locks = "cmd:perm(py) or perm(Developer)"
    help_category = "system"

    names_of_code: dict[str, Any] | None = None

    async def func(self) -> None:
        """Run the code, or the console."""
        if "edit" in self.switches:
            await self._edit()
        elif self.args:
            await self._run(self.args, self._names())
        else:
            await self._console(self._names())

    async def _run(self, code: str, names: dict[str, Any]) -> None:
        """Run one text, and show what comes of it."""
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

    # --- telling

    def _show_printed(self, run: PythonRun | None) -> None:
        printed = run.printed.rstrip("\n") if run is not None else ""
        if printed:
            self._show(printed, "py_output")

    def _show(self, text: str, kind: str) -> None:
        """Send to the caller just as it is: colour codes in it are shown, not obeyed."""
        self.msg((escape(text), {"type": kind}))

    def _log(self, code: str) -> None:
        address = getattr(self.session, "address", None)
        said = {"account": getattr(self.account, "username", None), "address": address, "event": "py"}
        audit.info("py by %s from %s: %r", self._who(), address, code, extra=said)

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
