"""`smart_search`: one line of text that finds objects.

    sword tag==weapon:kind attr!=worth:0 attr=="owner:king arthur"

Contract: terms are separated by spaces and all of them apply. A word is looked for in the key, upper and lower case
being the same. `tag==key:category` and `tag!=key:category` ask for a tag; without a category for an uncategorised one,
without a key (`tag==:category`) for any of the category. `attr==key:value:category` and `attr!=…` ask for an attribute
value; without a value, for the attribute. Quotes keep spaces and colons together, and make a value a text.

A value is a number (`5`, `-2.5`), `true`, `false`, `none`, or else text, compared as `filter_attributes` compares.
A blank query finds nothing.

Failure modes: `InvalidArgument` with the position of a term that is malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import Q

from perdure.errors import InvalidArgument
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.missing_value import MISSING
from perdure.typeclasses.tag_queries import LONGEST_CATEGORY, carrying

__all__ = ["smart_search"]

_QUOTED = re.compile(r'"([^"]*)"')
_TERM = re.compile(r"(tag|attr)([=!]=)", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]{1,400}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)
_WORDS_WITH_VALUES = {"true": True, "false": False, "none": None}


class _Part(NamedTuple):
    """One part of a criterion, between colons."""

    text: str
    quoted: bool


def smart_search(queryset: Any, query: str) -> Any:
    """The objects of `queryset` that `query` finds, by id. Raises `InvalidArgument` if it is malformed."""
    if not isinstance(query, str):
        raise InvalidArgument(f"smart_search() takes a text, got {query!r}")
    conditions = list(_conditions(queryset, query))
    if not conditions:
        return queryset.none()
    for condition in conditions:
        queryset = queryset.filter(condition)
    return queryset.order_by("pk")


def _conditions(queryset: Any, query: str) -> Iterator[Q]:
    position = 0
    while position < len(query):
        if query[position].isspace():
            position += 1
            continue
        term = _TERM.match(query, position)
        if term is None:
            word, position = _text(query, position, stops=" ")
            yield Q(**{f"{getattr(queryset.model, 'name_source', 'db_key')}__icontains": word.text})
            continue
        parts, end = _parts(query, term.end())
        make = _tag_condition if term[1].lower() == "tag" else _attribute_condition
        condition = make(queryset, parts, f"{query[position:end]!r} (at position {position} of the search)")
        yield condition if term[2] == "==" else ~condition
        position = end


def _parts(query: str, position: int) -> tuple[list[_Part], int]:
    """The parts of a criterion, with or without quotes around one or all of them, and where it ends."""
    whole = _QUOTED.match(query, position)
    if whole is not None and ":" in whole[1] and not query.startswith(":", whole.end()):
        return [_Part(text, False) for text in whole[1].split(":")], whole.end()
    parts = []
    while True:
        part, position = _text(query, position, stops=" :")
        parts.append(part)
        if not query.startswith(":", position):
            return parts, position
        position += 1


def _text(query: str, position: int, stops: str) -> tuple[_Part, int]:
    """The text at `position`: in quotes, or up to one of `stops` (a space stands for any white space)."""
    if query.startswith('"', position):
        quoted = _QUOTED.match(query, position)
        if quoted is None:
            raise InvalidArgument(f"smart_search({query!r}): the quote at position {position} is not closed")
        return _Part(quoted[1], True), quoted.end()
    end = position
    while end < len(query) and not (query[end].isspace() or query[end] in stops):
        end += 1
    return _Part(query[position:end], False), end


def _tag_condition(queryset: Any, parts: list[_Part], where: str) -> Q:
    if len(parts) > 2:
        raise InvalidArgument(f"{where}: a tag is key or key:category")
    key, category = (part.text for part in [*parts, _Part("", False)][:2])
    if not key.strip() and not category.strip():
        raise InvalidArgument(f"{where}: name a tag: tag==key, tag==key:category or tag==:category")
    named = normal_key(key, "tag") if key.strip() else None
    return carrying(queryset, (named, normal_category(category, "tag", LONGEST_CATEGORY)))


def _attribute_condition(queryset: Any, parts: list[_Part], where: str) -> Q:
    if len(parts) > 3:
        raise InvalidArgument(f"{where}: an attribute is key, key:value or key:value:category (quote what has colons)")
    key, value, category = [*parts, _Part("", False), _Part("", False)][:3]
    if not key.text.strip():
        raise InvalidArgument(f"{where}: name an attribute: attr==key:value")
    wanted = _literal(value)
    lookup = "exists" if wanted is MISSING else "exact"
    condition: Q = queryset.attribute_condition(key.text, lookup, wanted, category.text, where)
    return condition


def _literal(part: _Part) -> Any:
    """The value that a part means; MISSING for none."""
    if part.quoted:
        return part.text
    text = part.text.strip()
    if not text:
        return MISSING
    if text.lower() in _WORDS_WITH_VALUES:
        return _WORDS_WITH_VALUES[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else part.text
