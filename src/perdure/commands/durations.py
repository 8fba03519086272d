"""Spans of time in words: short ones for tables, long ones for sentences."""

from __future__ import annotations

__all__ = ["brief", "spelled"]

_UNITS = (("year", 365 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def brief(seconds: float) -> str:
    """The two largest units: "3d 4h", "5m 10s", "0s"."""
    return " ".join(f"{count}{unit[0]}" for unit, count in _parts(seconds)) or "0s"


def spelled(seconds: float) -> str:
    """The two largest units in words: "3 days, 4 hours"; less than a second is "a moment"."""
    parts = [f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in _parts(seconds)]
    return ", ".join(parts) or "a moment"


def _parts(seconds: float) -> list[tuple[str, int]]:
    left = max(0, int(seconds))
    found: list[tuple[str, int]] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            found.append((unit, count))
        elif found:
            break
    return found[:2]
