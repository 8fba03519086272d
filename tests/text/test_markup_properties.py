"""What holds for any text, also one written to break out."""

from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.text.markup import (
    crop,
    escape,
    justify,
    parse,
    strip_links,
    to_ansi,
    to_html,
    to_plain,
    visible_length,
    wrap,
)

CODES = re.findall(
    r"\S+",
    "| || |n |r |R |[r |[R |!R |h |H |500 |[054 |=a |[=z |#ff8800 |#f80 |[#123456 |u |U |i |I |s |S |* |^ |/ |- |> |_ "
    "|lc |lu |lt |le ||lc |l |[ |# |= |! c t e",
)
NASTY = [
    *CODES,
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onclick='x",
    "&lt;",
    "&#106;avascript:",
    "https://example.com/a?b=c&d=e#f",
    "http://x\"onload='y'",
    "javascript:alert(1)",
    "\x1b[31m",
    "\x00",
    "\r\n",
    "\n",
    "\t",
    " ",
    "日本",
    "e\u0301",
    "\ud800",
    "\u2028",
]
TEXTS = st.lists(st.one_of(st.sampled_from(NASTY), st.text(max_size=5)), max_size=25).map("".join)
ALLOWED = {"span": {"class", "data-fg", "data-bg"}, "a": {"class", "href", "rel", "target", "data-cmd"}, "br": set()}
CLASS = re.compile(r"(bg)?color-\d{3}|underline|italic|strike|blink|bold|inverse|command")


class Page(HTMLParser):
    """What a browser reads: its text, and that only our own elements are in it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert values.keys() <= ALLOWED[tag]
        assert len(values) == len(attrs)
        assert all(CLASS.fullmatch(name) for name in (values.get("class") or "").split())
        assert re.fullmatch(r"#[0-9a-f]{6}", values.get("data-fg") or "#000000")
        assert re.fullmatch(r"#[0-9a-f]{6}", values.get("data-bg") or "#000000")
        assert re.match(r"https?://", values.get("href") or "http://", re.IGNORECASE)
        assert not re.search(r"[\x00-\x1f\x7f]", values.get("data-cmd") or "")
        if tag == "br":
            self.text += "\n"
        else:
            assert tag not in self.open, "links and spans do not nest in themselves"
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment  # type: ignore[assignment]


@pytest.mark.defect("V-4")
@given(TEXTS)
def test_html_has_our_elements_and_the_plain_text_only(text: str):
    assert Page(to_html(text)).text == to_plain(text)


@given(TEXTS, st.sampled_from(["none", "16", "256", "truecolor"]))
def test_ansi_without_its_codes_is_the_plain_text(text: str, depth):
    rendered = to_ansi(text, depth)
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", rendered)
    assert stripped == to_plain(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", stripped)
    codes = re.findall(r"\x1b\[([0-9;]*)m", rendered)
    assert not codes or codes[-1] == "0"


@given(TEXTS)
def test_escaped_text_shows_as_typed(text: str):
    shown = to_plain(escape(text))
    assert shown == re.sub(
        "[\ud800-\udfff]",
        "\ufffd",
        re.sub("\r\n|[\x00-\x08\x0b-\x1f\x7f-\x9f]", lambda m: "\n" if m.group() == "\r\n" else "", text),
    )
    assert len(parse(escape(text))) <= 1


@pytest.mark.defect("V-4")
@given(TEXTS, TEXTS)
def test_stripped_text_never_makes_a_link_and_never_changes_one(text: str, after: str):
    stripped = strip_links(text)
    assert all(span.link is None for span in parse(stripped))
    assert strip_links(stripped) == stripped
    # What the server puts behind it is read as if it stood alone.
    assert to_plain(stripped + after) == to_plain(stripped) + to_plain(after)
    alone = [span.link for span in parse(after) if span.link]
    assert [span.link for span in parse(stripped + after) if span.link] == alone or not alone


@given(TEXTS)
def test_spans_join_to_the_plain_text_and_differ_from_their_neighbours(text: str):
    spans = parse(text)
    assert "".join(span.text for span in spans) == to_plain(text)
    assert all(one[1:] != other[1:] for one, other in itertools.pairwise(spans))
    assert all(span.text for span in spans)


@given(TEXTS, st.integers(0, 30))
def test_cut_text_fits_and_keeps_its_codes(text: str, width: int):
    text = text.replace("\n", "").replace("|/", "")
    cut = crop(text, width)
    assert visible_length(cut) <= width
    assert visible_length(text) > width or cut == text
    exact = visible_length(justify(text, width))
    assert exact == width


@given(TEXTS, st.integers(1, 30), st.sampled_from(["", "  ", "|r> "]))
def test_wrapped_lines_fit(text: str, width: int, indent: str):
    text = text.replace("\t", "").replace("|-", "")
    lines = to_plain(wrap(text, width, indent)).split("\n")
    # Four spaces, a wide character and the codes of half a link are not broken.
    limit = max(width, visible_length(indent) + 4)
    assert all(visible_length(escape(line)) <= limit for line in lines)
    if not indent:
        assert "".join("".join(lines).split()) == "".join(to_plain(text).split())
