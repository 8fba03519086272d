"""Whether the database has every migration that the code brings.

Contract: `check_schema` returns if it has, and raises otherwise; it changes nothing. At every start the names are
compared: reading the migrations themselves costs as much as a tenth of the start, and is done only where a name is
missing, to say what is to be done (a migration that others have been squashed into need not be missing).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from perdure.errors import ConfigurationError, SchemaOutdated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = ["check_schema"]


def check_schema(alias: str = "default") -> None:
    """See that the database has every migration that this version brings.

    Raises:
        SchemaOutdated: it lacks some, or does not exist yet.
        ConfigurationError: it cannot be reached.
    """
    from django.db import connections
    from django.db.utils import OperationalError

    connection = connections[alias]
    if missing := _missing_file(connection):
        raise SchemaOutdated(f"the database {missing} does not exist yet. Make it with: perdure migrate")
    try:
        names = _names_to_apply(connection)
    except OperationalError as error:
        raise ConfigurationError(
            f"the database {alias!r} cannot be reached: {error}. See DATABASES in settings.py."
        ) from error
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise SchemaOutdated(
            f"the database {alias!r} lacks {len(names)} migration(s): {', '.join(names[:5])}{more}. "
            "Make a copy of it if it matters to you, then run: perdure migrate"
        )


def _missing_file(connection: BaseDatabaseWrapper) -> str | None:
    """The file of a SQLite database that is not there; connecting would make an empty one."""
    if connection.vendor != "sqlite":
        return None
    name = str(connection.settings_dict["NAME"])
    in_memory = name == ":memory:" or "mode=memory" in name
    return None if in_memory or name.startswith("file:") or Path(name).exists() else name


def _names_to_apply(connection: BaseDatabaseWrapper) -> list[str]:
    """The migrations that the database lacks, as `app.name`, in the order in which they would be applied."""
    from django.db.migrations.recorder import MigrationRecorder

    applied = MigrationRecorder(connection).applied_migrations()
    if all(migration in applied for migration in _on_disk()):
        return []
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    # Not by a plan of Django's executor: it takes a migration for applied when one that follows it is.
    wanted = [migration for leaf in loader.graph.leaf_nodes() for migration in loader.graph.forwards_plan(leaf)]
    return [f"{app}.{name}" for app, name in dict.fromkeys(wanted) if (app, name) not in loader.applied_migrations]


def _on_disk() -> Iterator[tuple[str, str]]:
    """The migrations of all apps, as `(app, name)`, without reading them."""
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader

    for app in apps.get_app_configs():
        package, explicit = MigrationLoader.migrations_module(app.label)
        if package is None:
            continue
        try:
            module = import_module(package)
        except ModuleNotFoundError as error:
            if explicit or error.name != package:
                raise
            continue  # an app without migrations
        for found in iter_modules(getattr(module, "__path__", ())):
            if not found.ispkg and found.name[0] not in "_~":
                yield app.label, found.name
