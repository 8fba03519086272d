"""Prefetched relations on instances that outlive the query.

Contract: each query that prefetches a relation fetches it anew, whatever an earlier one left on its instances. A result
that only fits its own query (a `Prefetch` with a queryset or a name of its own) is an extra of the instance, like an
annotation: it goes with the next query that returns the instance.

Django asks whether an instance has the relation already and then leaves it alone; so what is there is dropped first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.db.models.constants import LOOKUP_SEP
from django.db.models.query import normalize_prefetch_lookups

__all__ = ["prefetch"]


def prefetch(instances: Sequence[Any], lookups: Sequence[str | Prefetch[Any]]) -> None:
    """Django's `prefetch_related_objects`, with nothing left over from before."""
    known = normalize_prefetch_lookups(lookups)
    for position, lookup in enumerate(known):
        path, _, name = lookup.prefetch_to.rpartition(LOOKUP_SEP)
        special = lookup.queryset is not None or lookup.to_attr != lookup.prefetch_through.rpartition(LOOKUP_SEP)[2]
        if not path:
            _forget(instances, name, special)
        elif special:
            prefetch_related_objects(instances, *known[:position], path)
            _forget(_reached(instances, path), name, special)
    prefetch_related_objects(instances, *known)


def _forget(instances: Iterable[Any], name: str, special: bool) -> None:
    for instance in instances:
        if not hasattr(instance, "__dbclass__"):
            continue
        instance.__dict__.pop(name, None)
        cached = instance.__dict__.get("_prefetched")
        if cached is not None:
            cached.pop(name, None)
        if special:
            instance._carry_extras((name,))


def _reached(instances: Iterable[Any], path: str) -> list[Any]:
    """The instances at the end of a relation path, all of which has been prefetched."""
    found = list(instances)
    for part in path.split(LOOKUP_SEP):
        found = [target for instance in found for target in _targets(instance, part)]
    return found


def _targets(instance: Any, name: str) -> Iterable[Any]:
    many = getattr(instance, "_prefetched_objects_cache", {})
    if name in many:
        return list(many[name])
    one = getattr(instance, name, None)
    if one is None:
        return ()
    return one if isinstance(one, list) else (one,)
