"""Prefetching many-to-many relations whose targets several instances share.

Contract: `prefetch_related("tags")` gives each instance its own targets, in the order of the query. Django notes on the
target which instance a row belongs to; a target that is one live instance for many rows can hold only the last of those
notes. So each row's note is read as soon as the row is there.

An adapter: it wraps Django's `create_forward_many_to_many_manager`, for which there is no public hook. The tests of
`tests/idmapper/test_relations.py` fail if Django stops asking it.
"""

from __future__ import annotations

from typing import Any

from django.db.models.fields import related_descriptors

from perdure.idmapper.collector import held_off

__all__ = ["install"]


class _Rows(list[Any]):
    """The targets, one for each row, where Django expects a queryset."""

    _prefetch_related_lookups: Any = ()


def install() -> None:
    """Have many-to-many managers of all models read rows one by one where targets are shared."""
    made_by_django = related_descriptors.create_forward_many_to_many_manager
    if getattr(made_by_django, "_reads_rows", False):
        return

    def create_forward_many_to_many_manager(superclass: Any, rel: Any, reverse: bool) -> Any:
        return _reading_rows(made_by_django(superclass, rel, reverse))

    create_forward_many_to_many_manager._reads_rows = True  # type: ignore[attr-defined]
    related_descriptors.create_forward_many_to_many_manager = create_forward_many_to_many_manager


def _reading_rows(base: Any) -> Any:
    class ManyRelatedManager(base):  # type: ignore[misc]  # called as Django calls it
        def get_prefetch_querysets(self, instances: Any, querysets: Any = None) -> tuple[Any, ...]:
            """As Django's, with the rows in place of the queryset."""
            queryset, owner_of, *others = super().get_prefetch_querysets(instances, querysets)
            if not hasattr(queryset.model, "__dbclass__"):
                return (queryset, owner_of, *others)
            lookups, queryset._prefetch_related_lookups = queryset._prefetch_related_lookups, ()
            rows, owners = _Rows(), []
            rows._prefetch_related_lookups = lookups
            with held_off:
                for target in queryset._iterable_class(queryset):
                    rows.append(target)
                    owners.append(owner_of(target))
            # Django asks for the owner of each row once, in their order.
            in_turn = iter(owners)
            return (rows, lambda target: next(in_turn), *others)

    return ManyRelatedManager
