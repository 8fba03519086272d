"""Django system checks of the places that settings name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections

from perdure.conf import conf
from perdure.idmapper.wrappers import dbref_number

__all__ = ["check_places"]


@checks.register(checks.Tags.database)
def check_places(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """perdure.E004, perdure.W001: `DEFAULT_HOME` or `START_LOCATION` is no dbref, or names no object.

    Asks the database, so it runs where Django's database checks do: in `migrate`, and in `check --database default`.
    Says nothing of places before the tables are there.
    """
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    found: list[checks.CheckMessage] = []
    for setting in ("DEFAULT_HOME", "START_LOCATION"):
        value = getattr(conf, setting)
        number = dbref_number(value)
        if number is None:
            hint = 'Give a dbref, such as "#2".'
            found.append(checks.Error(f"{setting} is {value!r}, which is no dbref.", hint=hint, id="perdure.E004"))
        elif _is_missing(number):
            hint = "Objects made without a home get none. perdure migrate makes room #2 on the first start."
            found.append(
                checks.Warning(f"{setting} is {value!r}, and there is no such object.", hint=hint, id="perdure.W001")
            )
    return found


def _is_missing(number: int) -> bool:
    from perdure.objects.models import ObjectDB

    connection = connections[DEFAULT_DB_ALIAS]
    if ObjectDB._meta.db_table not in connection.introspection.table_names():
        return False
    rows = ObjectDB.unscoped.using(DEFAULT_DB_ALIAS)
    return rows.exists() and not rows.filter(pk=number).exists()
