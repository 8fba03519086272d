"""The text that the line editor is at, and what can be done to it.

Contract: `LineEditor(text)` holds a text by lines; `add` takes a line, `do` an editing command, and both say what to
tell. `state` is all of it as plain data, of which `from_state` makes the same editor again.

Invariants: a text has at most `MOST_LINES` lines and `MOST_CHARACTERS` characters, and what can be undone is bounded
in both ways too; what would be more is refused before it is made.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

__all__ = ["HELP", "MOST_CHARACTERS", "MOST_LINES", "LineEditor"]

MOST_LINES = 5000
MOST_CHARACTERS = 100_000
MOST_UNDONE = 50

HELP = """What you type is added at the end. A line that begins with a colon is a command:
  :             show the text, with numbers          :h          show this
  :i <n> <text> put a line before line n             :r <n> <text> replace line n
  :d <n>[-<m>]  delete lines                         :s [<n>] /<old>/<new>/ replace a text in line n, or in all
  :u            undo, again and again                :clear      delete all lines
  :w            save                                 :wq         save and end
  :q            end (asks if something is not saved) :q!         end without saving
  ::            a line of text that begins with a colon"""

_LINES = re.compile(r"(?P<first>[0-9]{1,18})(?:\s*-\s*(?P<last>[0-9]{1,18}))?")
_NUMBERED = re.compile(r"(?P<number>[0-9]{1,18})(?: (?P<text>.*))?", re.DOTALL)
_SUBSTITUTE = re.compile(
    r"(?:(?P<number>[0-9]{1,18})\s*)?(?P<mark>[/|,])(?P<old>.+?)(?P=mark)(?P<new>.*?)(?P=mark)?", re.DOTALL
)


class _Change(NamedTuple):
    """What undoes one change: `number` lines from `at` on become `old` again."""

    at: int
    number: int
    old: list[str]


class LineEditor:
    """The text that is being written, and what can be done to it.

    Args:
        text: what it begins with.

    Attributes:
        lines: the text, line by line.
    """

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n") if text else []
        self._saved = _digest(text)
        self._before: list[_Change] = []

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines)

    @property
    def changed(self) -> bool:
        """Whether there is something that was not saved."""
        return _digest(self.text) != self._saved

    def note_saved(self) -> None:
        """The text as it is now has been saved."""
        self._saved = _digest(self.text)

    def shown(self) -> str:
        """The text with numbers."""
        width = len(str(len(self.lines)))
        return "\n".join(f"{number:>{width}}| {line}" for number, line in enumerate(self.lines, 1)) or "(no text)"

    def add(self, line: str) -> str:
        """Add a line at the end; what to tell."""
        return self._put([*self.lines, *line.split("\n")], "")

    def do(self, name: str, rest: str) -> str:
        """Do an editing command; what to tell."""
        action = getattr(self, f"_do_{name or 'list'}", None)
        return str(action(rest)) if action is not None else f"There is no :{name}; :h shows what there is."

    # --- as plain data

    def state(self) -> dict[str, Any]:
        """All of it, to be stored."""
        return {"lines": list(self.lines), "saved": self._saved, "before": [list(one) for one in self._before]}

    @classmethod
    def from_state(cls, state: Any) -> LineEditor | None:
        """The editor whose state that was; None for what is no such state."""
        match state:
            case {"lines": list() as lines, "saved": str() as saved, "before": list() as before}:
                changes = [_read_change(one) for one in before]
                if _are_texts(lines) and None not in changes:
                    editor = cls("")
                    editor.lines, editor._saved = list(lines), saved
                    editor._before = [one for one in changes if one is not None]
                    return editor
        return None

    # --- commands

    def _do_list(self, rest: str) -> str:
        return self.shown()

    _do_l = _do_list

    def _do_h(self, rest: str) -> str:
        return HELP

    def _do_u(self, rest: str) -> str:
        if not self._before:
            return "There is nothing to undo."
        at, count, old = self._before.pop()
        self.lines = [*self.lines[:at], *old, *self.lines[at + count :]]
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
        given = (match["text"] or "").split("\n")
        return self._put([*self.lines[:at], *given, *self.lines[at + replace :]], "Done.")

    def _do_s(self, rest: str) -> str:
        match = _SUBSTITUTE.fullmatch(rest.strip())
        if match is None:
            return "Say what becomes what: :s /old/new/ or :s 3 /old/new/."
        only = int(match["number"]) if match["number"] else None
        if only is not None and not 1 <= only <= len(self.lines):
            return self._range()
        old, new = match["old"], match["new"]
        number = sum(line.count(old) for line in (self.lines if only is None else [self.lines[only - 1]]))
        if not number:
            return f"There is no '{old}' there."
        if number * (len(new) - len(old)) + _size(self.lines) > MOST_CHARACTERS:
            return _TOO_MUCH
        lines = [line.replace(old, new) if only in (None, at) else line for at, line in enumerate(self.lines, 1)]
        return self._put("\n".join(lines).split("\n"), f"{number} replaced.")

    def _put(self, lines: list[str], told: str) -> str:
        if len(lines) > MOST_LINES:
            return f"A text has at most {MOST_LINES} lines; that one was not taken."
        if _size(lines) > max(MOST_CHARACTERS, _size(self.lines)):
            return _TOO_MUCH
        self._before.append(_change(self.lines, lines))
        self._forget_the_oldest()
        self.lines = lines
        return told

    def _forget_the_oldest(self) -> None:
        """What can be undone is no more than a whole text, however it came about; the last change always can."""
        kept: list[_Change] = []
        size = 0
        for change in reversed(self._before[-MOST_UNDONE:]):
            size += _size(change.old)
            if kept and size > MOST_CHARACTERS:
                break
            kept.append(change)
        self._before = kept[::-1]

    def _range(self) -> str:
        return f"The lines are numbered from 1 to {len(self.lines)}." if self.lines else "There are no lines yet."


_TOO_MUCH = f"A text has at most {MOST_CHARACTERS} characters; that would be more, so nothing was changed."


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _size(lines: list[str]) -> int:
    """Characters of these lines, with their ends."""
    return sum(map(len, lines)) + len(lines)


def _change(old: list[str], new: list[str]) -> _Change:
    """What makes the old lines of the new ones: the stretch in which they differ."""
    shorter = min(len(old), len(new))
    at = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = shorter - at
    behind = next((one for one in range(rest) if old[-1 - one] != new[-1 - one]), rest)
    return _Change(at, len(new) - behind - at, old[at : len(old) - behind])


def _read_change(stored: Any) -> _Change | None:
    match stored:
        case [int() as at, int() as count, list() as old] if at >= 0 and count >= 0 and _are_texts(old):
            return _Change(at, count, list(old))
    return None


def _are_texts(lines: list[Any]) -> bool:
    return all(isinstance(line, str) for line in lines)
