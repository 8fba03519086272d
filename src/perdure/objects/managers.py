"""Managers of objects: what can be asked about them all.

Contract: every method answers a queryset (or a list where the order is its own) of live instances, limited to what the
manager covers: all objects for the db model's, exactly one class for a typeclass's. Blank input finds nothing.

With `candidates` only those are looked at, in memory; the queryset then carries the result and asks the database no
more unless it is refined.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q

from perdure.idmapper.wrappers import dbref_number
from perdure.objects import matching
from perdure.typeclasses import registry
from perdure.typeclasses.creation import NOT_GIVEN, normal_tags
from perdure.typeclasses.managers import TypeclassManager, TypedObjectManager
from perdure.typeclasses.tag_model import Tag

__all__ = ["ObjectDBManager", "ObjectManager", "as_list"]


def as_list(value: Any) -> list[Any]:
    """One thing or several, as a list."""
    if value is None:
        return []
    if isinstance(value, str | type) or hasattr(value, "_meta") or not isinstance(value, Iterable):
        return [value]
    return list(value)


class ObjectDBManager(TypedObjectManager):
    """Manager of all objects."""

    # --- search

    def search_object(
        self,
        searchdata: Any,
        attribute_name: str | None = None,
        typeclass: Any = None,
        candidates: Any = None,
        exact: bool = True,
        use_dbref: bool = True,
        tags: Any = None,
        exact_class: bool = False,
        ordinals: bool = True,
    ) -> Any:
        """Find objects by name, id or attribute; ordered by id.

        Args:
            searchdata: a text, an id, or an object (which finds itself).
            attribute_name: compare this field or attribute with `searchdata` instead of the names.
            typeclass: a class or path (shortened too), or several; those derived from them count as well.
            candidates: look only among these.
            exact: the whole name; else the beginnings of words and plurals are tried when no whole name matches.
            use_dbref: understand `#5` as an id (with `exact`).
            tags: one tag or a list of `(key, category)`; objects must carry all of them.
            exact_class: classes derived from `typeclass` do not count.
            ordinals: understand `box-2` as the second box.
        """
        if candidates is not None:
            candidates = [found for found in as_list(candidates) if isinstance(found, self.model.__dbclass__)]
            if not candidates:
                return self.none()
        wanted = _Wanted(self, typeclass, exact_class, tags, candidates)
        if isinstance(searchdata, self.model.__dbclass__):
            return wanted.only_of([searchdata])
        if attribute_name:
            return wanted.with_ordinals(searchdata, lambda text: wanted.by_attribute(attribute_name, text), ordinals)
        number = (
            None if isinstance(searchdata, str) and not searchdata.strip().startswith("#") else dbref_number(searchdata)
        )
        if number is not None and (not isinstance(searchdata, str) or (exact and use_dbref)):
            found = self.filter(pk=number).first()
            if found is not None or not isinstance(searchdata, str):
                return wanted.only_of([] if found is None else [found])
        if not isinstance(searchdata, str) or not searchdata.strip():
            return self.none()
        found = wanted.with_ordinals(searchdata, wanted.by_name, ordinals)
        if found or exact:
            return found
        return wanted.with_ordinals(searchdata, wanted.by_start, ordinals)

    object_search = search_object
    search = search_object

    def get_objs_with_key_or_alias(
        self, ostring: str, exact: bool = True, candidates: Any = None, typeclasses: Any = None
    ) -> Any:
        """Objects with this key or alias; with `exact=False` also those whose words begin like it."""
        return self.search_object(
            ostring if isinstance(ostring, str) else "",
            candidates=candidates,
            typeclass=typeclasses,
            exact=exact,
            use_dbref=False,
            exact_class=True,
            ordinals=False,
        )

    def get_object_with_account(self, ostring: Any, exact: bool = True, candidates: Any = None) -> Any:
        """Objects controlled by the account of this name (a leading `*` is ignored) or id.

        With `exact=False`, accounts whose name contains it.
        """
        restricted = (
            self.all() if candidates is None else self.filter(pk__in=[found.pk for found in as_list(candidates)])
        )
        number = dbref_number(ostring)
        if number is not None:
            return restricted.filter(db_account_id=number).order_by("pk")
        text = ostring.strip().lstrip("*").strip() if isinstance(ostring, str) else ""
        if not text:
            return self.none()
        lookup = "iexact" if exact else "icontains"
        return restricted.filter(**{f"db_account__username__{lookup}": text}).order_by("pk")

    def get_objs_with_key_and_typeclass(self, oname: str, otypeclass_path: Any, candidates: Any = None) -> Any:
        """Objects with exactly this key (in any case) and class."""
        paths = registry.own_paths(registry.resolve(otypeclass_path, self.model.__dbclass__))
        found = self.filter(db_key__iexact=oname, db_typeclass_path__in=paths).order_by("pk")
        return found if candidates is None else found.filter(pk__in=[one.pk for one in as_list(candidates)])

    def get_objs_with_attr(self, attribute_name: str, candidates: Any = None) -> Any:
        """Objects that have an attribute of this name."""
        found = self.get_by_attribute(key=attribute_name).order_by("pk")
        return found if candidates is None else found.filter(pk__in=[one.pk for one in as_list(candidates)])

    def get_objs_with_attr_value(
        self, attribute_name: str, attribute_value: Any, candidates: Any = None, typeclasses: Any = None
    ) -> Any:
        """Objects that have this value in the attribute of this name."""
        found = self.get_by_attribute(key=attribute_name, value=attribute_value).order_by("pk")
        if typeclasses is not None:
            found = found.filter(db_typeclass_path__in=self._paths(typeclasses, exact_class=False))
        return found if candidates is None else found.filter(pk__in=[one.pk for one in as_list(candidates)])

    def get_objs_with_db_property(self, property_name: str, candidates: Any = None) -> Any:
        """Objects whose field of this name (with or without `db_`) is set; none if there is no such field."""
        field = self._field(property_name)
        if field is None:
            return self.none()
        found = self.filter(**{f"{field}__isnull": False}).order_by("pk")
        return found if candidates is None else found.filter(pk__in=[one.pk for one in as_list(candidates)])

    def get_objs_with_db_property_value(
        self, property_name: str, property_value: Any, candidates: Any = None, typeclasses: Any = None
    ) -> Any:
        """Objects whose field of this name (with or without `db_`) has this value; none if there is no such field."""
        field = self._field(property_name)
        if field is None:
            return self.none()
        try:
            found = self.filter(**{field: property_value}).order_by("pk")
        except (TypeError, ValueError):  # a value that the field can never have
            return self.none()
        if typeclasses is not None:
            found = found.filter(db_typeclass_path__in=self._paths(typeclasses, exact_class=False))
        return found if candidates is None else found.filter(pk__in=[one.pk for one in as_list(candidates)])

    def get_contents(self, location: Any, excludeobj: Any = None) -> Any:
        """Objects in a place, without those in `excludeobj`."""
        found = self.filter(db_location=location).order_by("pk")
        left_out = [one.pk for one in as_list(excludeobj)]
        return found.exclude(pk__in=left_out) if left_out else found

    def clear_all_sessids(self) -> None:
        """Forget which sessions control which objects: none do after a cold start."""
        self.exclude(db_sessid=None).update(db_sessid=None)

    # --- creation

    def create_object(self, typeclass: Any = None, key: str | None = None, **arguments: Any) -> Any:
        """Create an object; arguments as in `perdure.create.create_object`."""
        from perdure.objects.creation import create_object

        if typeclass is None and self.model is not self.model.__dbclass__:
            typeclass = self.model
        return create_object(self.model.__dbclass__, typeclass, key=key, **arguments)

    def copy_object(
        self,
        original_object: Any,
        new_key: Any = NOT_GIVEN,
        new_location: Any = NOT_GIVEN,
        new_home: Any = NOT_GIVEN,
        new_permissions: Any = NOT_GIVEN,
        new_locks: Any = NOT_GIVEN,
        new_aliases: Any = NOT_GIVEN,
        new_destination: Any = NOT_GIVEN,
        **options: Any,
    ) -> Any:
        """Copy an object; what is given replaces what the original has (None counts). See `DefaultObject.copy`."""
        from perdure.objects.copying import copy_object

        given = {
            "key": new_key,
            "location": new_location,
            "home": new_home,
            "permissions": new_permissions,
            "locks": new_locks,
            "aliases": new_aliases,
            "destination": new_destination,
        }
        return copy_object(
            original_object, {name: value for name, value in given.items() if value is not NOT_GIVEN}, **options
        )

    # --- parts

    def _field(self, name: str) -> str | None:
        """The name of the row's field that `name` means, or None."""
        for candidate in (name, f"db_{name}"):
            try:
                field = self.model._meta.get_field(candidate)
            except FieldDoesNotExist:
                continue
            if getattr(field, "concrete", False) and not field.many_to_many:
                return str(field.name)
        return None

    def _paths(self, typeclasses: Any, exact_class: bool) -> set[str]:
        """The stored paths that count as one of `typeclasses`."""
        paths: set[str] = set()
        for typeclass in as_list(typeclasses):
            cls = registry.resolve(typeclass, self.model.__dbclass__)
            paths.update(registry.own_paths(cls) if exact_class else registry.family_paths(cls))
        return paths

    def _result(self, instances: Iterable[Any]) -> Any:
        """A queryset of these instances, by id, that need not be asked for again."""
        found = sorted({instance.pk: instance for instance in instances}.values(), key=lambda instance: instance.pk)
        queryset = self.filter(pk__in=[instance.pk for instance in found]).order_by("pk")
        queryset._result_cache = found
        return queryset


class _Wanted:
    """What a search is limited to, and the ways to look within that."""

    def __init__(
        self, manager: Any, typeclass: Any, exact_class: bool, tags: Any, candidates: list[Any] | None
    ) -> None:
        self.manager = manager
        self.paths = manager._paths(typeclass, exact_class) if typeclass is not None else None
        self.tags = normal_tags(tags)
        self.candidates = None if candidates is None else [found for found in candidates if self._fits(found)]

    def _fits(self, obj: Any) -> bool:
        if obj._is_deleted or not self.manager._covers(obj):
            return False
        if self.paths is not None and obj.typeclass_path not in self.paths:
            return False
        return all(obj.tags.has(tag.key, category=tag.category) for tag in self.tags)

    def only_of(self, found: list[Any]) -> Any:
        """Those of `found` that are wanted."""
        allowed = None if self.candidates is None else {id(candidate) for candidate in self.candidates}
        return self.manager._result(obj for obj in found if (allowed is None or id(obj) in allowed) and self._fits(obj))

    def rows(self) -> Any:
        """The rows that are wanted."""
        rows = self.manager.all() if self.paths is None else self.manager.filter(db_typeclass_path__in=self.paths)
        for tag in self.tags:
            rows = rows.filter(pk__in=_carriers(self.manager.model, tag.key.lower(), tag.category, None))
        if self.candidates is not None:
            rows = rows.filter(pk__in=[candidate.pk for candidate in self.candidates])
        return rows

    def by_name(self, text: str) -> Any:
        """Wanted objects with this key or alias."""
        name = text.strip()
        if not name:
            return self.manager.none()
        if self.candidates is not None:
            return self.manager._result(obj for obj in self.candidates if matching.matches(obj, name))
        # LIKE folds ASCII only on SQLite, hence the spellings; aliases are stored in lower case.
        spellings = {name, name.lower(), name.upper(), name.title(), name.capitalize()}
        carriers = _carriers(self.manager.model, name.lower(), NOT_GIVEN, "alias")
        return self.rows().filter(Q(db_key__iexact=name) | Q(db_key__in=spellings) | Q(pk__in=carriers)).order_by("pk")

    def by_start(self, text: str) -> Any:
        """Wanted objects whose words begin like those of the text, else those that it names in the plural."""
        candidates = self.candidates
        if candidates is None:
            word = max(text.split(), key=len, default="")
            if not word:
                return self.manager.none()
            rows = self.rows()
            if word.isascii():
                carriers = _carriers(self.manager.model, word.lower(), NOT_GIVEN, "alias", "icontains")
                rows = rows.filter(Q(db_key__icontains=word) | Q(pk__in=carriers))
            candidates = list(rows)
        found = [obj for obj in candidates if matching.matches_start(obj, text)]
        if not found:
            found = [obj for obj in candidates if matching.matches_counted(obj, text)]
        return self.manager._result(found)

    def by_attribute(self, name: str, value: Any) -> Any:
        """Wanted objects with this value in a field or, if there is none, in an attribute."""
        rows = self.rows()
        field = self.manager._field(name)
        if field is not None:
            try:
                return rows.filter(**{field: value}).order_by("pk")
            except (TypeError, ValueError):  # a value that the field can never have
                return self.manager.none()
        owners = self.manager.get_by_attribute(key=name, value=value)
        return rows.filter(pk__in=[owner.pk for owner in owners]).order_by("pk")

    def with_ordinals(self, searchdata: Any, look: Any, ordinals: bool) -> Any:
        """What `look` finds; if nothing, the one meant by a number in the text."""
        found = look(searchdata)
        if found or not ordinals or not isinstance(searchdata, str):
            return found
        for name, number in matching.ordinals_in(searchdata):
            numbered = list(look(name))
            if 1 <= number <= len(numbered):
                return self.manager._result([numbered[number - 1]])
        return self.manager.none()


def _carriers(model: Any, key: str, category: Any, tagtype: str | None, lookup: str = "exact") -> Any:
    """Ids of the objects that carry a tag; for a subquery."""
    concrete = model.__dbclass__
    through = concrete._meta.get_field("db_tags").remote_field.through
    tags = Tag.objects.filter(**{f"db_key__{lookup}": key}, db_tagtype=tagtype, db_model=concrete._meta.model_name)
    if category is not NOT_GIVEN:
        tags = tags.filter(db_category=category.strip().lower() if category else None)
    owner = f"{concrete._meta.model_name}_id"
    return through._default_manager.filter(tag__in=tags).values(owner)


class ObjectManager(TypeclassManager, ObjectDBManager):
    """Manager of a typeclass of objects: exactly that class, and its family where asked for."""
