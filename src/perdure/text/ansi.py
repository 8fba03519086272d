"""Spans as what terminals understand: ANSI codes in the depth of colour that a client has, and MXP links.

Contract: what comes from text holds no escape character (`spans` drops them), so all that a terminal obeys is written
here. Each text ends in the terminal's own colours.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from perdure.text.palette import nearest_16, nearest_256, rgb_of
from perdure.text.spans import PLAIN, SPECIAL, Link, Style, parse, plain

__all__ = ["MXP_LOCKED", "Depth", "for_screenreader", "to_ansi", "without_drawings"]

Depth = Literal["none", "16", "256", "truecolor"]

#: Sent once when a client has agreed to MXP: from then on only what follows a temporary unlocking is a tag.
MXP_LOCKED = "\x1b[7z"
_MXP_ONCE = "\x1b[4z"

_RESET = "\x1b[0m"
# Lines and boxes that say nothing when they are read aloud.
_DECORATION = re.compile(r"[\u2500-\u259f]+|(?<![\w])(?:[+|]?(?:-{2,}|={2,}|~{2,}|_{3,}|\*{3,}|#{3,})[+|]?)+(?![\w])")


def to_ansi(text: str, depth: Depth = "16", *, screenreader: bool = False, mxp: bool = False) -> str:
    """Text with markup as a terminal shows it; lines end in `\\n`.

    Args:
        depth: colours that the terminal has; `none` leaves all codes out.
        screenreader: without colours, and without lines and boxes drawn with characters.
        mxp: links can be clicked. The client must have been sent `MXP_LOCKED` before.
    """
    if screenreader:
        return for_screenreader(plain(text))
    if SPECIAL.search(text) is None:
        return text
    if depth == "none" and not mxp:
        return plain(text)
    out: list[str] = []
    before = PLAIN
    link: Link | None = None
    for span in parse(text):
        if mxp and span.link != link:
            out.append(_mxp_end(link) + _mxp_begin(span.link))
            link = span.link
        if span.style != before and depth != "none":
            out.append(_change(before, span.style, depth))
            before = span.style
        out.append(span.text)
    if before != PLAIN:
        out.append(_RESET)
    out.append(_mxp_end(link))
    return "".join(out)


def for_screenreader(text: str) -> str:
    """Plain text without drawn lines; a line that was nothing else is left out."""
    lines = []
    for line in text.split("\n"):
        kept = without_drawings(line)
        if kept.strip() or not line.strip():
            lines.append(kept if kept == line else " ".join(kept.split()))
    return "\n".join(lines)


def without_drawings(text: str) -> str:
    """The text without lines and boxes drawn with characters; the rest stays as it is."""
    return _DECORATION.sub("", text)


@lru_cache(maxsize=4096)
def _change(before: Style, after: Style, depth: Depth) -> str:
    """The shortest code that is always right: add what is new, or begin anew where something has ended."""
    old, new = _codes(before, depth), _codes(after, depth)
    if old == new:
        return ""
    if not new:
        return _RESET
    kinds = {kind for kind, _code in new}
    ended = any(kind not in kinds for kind, _code in old)
    codes = (
        ["0", *(code for _kind, code in new)]
        if ended
        else [code for entry in new if entry not in old for code in entry[1:]]
    )
    return f"\x1b[{';'.join(codes)}m"


def _codes(style: Style, depth: Depth) -> list[tuple[str, str]]:
    codes = []
    colour = style.colour
    if depth == "16" and colour is not None:
        colour = nearest_16(colour)
    if style.bold or (colour is not None and 8 <= colour < 16):
        codes.append(("bold", "1"))
    switches = (("italic", "3"), ("underline", "4"), ("blink", "5"), ("inverse", "7"), ("strike", "9"))
    codes += [(kind, code) for kind, code in switches if getattr(style, kind)]
    if colour is not None:
        codes.append(("fg", f"3{colour % 8}" if colour < 16 else _deep(colour, "38", depth)))
    if style.bg is not None:
        codes.append(("bg", _background(style.bg, depth)))
    return codes


def _background(colour: int, depth: Depth) -> str:
    if depth == "16":
        return f"4{nearest_16(colour) % 8}"
    return f"4{colour}" if colour < 8 else _deep(colour, "48", depth)


def _deep(colour: int, kind: str, depth: Depth) -> str:
    if depth == "256" or colour < 256:
        return f"{kind};5;{nearest_256(colour)}"
    return f"{kind};2;{';'.join(str(part) for part in rgb_of(colour))}"


def _mxp_begin(link: Link | None) -> str:
    # A bar would make the client offer a menu of two commands.
    if link is None or "|" in link.target:
        return ""
    target = link.target
    for character, entity in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;")):
        target = target.replace(character, entity)
    return f'{_MXP_ONCE}<{"SEND" if link.kind == "command" else "A"} HREF="{target}">'


def _mxp_end(link: Link | None) -> str:
    if link is None or "|" in link.target:
        return ""
    return f"{_MXP_ONCE}</{'SEND' if link.kind == 'command' else 'A'}>"
