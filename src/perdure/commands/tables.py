"""Tables, headers and lines as markup text, for clients of any width.

Contract: `str(table)` is markup text of lines no wider than `width`. Cells are wrapped where the columns do not fit;
where even that would be unreadable (a phone, many columns), and for screen readers, each row becomes a sentence of
"heading: cell" parts instead. Colours take no width. Nothing here knows a session: `Look` says how it should look, and
`look_for` makes one of what a command knows of its client.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from perdure.text.markup import pad, visible_length, wrap

__all__ = ["Look", "Table", "footer", "header", "look_for", "separator"]

DEFAULT_WIDTH = 78
NARROWEST_COLUMN = 6
GAP = "  "

_CODE = re.compile(r"\|\||\|\[?(?:#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})|=[a-z]|[0-5]{3}|![RGYBMCWX]|[a-zA-Z*^])")
_SIGN = re.compile(r"\|[|/>_-]")
_SIGNS = {"||": "||", "|/": "\n", "|-": "    ", "|>": "    ", "|_": " "}
_LONE_BAR = re.compile(r"(?<!\|)(?:\|\|)*\|$")
#: Codes that are no colour or style, so that nothing has to be closed after them.
_NO_STYLE = frozenset({"||", "|lc", "|lu", "|lt", "|le"})


@dataclass(frozen=True, slots=True)
class Look:
    """How tables look to somebody.

    Args:
        width: columns of the client.
        plain: for a screen reader: sentences, no lines drawn.
        border, columns, title: colour codes without the bar, for lines, headings of columns and titles.
    """

    width: int = DEFAULT_WIDTH
    plain: bool = False
    border: str = "n"
    columns: str = "w"
    title: str = "w"


def look_for(command: Any) -> Look:
    """The look for whoever gave this command: width and reader of the session, colours from the account's options."""
    session = getattr(command, "session", None)
    flags = getattr(session, "protocol_flags", None) or {}
    account = getattr(command, "account", None)
    width = command.client_width() if hasattr(command, "client_width") else DEFAULT_WIDTH
    options = getattr(account, "options", None)
    return Look(
        width=max(20, int(width or DEFAULT_WIDTH)),
        plain=bool(flags.get("SCREENREADER")),
        border=str(options.get("border_color", default="n") if options is not None else "n"),
        columns=str(options.get("column_names_color", default="w") if options is not None else "w"),
        title=str(options.get("header_text_color", default="w") if options is not None else "w"),
    )


class Table:
    """Rows under headings.

    Args:
        *headings: one for each column; none for a table without headings.
        look: how it looks to whoever will read it.
    """

    def __init__(self, *headings: str, look: Look | None = None) -> None:
        self.headings = [str(heading) for heading in headings]
        self.look = look or Look()
        self.rows: list[list[str]] = []

    def add_row(self, *cells: Any) -> None:
        """Add a row; cells that are missing stay empty."""
        self.rows.append([_cell(cell) for cell in cells])

    def add_rows(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add several rows."""
        for row in rows:
            self.add_row(*row)

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        count = max((len(row) for row in [self.headings, *self.rows]), default=0)
        if not count:
            return ""
        rows = [row + [""] * (count - len(row)) for row in self.rows]
        headings = self.headings + [""] * (count - len(self.headings)) if self.headings else []
        widths = self._widths(headings, rows, count)
        if self.look.plain or widths is None:
            return "\n".join(self._sentence(headings, row) for row in rows)
        return "\n".join(self._drawn(headings, rows, widths))

    def _widths(self, headings: list[str], rows: list[list[str]], count: int) -> list[int] | None:
        """Width of each column; None if the table cannot be drawn so narrow."""
        everything = [headings, *rows] if headings else rows
        natural = [
            max((visible_length(line) for row in everything for line in row[at].split("\n")), default=0)
            for at in range(count)
        ]
        room = self.look.width - len(GAP) * (count - 1)
        if sum(natural) <= room:
            return natural
        least = [min(width, NARROWEST_COLUMN) for width in natural]
        if sum(least) > room:
            return None
        widths = list(natural)
        while sum(widths) > room:
            widest = widths.index(max(widths))
            second = max([width for width in widths if width < widths[widest]], default=0)
            over = sum(widths) - room
            widths[widest] = max(widths[widest] - over, min(second, widths[widest] - 1), NARROWEST_COLUMN)
        return widths

    def _drawn(self, headings: list[str], rows: list[list[str]], widths: list[int]) -> list[str]:
        lines = []
        if headings:
            colour = f"|{self.look.columns}"
            titled = [f"{colour}{heading}|n" if heading else "" for heading in headings]
            lines += _row_lines(titled, widths)
            border = f"|{self.look.border}" if self.look.border != "n" else ""
            rules = GAP.join("-" * width for width in widths)
            lines.append(f"{border}{rules}{'|n' if border else ''}")
        for row in rows:
            lines += _row_lines(row, widths)
        return lines

    @staticmethod
    def _sentence(headings: list[str], row: list[str]) -> str:
        named = [
            f"{heading}: {cell}" if heading else cell
            for heading, cell in zip(headings or [""] * len(row), (" ".join(cell.split()) for cell in row), strict=True)
            if cell
        ]
        return "; ".join(named) + ("." if named else "")


def header(text: str = "", look: Look | None = None, fill: str = "=") -> str:
    """A line with a title in the middle; for a screen reader the title alone."""
    look = look or Look()
    if look.plain:
        return text
    title = f" |{look.title}{text}|n " if text else ""
    left = max(0, look.width - visible_length(title)) // 2
    right = max(0, look.width - visible_length(title) - left)
    border = f"|{look.border}"
    return f"{border}{fill * left}|n{title}{border}{fill * right}|n"


def separator(text: str = "", look: Look | None = None) -> str:
    """A thinner line, to part what stands under one header."""
    return header(text, look, fill="-")


def footer(text: str = "", look: Look | None = None) -> str:
    """The line that ends what a header began."""
    return header(text, look, fill="=")


def _cell(value: Any) -> str:
    """The value as text, with its line breaks and blanks written as such."""
    return "" if value is None else _SIGN.sub(lambda sign: _SIGNS[sign[0]], str(value)).replace("\t", "    ")


def _row_lines(row: list[str], widths: list[int]) -> list[str]:
    """The lines of one row, its cells wrapped."""
    wrapped = [_wrap(cell, width) for cell, width in zip(row, widths, strict=True)]
    height = max((len(lines) for lines in wrapped), default=0)
    out = []
    for at in range(height):
        parts = [pad(lines[at] if at < len(lines) else "", width) for lines, width in zip(wrapped, widths, strict=True)]
        out.append(GAP.join(parts).rstrip())
    return out


def _wrap(cell: str, width: int) -> list[str]:
    """The cell in lines of at most `width`; what is coloured in one line is in the next one too, but not beside it."""
    lines = wrap(cell, width).split("\n")
    return lines if "|" not in cell else _each_closed(lines)


def _each_closed(lines: list[str]) -> list[str]:
    out, active = [], ""
    for line in lines:
        text = active + line
        for code in _CODE.findall(line):
            if code == "|n":
                active = ""
            elif code not in _NO_STYLE and not visible_length(code):
                active += code
        if active and _LONE_BAR.search(text):
            text += "|"  # a bar that means itself; with the |n it would be something else
        out.append(f"{text}|n" if active else text)
    return out
