"""The documented methods of the managers of typed objects.

Contract: every method obeys the manager it is called on: on a typeclass it answers for exactly that class. What gives
objects gives a queryset that chains on. Ids are taken as `5`, `"5"` or `"#5"`, and answered from memory where it can.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Count, ExpressionWrapper, F, FloatField

from perdure.idmapper.wrappers import dbref_number
from perdure.typeclasses import registry
from perdure.typeclasses.attribute_searches import AttributeSearches
from perdure.typeclasses.tag_queries import TagQueries

__all__ = ["DocumentedQueries"]

PATH = "db_typeclass_path"


class DocumentedQueries(AttributeSearches, TagQueries):
    """Look-ups by id, class, attribute, nick and tag, as the documents name them."""

    get: Any

    # --- ids

    def dbref(self, dbref: Any, reqhash: bool = True) -> Any:
        """`"12"` for `"#12"`; None for what is no dbref. With `reqhash=False`, `12` and `"12"` are given back too."""
        hashed = isinstance(dbref, str) and dbref.strip().startswith("#")
        if dbref_number(dbref) is None or (reqhash and not hashed):
            return None
        return dbref.strip().removeprefix("#") if isinstance(dbref, str) else dbref

    def get_id(self, dbref: Any) -> Any:
        """The object of this id (`5`, `"5"`, `"#5"`), or None."""
        number = dbref_number(dbref)
        if number is None:
            return None
        try:
            return self.get(pk=number)
        except ObjectDoesNotExist:
            return None

    def dbref_search(self, dbref: Any) -> Any:
        """A queryset of the object of this id, empty if there is none."""
        number = dbref_number(dbref)
        queryset = self.get_queryset()
        return queryset.none() if number is None else queryset.filter(pk=number)

    search_dbref = dbref_search

    def get_dbref_range(self, min_dbref: Any = None, max_dbref: Any = None) -> Any:
        """The objects with ids from `min_dbref` to `max_dbref`, both included, by id; none if one is no id."""
        queryset = self.get_queryset().order_by("pk")
        for lookup, bound in (("pk__gte", min_dbref), ("pk__lte", max_dbref)):
            if bound is None:
                continue
            number = dbref_number(bound)
            if number is None and not isinstance(bound, int):
                return queryset.none()
            queryset = queryset.filter(**{lookup: bound if number is None else number})
        return queryset

    # --- classes

    def get_typeclass_totals(self) -> Any:
        """A queryset of dicts `typeclass` (the stored path), `count` and `percent`, most frequent first."""
        queryset = self.get_queryset()
        total = queryset.count()
        percent = ExpressionWrapper(Count("pk") * 100.0 / max(total, 1), output_field=FloatField())
        return (
            queryset.order_by()
            .values(typeclass=F(PATH))
            .annotate(count=Count("pk"), percent=percent)
            .order_by("-count", "typeclass")
        )

    def object_totals(self) -> dict[str, int]:
        """How many objects there are by stored path."""
        rows = self.get_queryset().order_by().values_list(PATH).annotate(Count("pk"))
        return dict(rows.order_by(PATH))

    def typeclass_search(self, typeclass: Any, include_children: bool = False, include_parents: bool = False) -> Any:
        """The objects of exactly this class; of those derived from it and those it is derived from, too, if asked for.

        Args:
            typeclass: a class, or its path (shortened too).
            include_children: classes derived from it, as far as they are known.
            include_parents: typeclasses that it is derived from.

        Raises `TypeclassNotFound` (an ImportError) or `WrongFamily`.
        """
        family = self.model.__dbclass__
        cls = registry.resolve(typeclass, family)
        paths = set(registry.own_paths(cls))
        if include_children:
            paths.update(registry.family_paths(cls))
        if include_parents:
            for base in cls.__mro__:
                if getattr(base, "__dbclass__", None) is family and base is not family:
                    paths.update(registry.own_paths(base))
        return self.get_queryset().filter(**{f"{PATH}__in": sorted(paths)})
