"""Frames: whatever is cut, forged or cannot be sent."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.server import messages as m
from perdure.server.wire import MAX_FRAME, FrameReader, WireError, encode

pytestmark = pytest.mark.sqlite

_LINES = st.lists(st.builds(m.Line, st.integers(0, 99), st.integers(0, 99), st.text(st.characters(codec="utf-8"))))


@given(st.lists(_LINES, max_size=4), st.data())
def test_where_the_stream_is_cut_makes_no_difference(frames: list[list[m.Line]], data: st.DataObject) -> None:
    stream = b"".join(encode(frame) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    reader, read = FrameReader(m.FromGateway), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        read += list(reader.feed(stream[start:end]))
    assert read == frames


@pytest.mark.defect("V-6")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (struct.pack(">I", MAX_FRAME + 1), "announced"),
        (b"\0\0\0\1\xc1", "does not fit protocol"),
        (encode([m.Done([(1, 1)])]), "does not fit"),  # a message of the other side
        (b"\0\0\0\x0e\x91\x94\xa4Line\xa3one\x01\xa1x", "does not fit"),  # a text where a number belongs
    ],
)
def test_what_is_no_frame(data: bytes, said: str) -> None:
    with pytest.raises(WireError, match=said):
        list(FrameReader(m.FromGateway).feed(data))


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "message",
    [
        m.Text([1], "a lone surrogate \ud800"),
        m.OobOut([1], "name", [object()], {}),
        m.OobOut([1], "name", [2**70], {}),
        m.OobOut([1], "name", _nested(100_000), {}),
    ],
)
def test_what_cannot_be_sent_is_one_kind_of_error(message: Any) -> None:
    with pytest.raises(WireError, match="cannot be sent"):
        encode([message])
