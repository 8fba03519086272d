"""The import finder that answers for `evennia` and everything below it.

Contract: a module made here has nothing of its own: each name is looked up in its home when it is asked for, so that
classes are the very same objects, with our `__module__` and stored paths. What the table does not have raises
`MissingPart` (an ImportError) when imported and `MissingName` (an AttributeError) when read, both saying so.

Invariants: `install()` and `uninstall()` can be repeated. The real package, where it is installed, is left alone unless
the setting `EVENNIA_IMPORTS` is True.

Failure modes: `ConfigurationError` when the real package has been imported already.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import ModuleType
from typing import TYPE_CHECKING, Any

from perdure.compat.names import MODULES, ROOT, children, translate
from perdure.conf import conf
from perdure.errors import ConfigurationError, MissingName, MissingPart

if TYPE_CHECKING:
    from importlib.abc import Loader, MetaPathFinder
else:
    # The import system asks for the methods only; importing these classes takes a fiftieth of a start.
    Loader = MetaPathFinder = object

__all__ = ["DocumentedModule", "install", "install_if_wanted", "installed", "uninstall"]


class DocumentedModule(ModuleType):
    """A module of the documents: hands on the names of its home."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return self._public_names()
        if name in children(self.__name__):
            return import_module(f"{self.__name__}.{name}")
        part = MODULES[self.__name__]
        if name in part.renamed:
            module, _, attribute = part.renamed[name].partition(":")
            return getattr(import_module(module), attribute)
        if part.home and (name == "__version__" or not name.startswith("__")):
            home = import_module(part.home)
            if name in _public_names_of(home):
                return getattr(home, name)
        raise MissingName(_no_part(f"{self.__name__}.{name}"))

    def _public_names(self) -> list[str]:
        part = MODULES[self.__name__]
        names = {*children(self.__name__), *part.renamed}
        if part.home:
            names.update(_public_names_of(import_module(part.home)))
        return sorted(names)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self._public_names()})


def _public_names_of(home: ModuleType) -> list[str]:
    """What a module of ours hands on: its `__all__`, else what is defined in it."""
    listed: list[str] | None = getattr(home, "__all__", None)
    if listed is not None:
        return listed
    return [
        name
        for name, value in vars(home).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == home.__name__
    ]


class _Loader(Loader):
    """Makes the modules; there is nothing to execute, the first time and when they are reloaded."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module that knows its name."""
        home = MODULES[spec.name].home
        return DocumentedModule(spec.name, f"{spec.name}, as `{home or 'perdure'}` has it.")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to do."""


class _Finder(MetaPathFinder):
    """Answers for the root package and what is below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module in the table; None for what is no business of ours. Raises `MissingPart`."""
        if fullname != ROOT and not fullname.startswith(f"{ROOT}."):
            return None
        if fullname not in MODULES:
            # Without a name the error also gets through `from evennia import that`.
            raise MissingPart(_no_part(fullname))
        # All are packages, so that a missing name in `from evennia.objects.objects import that` comes here too.
        return spec_from_loader(fullname, _Loader(), origin="perdure.compat", is_package=True)


_finder = _Finder()


def _no_part(name: str) -> str:
    return f"Perdure has no {name} (yet); perdure.compat.names lists what it has under the documents' names"


def installed() -> bool:
    """Whether `import evennia` is answered here."""
    return _finder in sys.meta_path


def install(first: bool = True) -> None:
    """Answer for `import evennia` from now on.

    Args:
        first: also where the real package is there. (Whoever is asked first is asked for every import there is.)

    Raises:
        ConfigurationError: the real package has been imported already.
    """
    known = sys.modules.get(ROOT)
    if known is not None and not isinstance(known, DocumentedModule):
        raise ConfigurationError(
            f"EVENNIA_IMPORTS is True, but the package {ROOT} has been imported already "
            f"({getattr(known, '__file__', None) or 'made in memory'}): set it to False, or set up Perdure before "
            "importing it"
        )
    if not installed():
        sys.meta_path.insert(0 if first else len(sys.meta_path), _finder)
    _translate_class_paths(True)


def install_if_wanted() -> None:
    """Do what the setting `EVENNIA_IMPORTS` says: True installs, False does not, None where nothing else answers."""
    wanted = conf.EVENNIA_IMPORTS
    if wanted is None:
        if installed() or (ROOT not in sys.modules and PathFinder.find_spec(ROOT) is None):
            install(first=False)
    elif wanted:
        install()


def uninstall() -> None:
    """Forget the names and their modules; objects that were reached by them stay what they are."""
    if installed():
        sys.meta_path.remove(_finder)
    for name in [name for name, module in sys.modules.items() if isinstance(module, DocumentedModule)]:
        del sys.modules[name]
    _translate_class_paths(False)


def _translate_class_paths(wanted: bool) -> None:
    """Class paths that callers write with the documents' names mean ours as well."""
    from perdure.typeclasses.registry import path_translations

    if translate in path_translations:
        path_translations.remove(translate)
    if wanted:
        path_translations.append(translate)
