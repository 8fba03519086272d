"""For tests of games: a world in the test's process, and players in it."""

from perdure.testing.world import Player, TestWorld, make_world

__all__ = ["Player", "TestWorld", "make_world"]
