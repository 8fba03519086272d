"""Colossal Cave, from the data of the 1977 game by Crowther and Woods (package `adventure`, extra `perdure[cave]`).

`build()` makes it in the game that is set up; `python -m perdure.worlds.cave.story` walks through it. The names are
resolved when they are asked for, since they need Django.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perdure.worlds.cave.building import BuildReport as BuildReport
    from perdure.worlds.cave.building import build as build
    from perdure.worlds.cave.typeclasses import find as find

__all__ = ["BuildReport", "build", "find"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "find":
        from perdure.worlds.cave import typeclasses

        return typeclasses.find
    from perdure.worlds.cave import building

    return getattr(building, name)
