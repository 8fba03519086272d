"""How long text with markup is on a screen, and making it fit: cut, filled up, broken into lines.

Contract: lengths are columns of a terminal: codes have none, wide characters (Chinese, emoji) two, accents none.
Texts are single lines, but for `wrap`. What comes back is markup again, with every code that was in it, so that colours
after a cut are what they were.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Literal

from perdure.text.spans import SPECIAL, TOKEN, clean, links_of, plain

__all__ = ["Align", "crop", "justify", "pad", "visible_length", "wrap"]

Align = Literal["left", "right", "center"]
_SIGNS = {"|/": "\n", "|-": "\t", "|>": "    ", "|_": " ", "||": "|"}


def visible_length(text: str) -> int:
    """How many columns the text takes."""
    return _columns(plain(text))


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def crop(text: str, width: int, suffix: str = "…") -> str:
    """The text, or so much of it that with `suffix` it is at most `width` columns."""
    if visible_length(text) <= width:
        return text
    room = width - visible_length(suffix)
    if room < 0:
        suffix, room = "", max(width, 0)
    out: list[str] = []
    cut = False
    for code, shown in _pieces(clean(text)):
        length = _columns(shown)
        if not length:
            if code != shown or not cut:
                out.append(code)
            continue
        if not cut and length > room:
            cut = True
            out.append(suffix)
        if not cut:
            out.append(code)
            room -= length
    return "".join(out)


def pad(text: str, width: int, align: Align = "left", fill: str = " ") -> str:
    """The text filled up to `width` columns; longer text stays as it is."""
    missing = width - visible_length(text)
    if missing <= 0:
        return text
    if align == "left":
        return text + fill * missing
    if align == "right":
        return fill * missing + text
    return fill * (missing // 2) + text + fill * (missing - missing // 2)


def justify(text: str, width: int, align: Align = "left", fill: str = " ") -> str:
    """The text exactly `width` columns wide: filled up, or cut."""
    return pad(crop(text, width), width, align, fill)


def wrap(text: str, width: int, indent: str = "") -> str:
    """The text in lines of at most `width` columns, broken at spaces; longer words are broken where they must be.

    Args:
        indent: begins every line but the first of a paragraph.
    """
    width = max(width, 1)
    indented = visible_length(indent)
    if indented >= width:
        indent, indented = "", 0
    out: list[str] = []
    used = since = 0  # columns of this line; those after its last space
    space = -1  # where in `out` that space is
    for code, shown in _pieces(clean(text)):
        if shown == "\n":
            out.append(code)
            used, since, space = 0, 0, -1
            continue
        length = _columns(shown)
        if length and used + length > width:
            if shown == " ":
                out.append("\n" + indent)
                used, since, space = indented, 0, -1
                continue
            if space >= 0 and indented + since + length <= width:
                out[space] = "\n" + indent
                used = indented + since
            else:
                out.append("\n" + indent)
                used, since = indented, 0
            space = -1
        if shown == " ":
            space, since = len(out), 0
        else:
            since += length
        out.append(code)
        used += length
    return "".join(out)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Codes and single characters in order, each with what it shows; the target of a link shows nothing."""
    if SPECIAL.search(text) is None:
        yield from zip(text, text, strict=True)
        return
    links = links_of(text)
    at = 0
    for match in TOKEN.finditer(text):
        start = match.start()
        if start < at:
            continue
        yield from zip(text[at:start], text[at:start], strict=True)
        at = match.end()
        if start in links:
            at = links[start][1]
            yield text[start:at], ""
        elif match.group(4) is not None:
            yield match.group(), match.group()
        else:
            yield match.group(), _SIGNS.get(match.group(), "")
    yield from zip(text[at:], text[at:], strict=True)
