"""Input functions (placeholder while the real module is being written)."""

from __future__ import annotations

from typing import Any


def load() -> None:
    """Nothing yet."""


def receive(session: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Nothing yet."""
