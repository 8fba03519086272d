"""Those who send and hear messages, given as one or as several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["as_list"]


def as_list(value: Any) -> list[Any]:
    """One entity or text, or several, as a list; empty for None."""
    if value is None:
        return []
    if isinstance(value, str) or hasattr(value, "_meta") or not isinstance(value, Iterable):
        return [value]
    return list(value)
