"""Tables for clients of any width, and pages of long texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.commands.pager import pages_of
from perdure.commands.tables import Look, Table, footer, header, separator
from perdure.text.markup import to_plain, visible_length


def table(look=None):
    made = Table("Name", "What", look=look)
    made.add_row("|gAnna|n", "a |rvery long|n description that does not fit into one line")
    made.add_row("Bob", None)
    return made


def test_columns_stand_below_each_other_whatever_the_colours():
    lines = to_plain(str(table())).split("\n")
    assert lines[0].index("What") == lines[2].index("a very")
    assert lines[3] == "Bob"


def test_cells_are_wrapped_to_the_width_and_colours_stay_in_their_cell():
    made = Table("Name", "What", look=Look(width=30))
    made.add_row("Anna", "|rred and long enough for two lines|n")
    made.add_row("Bob", "x")
    lines = str(made).split("\n")
    assert all(visible_length(line) <= 30 for line in lines)
    assert lines[2].endswith("|n")
    assert lines[3].strip().startswith("|r")


@pytest.mark.parametrize("look", [Look(plain=True), Look(width=8)])
def test_readers_and_narrow_screens_get_sentences(look):
    lines = to_plain(str(table(look))).split("\n")
    assert lines[0] == "Name: Anna; What: a very long description that does not fit into one line."
    assert lines[1] == "Name: Bob."


def test_headers():
    assert visible_length(header("Title", Look(width=40))) == 40
    assert visible_length(separator("", Look(width=40))) == 40
    assert footer("End", Look(width=40, plain=True)) == "End"


CELLS = st.text(st.sampled_from("ab |rgn[05=/\n-日"), max_size=30)


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=4), width=st.integers(20, 100))
def test_no_line_is_wider_than_the_client(rows, width):
    made = Table(look=Look(width=width))
    made.add_rows(rows)
    text = str(made)
    if "; " not in text and "." not in text:
        assert all(visible_length(line) <= width for line in text.split("\n"))


def test_pages():
    text = "\n".join(f"line {number}" for number in range(100))
    assert pages_of("short", 78, 24) == ["short"]
    pages = pages_of(text, 78, 24)
    assert "\n".join(pages) == text
    assert all(page.count("\n") < 22 for page in pages)


def test_a_long_text_comes_page_by_page_and_nothing_typed_is_lost(world):
    anna = world.player("Anna", superuser=True)
    anna.session.protocol_flags["SCREENHEIGHT"] = 13
    first = anna.send("help")
    assert "[1 of" in first
    assert "[2 of" in anna.send("")
    assert "[1 of" in anna.send("b")
    anna.send("q")
    assert "A bare room." in anna.send("look")
    anna.send("help")
    assert "A bare room." in anna.send("look")
    assert "A bare room." in anna.send("look")


def test_a_browser_and_a_reader_get_everything_at_once(world):
    for flags, protocol in (({}, "websocket"), ({"SCREENREADER": True}, "telnet")):
        anna = world.player("Anna")
        anna.session.protocol_key = protocol
        anna.session.protocol_flags.update({"SCREENHEIGHT": 13, **flags})
        assert "[1 of" not in anna.send("help")
        anna.send("quit")
