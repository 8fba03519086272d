"""Packages of which we use one part, without all the others that their `__init__` brings along.

Contract: after `without_its_parts(name)` the modules of the package are imported one by one, as somebody asks for
them. Who asks the package itself for anything else gets it, and with it all that was left out. Only the process of the
gateway does that, before anything has imported the package; what runs in one process with others (tests, say) leaves
packages as they are.

It saves 3 MB of shells, clients, fingerprints and tables of the width of characters for telnetlib3, and 2.5 MB of a
command line and supervisors for uvicorn.

Failure modes: a package that is loaded already, or is not there, stays as it is.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

__all__ = ["lean", "without_its_parts"]


def without_its_parts(name: str, **kept: str) -> None:
    """Have a package stand for the place of its modules, and not be executed before it must.

    Args:
        name: of the package.
        kept: names that its own modules look for in it, and the modules that they come from.
    """
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None or spec.loader is None or not spec.submodule_search_locations:
        return
    loader = spec.loader
    package = sys.modules[name] = importlib.util.module_from_spec(spec)

    def rest(attribute: str) -> Any:
        if importlib.util.find_spec(f"{name}.{attribute}") is not None:
            # One of its modules: whoever imports it goes on to look for it there.
            raise AttributeError(attribute)
        package.__dict__.pop("__getattr__", None)
        loader.exec_module(package)
        return getattr(package, attribute)

    package.__dict__["__getattr__"] = rest
    for attribute, module in kept.items():
        setattr(package, attribute, getattr(importlib.import_module(module), attribute))


def lean() -> None:
    """What the gateway's process begins with."""
    # Of telnetlib3 we use the options alone; of uvicorn all but its ways to be started.
    without_its_parts("telnetlib3")
    without_its_parts("uvicorn", Config="uvicorn.config")
