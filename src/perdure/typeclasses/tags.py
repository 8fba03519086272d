"""`obj.tags`, `obj.aliases`, `obj.permissions`: handlers of the labels an object carries.

Contract: keys and categories are stripped and kept in lower case; numbers are taken as their text. Return shapes
as documented: `get` gives the default, a bare key or a list. Blank or empty input never means "all": only `clear`
and a key of None do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from perdure.errors import AttributeMissing, InvalidArgument
from perdure.idmapper.states import require
from perdure.locks import permissions as permission_rules
from perdure.transactions import transaction, unit_of_work
from perdure.typeclasses.handlers import OwnerRef
from perdure.typeclasses.keys import normal_category
from perdure.typeclasses.tag_model import Tag
from perdure.typeclasses.tag_properties import AliasProperty, PermissionProperty, TagCategoryProperty, TagProperty
from perdure.typeclasses.tag_store import TagSlot, TagStore, tag_slot

__all__ = [
    "AliasHandler",
    "AliasProperty",
    "PermissionHandler",
    "PermissionProperty",
    "Tag",
    "TagCategoryProperty",
    "TagHandler",
    "TagProperty",
]


class TagHandler:
    """Handles the tags of an object."""

    _tagtype: str | None = None

    def __init__(self, obj: Any) -> None:
        self._owner = OwnerRef(obj)

    @property
    def obj(self) -> Any:
        """The object whose tags these are."""
        return self._owner()

    @property
    def _store(self) -> TagStore:
        owner = self._owner()
        require(owner, "read stored data of")
        return owner._tag_store  # type: ignore[no-any-return]

    def _slot(self, key: Any, category: Any) -> TagSlot:
        return tag_slot(self._tagtype or "", key, category)

    def _in(self, category: Any) -> list[TagSlot]:
        normal = normal_category(category, "tag", 64)
        return [slot for slot in self._store.all(self._tagtype or "") if slot[1] == normal]

    def add(self, key: Any = None, category: Any = None, data: Any = None) -> None:
        """Add one tag or several; None among them is passed over.

        `data` describes the tag itself, for every object that carries it.
        """
        slots = [self._slot(one, category) for one in _many(key) if one is not None]
        self._store.add_many([(slot, None if data is None else str(data)) for slot in slots])

    def has(self, key: Any = None, category: Any = None, return_list: bool = False) -> bool | list[bool]:
        """Whether the object carries a tag: a bool for one key, a list for several; without a key, any in category."""
        if key is None and category is None:
            raise InvalidArgument("tags.has() needs a key or a category")
        if key is None:
            found = [bool(self._in(category))]
            return found if return_list else found[0]
        found = [self._store.has(self._slot(one, category)) for one in _many(key)]
        return found if return_list or _is_many(key) else found[0]

    def get(
        self,
        key: Any = None,
        default: Any = None,
        category: Any = None,
        return_tagobj: bool = False,
        return_list: bool = False,
        raise_exception: bool = False,
    ) -> Any:
        """Keys of the tags carried among those asked for, or Tag objects with `return_tagobj`.

        Without a key, all of the category (None: uncategorised). `default` for none, a bare key for one, a list for
        several; always a list with `return_list`. With `raise_exception`, none raises `AttributeMissing`.
        """
        if key is None:
            slots = self._in(category)
        else:
            slots = [slot for one in _many(key) if self._store.has(slot := self._slot(one, category))]
        if not slots and raise_exception:
            raise AttributeMissing(f"{self.obj!r} has no tag {key!r} in category {category!r}")
        found: list[Any] = self._tags(slots) if return_tagobj else [slot[2] for slot in slots]
        if return_list:
            return found or ([] if default is None else [default])
        if not found:
            return default
        return found[0] if len(found) == 1 else found

    def _tags(self, slots: list[TagSlot]) -> list[Tag]:
        owner = self.obj
        wanted = set(slots)
        rows = owner.db_tags.using(owner._state.db).all() if slots else []
        return [tag for tag in rows if (tag.db_tagtype or "", tag.db_category or "", tag.db_key) in wanted]

    def remove(self, key: Any = None, category: Any = None) -> None:
        """Remove one tag or several; None removes the whole category. A missing one is passed over."""
        if key is None:
            self.clear(category)
            return
        self._store.remove([self._slot(one, category) for one in _many(key)])

    def clear(self, category: Any = None) -> None:
        """Remove all tags of this type; with a category, those of it."""
        self._store.remove(self._store.all(self._tagtype or "") if category is None else self._in(category))

    def all(self, return_key_and_category: bool = False, return_objs: bool = False) -> list[Any]:
        """All keys, sorted; or `(key, category)` pairs; or Tag objects."""
        slots = sorted(self._store.all(self._tagtype or ""), key=lambda slot: (slot[2], slot[1]))
        if return_objs:
            return sorted(self._tags(slots))
        if return_key_and_category:
            return [(key, category or None) for _, category, key in slots]
        return [slot[2] for slot in slots]

    def batch_add(self, *tags: Any) -> None:
        """Add several, each `key`, `(key, category)` or `(key, category, data)`; checked before any is added."""
        items = [_unpack(item) for item in tags]
        self._store.add_many(
            [
                (self._slot(one, category), None if data is None else str(data))
                for key, category, data in items
                for one in _many(key)
                if one is not None
            ]
        )

    def batch_remove(self, *tags: Any) -> None:
        """Remove several, in the shapes of `batch_add`."""
        self._store.remove([self._slot(key, category) for key, category, _ in map(_unpack, tags)])

    def reset_cache(self) -> None:
        """Forget what memory holds of this object's tags; the next question loads them."""
        unit_of_work(self.obj._state.db).flush()  # what is gathered is sent as memory holds it
        self._store.expire()

    def _together(self) -> Any:
        require(self.obj, "write stored data of")
        return transaction(using=self.obj._state.db, savepoint=False)

    def __str__(self) -> str:
        return ",".join(self.all())


class AliasHandler(TagHandler):
    """Handles the aliases of an object."""

    _tagtype = "alias"


class PermissionHandler(TagHandler):
    """Handles the permissions of an object."""

    _tagtype = "permission"

    def check(self, *permissions: str, require_all: bool = False) -> bool:
        """Whether the object has any (or all) of `permissions`, as the `perm` lock function decides it."""
        results = [permission_rules.has_permission(self.obj, name) for name in permissions]
        return all(results) if require_all else any(results)


def _is_many(key: Any) -> bool:
    return isinstance(key, Iterable) and not isinstance(key, str)


def _many(key: Any) -> list[Any]:
    return list(key) if _is_many(key) else [key]


def _unpack(item: Any) -> tuple[Any, Any, Any]:
    if isinstance(item, str) or not isinstance(item, Iterable):
        return (item, None, None)
    parts = [*item, None, None]
    if not 3 <= len(parts) <= 5:
        raise InvalidArgument(f"a tag is key, (key, category) or (key, category, data), got {item!r}")
    return (parts[0], parts[1], parts[2])
