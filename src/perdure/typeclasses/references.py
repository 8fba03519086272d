"""References to typed objects inside stored values, and the question who refers to an object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS

from perdure.errors import DeletedObject, UnsavedObject
from perdure.idmapper.identity import identity_map
from perdure.idmapper.states import describe
from perdure.typeclasses.attribute_rows import attribute_model
from perdure.values import Reference, set_reference_hooks

__all__ = ["connect", "families", "referrers"]


def families() -> list[Any]:
    """The db models of all kinds of typed objects."""
    return [model for model in apps.get_models() if hasattr(model, "__defaultclasspath__")]


def _is_entity(value: object) -> bool:
    return hasattr(type(value), "__defaultclasspath__")


def _to_reference(entity: Any) -> Reference:
    if entity.__dict__.get("_is_deleted"):
        raise DeletedObject(f"{describe(entity)} cannot be stored in an attribute: its row is gone")
    if entity._state.adding:
        raise UnsavedObject(f"{type(entity).__name__} without a row cannot be stored in an attribute; save() it first")
    return Reference(entity.__dbclass__._meta.label_lower, entity.pk)


def _resolve(references: Collection[Reference]) -> Mapping[Reference, object]:
    wanted: dict[str, list[Any]] = defaultdict(list)
    found: dict[Reference, object] = {}
    for reference in references:
        if isinstance(reference.model, str) and _is_pk(reference.pk):
            wanted[reference.model].append(reference.pk)
    for label, pks in wanted.items():
        try:
            model: Any = apps.get_model(label)
        except (LookupError, ValueError):
            continue
        if not hasattr(model, "__defaultclasspath__"):
            continue  # only typed objects are ever stored as references; whatever else the text names stays unread
        known = identity_map(DEFAULT_DB_ALIAS, model)
        live = {pk: known.get(pk) for pk in pks}
        cold = [pk for pk, instance in live.items() if instance is None]
        if cold:
            live |= {instance.pk: instance for instance in model.unscoped.filter(pk__in=cold)}
        found |= {Reference(label, pk): instance for pk, instance in live.items() if instance is not None}
    return found


def _is_pk(value: object) -> bool:
    """Whether a stored reference's id can be the id of a row at all."""
    return type(value) is int and 0 < value < 2**63


def connect() -> None:
    """Teach stored values about typed objects."""
    set_reference_hooks(_is_entity, _to_reference, _resolve)


def referrers(obj: Any) -> list[Any]:
    """The live objects whose attributes refer to `obj`, by kind and id. One query for each kind of entity."""
    mark = f" {obj.__dbclass__._meta.label_lower}:{obj.pk} "
    found: list[Any] = []
    for model in families():
        rows = attribute_model(model).objects.using(obj._state.db).filter(db_references__contains=mark)
        owners = rows.order_by("owner_id").values_list("owner_id", flat=True).distinct()
        found += model.unscoped.using(obj._state.db).filter(pk__in=list(owners)).order_by("pk")
    return found
