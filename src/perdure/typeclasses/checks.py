"""Django system checks of the settings that typeclasses and the identity map read."""

from __future__ import annotations

import difflib
import sys
from typing import Any

from django.conf import global_settings, settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.db import connections

from perdure.conf import DEFAULTS, conf
from perdure.errors import TypeclassError
from perdure.typeclasses import registry
from perdure.typeclasses.references import families

__all__ = ["check_base_typeclasses", "check_cache_budget", "check_setting_names", "check_sqlite", "check_threads"]

# Rows that are written or deleted give back their ids (RETURNING).
_SQLITE_NEEDED = (3, 35, 0)
# How alike two names are when one is the other with a letter or two wrong; 1 is the same.
_ALIKE = 0.88


@register("perdure")
def check_base_typeclasses(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """perdure.E001: the class for entities made without one cannot be used."""
    found: list[CheckMessage] = []
    for family in families():
        try:
            registry.default_class(family)
        except TypeclassError as error:
            hint = f"Set {family.__settingsclass__} to the path of a typeclass of {family.__name__}."
            found.append(Error(f"{family.__settingsclass__}: {error}", hint=hint, obj=family, id="perdure.E001"))
    return found


@register("perdure")
def check_cache_budget(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """perdure.E002: the budget of the cache is no number of megabytes."""
    budget = conf.IDMAPPER_CACHE_MAXSIZE
    if budget is None or (isinstance(budget, int | float) and not isinstance(budget, bool) and budget > 0):
        return []
    message = f"IDMAPPER_CACHE_MAXSIZE is {budget!r}."
    return [Error(message, hint="Give megabytes (a number above 0), or None for no limit.", id="perdure.E002")]


@register("perdure")
def check_threads(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """perdure.E003: `PERDURE_THREADS` is neither of its two values."""
    if conf.PERDURE_THREADS in ("owner", "shared"):
        return []
    message = f"PERDURE_THREADS is {conf.PERDURE_THREADS!r}."
    return [Error(message, hint='"owner" (one thread writes) or "shared" (a plain Django site).', id="perdure.E003")]


@register("perdure")
def check_sqlite(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """perdure.E005: the library of SQLite is too old."""
    found: list[CheckMessage] = []
    for connection in connections.all():
        if connection.vendor != "sqlite":
            continue
        wrapper: Any = connection
        library = wrapper.Database
        if library.sqlite_version_info < _SQLITE_NEEDED:
            message = (
                f"The database {connection.alias!r} has SQLite {library.sqlite_version}; it has to be 3.35 or newer."
            )
            hint = "Use a Python whose module sqlite3 comes with a newer SQLite."
            found.append(Error(message, hint=hint, id="perdure.E005"))
    return found


@register("perdure")
def check_setting_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """perdure.W005: a setting that nobody reads is nearly called like one that counts."""
    known = {*DEFAULTS, *dir(global_settings), *dir(sys.modules.get("perdure.settings_default"))}
    found: list[CheckMessage] = []
    for name in sorted(name for name in dir(settings) if name.isupper() and name not in known):
        if alike := difflib.get_close_matches(name, DEFAULTS, n=1, cutoff=_ALIKE):
            hint = f"Correct it; or, if {name} is a setting of your own, put perdure.W005 into SILENCED_SYSTEM_CHECKS."
            message = f"There is no setting {name}. Is {alike[0]} meant?"
            found.append(checks.Warning(message, hint=hint, id="perdure.W005"))
    return found
