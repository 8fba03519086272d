"""How messages become bytes: frames of a length (four bytes, big-endian) and a MessagePack list.

Contract: `encode` makes a frame of messages; a `FrameReader` is fed bytes as they come and gives whole lists of
messages. Failure modes: `WireError` for a frame that is longer than `MAX_FRAME` or does not fit the messages of this
version; the link is of no use after that and should be closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from perdure.server.messages import PROTOCOL

__all__ = ["MAX_FRAME", "FrameReader", "WireError", "encode"]

MAX_FRAME = 64 * 1024 * 1024
_LENGTH = 4


class WireError(ValueError):
    """Bytes that are no messages of this version. (Not in the catalogue of errors: the gateway does without Django.)"""


_encoder = msgspec.msgpack.Encoder()


def encode(messages: Sequence[Any]) -> bytes:
    """One frame with these messages. Raises `WireError` if it would be too long or holds what cannot be sent."""
    frame = bytearray(_LENGTH)
    try:
        _encoder.encode_into(list(messages), frame, _LENGTH)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise WireError(f"a message cannot be sent: {error}") from error
    length = len(frame) - _LENGTH
    if length > MAX_FRAME:
        raise WireError(f"a frame of {length} bytes is too long to be sent; {MAX_FRAME} is the limit")
    frame[:_LENGTH] = length.to_bytes(_LENGTH, "big")
    return bytes(frame)


class FrameReader:
    """Puts frames together from bytes as they come.

    Args:
        kind: the union of messages that may come, `messages.FromGateway` or `messages.FromWorld`.
    """

    def __init__(self, kind: Any) -> None:
        self._decoder = msgspec.msgpack.Decoder(list[kind])
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[list[Any]]:
        """The lists of messages that are whole with these bytes. Raises `WireError` for bytes that are no frame."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH:
            length = int.from_bytes(self._buffer[:_LENGTH], "big")
            if length > MAX_FRAME:
                raise WireError(f"a frame of {length} bytes was announced; {MAX_FRAME} is the limit")
            if len(self._buffer) < _LENGTH + length:
                return
            body = bytes(self._buffer[_LENGTH : _LENGTH + length])
            del self._buffer[: _LENGTH + length]
            try:
                messages = self._decoder.decode(body)
            except msgspec.MsgspecError as error:
                raise WireError(f"a frame does not fit protocol {PROTOCOL}: {error}") from error
            yield messages
