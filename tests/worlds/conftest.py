"""The fixture `world`, as games get it."""

from perdure.testing.plugin import world

__all__ = ["world"]
