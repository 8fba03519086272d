"""The airports of the real world, some 28,000, from the package `airportsdata` (extra `perdure[airports]`).

`build()` makes them, or a part of them, in the game that is set up, with flights to the nearest ones; `find("KEF")` is
one of them by its code. The names are resolved when they are asked for, since they need Django.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perdure.worlds.airports.building import BuildReport as BuildReport
    from perdure.worlds.airports.building import build as build
    from perdure.worlds.airports.typeclasses import Airport as Airport
    from perdure.worlds.airports.typeclasses import Flight as Flight
    from perdure.worlds.airports.typeclasses import Traveller as Traveller
    from perdure.worlds.airports.typeclasses import find as find

__all__ = ["Airport", "BuildReport", "Flight", "Traveller", "build", "find"]

_OF_BUILDING = ("BuildReport", "build")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from perdure.worlds.airports import building, typeclasses

    return getattr(building if name in _OF_BUILDING else typeclasses, name)
