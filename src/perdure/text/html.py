"""Spans as HTML for the browser client: a handful of elements, and nothing in them that comes from text unescaped.

Contract: the elements are `span` (`class`, `data-fg`, `data-bg`), `a` (`class`, `href` with http or https, `rel`,
`target`, or `data-cmd`) and `br`. All text and all values are escaped; there is no style and no handler, so that the
page's policy can forbid both. The client copies just these (`static/perdure/js/markup.js`); whoever adds an element
adds it there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape

from perdure.text.ansi import without_drawings
from perdure.text.palette import TRUE, hex_of, nearest_256
from perdure.text.spans import PLAIN, Link, Span, Style, parse

__all__ = ["to_html"]

# Longer ones are no addresses that anybody wrote.
_ADDRESS = re.compile(r"https?://[^\s<>\"'|]{1,2000}", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_CLOSING = {")": "(", "]": "[", "}": "{"}


def to_html(text: str, *, screenreader: bool = False) -> str:
    """Text with markup as HTML; line ends are `<br>`, tabs and runs of spaces stay as they are.

    Args:
        screenreader: without colours, and without lines and boxes drawn with characters; links stay.
    """
    spans = parse(text)
    if screenreader:
        spans = [Span(without_drawings(span.text), PLAIN, span.link) for span in spans]
    if "|" not in text and "://" not in text:
        return "".join(_escaped(span.text) for span in spans)
    out: list[str] = []
    link: Link | None = None
    for span in spans:
        if span.link != link:
            out.append(_end(link) + _begin(span.link))
            link = span.link
        out.append(_styled(span))
    out.append(_end(link))
    return "".join(out)


def _styled(span: Span) -> str:
    inner = _escaped(span.text) if _begin(span.link) else _with_addresses(span.text)
    if span.style == PLAIN:
        return inner
    attributes = _attributes(span.style)
    return f"<span{attributes}>{inner}</span>" if attributes else inner


@lru_cache(maxsize=4096)
def _attributes(style: Style) -> str:
    foreground, background = style.colour, style.bg
    if style.inverse:
        foreground, background = background, foreground
    classes = [name for name in ("inverse", "underline", "italic", "strike", "blink") if getattr(style, name)]
    if style.bold:
        classes.append("bold")
    data = ""
    for prefix, name, colour in (("color", "fg", foreground), ("bgcolor", "bg", background)):
        if colour is None:
            continue
        # The nearest of the palette is for a page whose script does not set the true colour.
        classes.append(f"{prefix}-{nearest_256(colour):03}")
        if colour >= TRUE:
            data += f' data-{name}="{hex_of(colour)}"'
    return f' class="{" ".join(classes)}"{data}'


def _begin(link: Link | None) -> str:
    if link is None:
        return ""
    if link.kind == "command":
        return f'<a class="command" data-cmd="{escape(link.target)}">'
    if not _WEB.fullmatch(link.target):
        return ""
    return f'<a href="{escape(link.target)}" rel="noopener noreferrer" target="_blank">'


def _end(link: Link | None) -> str:
    return "</a>" if _begin(link) else ""


def _with_addresses(text: str) -> str:
    """Escaped text in which every web address is a link."""
    if "://" not in text:
        return _escaped(text)
    out: list[str] = []
    at = 0
    for match in _ADDRESS.finditer(text):
        address = _without_punctuation(match.group())
        begin = _begin(Link("address", address))
        if not begin:
            continue
        end = match.start() + len(address)
        out += [_escaped(text[at : match.start()]), begin, _escaped(address), "</a>"]
        at = end
    out.append(_escaped(text[at:]))
    return "".join(out)


def _without_punctuation(address: str) -> str:
    """An address without the full stop or the bracket of the sentence around it."""
    while address:
        last = address[-1]
        opening = _CLOSING.get(last)
        if last in ".,;:!?*_~" or (opening is not None and address.count(last) > address.count(opening)):
            address = address[:-1]
        else:
            break
    return address


def _escaped(text: str) -> str:
    return escape(text).replace("\n", "<br>")
