"""Which lock functions there are: those of the modules in `LOCK_FUNC_MODULES`, later ones overriding earlier.

A module offers the names in its `__all__`, or without one every public callable that can be called as a lock
function; classes are not lock functions. The game's own module may be missing altogether; anything else that
cannot be imported is an error, since a lock that calls it would otherwise go quietly dead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType, ModuleType

from perdure.conf import conf
from perdure.errors import ConfigurationError

GAME_MODULE = "server.conf.lockfuncs"
_GAME_PACKAGES = {"server", "server.conf", GAME_MODULE}

LockFunction = Callable[..., object]


def get_all_lockfuncs() -> Mapping[str, LockFunction]:
    """Every lock function by its name. Raises `ConfigurationError` if a module of the setting cannot be used."""
    modules = conf.LOCK_FUNC_MODULES
    return _load((modules,) if isinstance(modules, str) else tuple(modules))


def forget_lockfuncs() -> None:
    """Reads the modules again at the next check: for code that has just replaced one of them."""
    _load.cache_clear()


@lru_cache(maxsize=8)
def _load(paths: tuple[str, ...]) -> Mapping[str, LockFunction]:
    functions: dict[str, LockFunction] = {}
    for path in paths:
        if (module := _module(path)) is not None:
            functions.update(_offered(module))
    return MappingProxyType(functions)


def _module(path: str) -> ModuleType | None:
    try:
        return import_module(path)
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name in _GAME_PACKAGES
        if path == GAME_MODULE and missing:
            return None
        raise ConfigurationError(
            f"LOCK_FUNC_MODULES names {path!r}, which cannot be imported ({error}); mend it or take it out of the list"
        ) from error


def _offered(module: ModuleType) -> dict[str, LockFunction]:
    declared = getattr(module, "__all__", None)
    names = declared if declared is not None else [name for name in vars(module) if not name.startswith("_")]
    functions: dict[str, LockFunction] = {}
    for name in names:
        found = getattr(module, name, None)
        if callable(found) and not isinstance(found, type) and _takes_a_lock_call(found):
            _refuse_async(module, name, found)
            functions[name] = found
    return functions


def _takes_a_lock_call(function: LockFunction) -> bool:
    try:
        inspect.signature(function).bind_partial(None, None, access_type="", session=None)
    except (TypeError, ValueError):
        return False
    return True


def _refuse_async(module: ModuleType, name: str, function: LockFunction) -> None:
    # What these return is true without having run: the lock would stand open.
    if (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    ):
        raise ConfigurationError(
            f"{module.__name__}.{name} is a coroutine or generator function; a lock function is a plain one"
            " that returns True or False"
        )
