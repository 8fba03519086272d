"""The fixture `world`."""

from __future__ import annotations

from perdure.testing.plugin import world

__all__ = ["world"]
