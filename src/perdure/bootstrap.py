"""Making the engine usable: find the game, set up Django, import the typeclasses.

Contract: after `setup()` every name of `perdure` works in this process. Idempotent: a second call for the
same game does nothing. Owner: the thread that calls it owns the live objects.

Invariants: one process serves one game; the game directory comes first on `sys.path`, so that the game's
`settings`, `typeclasses`, `commands` and `world` are the ones found.

Failure modes: `NoGameDirectory` (nothing to set up), `SchemaOutdated` (run `perdure migrate`),
`ConfigurationError` (another game is set up already, the settings cannot be read, or the database cannot be
reached). None of them changes the database.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from perdure.errors import ConfigurationError, NoGameDirectory
from perdure.idmapper.collector import held_off
from perdure.places import place_of, short_path, trace_of
from perdure.schema import check_schema

__all__ = ["check_schema", "find_game_directory", "import_game", "prepare", "setup"]

#: Where the process was told to find the game; `settings_default` reads it.
GAME_DIR_VARIABLE = "PERDURE_GAME_DIR"

logger = logging.getLogger("perdure.bootstrap")

_prepared: Path | None = None
_imported = False


def setup(game_dir: str | Path | None = None, settings: str | Mapping[str, Any] | None = None) -> Path | None:
    """Make the engine usable from a plain script.

    Args:
        game_dir: the game's directory; by default the current one, else the nearest parent that is one.
        settings: the module with the game's settings when it is not `settings`, or a mapping of settings
            that override those of the game.

    Returns:
        The game's directory; None when Django was set up by somebody else, who then decides.

    Raises:
        NoGameDirectory: there is no game here.
        SchemaOutdated: the database lacks migrations.
        ConfigurationError: another game is set up already, or its settings cannot be used.
    """
    # To look through what is imported to stay for garbage, even once, takes an eighth of a start.
    with held_off:
        directory = prepare(game_dir, settings)
        if not _imported:
            check_schema()
            import_game()
    return directory


def find_game_directory(start: str | Path | None = None) -> Path:
    """The game directory that `start` (default: the current directory) is, or lies in.

    Raises:
        NoGameDirectory: neither it nor a parent is one.
    """
    here = Path(start or Path.cwd()).resolve()
    for candidate in (here, *here.parents):
        if is_game_directory(candidate):
            return candidate
    raise NoGameDirectory(
        f"{here} is not a game directory, nor is any directory above it: a game has a settings.py that imports "
        "from perdure, and a package typeclasses/. Go into your game (cd mygame), or make one: perdure init mygame"
    )


def is_game_directory(directory: Path) -> bool:
    """Whether this directory holds a game: `settings.py` that mentions perdure, and `typeclasses/`."""
    settings_file = directory / "settings.py"
    if not (directory / "typeclasses" / "__init__.py").is_file() or not settings_file.is_file():
        return False
    return "perdure" in settings_file.read_text(encoding="utf-8", errors="replace")


def prepare(game_dir: str | Path | None = None, settings: str | Mapping[str, Any] | None = None) -> Path | None:
    """Set up Django for the game, without looking at its database. Arguments and errors as for `setup`."""
    from django.apps import apps
    from django.conf import settings as django_settings

    if _prepared is not None:
        return _same_game(_prepared, game_dir)
    if apps.ready or (django_settings.configured and game_dir is None):
        _adopt_django()
        return None
    directory = _given_directory(game_dir)
    _point_process_at(directory)
    _configure(directory, settings)
    _remember(directory)
    return directory


def _same_game(known: Path, game_dir: str | Path | None) -> Path:
    if game_dir is not None and _given_directory(game_dir) != known:
        raise ConfigurationError(
            f"this process serves the game in {known} already and cannot serve {Path(game_dir).resolve()} too: "
            "use another process for it"
        )
    return known


def _given_directory(game_dir: str | Path | None) -> Path:
    """The directory that the caller named, exactly, or the one found from here."""
    if game_dir is None:
        return find_game_directory()
    directory = Path(game_dir).expanduser().resolve()
    if not is_game_directory(directory):
        raise NoGameDirectory(
            f"{directory} is not a game directory: a game has a settings.py that imports from perdure, "
            f"and a package typeclasses/. Make one with: perdure init {directory.name or 'mygame'}"
        )
    return directory


def _adopt_django() -> None:
    """Django was configured elsewhere (a site of its own, a test run): finish that set-up, add nothing."""
    import django

    _answer_for_documented_names()
    django.setup()


def _answer_for_documented_names() -> None:
    """Let `import evennia` find Perdure, where the settings say so: before the game's modules are imported."""
    # The room lies above this one, so it is asked by name.
    import_module("perdure.compat").install_if_wanted()


def _point_process_at(directory: Path) -> None:
    os.environ[GAME_DIR_VARIABLE] = str(directory)
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))


def _configure(directory: Path, settings: str | Mapping[str, Any] | None) -> None:
    import django
    from django.conf import Settings
    from django.conf import settings as django_settings
    from django.core.exceptions import ImproperlyConfigured

    module = settings if isinstance(settings, str) else "settings"
    os.environ["DJANGO_SETTINGS_MODULE"] = module
    try:
        if isinstance(settings, Mapping):
            django_settings.configure(default_settings=Settings(module), **settings)
        _answer_for_documented_names()
        django.setup()
    except ImproperlyConfigured as error:
        if isinstance(error, ConfigurationError):
            raise
        raise ConfigurationError(f"the settings of the game in {directory} cannot be used: {error}") from error
    # Settings and the modules of apps are the game's own code: whatever they raise, its author is told where.
    except Exception as error:
        raise ConfigurationError(_not_set_up(directory, module, error)) from error
    configured = getattr(django_settings, "GAME_DIR", directory)
    if configured != directory:
        raise ConfigurationError(
            f"GAME_DIR is {configured}, but the game is in {directory}: "
            "another module called `settings` was imported before; leave GAME_DIR alone in settings.py"
        )


def _not_set_up(directory: Path, module: str, error: Exception) -> str:
    file, line = place_of(error, directory)
    where = f"{short_path(file, directory)}, line {line}: " if file else ""
    return (
        f"the game in {directory} cannot be set up: {where}{type(error).__name__}: {error}. Mend it there, or in what "
        f"{module}.py imports; PERDURE_TRACEBACK=1 shows the whole traceback."
    )


def _remember(directory: Path) -> None:
    global _prepared
    _prepared = directory


def import_game() -> None:
    """Import every module of the packages in `TYPECLASS_PATHS`, so that all classes are known.

    A module that cannot be imported is logged with its traceback; the objects of its classes keep their data
    and refuse changes until it is mended.
    """
    global _imported
    from perdure.conf import conf
    from perdure.typeclasses import registry

    for module, error in registry.import_typeclass_modules().items():
        logger.error(
            "%s cannot be imported, so objects of its classes are read-only until it is mended:\n%s",
            module,
            trace_of(error).rstrip(),
        )
    if conf.PERDURE_WORLD:
        _import_world(conf.PERDURE_WORLD)
    _imported = True


def _import_world(name: str) -> None:
    """The classes of the demo world, so that a query over `DefaultRoom` and its family has its rooms too."""
    try:
        import_module(f"perdure.worlds.{name}.typeclasses")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"PERDURE_WORLD is {name!r}; it can be 'airports', 'cave' or None ({error})"
        ) from error
