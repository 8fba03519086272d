"""Bytes of a telnet client become lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.server.gateway.lines import LineBuffer, clean_line, decoded


def lines_of(*pieces: bytes, limit: int = 1000) -> list[bytes]:
    buffer = LineBuffer(limit)
    lines = []
    for piece in pieces:
        buffer.feed(piece)
        while (line := buffer.take()) is not None:
            lines.append(line)
    return lines


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\0", b"\n\r"])
def test_every_end_of_line(end):
    assert lines_of(b"look" + end + b"say hi" + end) == [b"look", b"say hi"]


def test_empty_lines_are_lines():
    assert lines_of(b"\r\n\r\nx\r\n") == [b"", b"", b"x"]


def test_a_nul_alone_says_nothing():
    assert lines_of(b"\0", b"\0\0", b"lo\0ok\n") == [b"look"]


@given(st.lists(st.text(alphabet="ab ü", max_size=8), max_size=6), st.data())
def test_where_the_stream_is_cut_makes_no_difference(lines, data):
    stream = b"".join(line.encode() + b"\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [decoded(line) for line in lines_of(*pieces)] == lines


def test_a_line_that_is_no_utf8_is_latin1():
    assert decoded("grün".encode("latin-1")) == "grün"
    assert decoded("grün".encode()) == "grün"


def test_control_characters_do_not_get_through():
    assert clean_line("say \x1b[2Jhi\x9b\x07\u2028 there\tnow") == "say [2Jhi there\tnow"


def test_a_backspace_takes_back_what_was_typed():
    assert clean_line("lokk\x7f\x7fok") == "look"
    assert clean_line("\x08\x08a") == "a"


@pytest.mark.defect("V-11")
def test_a_line_without_an_end_is_noticed():
    buffer = LineBuffer(100)
    buffer.feed(b"x" * 101)
    assert buffer.take() is None
    assert buffer.overflow


def test_a_line_of_a_megabyte_with_an_end_is_noticed_too():
    buffer = LineBuffer(100)
    buffer.feed(b"x" * 101 + b"\n")
    buffer.take()
    assert buffer.overflow
