"""Bytes of a telnet client become lines of text.

Contract: a line ends with LF, CR LF, CR, CR NUL or LF CR; NUL alone says nothing. Lines are UTF-8, or Latin-1 where
they are not. Control characters do not get through, so that nobody can send another's terminal what it obeys; a
backspace takes back the character before it, for clients that send what is typed as it is typed.

Lines are taken one by one: bytes that wait stay bytes, so that a megabyte of line ends is not a million objects.
"""

from __future__ import annotations

import re

__all__ = ["LineBuffer", "clean_line", "decoded"]

_END = re.compile(rb"\r\n|\n\r(?!\n)|\n|\r")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def clean_line(text: str) -> str:
    """The line without control characters."""
    if text.isprintable():
        return text
    if "\x08" in text or "\x7f" in text:
        kept: list[str] = []
        for character in text:
            if character not in "\x08\x7f":
                kept.append(character)
            elif kept:
                kept.pop()
        text = "".join(kept)
    return _CONTROL.sub("", text)


def decoded(line: bytes, encoding: str = "utf-8") -> str:
    """The line as text, cleaned."""
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        text = line.decode("latin-1")
    return clean_line(text)


class LineBuffer:
    """Puts lines together.

    Args:
        limit: longest line in bytes; `overflow` is true once there was a longer one, ended or not.
    """

    __slots__ = ("_after_cr", "_at", "_data", "_limit", "overflow")

    def __init__(self, limit: int) -> None:
        self.overflow = False
        self._limit = limit
        self._data = b""
        self._at = 0
        self._after_cr = False

    def feed(self, data: bytes) -> None:
        """Takes bytes as they come."""
        if b"\0" in data:
            data = data.replace(b"\0", b"")
        if self._after_cr and data:
            # The other half of an end of line that came apart.
            self._after_cr = False
            data = data.removeprefix(b"\n")
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0

    def take(self) -> bytes | None:
        """The next whole line, without its end; None when there is none."""
        end = _END.search(self._data, self._at)
        if end is None:
            self.overflow = self.overflow or len(self._data) - self._at > self._limit
            return None
        line = self._data[self._at : end.start()]
        self._at = end.end()
        if self._at == len(self._data):
            self._after_cr = self._data.endswith(b"\r")
            self._data, self._at = b"", 0
        self.overflow = self.overflow or len(line) > self._limit
        return line

    def head(self, size: int) -> bytes:
        """The first bytes that wait."""
        return self._data[self._at : self._at + size]

    @property
    def has_line(self) -> bool:
        """Whether there is a whole line."""
        return _END.search(self._data, self._at) is not None

    def __len__(self) -> int:
        return len(self._data) - self._at
