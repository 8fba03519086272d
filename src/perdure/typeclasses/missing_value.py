"""The sign for "there is no such attribute"; None is a value like any other."""

from __future__ import annotations

from typing import Any

__all__ = ["MISSING"]


class _Missing:
    def __repr__(self) -> str:
        return "<missing>"

    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing()
