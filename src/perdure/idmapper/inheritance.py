"""Multi-table inheritance: a child's row spans several tables, each of which may have a live instance of its own.

Contract: a write through one of them expires, in the others, the fields they share.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from perdure.idmapper.identity import identity_map
from perdure.transactions.connection import unit_of_work

__all__ = ["expire_relatives", "expire_shared", "relatives"]


@cache
def relatives(model: Any) -> tuple[Any, ...]:
    """The shared-memory models whose rows overlap those of `model` (concrete parents and children, at any depth)."""
    found: list[Any] = []
    todo = [model]
    while todo:
        meta = todo.pop()._meta
        near = [*meta.parents, *(rel.related_model for rel in meta.related_objects if rel.parent_link)]
        for candidate in near:
            if candidate is not model and candidate not in found and hasattr(candidate, "__dbclass__"):
                found.append(candidate)
                todo.append(candidate)
    return tuple(found)


def expire_relatives(instance: Any, names: Iterable[str]) -> None:
    """Expire `names` in the live instances that share the row of `instance`."""
    for model in relatives(instance._meta.concrete_model):
        live = identity_map(instance._state.db, model).get(instance.pk)
        if live is not None:
            unit_of_work(instance._state.db).touch(live, "fields")
            expire_shared(live, names)


def expire_shared(instance: Any, names: Iterable[str]) -> None:
    """Expire those of `names` that `instance` has a field of, and what the database derives from them."""
    own = {field.attname for field in instance._meta.concrete_fields}
    instance._expire_fields([*(name for name in names if name in own), *instance._generated_names])
