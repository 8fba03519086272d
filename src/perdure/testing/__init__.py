"""For tests of games: a world in the test's process, and players in it.

The names are resolved when they are asked for, since they need Django; the plugin is imported before it is set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perdure.testing.world import Player as Player
    from perdure.testing.world import TestWorld as TestWorld
    from perdure.testing.world import make_world as make_world

__all__ = ["Player", "TestWorld", "make_world"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from perdure.testing import world

    return getattr(world, name)
