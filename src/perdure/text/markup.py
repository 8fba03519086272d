"""The markup of texts: colours, styles and links in codes that begin with a bar.

Contract: everything here takes any string and never raises. `to_ansi`, `to_html` and `to_plain` read markup; `escape`
makes text show as it was typed; `strip_links` keeps what players write from becoming something to click. No Django
here: the gateway renders with it, and keeps what it rendered.

Text of players goes through `strip_links` where it is put into a message (its colours stay), or through `escape`: a
link is a command that somebody else would send.
"""

from __future__ import annotations

import re

from perdure.text.ansi import MXP_LOCKED, Depth, for_screenreader, to_ansi
from perdure.text.html import to_html
from perdure.text.layout import Align, crop, justify, pad, visible_length, wrap
from perdure.text.spans import SPECIAL, TOKEN, Link, Span, Style, clean, parse
from perdure.text.spans import plain as to_plain

__all__ = [
    "MXP_LOCKED",
    "Align",
    "Depth",
    "Link",
    "Span",
    "Style",
    "clean",
    "crop",
    "escape",
    "for_screenreader",
    "justify",
    "pad",
    "parse",
    "strip_links",
    "to_ansi",
    "to_html",
    "to_plain",
    "visible_length",
    "wrap",
]

_BAR_OR_CODE = re.compile(rf"{TOKEN.pattern}|\|")


def escape(text: str) -> str:
    """Markup that shows the text as it was typed."""
    return text.replace("|", "||")


def strip_links(text: str) -> str:
    """The text without links, its colours kept; only what would have been shown of a link stays.

    Bars that begin no code are doubled, so that nothing put before or after it can make a code of them either.
    """
    if SPECIAL.search(text) is None:
        return text
    text = clean(text)
    out: list[str] = []
    at = 0
    target = False
    for match in _BAR_OR_CODE.finditer(text):
        if not target:
            out.append(text[at : match.start()])
        at = match.end()
        part = match.group(4)
        if part is not None:
            target = part in "cu" and _goes_on(text, at)
        elif not target:
            out.append("||" if match.group() == "|" else match.group())
    if not target:
        out.append(text[at:])
    return "".join(out)


def _goes_on(text: str, at: int) -> bool:
    """Whether a link that begins before this place gets as far as its text."""
    for match in TOKEN.finditer(text, at):
        part = match.group(4)
        if part is not None:
            return part == "t"
    return False
