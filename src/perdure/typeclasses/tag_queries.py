"""Queries by tag, alias and permission: the documented methods of managers.

Contract: each tag asked for is one condition of key, category and type together, so that an alias never stands in for
a tag, nor two tags of one category for two categories. Keys and categories are compared in the normal form they are
stored in. A blank key matches nothing, and no criteria at all find nothing. A typeclass manager answers for its class.

Failure modes: `TagCriteriaMismatch` for more keys than categories; `InvalidKey` for keys that are not text or numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from perdure.errors import TagCriteriaMismatch
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.tag_model import Tag

__all__ = ["TagCriterion", "TagQueries", "carrying"]

LONGEST_CATEGORY = 64
LONGEST_TYPE = 16

TagCriterion = tuple[str | None, str | None]
"""`(key, category)` in normal form; None for any."""


def searched_key(key: Any, what: str = "tag") -> str:
    """`key` in normal form; `""`, which nothing has, for a blank one. Raises `InvalidKey` if it is no text."""
    if isinstance(key, str) and not key.strip():
        return ""
    return normal_key(key, what)


def _type_of(tagtype: str | None) -> str:
    return normal_category(tagtype, "tag type", LONGEST_TYPE)


def _tag_condition(model: Any, criterion: TagCriterion, tagtype: str, prefix: str = "") -> Q:
    """The condition on a tag row that it is one of those meant."""
    key, category = criterion
    condition = Q(**{f"{prefix}db_tagtype": tagtype, f"{prefix}db_model": model._meta.model_name})
    if key is not None:
        condition &= Q(**{f"{prefix}db_key": key})
    if category is not None:
        condition &= Q(**{f"{prefix}db_category": category})
    return condition


class _Links:
    """The table that links a db model to tags, and the names of its columns."""

    def __init__(self, model: Any, alias: str) -> None:
        field = model._meta.get_field("db_tags")
        self.model = model
        self.rows = field.remote_field.through._base_manager.using(alias)
        self.owner = field.m2m_field_name()
        self.tag = field.m2m_reverse_field_name()

    def to(self, criteria: Iterable[TagCriterion], tagtype: str) -> Any:
        """The links to a tag that any of `criteria` means."""
        wanted = Q(pk__in=[])
        for criterion in criteria:
            wanted |= _tag_condition(self.model, criterion, tagtype, f"{self.tag}__")
        return self.rows.filter(wanted)

    def owners(self, criterion: TagCriterion, tagtype: str) -> Any:
        """Ids of those who carry what `criterion` means."""
        return self.to([criterion], tagtype).values(f"{self.owner}_id")


def carrying(queryset: Any, criterion: TagCriterion, tagtype: str = "") -> Q:
    """The condition that an object of `queryset` carries a tag that `criterion` means."""
    return Q(pk__in=_Links(queryset.model.__dbclass__, queryset.db).owners(criterion, tagtype))


def _many(given: Any) -> list[Any] | None:
    """What was given as a list without repetitions, or None."""
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [given]
    return list(given)


def _criteria(key: Any, category: Any) -> list[TagCriterion]:
    """What `get_by_tag` is asked for, without repetitions."""
    keys, categories = _many(key), _many(category)
    given = [normal_category(one, "tag", LONGEST_CATEGORY) for one in categories or ()]
    if keys is None:
        # One blank category is "no category"; in a list it is a wish for uncategorised tags.
        alone = [] if given == [""] and not isinstance(category, list | tuple | set | frozenset) else given
        return list(dict.fromkeys((None, one) for one in alone))
    if not given:
        given = [""]
    if len(given) == 1:
        given *= len(keys)
    if len(given) < len(keys):
        raise TagCriteriaMismatch(
            f"get_by_tag() got {len(keys)} keys and {len(given)} categories; give one for all keys, or one each"
        )
    return list(dict.fromkeys(zip((searched_key(one) for one in keys), given, strict=False)))


class TagQueries:
    """The documented look-ups of tags, and of objects by tag, of a manager of typed objects."""

    model: Any
    db: Any
    get_queryset: Any

    # --- tags

    def get_tag(
        self,
        key: Any = None,
        category: Any = None,
        obj: Any = None,
        tagtype: str | None = None,
        global_search: bool = False,
    ) -> Any:
        """A queryset of the tags that this manager's objects carry.

        Args:
            key: only tags of this key.
            category: only tags of this category; None for any, `""` for uncategorised ones.
            obj: only tags that this object carries.
            tagtype: None for plain tags, `alias` or `permission`.
            global_search: look in all tags of the kind of entity, carried or not; then a category of None means
                uncategorised.
        """
        family = self.model.__dbclass__
        queryset = self.get_queryset()
        if global_search and category is None:
            category = ""
        criterion = (
            None if key is None else searched_key(key),
            None if category is None else normal_category(category, "tag", LONGEST_CATEGORY),
        )
        tags = (
            Tag.objects.using(queryset.db).filter(_tag_condition(family, criterion, _type_of(tagtype))).order_by("pk")
        )
        if global_search and obj is None:
            return tags
        if obj is not None:
            if not isinstance(obj, family):
                return tags.none()
            queryset = queryset.filter(pk=obj.pk)
        links = _Links(family, queryset.db)
        carried = links.rows.filter(**{f"{links.owner}__in": queryset.order_by().values("pk")})
        return tags.filter(pk__in=carried.values(f"{links.tag}_id"))

    def get_permission(self, key: Any = None, category: Any = None, obj: Any = None) -> Any:
        """`get_tag` for permissions."""
        return self.get_tag(key, category, obj, "permission")

    def get_alias(self, key: Any = None, category: Any = None, obj: Any = None) -> Any:
        """`get_tag` for aliases."""
        return self.get_tag(key, category, obj, "alias")

    def create_tag(self, key: Any = None, category: Any = None, data: Any = None, tagtype: str | None = None) -> Tag:
        """Find or create the tag of this key, category and type; `data`, if given, replaces what describes it.

        Raises `InvalidKey` if the key is blank, no text or too long.
        """
        described = None if data is None else str(data)
        tag, created = Tag.objects.using(self.db).get_or_create(
            db_key=normal_key(key, "tag"),
            db_category=normal_category(category, "tag", LONGEST_CATEGORY),
            db_tagtype=_type_of(tagtype),
            db_model=self.model.__dbclass__._meta.model_name,
            defaults={"db_data": described},
        )
        if not created and described is not None and tag.db_data != described:
            tag.db_data = described
            tag.save(update_fields=["db_data"])
        return tag

    # --- objects

    def get_by_tag(
        self,
        key: Any = None,
        category: Any = None,
        tagtype: str | None = None,
        match: Literal["all", "any"] | str = "all",
    ) -> Any:
        """The objects that carry tags, each annotated with `matches`, the number of its tags that were asked for.

        Args:
            key: a key or several; None for any tag of the categories.
            category: of all keys, or a list with one for each key. None is uncategorised.
            tagtype: None for plain tags, `alias` or `permission`.
            match: `"any"` for those with at least one, most matches first; otherwise only those with all, by id.

        Without criteria nothing is found. Raises `TagCriteriaMismatch` for several categories, but fewer than keys.
        """
        queryset = self.get_queryset()
        criteria, of_type = _criteria(key, category), _type_of(tagtype)
        if not criteria:
            return queryset.none()
        links = _Links(self.model.__dbclass__, queryset.db)
        counted = (
            links.to(criteria, of_type)
            .filter(**{links.owner: OuterRef("pk")})
            .order_by()
            .values(links.owner)
            .annotate(number=Count("pk"))
            .values("number")
        )
        queryset = queryset.annotate(matches=Coalesce(Subquery(counted, output_field=IntegerField()), Value(0)))
        if match == "any":
            wanted = links.to(criteria, of_type).values(f"{links.owner}_id")
            return queryset.filter(pk__in=wanted).order_by("-matches", "pk")
        for criterion in criteria:
            queryset = queryset.filter(pk__in=links.owners(criterion, of_type))
        return queryset.order_by("pk")

    def get_by_permission(self, key: Any = None, category: Any = None) -> Any:
        """`get_by_tag` for permissions."""
        return self.get_by_tag(key, category, "permission")

    def get_by_alias(self, key: Any = None, category: Any = None) -> Any:
        """`get_by_tag` for aliases."""
        return self.get_by_tag(key, category, "alias")
