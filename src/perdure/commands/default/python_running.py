"""Running code that a developer typed into the game.

Contract: `PythonRun(code, names, limit)` compiles one text; `await run.finish()` runs it and gives the value of its
last expression. One dict is both its globals and its locals, so that comprehensions and functions see its names.
`await` may be used at its top level, for what a command may await.

Each stretch between two awaits is a transaction of its own: an exception, or more than `limit` seconds, undo it.

Invariants: what is printed by this thread while the code runs goes to the run, never to the terminal; prints of other
threads go where they always went.
"""

from __future__ import annotations

import ast
import inspect
import io
import sys
import threading
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from perdure.commands.default.time_limits import time_limit
from perdure.gameloop import Interrupted
from perdure.transactions import transaction

__all__ = ["FILENAME", "VALUE", "PythonRun", "compiled", "last_lines"]

FILENAME = "<py>"
#: The name under which compiled code leaves the value of its last expression.
VALUE = "__value_of_the_last_expression__"
_TRACEBACK_LINES = 12
_OUTPUT_LIMIT = 50_000


class PythonRun:
    """One text of Python code, run once.

    Args:
        code: what was typed. Raises `SyntaxError` (or `ValueError`) if it is no Python.
        names: the namespace; the code's names stay in it.
        limit: seconds that one stretch may take; 0 for no limit.

    Attributes:
        value: of the last statement, if that is an expression; else None.
    """

    def __init__(self, code: str, names: dict[str, Any], limit: float = 0) -> None:
        self.names = names
        self.limit = limit
        self.value: Any = None
        self._printed = io.StringIO()
        self._code = compiled(code)

    @property
    def printed(self) -> str:
        """What has been printed since this was last asked; very long output is cut."""
        text = self._printed.getvalue()
        self._printed = io.StringIO()
        return _cut(text)

    async def finish(self) -> Any:
        """Run it to its end; the value. Raises what the code raises, or `Interrupted`."""
        result = self._stretch(lambda: eval(self._code, self.names))  # noqa: S307  a Developer's own code
        if inspect.iscoroutine(result):
            await _Stretches(self, result)
        self.value = self.names.pop(VALUE, None)
        return self.value

    def shown(self) -> str:
        """The value as Python writes it, empty for None. Raises what writing it raises, or `Interrupted`."""
        text = "" if self.value is None else str(self._stretch(lambda: repr(self.value)))
        return _cut(text)

    def _stretch(self, go_on: Any) -> Any:
        """Run to the next await, or to the end."""
        with _printing_to(self._printed), transaction(), time_limit(self.limit):
            return go_on()


def _cut(text: str) -> str:
    if len(text) <= _OUTPUT_LIMIT:
        return text
    return f"{text[:_OUTPUT_LIMIT]}\n[… {len(text) - _OUTPUT_LIMIT} more characters]"


def compiled(code: str) -> Any:
    """The code, which leaves the value of a last expression under a name of ours."""
    tree = ast.parse(code, FILENAME, "exec")
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = tree.body[-1]
        tree.body[-1] = ast.copy_location(ast.Assign([ast.Name(VALUE, ast.Store())], last.value), last)
        ast.fix_missing_locations(tree)
    return compile(tree, FILENAME, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


class _Stretches:
    """Awaits a coroutine; what it does between two awaits runs as a stretch of `run`."""

    def __init__(self, run: PythonRun, coroutine: Any) -> None:
        self.run = run
        self.coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, Any]:
        go_on = lambda: self.coroutine.send(None)  # noqa: E731
        while True:
            request, value = self._stretch(go_on)
            if request is _DONE:
                return value
            try:
                answer = yield request
            except BaseException as error:  # noqa: BLE001  thrown in by whoever runs the command, and handed on
                go_on = lambda error=error: self.coroutine.throw(error)  # type: ignore[misc]  # noqa: E731
            else:
                go_on = lambda answer=answer: self.coroutine.send(answer)  # type: ignore[misc]  # noqa: E731

    def _stretch(self, go_on: Any) -> tuple[Any, Any]:
        def until_next() -> tuple[Any, Any]:
            try:
                return go_on(), None
            except StopIteration as done:
                return _DONE, done.value

        return self.run._stretch(until_next)  # type: ignore[no-any-return]


_DONE = object()


# --- printing


class _ThreadsOutput(io.TextIOBase):
    """Stands for a stream: what one thread writes goes to `target`, what others write to `original`."""

    def __init__(self, original: Any, target: io.StringIO) -> None:
        self.original = original
        self.target = target
        self.thread = threading.get_ident()

    def write(self, text: str) -> int:
        """Write, and how much."""
        if threading.get_ident() != self.thread:
            return int(self.original.write(text) or 0)
        if self.target.tell() < 2 * _OUTPUT_LIMIT:  # printing without end must not fill the memory
            self.target.write(text)
        return len(text)

    def flush(self) -> None:
        """Send on what has been written."""
        if threading.get_ident() != self.thread:
            self.original.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


@contextmanager
def _printing_to(target: io.StringIO) -> Iterator[None]:
    before = sys.stdout, sys.stderr
    ours = _ThreadsOutput(before[0], target), _ThreadsOutput(before[1], target)
    sys.stdout, sys.stderr = ours
    try:
        yield
    finally:
        # Whoever replaced them meanwhile keeps what they put there.
        if sys.stdout is ours[0]:
            sys.stdout = before[0]
        if sys.stderr is ours[1]:
            sys.stderr = before[1]


# --- errors


def last_lines(error: BaseException, limit: float) -> str:
    """The end of a traceback, from the typed code on; for code that was ended, what happened."""
    if isinstance(error, Interrupted):
        return f"The code ran for more than {limit:g} seconds, so it was stopped and what it did is undone."
    entries = traceback.extract_tb(error.__traceback__)
    # Code that is no Python has no entry there: all frames are the compiler's callers.
    first = next((index for index, entry in enumerate(entries) if entry.filename == FILENAME), len(entries))
    shown = entries[first:]
    text = "".join(traceback.format_list(shown) + traceback.format_exception_only(error))
    return "\n".join(text.rstrip().splitlines()[-_TRACEBACK_LINES:])
