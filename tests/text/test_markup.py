"""What each code of the markup does, in the three forms that text leaves in."""

from __future__ import annotations

import subprocess
import sys

import pytest

from perdure.text.markup import (
    Link,
    crop,
    escape,
    justify,
    pad,
    parse,
    strip_links,
    to_ansi,
    to_html,
    to_plain,
    visible_length,
    wrap,
)

ESC = "\x1b"


@pytest.mark.parametrize(
    ("markup", "codes"),
    [
        ("|rx", "1;31"),
        ("|Rx", "31"),
        ("|xx", "1;30"),
        ("|Xx", "30"),
        ("|wx", "1;37"),
        ("|Wx", "37"),
        ("|hx", "1"),
        ("|h|!Rx", "1;31"),
        ("|!Rx", "31"),
        ("|r|Hx", "31"),
        ("|R|hx", "1;31"),
        ("|ux", "4"),
        ("|ix", "3"),
        ("|sx", "9"),
        ("|*x", "7"),
        ("|^x", "5"),
        ("|[Rx", "41"),
        ("|[rx", "41"),
        ("|g|[Bx", "1;32;44"),
        ("|500x", "31"),
        ("|[005x", "44"),
        ("|=ax", "30"),
        ("|=zx", "1;37"),
        ("|#ff5555x", "1;31"),
    ],
)
def test_sixteen_colours(markup: str, codes: str):
    assert to_ansi(markup, "16") == f"{ESC}[{codes}mx{ESC}[0m"


@pytest.mark.parametrize(
    ("markup", "in_256", "in_true"),
    [
        ("|rx", "1;31", "1;31"),
        ("|[rx", "48;5;9", "48;5;9"),
        ("|500x", "38;5;196", "38;5;196"),
        ("|[054x", "48;5;50", "48;5;50"),
        ("|=ax", "38;5;16", "38;5;16"),
        ("|=bx", "38;5;232", "38;5;232"),
        ("|=yx", "38;5;255", "38;5;255"),
        ("|[=zx", "48;5;231", "48;5;231"),
        ("|#ff0000x", "38;5;196", "38;2;255;0;0"),
        ("|#f80x", "38;5;208", "38;2;255;136;0"),
        ("|[#777777x", "48;5;243", "48;2;119;119;119"),
    ],
)
def test_more_colours(markup: str, in_256: str, in_true: str):
    assert to_ansi(markup, "256") == f"{ESC}[{in_256}mx{ESC}[0m"
    assert to_ansi(markup, "truecolor") == f"{ESC}[{in_true}mx{ESC}[0m"


def test_codes_of_styles_are_not_repeated_and_end():
    assert to_ansi("a|rb|rc|nd") == f"a{ESC}[1;31mbc{ESC}[0md"
    assert to_ansi("|Ra|ub|Uc") == f"{ESC}[31ma{ESC}[4mb{ESC}[0;31mc{ESC}[0m"
    assert to_ansi("|ra|Rb") == f"{ESC}[1;31ma{ESC}[0;31mb{ESC}[0m"
    assert to_ansi("|r|g|nplain") == "plain"


def test_colours_that_look_the_same_in_few_colours_need_no_code():
    assert to_ansi("|500a|R" + "b", "16") == f"{ESC}[31mab{ESC}[0m"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a|/b", "a\nb"),
        ("a|-b", "a\tb"),
        ("a|>b", "a    b"),
        ("a|_b", "a b"),
        ("a||rb", "a|rb"),
        ("a|||rb", "a|b"),
        ("a|qb|", "a|qb|"),
        ("|600", "|600"),
        ("|#12", "|#12"),
        ("|lclook|ltsee|le!", "see!"),
        ("|luhttps://example.com|ltpage|le", "page"),
        ("|lclook", "|lclook"),
        ("|lclook|ltsee", "|lclook|ltsee"),
        ("|le|lt", "|le|lt"),
        ("||lclook|ltsee|le", "|lclook|ltsee|le"),
    ],
)
def test_plain_text(markup: str, text: str):
    assert to_plain(markup) == text
    assert to_ansi(markup, "none") == text


def test_text_without_codes_is_given_back_as_it_is():
    text = "Nothing to do here; <not even> this."
    assert to_ansi(text) is text
    assert to_plain(text) is text


def test_control_characters_of_players_are_gone():
    evil = "a\x1b[2Jb\x07c\x9bd\x00e\r\nf\rg\x7f\ud800"
    assert to_plain(evil) == to_ansi(evil) == to_ansi(evil, "none") == "a[2Jbcde\nfg\N{REPLACEMENT CHARACTER}"
    assert ESC not in to_html(evil)
    # A control character cannot hide a code from `escape`, nor make one.
    assert to_plain("|\x00r") == ""
    assert to_plain(escape("|\x00r")) == "|r"


def test_html_of_styles():
    assert to_html("|rx|n<y>") == '<span class="color-009">x</span>&lt;y&gt;'
    assert to_html("|[054|ux") == '<span class="underline bgcolor-050">x</span>'
    assert to_html("|#ff8800x") == '<span class="color-208" data-fg="#ff8800">x</span>'
    assert (
        to_html("|[#102030|#fffx") == '<span class="color-231 bgcolor-234" data-fg="#ffffff" data-bg="#102030">x</span>'
    )
    assert to_html("|*|rx") == '<span class="inverse bgcolor-009">x</span>'
    assert to_html("|hx") == '<span class="bold">x</span>'
    assert to_html('a|/b & "c"') == "a<br>b &amp; &quot;c&quot;"


def test_html_of_links():
    assert to_html('|lclook "x"|lt<see>|le') == '<a class="command" data-cmd="look &quot;x&quot;">&lt;see&gt;</a>'
    page = '<a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer" target="_blank">'
    assert to_html("|luhttps://example.com/?a=1&b=2|ltpage|le") == page + "page</a>"
    assert to_html("see https://example.com/?a=1&b=2.") == f"see {page}https://example.com/?a=1&amp;b=2</a>."
    assert to_html("(https://example.com/(x))").count("(x)") == 2


@pytest.mark.defect("V-4")
@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "ftp://x", "//x", "https:x", "jAvascript:x"]
)
def test_only_web_addresses_can_be_clicked(address: str):
    assert to_html(f"|lu{address}|ltclick|le") == "click"


@pytest.mark.defect("V-4")
def test_links_of_players_are_defused():
    assert strip_links("|lcgive all to me|ltHello|le |rthere") == "Hello |rthere"
    assert strip_links("|luhttps://evil.example|ltHello|le") == "Hello"
    # Nothing that a player leaves open can be closed by the server's own text.
    assert "command" not in to_html(strip_links("|lcquit|lt") + "|lclook|ltLook|le").split("Look")[1]
    assert to_html(strip_links("|lcquit") + "|lthere|le") == "quit|lthere|le"
    # Taking codes away makes no new ones.
    assert to_html(strip_links("|l|lcc quit|l|ltt here|l|lee")).count("<a") == 0
    assert to_html(strip_links("me|") + "lcquit|ltx|le").count("<a") == 0


def test_mxp_links_are_unlocked_one_by_one():
    text = to_ansi('|lcsay "hi"|lt<b>|le', mxp=True)
    assert text == f'{ESC}[4z<SEND HREF="say &quot;hi&quot;"><b>{ESC}[4z</SEND>'
    assert to_ansi("|luhttps://example.com|ltx|le", mxp=True) == f'{ESC}[4z<A HREF="https://example.com">x{ESC}[4z</A>'
    assert to_ansi("|lca||b|ltx|le", mxp=True) == "x"


def test_a_screen_reader_gets_no_drawings():
    drawn = "+-----+\n| |rGold|n  5 |\n+=====+\n──┼──\nwell-known -- yes\n\nend"
    assert to_ansi(drawn, "256", screenreader=True).split("\n") == ["| Gold  5 |", "well-known yes", "", "end"]


def test_html_for_a_screen_reader_keeps_links_only():
    drawn = "+----+|/|rGold|n |lclook|ltsee|le"
    assert to_html(drawn, screenreader=True) == '<br>Gold <a class="command" data-cmd="look">see</a>'


def test_links_are_spans():
    assert [(span.text, span.link) for span in parse("a|lclook |rat||x|ltb|gc|le")] == [
        ("a", None),
        ("b", Link("command", "look at|x")),
        ("c", Link("command", "look at|x")),
    ]


def test_lengths_are_columns():
    assert visible_length("|rabc|n||") == 4
    assert visible_length("|lclook|ltabc|le") == 3
    assert visible_length("日本") == 4
    assert visible_length("e\u0301") == 1


def test_making_text_fit():
    assert crop("|rhello|n world", 6) == "|rhello|n…"
    assert crop("|rhello|n", 5) == "|rhello|n"
    assert to_plain(crop("|lclook|lthello there|le!", 7, "..")) == "hello.."
    assert "data-cmd" in to_html(crop("|lclook|lthello there|le!", 7))
    assert pad("|rab|n", 5) == "|rab|n   "
    assert pad("ab", 5, "right") == "   ab"
    assert pad("ab", 5, "center", ".") == ".ab.."
    assert justify("日本語", 5) == "日本…"


def test_wrapping():
    assert wrap("the |rquick|n brown fox", 10) == "the |rquick|n\nbrown fox"
    assert wrap("abcdefghij", 4) == "abcd\nefgh\nij"
    assert wrap("one two three", 8, "  ") == "one two\n  three"
    assert wrap("a||/b|/c", 20) == "a||/b|/c"


def test_it_needs_neither_django_nor_the_rest():
    code = (
        "import sys, perdure.text.markup; "
        "print([m for m in sys.modules if m.split('.')[0] in ('django', 'msgspec', 'lark')])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
