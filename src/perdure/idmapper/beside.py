"""What a query brings beside the rows of its instances.

Contract: annotations are set on the instance and marked, so that they do not stick: the next query that returns the
instance takes them away. Instances of one result are told of each other (`_new_cohort`), so that what belongs to them
is loaded together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["Beside"]


class Beside:
    """What one compiled query brings beside the rows of its instances."""

    def __init__(self, queryset: Any, compiler: Any) -> None:
        model = queryset.model
        self.extras = (*queryset.query.annotation_select, *queryset.query.extra_select)
        # The models refuse to have some names assigned; nothing else is theirs to decide here.
        self.annotations = [
            (name, setattr if hasattr(model, name) else object.__setattr__, position)
            for name, position in (compiler.annotation_col_map or {}).items()
        ]
        # What a relation leads to is part of a greater result, whose extras it must not take away.
        self.on_its_own = "instance" not in queryset._hints
        self.cohort = model._new_cohort(queryset)

    def give(self, instance: Any, pk: Any, row: Sequence[Any]) -> None:
        """Give `instance`, whose id is `pk`, what `row` (the whole row of the query) brings for it."""
        extras = self.extras
        if (extras or "_extras" in instance.__dict__) and instance.__dict__.get("_extras") != extras:
            instance._carry_extras(extras, only=self.on_its_own)
        if self.cohort is not None:
            self.cohort = self.cohort.add(instance, pk)
        for name, assign, position in self.annotations:
            assign(instance, name, row[position])
