"""Taking an object's row out of the database, with as few statements as it takes.

Contract: `remove_row` deletes the row, its attributes and its links to tags, marks the live instance deleted and tells
Django's signals, as `Model.delete()` would, inside the caller's transaction. It does so only if nothing else refers to
the row: the caller has dealt with what is inside, with homes and with destinations (`references_to` says whether there
are any), and where rows still refer to it (a hook may have made some), it does nothing and answers False, so
that Django's own delete, which knows how to cascade, takes over.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from django.db.models import signals

from perdure.idmapper.ownership import check_owner
from perdure.transactions import unit_of_work
from perdure.typeclasses.attribute_rows import attribute_model
from perdure.typeclasses.tag_store import remove_unused_tags

__all__ = ["References", "references_to", "remove_row"]


class References(NamedTuple):
    """Which kinds of references to an object there are among objects, and whether other models have any."""

    located: bool
    at_home: bool
    leading: bool
    others: bool


@cache
def _foreign_columns(model: Any) -> tuple[tuple[str, str], ...]:
    """Tables and columns, beside those of objects themselves, that refer to objects."""
    own = {model, attribute_model(model), model._meta.get_field("db_tags").remote_field.through}
    found = []
    for relation in model._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or relation.many_to_many or relation.related_model in own:
            continue
        found.append((relation.related_model._meta.db_table, relation.field.column))
    return tuple(found)


@cache
def _question(model: Any, vendor: str) -> str:
    """One statement that asks for all references."""
    own = model._meta.db_table
    columns = [(own, "db_location_id"), (own, "db_home_id"), (own, "db_destination_id"), *_foreign_columns(model)]
    return "SELECT " + ", ".join(f'EXISTS(SELECT 1 FROM "{table}" WHERE "{column}" = %s)' for table, column in columns)


def references_to(obj: Any) -> References:
    """What refers to an object. One statement."""
    model = obj.__dbclass__
    connection = unit_of_work(obj._state.db).connection
    question = _question(model, connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(question, [obj.pk] * question.count("%s"))
        located, at_home, leading, *others = cursor.fetchone()
    return References(bool(located), bool(at_home), bool(leading), any(others))


def remove_row(obj: Any) -> bool:
    """Delete the row of an object that nothing refers to; False, and nothing done, if anything does."""
    if any(references_to(obj)):
        return False
    alias = obj._state.db
    unit = unit_of_work(alias)
    check_owner(obj, unit)
    cls = type(obj)
    model = obj.__dbclass__
    tags = model._meta.get_field("db_tags")
    links = tags.remote_field.through._meta.db_table
    owner, tag = tags.m2m_column_name(), tags.m2m_reverse_name()
    signals.pre_delete.send(sender=cls, instance=obj, using=alias, origin=obj)
    with unit.connection.cursor() as cursor:
        cursor.execute(f'SELECT "{tag}" FROM "{links}" WHERE "{owner}" = %s', [obj.pk])
        carried = [row[0] for row in cursor.fetchall()]
        if carried:
            cursor.execute(f'DELETE FROM "{links}" WHERE "{owner}" = %s', [obj.pk])
            remove_unused_tags(unit.connection, cursor, model, carried)
        cursor.execute(f'DELETE FROM "{attribute_model(model)._meta.db_table}" WHERE "owner_id" = %s', [obj.pk])
        cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" = %s', [obj.pk])
    signals.post_delete.send(sender=cls, instance=obj, using=alias, origin=obj)
    obj._close()
    return True
