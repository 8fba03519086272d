"""Look-ups by attribute and nick: the documented methods of managers.

Contract: all criteria of a call apply to the same attribute. Values compare as `filter_attributes` compares them; a
value is "not given" only when it is left out, so None, 0, False and `""` can be searched. Keys and categories are
compared in the normal form they are stored in; a blank key matches nothing. An owner is found once.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.functions import Right

from perdure.typeclasses.keys import normal_category
from perdure.typeclasses.missing_value import MISSING
from perdure.typeclasses.nicks import nick_slot
from perdure.typeclasses.owner_conditions import AttributeRows
from perdure.typeclasses.tag_queries import searched_key
from perdure.typeclasses.value_conditions import ValueCondition, string_condition, value_condition
from perdure.values import encode

__all__ = ["AttributeSearches"]

NICK = "nick"


class AttributeSearches:
    """The documented look-ups of attributes, and of objects by attribute, of a manager of typed objects."""

    model: Any
    get_queryset: Any

    # --- attributes

    def get_attribute(
        self,
        key: Any = None,
        category: Any = None,
        value: Any = MISSING,
        strvalue: str | None = None,
        obj: Any = None,
        attrtype: str | None = None,
        **criteria: Any,
    ) -> Any:
        """A queryset of the attributes of this manager's objects.

        Args:
            key: only attributes of this key.
            category: only of this category; None for any, `""` for uncategorised ones.
            value: only those with this value, None included.
            strvalue: only those with this plain string beside the value; beats `value`.
            obj: only those of this object.
            attrtype: None for plain attributes, `nick` for nicks.
            criteria: further look-ups on fields of the attribute, as `filter()` takes them.
        """
        rows = self._attributes(key, category, value, strvalue, attrtype)
        return self._of(rows.queryset(self.get_queryset().db).filter(**criteria), obj)

    def get_nick(
        self, key: Any = None, category: Any = None, value: Any = MISSING, strvalue: str | None = None, obj: Any = None
    ) -> Any:
        """A queryset of the nicks of this manager's objects; `value` (or `strvalue`) is the replacement."""
        replacement = value if strvalue is None else strvalue
        return self._of(self._nicks(key, replacement, category), obj)

    def _of(self, rows: Any, obj: Any) -> Any:
        family = self.model.__dbclass__
        owners = self.get_queryset()
        if obj is not None:
            if not isinstance(obj, family):
                return rows.none()
            owners = owners.filter(pk=obj.pk)
        elif self.model is family:
            return rows.order_by("pk")
        return rows.filter(owner_id__in=owners.order_by().values("pk")).order_by("pk")

    # --- objects

    def get_by_attribute(
        self,
        key: Any = None,
        category: Any = None,
        value: Any = MISSING,
        strvalue: str | None = None,
        attrtype: str | None = None,
        **criteria: Any,
    ) -> Any:
        """The objects that have an attribute which meets all criteria; see `get_attribute` for these.

        Raises `UnknownLookup` for a value that cannot be stored, and so is nobody's.
        """
        rows = self._attributes(key, category, value, strvalue, attrtype)
        queryset = self.get_queryset()
        if not criteria:
            return queryset.filter(rows.condition())
        return queryset.filter(pk__in=rows.queryset(queryset.db).filter(**criteria).order_by().values("owner_id"))

    def get_by_nick(self, key: Any = None, nick: Any = None, category: Any = "inputline") -> Any:
        """The objects that have a nick of this pattern, this replacement (`nick`), in this category (None: any)."""
        rows = self._nicks(key, MISSING if nick is None else nick, category)
        return self.get_queryset().filter(pk__in=rows.order_by().values("owner_id"))

    # --- rows

    def _attributes(
        self, key: Any, category: Any, value: Any, strvalue: str | None, attrtype: str | None
    ) -> AttributeRows:
        values: tuple[ValueCondition, ...] = ()
        if strvalue is not None:
            values = (string_condition(strvalue),)
        elif value is not MISSING:
            values = (value_condition("exact", value, f"get_by_attribute({key!r}, value=…)"),)
        return AttributeRows(
            self.model.__dbclass__,
            normal_category(attrtype, "attribute type", 16),
            None if category is None else normal_category(category),
            None if key is None else searched_key(key, "attribute"),
            values,
        )

    def _nicks(self, key: Any, replacement: Any, category: Any) -> Any:
        rows = AttributeRows(self.model.__dbclass__, NICK).queryset(self.get_queryset().db)
        if key is not None:
            blank = isinstance(key, str) and not key.strip()
            rows = rows.filter(db_key="" if blank else nick_slot(key, None)[2])
        if category is not None:
            rows = rows.filter(db_category=normal_category(category, NICK))
        return rows if replacement is MISSING else _replacing_by(rows, replacement)


def _replacing_by(rows: Any, replacement: Any) -> Any:
    """Those of the nick `rows` that replace by this text, or (given as the four strings) are this nick."""
    if not isinstance(replacement, str):
        return rows.filter(value_condition("exact", replacement, "get_nick(value=…)"))
    # A nick is stored as a tuple whose last item is the replacement. In JSON an unescaped quote opens or closes a
    # text, so the row ends with this if and only if its last item is the one.
    closing = encode(("", "", "", "")).text.rpartition('""')[2]
    ending = f",{encode(replacement).text}{closing}"
    return rows.alias(value_end=Right("db_value", len(ending))).filter(Q(value_end=ending))
