"""What may host a script, and in which column it goes."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from perdure.errors import EntityNotFound, InvalidArgument
from perdure.idmapper.wrappers import dbref_number

__all__ = ["family_name", "host_fields", "host_filter"]


def family_name(entity: object) -> str:
    """Name of the db model of an entity; empty for anything else."""
    return getattr(getattr(entity, "__dbclass__", None), "__name__", "")


def host_fields(host: Any) -> dict[str, Any]:
    """The two host columns for `host`: an object, an account, the id or dbref of an object, or None.

    Raises `InvalidArgument` for anything else, `EntityNotFound` for an id that is not there.
    """
    family = family_name(host)
    if host is None or family == "ObjectDB":
        return {"db_obj": host, "db_account": None}
    if family == "AccountDB":
        return {"db_obj": None, "db_account": host}
    number = dbref_number(host)
    if number is None:
        raise InvalidArgument(
            f"the host of a script is {host!r} ({type(host).__name__}); give an object, an account, the id or dbref of "
            "an object, or None"
        )
    found = apps.get_model("objects", "ObjectDB")._base_manager.filter(pk=number).first()
    if found is None:
        raise EntityNotFound(f"the host of a script is {host!r}, but there is no object #{number}")
    return {"db_obj": found, "db_account": None}


def host_filter(host: Any) -> dict[str, Any]:
    """The query for the scripts of `host` (an object or an account)."""
    fields = host_fields(host)
    return {"db_account": host} if fields["db_account"] is not None else {"db_obj": fields["db_obj"]}
