"""The names that code typed into the game can use without importing them.

Contract: `python_names(command)` gives one dict: `self` and `me` (who typed it), `here`, `account`, `session`,
`search`, `create`, `perdure`, `evennia` and `ev`. Every public name of `perdure`, and every typeclass by its class
name, is there too, resolved when it is first used. What the code itself names comes first, then these, then Python's
own.
"""

from __future__ import annotations

import builtins
from importlib import import_module
from typing import Any

from perdure.typeclasses import registry

__all__ = ["PythonNames", "names_of", "python_names"]


class PythonNames(dict[str, Any]):
    """A namespace that knows the flat API and the typeclasses without importing them all."""

    def __missing__(self, name: str) -> Any:
        if hasattr(builtins, name) or name.startswith("__"):
            raise KeyError(name)
        import perdure

        if name in perdure.__all__:
            return getattr(perdure, name)
        for typeclass in registry.all_typeclasses():
            if typeclass.__name__ == name:
                return typeclass
        if name in ("ev", "evennia"):
            return _documented_package()
        raise KeyError(name)


def _documented_package() -> Any:
    """`evennia` where its name is answered for, else `perdure`."""
    try:
        return import_module("evennia")
    except ImportError:
        return import_module("perdure")


def python_names(command: Any) -> PythonNames:
    """The namespace of code that this command was given."""
    return names_of(command.caller, command.account, command.session)


def names_of(caller: Any, account: Any, session: Any = None) -> PythonNames:
    """The namespace of code that somebody gave."""
    return PythonNames(
        __name__="__console__",
        self=caller,
        me=caller,
        here=getattr(caller, "location", None),
        account=account,
        session=session,
        search=import_module("perdure.search"),
        create=import_module("perdure.create"),
        perdure=import_module("perdure"),
    )
