"""Queries by attribute value, typed and indexed.

Contract: `filter_attributes(worth__gt=20)` compares numbers as numbers, text as text, dates as dates; a bool is not an
int. A lookup that does not exist, or that the storage cannot answer correctly, raises `UnknownLookup`. All lookups of
one attribute are conditions on its one row, so results have no duplicates.

Cost: one indexed sub-query per attribute that is compared, and one join per attribute that orders.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, OrderBy, Q

from perdure.errors import UnknownLookup
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.owner_conditions import AttributeRows
from perdure.typeclasses.value_conditions import LOOKUPS, NOT_NONE, ValueCondition, value_condition

__all__ = ["AttributeQueries"]

_LOOKUPS = (*LOOKUPS, "isnull")


def _split(name: str) -> tuple[str, str]:
    key, separator, lookup = name.rpartition("__")
    if not separator or not key:
        return name, "exact"
    if lookup not in _LOOKUPS:
        raise UnknownLookup(
            f"filter_attributes({name}=…): attributes have no lookup {lookup!r}; there are {', '.join(_LOOKUPS)} "
            "(look an attribute with two underscores in its name up by get_by_attribute)"
        )
    return key, lookup


class AttributeQueries:
    """The attribute look-ups of a queryset of typed objects."""

    def _attribute_rows(self, key: str, category: Any, *values: ValueCondition) -> AttributeRows:
        family = self.model.__dbclass__  # type: ignore[attr-defined]
        return AttributeRows(family, "", normal_category(category), normal_key(key), values)

    def attribute_condition(self, key: str, lookup: str, operand: Any, category: Any, where: str) -> Q:
        """The condition that an object's attribute `key` compares with `operand` as `lookup` says.

        `exists` asks for the attribute, whatever its value; `where` names the look-up in errors.
        """
        if lookup == "isnull":
            there = self._attribute_rows(key, category, NOT_NONE).condition()
            return ~there if operand else there
        values = () if lookup == "exists" else (value_condition(lookup, operand, where),)
        return self._attribute_rows(key, category, *values).condition()

    def _conditions(self, category: Any, lookups: dict[str, Any]) -> list[Q]:
        """The conditions that together say that the attributes of an object match all of `lookups`."""
        conditions = []
        values: dict[str, list[ValueCondition]] = {}
        for name, operand in lookups.items():
            key, lookup = _split(name)
            where = f"filter_attributes({name}=…)"
            if lookup == "isnull":
                conditions.append(self.attribute_condition(key, lookup, operand, category, where))
            else:
                values.setdefault(key, []).append(value_condition(lookup, operand, where))
        return conditions + [self._attribute_rows(key, category, *wanted).condition() for key, wanted in values.items()]

    def filter_attributes(self, category: Any = None, **lookups: Any) -> Any:
        """The objects whose attributes match all of `lookups`.

        `worth=5`, `worth__gt=20`, `worth__in=[…]`, `worth__range=(1, 9)`, `name__startswith="a"`, `worth__isnull=True`
        (no such attribute, or None). Raises `UnknownLookup`.
        """
        return self.filter(*self._conditions(category, lookups))  # type: ignore[attr-defined]

    def exclude_attributes(self, category: Any = None, **lookups: Any) -> Any:
        """The objects whose attributes do not match all of `lookups`; those without the attribute stay."""
        return self.exclude(*self._conditions(category, lookups))  # type: ignore[attr-defined]

    def order_by_attribute(self, *names: str, category: Any = None) -> Any:
        """Order by attribute values: numbers before text and dates, missing ones last; a leading `-` reverses."""
        relations = {
            f"_order_{position}": self._attribute_rows(name.removeprefix("-"), category).relation()
            for position, name in enumerate(names)
        }
        order: list[Any] = []
        for joined, name in zip(relations, names, strict=True):
            for column in (F(f"{joined}__db_number"), F(f"{joined}__db_text")):
                order.append(OrderBy(column, descending=name.startswith("-"), nulls_last=True))
        return self.alias(**relations).order_by(*order, "pk")  # type: ignore[attr-defined]
