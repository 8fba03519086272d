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
from perdure.typeclasses.owner_conditions import TagLinks
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


def carrying(queryset: Any, criterion: TagCriterion, tagtype: str = "") -> Q:
    """The condition that an object of `queryset` carries a tag that `criterion` means."""
    return TagLinks(queryset.model.__dbclass__, (criterion,), tagtype).condition()


def _link_names(model: Any) -> tuple[Any, str, str]:
    """The model of the links of a db model to tags, and its fields: who carries, and what."""
    field = model._meta.get_field("db_tags")
    return field.remote_field.through, field.m2m_field_name(), field.m2m_reverse_field_name()


def _number_of_matches(model: Any, alias: str, criteria: list[TagCriterion], tagtype: str) -> Any:
    """How many tags that `criteria` mean an object carries, as an expression."""
    links, owner, tag = _link_names(model)
    wanted = Q(pk__in=[])
    for criterion in criteria:
        wanted |= _tag_condition(model, criterion, tagtype, f"{tag}__")
    carried = links._base_manager.using(alias).filter(wanted, **{owner: OuterRef("pk")}).order_by().values(owner)
    counted = carried.annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


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
        links, owner, tag = _link_names(family)
        rows = links._base_manager.using(queryset.db)
        carried = rows.filter(**{f"{owner}__in": queryset.order_by().values("pk")})
        return tags.filter(pk__in=carried.values(f"{tag}_id"))

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
        family = self.model.__dbclass__
        if match == "any":
            number = _number_of_matches(family, queryset.db, criteria, of_type)
            any_of_them = TagLinks(family, tuple(criteria), of_type).condition()
            return queryset.annotate(matches=number).filter(any_of_them).order_by("-matches", "pk")
        # A key with its category is one tag, so who carries all of them has as many matches as there are criteria.
        one_each = all(None not in criterion for criterion in criteria)
        number = Value(len(criteria)) if one_each else _number_of_matches(family, queryset.db, criteria, of_type)
        wanted = [TagLinks(family, (criterion,), of_type).condition() for criterion in criteria]
        return queryset.annotate(matches=number).filter(*wanted).order_by("pk")

    def get_by_permission(self, key: Any = None, category: Any = None) -> Any:
        """`get_by_tag` for permissions."""
        return self.get_by_tag(key, category, "permission")

    def get_by_alias(self, key: Any = None, category: Any = None) -> Any:
        """`get_by_tag` for aliases."""
        return self.get_by_tag(key, category, "alias")
