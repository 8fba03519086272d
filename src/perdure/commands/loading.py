"""Command sets from what is added or stored: a class, an instance, or a dotted path.

Contract: a path means a class derived from `CmdSet`, by its whole path or below a module of `CMDSET_PATHS`. Only
modules of the game and of Perdure are imported, whatever the database says. `make_cmdset` raises what is wrong;
`stand_in` gives what takes the place of a stored set that cannot be made: the one that `CMDSET_FALLBACKS` names, else
an empty set that says why.

Failure modes: `CommandSetError`, with the file and line of what is broken.
"""

from __future__ import annotations

import logging
import sys
import traceback
from importlib import import_module
from typing import Any

from django.apps import apps

from perdure.commands.cmdset import CmdSet
from perdure.conf import conf
from perdure.errors import CommandSetError
from perdure.idmapper.states import describe
from perdure.typeclasses.registry import translated

__all__ = ["EXIT_CMDSET_KEY", "PLACEHOLDER_PRIORITY", "check_source", "load_cmdset_class", "make_cmdset", "stand_in"]

logger = logging.getLogger("perdure.commands")

PLACEHOLDER_PRIORITY = -101
EXIT_CMDSET_KEY = "ExitCmdSet"


class _Placeholder(CmdSet):
    """Stands where a set could not be made."""

    key = "_CMDSET_ERROR"
    priority = PLACEHOLDER_PRIORITY


def load_cmdset_class(path: str) -> type[CmdSet]:
    """The class of this path. Raises `CommandSetError`."""
    path = translated(path.strip())
    candidates = [path, *(f"{prefix}.{path}" for prefix in conf.CMDSET_PATHS)]
    missing = []
    for candidate in candidates:
        module_name, _, name = candidate.rpartition(".")
        if not module_name or not (module_name in sys.modules or _may_import(module_name)):
            missing.append(candidate)
            continue
        module = _import(module_name, candidate)
        found = getattr(module, name, None) if module is not None else None
        if isinstance(found, type) and issubclass(found, CmdSet):
            return found
        if found is not None:
            raise CommandSetError(f"{candidate} is no command set: derive it from perdure.CmdSet")
        missing.append(candidate)
    raise CommandSetError(f"there is no command set {path!r}; looked for {', '.join(missing)} (CMDSET_PATHS)")


def _may_import(module: str) -> bool:
    """Whether the module is one of the game or of an installed app."""
    settings = (conf.CMDSET_ACCOUNT, conf.CMDSET_CHARACTER, conf.CMDSET_SESSION, conf.CMDSET_UNLOGGEDIN)
    allowed = {path.rpartition(".")[0] for path in (*settings, *conf.CMDSET_FALLBACKS.values())}
    allowed.update(conf.CMDSET_PATHS, conf.TYPECLASS_PATHS, (config.name for config in apps.get_app_configs()))
    return any(module == package or module.startswith(f"{package}.") for package in allowed if package)


def _import(module: str, path: str) -> Any:
    """The module, or None if there is none."""
    known = sys.modules.get(module)
    if known is not None:
        return known
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            return None
        raise CommandSetError(f"the command set {path} cannot be imported: {_where(error)}") from error
    except Exception as error:  # a module of the game: whatever is wrong with it, its players must not be stuck
        raise CommandSetError(f"the command set {path} cannot be imported: {_where(error)}") from error


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def check_source(source: Any) -> None:
    """Raise `CommandSetError` unless a set can be made of this; a default set that has a fallback passes."""
    if isinstance(source, str) and not _fallback_of(source):
        load_cmdset_class(source)
    elif not isinstance(source, str | CmdSet) and not (isinstance(source, type) and issubclass(source, CmdSet)):
        raise CommandSetError(f"{source!r} is no command set: give a class derived from CmdSet, an instance, or a path")


def make_cmdset(source: Any, owner: Any) -> CmdSet:
    """The command set of `owner` that the source means. Raises `CommandSetError`."""
    if isinstance(source, CmdSet):
        if source.cmdsetobj is None:
            source.cmdsetobj = owner
            for command in source.commands:
                if command.obj is None:
                    command.obj = owner
        return source
    check_source(source)
    cls: type[CmdSet] = load_cmdset_class(source) if isinstance(source, str) else source
    try:
        return cls(owner)
    except Exception as error:  # boundary of user code: at_cmdset_creation of a game's set
        raise CommandSetError(
            f"the command set {cls.__module__}.{cls.__qualname__} cannot be made: {_where(error)}"
        ) from error


def stand_in(path: str, owner: Any, error: Exception) -> CmdSet:
    """What takes the place of a stored set that cannot be made; the owner is told that commands are missing."""
    logger.error("the command set %s of %s: %s", path, describe(owner) if hasattr(owner, "_meta") else owner, error)
    fallback = _fallback_of(path)
    made: CmdSet | None = None
    if fallback and translated(fallback) != translated(path):
        try:
            made = load_cmdset_class(fallback)(owner)
        except Exception:  # boundary of user code: the fallback may be the game's too
            logger.exception("the fallback %s for the command set %s cannot be made either", fallback, path)
    told = "the stock commands take their place" if made is not None else "some commands are missing"
    if made is None:
        made = _Placeholder(owner)
    made.errmessage = f"|yA set of commands ({path.rpartition('.')[2]}) is broken; {told}. Please tell the staff.|n"
    if (tell := getattr(owner, "msg", None)) is not None:
        tell(made.errmessage)
    return made


def _fallback_of(path: str) -> str:
    """The fallback for a path that is one of the default sets."""
    for setting, fallback in conf.CMDSET_FALLBACKS.items():
        if getattr(conf, setting, None) == path.strip():
            return str(fallback)
    return ""
