"""Markup read into spans: pieces of text, each with its style and its link.

Contract: `parse` takes any string and never raises. Codes begin with a bar (the list is in `docs/guides/web.md`);
a bar that begins no code is shown as it is, and so are the codes of a link that is not complete. Text of a span holds
no control character but line ends and tabs, so that no player can steer anybody's terminal.

Invariants: the spans of a text, joined, are what `to_plain` gives; two neighbours differ in style or link.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from perdure.text.palette import TRUE, cube

__all__ = ["PLAIN", "SPECIAL", "TOKEN", "Link", "Span", "Style", "clean", "links_of", "parse", "plain"]


class Style(NamedTuple):
    """How a span looks. Colours are numbers of `palette`, or None for the client's own."""

    fg: int | None = None
    bg: int | None = None
    bright: bool = False
    underline: bool = False
    italic: bool = False
    strike: bool = False
    inverse: bool = False
    blink: bool = False

    @property
    def colour(self) -> int | None:
        """The foreground, with brightness counted in."""
        return self.fg + 8 if self.bright and self.fg is not None and self.fg < 8 else self.fg

    @property
    def bold(self) -> bool:
        """Whether brightness has no bright colour to show itself in."""
        return self.bright and (self.fg is None or self.fg >= 16)


class Link(NamedTuple):
    """Where a click leads: a command that is sent, or an address."""

    kind: Literal["command", "address"]
    target: str


class Span(NamedTuple):
    """A piece of text that looks the same throughout."""

    text: str
    style: Style
    link: Link | None = None


PLAIN = Style()

_LETTERS = "xrgybmcw"

#: A code. `||` is one, so that a search for codes never takes the second bar of it for a beginning.
TOKEN = re.compile(
    r"\|(?:(\|)"
    r"|([rgybmcwxRGYBMCWXnhHuUiIsS*^]|!?[RGYBMCWX]|\[[rgybmcwxRGYBMCWX]|\[?[0-5]{3}|\[?=[a-z]"
    r"|\[?#[0-9a-fA-F]{6}|\[?#[0-9a-fA-F]{3})"
    r"|([/\->_])"
    r"|l([cute]))"
)
#: What only text without anything to do lacks.
SPECIAL = re.compile("[|\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL = re.compile("\r\n|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
#: What signs stand for.
SIGNS = {"/": "\n", "-": "\t", ">": "    ", "_": " "}


def clean(text: str) -> str:
    """The text without control characters, and with line ends of one kind."""
    return _CONTROL.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    found = match.group()
    if found == "\r\n":
        return "\n"
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= found <= "\udfff" else ""


def parse(text: str) -> list[Span]:
    """The spans of a text with markup."""
    if SPECIAL.search(text) is None:
        return [Span(text, PLAIN)] if text else []
    text = clean(text)
    links = links_of(text) if "|l" in text else {}
    spans: list[Span] = []
    pieces: list[str] = []
    style = PLAIN
    link: Link | None = None
    at = 0
    for match in TOKEN.finditer(text):
        start = match.start()
        if start < at:  # inside the target of a link
            continue
        bar, look, sign, _part = match.groups()
        pieces.append(text[at:start])
        at = match.end()
        if look is not None:
            changed = _styled(style, look)
            if changed != style:
                _finish(spans, pieces, style, link)
                style = changed
        elif bar:
            pieces.append("|")
        elif sign:
            pieces.append(SIGNS[sign])
        elif start in links:
            _finish(spans, pieces, style, link)
            link, at = links[start]
        else:
            pieces.append(match.group())
    pieces.append(text[at:])
    _finish(spans, pieces, style, link)
    return spans


def plain(text: str) -> str:
    """The text as it reads: without colours and links."""
    return text if SPECIAL.search(text) is None else "".join(span.text for span in parse(text))


def _finish(spans: list[Span], pieces: list[str], style: Style, link: Link | None) -> None:
    """Make a span of the pieces, or lengthen the last one where nothing has changed after all."""
    text = "".join(pieces)
    pieces.clear()
    if not text:
        return
    if spans and spans[-1].style == style and spans[-1].link == link:
        text = spans.pop().text + text
    spans.append(Span(text, style, link))


def links_of(text: str) -> dict[int, tuple[Link | None, int]]:
    """The link that begins or ends at a place, and where the text goes on; only complete links are in it."""
    found: dict[int, tuple[Link | None, int]] = {}
    opened: tuple[int, int, str] | None = None  # place of |lc, end of it, which
    middle: tuple[int, int] | None = None  # place of |lt, end of it
    for match in TOKEN.finditer(text):
        part = match.group(4)
        if part is None:
            continue
        if part in "cu":
            opened, middle = (match.start(), match.end(), part), None
        elif part == "t" and opened is not None and middle is None:
            middle = match.span()
        elif part == "e" and opened is not None and middle is not None:
            target = " ".join(plain(text[opened[1] : middle[0]]).split())
            kind: Literal["command", "address"] = "command" if opened[2] == "c" else "address"
            found[opened[0]] = (Link(kind, target) if target else None, middle[1])
            found[match.start()] = (None, match.end())
            opened = middle = None
    return found


@lru_cache(maxsize=8192)
def _styled(style: Style, code: str) -> Style:
    """The style after a code."""
    if code == "n":
        return PLAIN
    changes = _SWITCHES.get(code)
    if changes is not None:
        return style._replace(**changes)
    background = code[0] == "["
    colour, bright = _colour(code[1:] if background else code)
    if background:
        return style._replace(bg=colour + 8 if bright else colour)
    return style._replace(fg=colour, bright=style.bright if bright is None else bright)


_SWITCHES: dict[str, dict[str, Any]] = {
    "h": {"bright": True},
    "H": {"bright": False},
    "u": {"underline": True},
    "U": {"underline": False},
    "i": {"italic": True},
    "I": {"italic": False},
    "s": {"strike": True},
    "S": {"strike": False},
    "*": {"inverse": True},
    "^": {"blink": True},
}


def _colour(code: str) -> tuple[int, bool | None]:
    """The number of a colour, and whether it is a bright one; None leaves brightness as it is."""
    if code[0] == "#":
        digits = code[1:] if len(code) == 7 else "".join(digit * 2 for digit in code[1:])
        return TRUE + int(digits, 16), False
    if code[0] == "=":
        step = ord(code[1]) - ord("a")
        return {0: 16, 25: 231}.get(step, 231 + step), False
    if code[0].isdigit():
        return cube(int(code[0]), int(code[1]), int(code[2])), False
    if code[0] == "!":
        return _number(code[1]), None
    return _number(code), code.islower()


def _number(letter: str) -> int:
    return _LETTERS.index(letter.lower())
