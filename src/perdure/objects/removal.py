"""Taking an object's row out of the database, with as few statements as it takes.

Contract: `remove_row` deletes the row, its attributes and its links to tags, marks the live instance deleted and tells
Django's signals, as `Model.delete()` would, inside the caller's transaction. Nothing else may refer to the row: the
caller has dealt with what is inside, with homes and with destinations (`references_to` says whether there are any).
Where rows still refer to it (a hook may have made some), Django's own delete, which knows how to cascade, has to do it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from django.db.models import signals

from perdure.idmapper.ownership import check_owner
from perdure.transactions import Statement, fetch, send, unit_of_work
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
def _question(model: Any) -> Statement:
    """One statement that asks for all references."""
    own = model._meta.db_table
    columns = [(own, "db_location_id"), (own, "db_home_id"), (own, "db_destination_id"), *_foreign_columns(model)]
    asked = ", ".join(f'EXISTS(SELECT 1 FROM "{table}" WHERE "{column}" = %s)' for table, column in columns)
    return Statement(f"SELECT {asked}", changes_rows=False)


def references_to(obj: Any) -> References:
    """What refers to an object. One statement."""
    model = obj.__dbclass__
    unit = unit_of_work(obj._state.db)
    unit.before_statement()  # what is gathered may put something in here
    question = _question(model)
    ((located, at_home, leading, *others),) = fetch(unit, question, [obj.pk] * (3 + len(_foreign_columns(model))))
    return References(bool(located), bool(at_home), bool(leading), any(others))


class _Removal(NamedTuple):
    """The statements that take the row of an object out, with what hangs on it alone."""

    unlink: Statement
    remove_attributes: Statement
    remove: Statement


@cache
def _removal(model: Any) -> _Removal:
    tags = model._meta.get_field("db_tags")
    links = tags.remote_field.through._meta.db_table
    return _Removal(
        Statement(f'DELETE FROM "{links}" WHERE "{tags.m2m_column_name()}" = %s RETURNING "{tags.m2m_reverse_name()}"'),
        Statement(f'DELETE FROM "{attribute_model(model)._meta.db_table}" WHERE "owner_id" = %s'),
        Statement(f'DELETE FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" = %s'),
    )


def remove_row(obj: Any) -> None:
    """Delete the row of an object that nothing refers to."""
    alias = obj._state.db
    unit = unit_of_work(alias)
    check_owner(obj, unit)
    cls = type(obj)
    model = obj.__dbclass__
    signals.pre_delete.send(sender=cls, instance=obj, using=alias, origin=obj)
    unit.before_statement()
    statements = _removal(model)
    carried = fetch(unit, statements.unlink, [obj.pk])
    if carried:
        remove_unused_tags(unit, model, [tag for (tag,) in carried])
    send(unit, statements.remove_attributes, [obj.pk])
    send(unit, statements.remove, [obj.pk])
    signals.post_delete.send(sender=cls, instance=obj, using=alias, origin=obj)
    obj._close()
