"""Every class of the game, as `typeclass/list` and `typeclass/show` tell of them.

Contract: `all_classes()` imports what the packages of TYPECLASS_PATHS hold, so that a class nobody has used yet is
there too; it tells which modules fail to, and counts the rows of each class in one statement per table. Rows whose
class is missing are there with the reason.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from perdure.accounts.models import AccountDB
from perdure.channels.models import ChannelDB
from perdure.errors import TypeclassError
from perdure.objects.models import ObjectDB
from perdure.scripts.models import ScriptDB
from perdure.text.markup import escape
from perdure.typeclasses import registry

__all__ = ["FAMILIES", "GameClasses", "all_classes", "described", "kind_of", "matching_classes"]

FAMILIES = (ObjectDB, AccountDB, ScriptDB, ChannelDB)
_KINDS = {"ObjectDB": "object", "AccountDB": "account", "ScriptDB": "script", "ChannelDB": "channel"}


def kind_of(family: Any) -> str:
    """What entities of a table are called."""
    return _KINDS[family.__name__]


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """A class of the game.

    Attributes:
        path: its path; kind: of what; rows: how many entities are exactly of it.
        state: empty, "not loaded until now", or why it is missing.
    """

    path: str
    kind: str
    rows: int
    state: str = ""


@dataclass(frozen=True, slots=True)
class GameClasses:
    """What there is.

    Attributes:
        engine, game: the classes of the engine, and all others, by kind and path.
        missing: stored paths without a class, with the reason.
        failing: modules that cannot be imported, with the error.
    """

    engine: list[ClassEntry]
    game: list[ClassEntry]
    missing: list[ClassEntry]
    failing: dict[str, str]


def all_classes() -> GameClasses:
    """The classes of the game now."""
    known_before = {cls.path for cls in registry.all_typeclasses()}
    failing = {
        module: f"{type(error).__name__}: {error}" for module, error in registry.import_typeclass_modules().items()
    }
    engine: list[ClassEntry] = []
    game: list[ClassEntry] = []
    missing: list[ClassEntry] = []
    for family in FAMILIES:
        rows = _rows(family)
        for cls in registry.all_typeclasses(family):
            number = sum(rows.pop(path, 0) for path in registry.own_paths(cls))
            state = "" if cls.path in known_before else "not loaded until now"
            entry = ClassEntry(cls.path, kind_of(family), number, state)
            (engine if cls.path.startswith("perdure.") else game).append(entry)
        for path, number in sorted(rows.items()):
            if path and path != family.path:
                missing.append(ClassEntry(path, kind_of(family), number, _reason(path, family)))
    return GameClasses(engine, game, missing, failing)


def _rows(family: Any) -> dict[str, int]:
    counted = family._base_manager.order_by().values_list("db_typeclass_path").annotate(Count("pk"))
    return {path or "": number for path, number in counted}


def _reason(path: str, family: Any) -> str:
    try:
        registry.load(path, family)
    except TypeclassError as error:
        return str(error)
    return ""


def matching_classes(name: str) -> list[Any]:
    """The classes whose path is `name`, or ends with it after a dot."""
    known = registry.all_typeclasses()
    wanted = registry.translated(name.strip())
    exact = [cls for cls in known if cls.path == wanted]
    return exact or [cls for cls in known if cls.path.endswith(f".{wanted}")]


def described(cls: Any) -> list[str]:
    """What a class is, in lines."""
    family = registry.family_of(cls)
    rows = family._base_manager.filter(db_typeclass_path__in=registry.own_paths(cls)).count()
    parents = [f"{parent.__module__}.{parent.__qualname__}" for parent in cls.__bases__]
    lines = [
        f"|w{escape(cls.path)}|n",
        f"|wKind:|n {kind_of(family)}",
        f"|wDerived from:|n {escape(', '.join(parents))}",
        f"|wVersion:|n {cls.typeclass_version}",
        f"|wExactly of it:|n {rows}",
    ]
    if former := cls.__dict__.get("typeclass_aliases", ()):
        lines.append(f"|wFormer paths:|n {escape(', '.join(former))}")
    text = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    # Django writes the fields into the docstring of a class that has none.
    if text and not text.startswith(f"{cls.__name__}("):
        lines += ["", escape(text)]
    return lines
