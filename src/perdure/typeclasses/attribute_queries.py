"""Queries by attribute value, typed and indexed.

Contract: `filter_attributes(worth__gt=20)` compares numbers as numbers, text as text, dates as dates; a bool is not an
int. A lookup that does not exist, or that the storage cannot answer correctly, raises `UnknownLookup`. Each lookup is
one condition on one attribute row, so results have no duplicates.

Cost: one indexed sub-query per lookup.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Case, IntegerField, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Substr

from perdure.errors import UnknownLookup, UnstorableValue
from perdure.typeclasses.attribute_model import PREFIX
from perdure.typeclasses.attribute_rows import attribute_model
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.text_lookups import after_prefix
from perdure.values import comparison_key

__all__ = ["AttributeQueries", "value_condition"]

_ORDERINGS = {"gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte"}
_TEXT = ("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "iexact")
_LOOKUPS = ("exact", "in", "isnull", "range", *_ORDERINGS, *_TEXT)
_LARGEST = 2**63
_NO_NUL = "text with a NUL character is stored, but cannot be searched"


def value_condition(lookup: str, operand: Any, where: str) -> Q:
    """The condition on an attribute row that its value compares with `operand` as `lookup` says.

    `where` names the look-up in errors.
    """
    if lookup == "exact":
        return _exactly(operand, where)
    if lookup == "in":
        return _any_of(operand, where)
    if lookup == "range":
        if isinstance(operand, str) or not isinstance(operand, Sequence) or len(operand) != 2:
            raise UnknownLookup(f"{where}: `range` takes the lowest and the highest value, got {operand!r}")
        low, high = operand
        return value_condition("gte", low, where) & value_condition("lte", high, where)
    if lookup in _ORDERINGS:
        return _ordered(lookup, operand, where)
    return _textual(lookup, operand, where)


def _keyed(operand: Any, where: str) -> tuple[str, Any, str | None]:
    try:
        kind, number, text = comparison_key(operand)
    except UnstorableValue as error:
        raise UnknownLookup(f"{where}: such a value cannot be stored, so nothing has it ({error})") from error
    if kind == "i" and number is not None and _LARGEST <= abs(operand) < float("inf"):
        raise UnknownLookup(f"{where}: numbers beyond 64 bits are stored, but cannot be compared")
    return kind, number, text


def _exactly(operand: Any, where: str) -> Q:
    if operand is None:
        return Q(db_kind="n", db_strvalue__isnull=True)
    kind, number, text = _keyed(operand, where)
    if kind == "i":
        if number is None:
            raise UnknownLookup(f"{where}: nothing equals {operand!r}")
        return Q(db_kind="i", db_number=number)
    if kind in "bD":
        return Q(db_kind=kind, db_number=number)
    if text is None:
        raise UnknownLookup(f"{where}: {_NO_NUL}")
    return Q(db_kind=kind, text_prefix=text[:PREFIX]) & Q(db_text=text)


def _any_of(operands: Any, where: str) -> Q:
    if isinstance(operands, str) or not isinstance(operands, Iterable):
        raise UnknownLookup(f"{where}: `in` takes a list of values, got {operands!r}")
    condition = Q(pk__in=[])
    for operand in operands:
        condition |= _exactly(operand, where)
    return condition


def _ordered(lookup: str, operand: Any, where: str) -> Q:
    if isinstance(operand, bool) or operand is None:
        raise UnknownLookup(f"{where}: {operand!r} has no order; compare numbers, text or dates")
    kind, number, text = _keyed(operand, where)
    if kind in "iD":
        if number is None:
            raise UnknownLookup(f"{where}: {operand!r} has no order")
        return Q(db_kind=kind) & Q(**{f"db_number__{lookup}": number})
    if isinstance(operand, str) and text is None:
        raise UnknownLookup(f"{where}: {_NO_NUL}")
    if not isinstance(operand, str | datetime.date | datetime.datetime) or text is None:
        raise UnknownLookup(
            f"{where}: {type(operand).__name__} has no order in the storage; compare numbers, text or dates"
        )
    bound = f"text_prefix__{lookup if lookup.endswith('e') else lookup + 'e'}"
    return Q(db_kind=kind) & Q(**{bound: text[:PREFIX]}) & Q(**{f"db_text__{lookup}": text})


def _textual(lookup: str, operand: Any, where: str) -> Q:
    if not isinstance(operand, str):
        raise UnknownLookup(f"{where}: {lookup} compares text, got {operand!r}")
    text = _keyed(operand, where)[2]
    if text is None:
        raise UnknownLookup(f"{where}: {_NO_NUL}")
    condition = Q(db_kind="s") & Q(**{f"db_text__{lookup}": text})
    if lookup == "startswith":
        condition &= Q(text_prefix__gte=text[:PREFIX])
        after = after_prefix(text[:PREFIX])
        if after is not None:
            condition &= Q(text_prefix__lt=after)
    return condition


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

    def _attribute_rows(self, key: str, category: Any) -> Any:
        table = attribute_model(self.model.__dbclass__)  # type: ignore[attr-defined]
        return (
            table.unscoped.using(self.db)  # type: ignore[attr-defined]
            .filter(db_key=normal_key(key), db_category=normal_category(category), db_attrtype="")
            .alias(text_prefix=Substr("db_text", 1, PREFIX))
        )

    def _owners(self, name: str, operand: Any, category: Any) -> Q:
        key, lookup = _split(name)
        return self.attribute_condition(key, lookup, operand, category, f"filter_attributes({name}=…)")

    def attribute_condition(self, key: str, lookup: str, operand: Any, category: Any, where: str) -> Q:
        """The condition that an object's attribute `key` compares with `operand` as `lookup` says.

        `exists` asks for the attribute, whatever its value; `where` names the look-up in errors.
        """
        rows = self._attribute_rows(key, category)
        if lookup == "isnull":
            there = Q(pk__in=rows.exclude(db_kind="n").values("owner_id"))
            return ~there if operand else there
        if lookup != "exists":
            rows = rows.filter(value_condition(lookup, operand, where))
        return Q(pk__in=rows.values("owner_id"))

    def filter_attributes(self, category: Any = None, **lookups: Any) -> Any:
        """The objects whose attributes match all of `lookups`.

        `worth=5`, `worth__gt=20`, `worth__in=[…]`, `worth__range=(1, 9)`, `name__startswith="a"`, `worth__isnull=True`
        (no such attribute, or None). Raises `UnknownLookup`.
        """
        queryset: Any = self
        for name, operand in lookups.items():
            queryset = queryset.filter(self._owners(name, operand, category))
        return queryset

    def exclude_attributes(self, category: Any = None, **lookups: Any) -> Any:
        """The objects whose attributes do not match all of `lookups`; those without the attribute stay."""
        condition = Q()
        for name, operand in lookups.items():
            condition &= self._owners(name, operand, category)
        return self.exclude(condition)  # type: ignore[attr-defined]

    def order_by_attribute(self, *names: str, category: Any = None) -> Any:
        """Order by attribute values: numbers before text and dates, missing ones last; a leading `-` reverses."""
        queryset: Any = self
        order: list[Any] = []
        for position, name in enumerate(names):
            key = name.removeprefix("-")
            rows = self._attribute_rows(key, category).filter(owner_id=OuterRef("pk"))
            number, text = f"_order_number_{position}", f"_order_text_{position}"
            queryset = queryset.alias(
                **{number: Subquery(rows.values("db_number")[:1]), text: Subquery(rows.values("db_text")[:1])}
            )
            rank = Case(
                When(**{f"{number}__isnull": False}, then=Value(0)),
                When(**{f"{text}__isnull": False}, then=Value(1)),
                default=Value(2),
                output_field=IntegerField(),
            )
            order.append(rank)
            order += [f"-{number}", f"-{text}"] if name.startswith("-") else [number, text]
        return queryset.order_by(*order, "pk")
