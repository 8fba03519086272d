"""Placeholders for rows whose class cannot be imported (law 6).

Contract: such a row loads as an instance of a class derived from `MissingTypeclass` and from the family's base class.
It keeps all data, reads as usual, and refuses every write with an error that names the path and why it failed. When the
class is defined after all (the module is mended and imported), live placeholders become instances of it at once.
"""

from __future__ import annotations

from typing import Any

from perdure.errors import TypeclassError
from perdure.idmapper.identity import all_maps
from perdure.typeclasses import registry

__all__ = ["MissingTypeclass", "class_for_path", "missing_instances", "placeholder_for"]

_placeholders: dict[tuple[Any, str], Any] = {}


class MissingTypeclass:
    """Mixed into the class of an object whose own class cannot be imported."""

    _unavailable: str | None = "its class cannot be imported"

    @property
    def missing_path(self) -> str:
        """The stored path that cannot be imported."""
        return self.db_typeclass_path  # type: ignore[attr-defined, no-any-return]

    @property
    def missing_reason(self) -> str:
        """Why it cannot."""
        return self._unavailable or ""


def placeholder_for(path: str, family: Any, reason: str) -> Any:
    """The placeholder class of a stored path."""
    known = _placeholders.get((family, path))
    if known is not None:
        return known
    try:
        base = registry.default_class(family)
    except TypeclassError:
        base = registry.load(family.__defaultclasspath__, family)
    name = "Missing" + base.__name__
    attrs = {"__module__": __name__, "_unavailable": f"{path} cannot be loaded ({reason})", "path": path}
    made = type(base)(name, (MissingTypeclass, base), attrs)
    _placeholders[family, path] = made
    return made


def class_for_path(path: str, family: Any) -> Any:
    """The class for a stored path, or its placeholder."""
    cls = registry.find(path, family)
    if cls is not None:
        return cls
    try:
        cls = registry.load(path, family)
    except TypeclassError as error:
        return placeholder_for(path, family, str(error))
    _placeholders.pop((family, path), None)
    return cls


def heal(cls: Any) -> None:
    """Turn the live placeholders of this class's paths into instances of it."""
    for path in registry.own_paths(cls):
        placeholder = _placeholders.pop((cls.__dbclass__, path), None)
        if placeholder is None:
            continue
        for instance in missing_instances():
            if type(instance) is placeholder:
                instance.__class__ = cls
                instance.at_init()


def missing_instances() -> list[Any]:
    """All live placeholders."""
    return [
        instance for known in all_maps() for instance in known.instances() if isinstance(instance, MissingTypeclass)
    ]
