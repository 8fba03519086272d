"""Long texts, shown screen by screen where a screen does not scroll back.

Contract: `await show(command, text)` in a command shows a text that fits at once, and another page by page. Nothing
that is typed is lost meanwhile: what does not turn a page ends the reading and is done as a command. The browser and
screen readers scroll by themselves, so they get everything at once.
"""

from __future__ import annotations

from typing import Any

from perdure.text.markup import wrap

__all__ = ["pages_of", "show", "turns_pages"]

#: Lines of a screen that the question below the page takes.
MARGIN = 3
FEWEST_LINES = 10
MOST_PAGES = 500

_NEXT, _BACK, _TOP, _LAST, _END = (
    frozenset({"", "n", "next", "more"}),
    frozenset({"b", "back", "p", "previous"}),
    frozenset({"t", "top"}),
    frozenset({"e", "end", "bottom"}),
    frozenset({"q", "quit", "a", "abort", "x"}),
)


def turns_pages(session: Any) -> bool:
    """Whether texts are shown to this client page by page."""
    flags = getattr(session, "protocol_flags", None) or {}
    return str(getattr(session, "protocol_key", "")).startswith("telnet") and not flags.get("SCREENREADER")


def pages_of(text: str, width: int, height: int) -> list[str]:
    """The text in parts that each fit on a screen."""
    lines = wrap(text, width).split("\n")
    room = max(FEWEST_LINES, height - MARGIN)
    if len(lines) <= room:
        return [text]
    return ["\n".join(lines[at : at + room]) for at in range(0, len(lines), room)][:MOST_PAGES]


async def show(command: Any, text: str, kind: str = "") -> None:
    """Show a text to whoever gave the command, page by page if it is long.

    Args:
        command: the command that runs.
        text: markup.
        kind: marks it for clients (help, look …).
    """
    options = {"type": kind} if kind else {}
    session = command.session
    size = getattr(session, "get_client_size", None)
    if session is None or size is None or not turns_pages(session):
        command.msg((text, options))
        return
    width, height = size()
    pages = pages_of(text, int(width or 78), int(height or 24))
    at = 0
    while True:
        command.msg((pages[at], options))
        if at == len(pages) - 1:
            return
        typed = str(await command.ask(f"|w[{at + 1} of {len(pages)}]|n Enter: next page, b: back, q: end"))
        answer = typed.strip().lower()
        if answer in _END:
            return
        turned = _turned(answer, at, len(pages))
        if turned is None:
            command.execute_cmd(typed)
            return
        at = turned


def _turned(answer: str, at: int, count: int) -> int | None:
    """The next page to show; None if the answer turns none."""
    if answer in _NEXT:
        return at + 1
    if answer in _BACK:
        return max(0, at - 1)
    if answer in _TOP:
        return 0
    return count - 1 if answer in _LAST else None
