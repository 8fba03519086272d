"""Which typeclasses there are, and how a stored path finds its class.

Contract: every typeclass registers itself when it is defined. A path read from the database gives the registered
class of the right family; a module is imported for it only if it lies in a package that the project names
(`TYPECLASS_PATHS`, installed apps). Otherwise, and when the import fails, the row gets a placeholder (`missing`).

Invariants: a path belongs to one class; two typeclasses of one family do not share a name, unless
`UNIQUE_TYPECLASS_NAMES` is off.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps

from perdure.conf import conf
from perdure.errors import DuplicateTypeclass, TypeclassNotFound, WrongFamily

__all__ = [
    "all_typeclasses",
    "default_class",
    "family_of",
    "family_paths",
    "find",
    "import_typeclass_modules",
    "load",
    "own_paths",
    "path_translations",
    "register",
    "resolve",
    "translated",
]

#: How a path that a caller writes becomes one of ours; `perdure.compat` adds the names of the documents.
path_translations: list[Callable[[str], str]] = []

_by_path: dict[str, Any] = {}
_aliases: dict[str, Any] = {}
_closures: dict[Any, tuple[int, tuple[str, ...]]] = {}
_resolved: dict[Any, tuple[int, Any]] = {}
_version = 0


def family_of(cls: Any) -> Any:
    """The db model that a typeclass belongs to."""
    return cls.__dbclass__


def check_name(name: str, module: str, family: Any) -> None:
    """Raise `DuplicateTypeclass` if a typeclass called `name` of this family is defined in another module."""
    if not conf.UNIQUE_TYPECLASS_NAMES:
        return
    for cls in _by_path.values():
        if cls.__name__ == name and cls.__dbclass__ is family and cls.__module__ != module:
            raise DuplicateTypeclass(
                f"there are two typeclasses {name!r} of {family.__name__}: one in {cls.__module__}, one in {module}. "
                "Rename one of them (import the first under another name if you inherit from it), or set "
                "UNIQUE_TYPECLASS_NAMES = False"
            )


def register(cls: Any) -> None:
    """Make a typeclass known; a class of the same path is replaced."""
    global _version
    _version += 1
    _by_path[cls.path] = cls
    for path in cls.__dict__.get("typeclass_aliases", ()):
        _aliases[path] = cls


def all_typeclasses(family: Any = None) -> list[Any]:
    """All typeclasses known, by path; those of one db model with `family`."""
    return [cls for _, cls in sorted(_by_path.items()) if family is None or cls.__dbclass__ is family]


def own_paths(cls: Any) -> tuple[str, ...]:
    """The stored paths that mean exactly `cls`: its own and its aliases."""
    return (cls.path, *cls.__dict__.get("typeclass_aliases", ()))


def family_paths(cls: Any) -> tuple[str, ...]:
    """The stored paths that mean `cls` or a class derived from it."""
    cached = _closures.get(cls)
    if cached is not None and cached[0] == _version:
        return cached[1]
    found = tuple(
        path for other in _by_path.values() if issubclass(other, cls) for path in own_paths(other)
    ) or own_paths(cls)
    _closures[cls] = (_version, found)
    return found


def find(path: str, family: Any) -> Any:
    """The registered class of this stored path and family, or None."""
    cls = _by_path.get(path) or _aliases.get(path)
    return cls if cls is not None and cls.__dbclass__ is family else None


def load(path: str, family: Any) -> Any:
    """The class for a stored path.

    Raises `TypeclassNotFound` (not allowed, no such module or class, or the module fails to import) or `WrongFamily`.
    """
    cls = _known(path, family)
    if cls is not None:
        return cls
    module, _, name = path.rpartition(".")
    if not module:
        raise TypeclassNotFound(f"{path!r} is not a path of a class; the form is module.Class")
    if not _may_import(module):
        raise TypeclassNotFound(
            f"{path!r} is not a registered typeclass, and {module.split('.')[0]!r} is in neither TYPECLASS_PATHS nor "
            "INSTALLED_APPS, so it is not imported"
        )
    _import(module, path)
    cls = _known(path, family)
    if cls is not None:
        return cls
    raise TypeclassNotFound(f"the module {module} has no typeclass {name!r}")


def _known(path: str, family: Any) -> Any:
    """`find`, but raises `WrongFamily` if the path is that of a class of another kind."""
    cls = find(path, family)
    other = _by_path.get(path) or _aliases.get(path)
    if cls is None and other is not None:
        raise WrongFamily(f"{path} is a typeclass of {other.__dbclass__.__name__}, not of {family.__name__}")
    return cls


def resolve(typeclass: Any, family: Any) -> Any:
    """The class meant by a class, a full path, or a path shortened by a prefix of `TYPECLASS_PATHS`.

    Raises `WrongFamily` for a class of another kind, `TypeclassNotFound` naming every path tried.
    """
    if isinstance(typeclass, type):
        if getattr(typeclass, "__dbclass__", None) is not family or typeclass is family:
            raise WrongFamily(
                f"{typeclass.__module__}.{typeclass.__qualname__} is not a typeclass of {family.__name__}; "
                f"give a class derived from {family.__defaultclasspath__}"
            )
        return typeclass
    if not isinstance(typeclass, str):
        raise WrongFamily(f"a typeclass is a class or the path of one, got {typeclass!r}")
    return _resolve_path(typeclass.strip(), family)


def translated(path: str) -> str:
    """The path as ours, if it is written with other names for the same modules."""
    for translate in path_translations:
        path = translate(path)
    return path


def _resolve_path(path: str, family: Any) -> Any:
    # To try out a shortened path costs 20 us: a tenth of what creating an object may cost.
    asked = (path, family, *conf.TYPECLASS_PATHS, *path_translations)
    version, cls = _resolved.get(asked, (-1, None))
    if version != _version or _by_path.get(cls.path) is not cls:
        cls = _try_paths(path, family)
        _resolved[asked] = (_version, cls)
    return cls


def _try_paths(path: str, family: Any) -> Any:
    path = translated(path)
    if "." not in path:
        raise TypeclassNotFound(f"{path!r} is not a path of a class; the form is module.Class")
    tried = [path, *(f"{prefix}.{path}" for prefix in conf.TYPECLASS_PATHS)]
    reasons = []
    for candidate in tried:
        try:
            return load(candidate, family)
        except TypeclassNotFound as error:
            if error.__cause__ is not None and not isinstance(error.__cause__, ModuleNotFoundError):
                raise
            reasons.append(str(error))
    raise TypeclassNotFound(f"no typeclass {path!r} of {family.__name__}; tried " + "; ".join(reasons))


def default_class(family: Any) -> Any:
    """The class of entities for which none is given: the project's base class, else the library's."""
    return resolve(getattr(conf, family.__settingsclass__), family)


def _may_import(module: str) -> bool:
    allowed = [*conf.TYPECLASS_PATHS, *(config.name for config in apps.get_app_configs())]
    return any(module == package or module.startswith(f"{package}.") for package in allowed)


def _import(module: str, path: str) -> None:
    if module in sys.modules:
        return
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise TypeclassNotFound(f"{path}: {error}") from error
    except Exception as error:
        # A module of the project, at top level: whatever is wrong with it, its objects must load as placeholders.
        raise TypeclassNotFound(
            f"{path}: the module {module} fails to import: {type(error).__name__}: {error}"
        ) from error


def import_typeclass_modules() -> dict[str, Exception]:
    """Import every module of the packages in `TYPECLASS_PATHS`, so that all typeclasses are known.

    Returns the modules that fail to import, with their errors; the objects of those load as placeholders.
    """
    failed: dict[str, Exception] = {}
    for package in conf.TYPECLASS_PATHS:
        if package == "perdure":
            continue
        try:
            modules = list(_modules_of(package))
        except Exception as error:  # noqa: BLE001  (see _import)
            failed[package] = error
            continue
        for module in modules:
            try:
                importlib.import_module(module)
            except Exception as error:  # noqa: BLE001  (see _import)
                failed[module] = error
    return failed


def _modules_of(package: str) -> Iterator[str]:
    try:
        root = importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name is not None and (package == error.name or package.startswith(f"{error.name}.")):
            return
        raise
    yield package
    for info in pkgutil.walk_packages(getattr(root, "__path__", ()), f"{package}.", onerror=lambda name: None):
        yield info.name
