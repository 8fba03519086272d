"""Writing longer texts line by line, at the prompt of any client.

Contract: `await edit(command, text, save)` in a command lets the player change a text until `:q`. `save(text)` is
called for `:w` and tells whether it was saved (a coroutine may too); what it raises ends the editing, as with any
command. What was not saved is lost when the world reloads or the player goes: the player is told so at the beginning.

Invariants: a line that does not begin with a colon is text, and is kept as it was typed; `::` begins a line of text
with a colon.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from perdure.text.markup import escape

__all__ = ["LineEditor", "edit"]

MOST_LINES = 5000
MOST_UNDONE = 50
#: Seconds after which an editor that nobody types into is closed.
PATIENCE = 3600

HELP = """What you type is added at the end. A line that begins with a colon is a command:
  :             show the text, with numbers          :h          show this
  :i <n> <text> put a line before line n             :r <n> <text> replace line n
  :d <n>[-<m>]  delete lines                         :s [<n>] /<old>/<new>/ replace a text in line n, or in all
  :u            undo, again and again                :clear      delete all lines
  :w            save                                 :wq         save and end
  :q            end (asks if something is not saved) :q!         end without saving
  ::            a line of text that begins with a colon"""

_COMMAND = re.compile(r":(?P<name>[a-z]+!?|!)?\s*(?P<rest>.*)", re.DOTALL)
_LINES = re.compile(r"(?P<first>[0-9]{1,18})(?:\s*-\s*(?P<last>[0-9]{1,18}))?")
_NUMBERED = re.compile(r"(?P<number>[0-9]{1,18})(?: (?P<text>.*))?", re.DOTALL)
_SUBSTITUTE = re.compile(
    r"(?:(?P<number>[0-9]{1,18})\s*)?(?P<mark>[/|,])(?P<old>.+?)(?P=mark)(?P<new>.*?)(?P=mark)?", re.DOTALL
)


class LineEditor:
    """The text that is being written, and what can be done to it.

    Args:
        text: what it begins with.

    Attributes:
        lines: the text, line by line.
        saved: the text as it was saved last, or at the beginning.
    """

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n") if text else []
        self.saved = text
        self._before: list[list[str]] = []

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines)

    @property
    def changed(self) -> bool:
        """Whether there is something that was not saved."""
        return self.text != self.saved

    def shown(self) -> str:
        """The text with numbers."""
        width = len(str(len(self.lines)))
        return "\n".join(f"{number:>{width}}| {line}" for number, line in enumerate(self.lines, 1)) or "(no text)"

    def add(self, line: str) -> str:
        """Add a line at the end; what to tell."""
        return self._put([*self.lines, line], "")

    def do(self, name: str, rest: str) -> str:
        """Do an editing command; what to tell."""
        action = getattr(self, f"_do_{name or 'list'}", None)
        return str(action(rest)) if action is not None else f"There is no :{name}; :h shows what there is."

    # --- commands

    def _do_list(self, rest: str) -> str:
        return self.shown()

    _do_l = _do_list

    def _do_h(self, rest: str) -> str:
        return HELP

    def _do_u(self, rest: str) -> str:
        if not self._before:
            return "There is nothing to undo."
        self.lines = self._before.pop()
        return "Undone."

    def _do_clear(self, rest: str) -> str:
        return self._put([], "All lines are deleted; :u brings them back.")

    def _do_d(self, rest: str) -> str:
        match = _LINES.fullmatch(rest.strip())
        if match is None:
            return "Say which lines: :d 3 or :d 3-5."
        first, last = int(match["first"]), int(match["last"] or match["first"])
        if not 1 <= first <= last <= len(self.lines):
            return self._range()
        return self._put(self.lines[: first - 1] + self.lines[last:], f"{last - first + 1} deleted.")

    def _do_i(self, rest: str) -> str:
        return self._with_line(rest, replace=False)

    def _do_r(self, rest: str) -> str:
        return self._with_line(rest, replace=True)

    def _with_line(self, rest: str, replace: bool) -> str:
        match = _NUMBERED.fullmatch(rest)
        if match is None:
            return "Say which line, and the text."
        at = int(match["number"]) - 1
        if not 0 <= at < len(self.lines):
            return self._range()
        return self._put([*self.lines[:at], match["text"] or "", *self.lines[at + replace :]], "Done.")

    def _do_s(self, rest: str) -> str:
        match = _SUBSTITUTE.fullmatch(rest.strip())
        if match is None:
            return "Say what becomes what: :s /old/new/ or :s 3 /old/new/."
        only = int(match["number"]) if match["number"] else None
        if only is not None and not 1 <= only <= len(self.lines):
            return self._range()
        number = 0
        lines = list(self.lines)
        for at, line in enumerate(lines):
            if only in (None, at + 1):
                number += line.count(match["old"])
                lines[at] = line.replace(match["old"], match["new"])
        return self._put(lines, f"{number} replaced.") if number else f"There is no '{match['old']}' there."

    def _put(self, lines: list[str], told: str) -> str:
        if len(lines) > MOST_LINES:
            return f"A text has at most {MOST_LINES} lines."
        self._before = [*self._before[1 - MOST_UNDONE :], self.lines]
        self.lines = lines
        return told

    def _range(self) -> str:
        return f"The lines are numbered from 1 to {len(self.lines)}." if self.lines else "There are no lines yet."


async def edit(
    command: Any,
    text: str,
    save: Callable[[str], Any],
    title: str = "",
    others: dict[str, Callable[[str], Any]] | None = None,
) -> None:
    """Let the player of a command write a text.

    Args:
        command: the command that runs.
        text: what there is.
        save: takes the text for `:w`; true if it was saved. May be a coroutine.
        title: what is being written.
        others: further commands by name (`!` for `:!`); each gets the text.
    """
    editor = LineEditor(text)
    note = "What is not saved is lost when the game reloads. :h shows the commands."
    command.msg(f"|wEditing {escape(title) or 'a text'}.|n {note}\n{escape(editor.shown())}")
    while True:
        typed = str(await command.ask("", timeout=PATIENCE))
        match = _COMMAND.fullmatch(typed)
        if match is None or typed.startswith("::"):
            told = editor.add(typed[1:] if match else typed)
        elif match["name"] in ("w", "wq"):
            if await _save(command, editor, save) and match["name"] == "wq":
                return
            continue
        elif match["name"] in ("q", "q!"):
            if match["name"] == "q!" or not editor.changed or await _give_up(command):
                command.msg("The editor is closed.")
                return
            continue
        elif others and match["name"] in others:
            await _called(others[match["name"]], editor.text)
            continue
        else:
            told = editor.do(match["name"] or "", match["rest"])
        if told:
            command.msg(escape(told))


async def _save(command: Any, editor: LineEditor, save: Callable[[str], Any]) -> bool:
    saved = bool(await _called(save, editor.text))
    if saved:
        editor.saved = editor.text
    command.msg("Saved." if saved else "It was not saved.")
    return saved


async def _called(function: Callable[[str], Any], text: str) -> Any:
    outcome = function(text)
    return await outcome if inspect.isawaitable(outcome) else outcome


async def _give_up(command: Any) -> bool:
    return bool(await command.confirm("Something is not saved. End without saving?", default=False))
