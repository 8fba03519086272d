"""Tags declared on a class: `elf = TagProperty(category="race")`, `guild = TagCategoryProperty("thieves")`.

Contract: reading a tag property gives the key and sees to it that the object carries the tag; reading a category
property gives all keys of the category, the defaults among them. Assigning and deleting change the one object and never
the class. `Class.name` is the descriptor.

Invariant: an object carries the tag of a `TagProperty` in one category: the one assigned to it, else the class's. The
one assigned is stored with the object, apart from its attributes.

Failure modes: `InvalidKey`, `InvalidArgument` for what cannot be a key or a category; `UnsavedObject` for writing to an
object without a row (reading gives the defaults).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, overload

from perdure.errors import InvalidArgument, WrongThread
from perdure.idmapper.states import State, state_of
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.missing_value import MISSING

__all__ = ["AliasProperty", "PermissionProperty", "TagCategoryProperty", "TagProperty"]

# The category assigned to one object is kept as a row of this type, which no attribute handler shows.
_ASSIGNED = "tagproperty"


def _category(category: object) -> str:
    return normal_category(category, "tag", 64)


class _Declared:
    """What the declared tags have in common."""

    taghandler_name = "tags"

    def __init__(self) -> None:
        self.name = ""
        self._key = ""

    def __set_name__(self, owner: type, name: str) -> None:
        if self.name and self.name != name:
            raise InvalidArgument(f"{owner.__qualname__}.{name} and {self.name} share one tag declaration; use two")
        self.name = name
        self._key = normal_key(name, "tag")

    def _handler(self, instance: Any) -> Any:
        if not self.name:
            raise InvalidArgument(f"a {type(self).__name__} works only when it is declared in the body of a class")
        return getattr(instance, self.taghandler_name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name or '(unbound)'}>"


class TagProperty(_Declared):
    """A tag that every object of the class carries; its key is the name it is bound to.

    Args:
        category: category of the tag, unless an object was assigned another.
        data: describes the tag itself, for every object that carries it.
    """

    def __init__(self, category: str | None = None, data: str | None = None) -> None:
        super().__init__()
        self.category = category
        self.data = data
        self._category = _category(category)

    @overload
    def __get__(self, instance: None, owner: Any) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: Any = None) -> str: ...

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        handler = self._handler(instance)
        if state_of(instance) is not State.NEW and not handler.has(self._key, category=self._category):
            category = self._category_of(instance, handler)
            if not handler.has(self._key, category=category):
                _add_on_read(handler, self._key, category, self.data)
        return self._key

    def __set__(self, instance: Any, category: str | None) -> None:
        """Have this one object carry the tag in another category; None for uncategorised."""
        handler = self._handler(instance)
        wanted = _category(category)
        with handler._together():
            handler.remove(self._key, category=self._category_of(instance, handler))
            store, slot = instance._attribute_store, self._assigned_slot(handler)
            if wanted != self._category:
                store.set_value(slot, wanted)
            elif store.exists(slot):
                store.remove([slot])
            handler.add(self._key, category=wanted, data=self.data)

    def __delete__(self, instance: Any) -> None:
        """Have this one object carry the tag no longer; reading brings back the one of the class."""
        handler = self._handler(instance)
        with handler._together():
            handler.remove(self._key, category=self._category_of(instance, handler))
            store, slot = instance._attribute_store, self._assigned_slot(handler)
            if store.exists(slot):
                store.remove([slot])

    def at_creation(self, instance: Any, name: str) -> None:
        """Give a new object the tag."""
        self.__get__(instance, type(instance))

    def _assigned_slot(self, handler: Any) -> tuple[str, str, str]:
        return (_ASSIGNED, handler._tagtype or "", self._key)

    def _category_of(self, instance: Any, handler: Any) -> str:
        assigned = instance._attribute_store.find(self._assigned_slot(handler))
        return self._category if assigned is MISSING else str(assigned)


class AliasProperty(TagProperty):
    """An alias that every object of the class has."""

    taghandler_name = "aliases"


class PermissionProperty(TagProperty):
    """A permission that every object of the class has."""

    taghandler_name = "permissions"


class TagCategoryProperty(_Declared):
    """All tags of a category; the category is the name it is bound to.

    Args:
        default_tags: keys that every object of the class carries, or things to call without arguments for one (called
            once, when the class is defined).
    """

    def __init__(self, *default_tags: str | Callable[[], str]) -> None:
        super().__init__()
        keys = [tag() if callable(tag) else tag for tag in default_tags]
        self.default_tags = tuple(dict.fromkeys(normal_key(key, "tag") for key in keys))

    @overload
    def __get__(self, instance: None, owner: Any) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: Any = None) -> list[str]: ...

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        handler = self._handler(instance)
        if state_of(instance) is State.NEW:
            return list(self.default_tags)
        keys: list[str] = handler.get(category=self.name, return_list=True)
        missing = [key for key in self.default_tags if key not in keys]
        if missing:
            _add_on_read(handler, missing, self.name, None)
        return keys + missing

    def __set__(self, instance: Any, value: str | Iterable[str]) -> None:
        """Add one more tag to the category, or each of several."""
        keys = [value] if isinstance(value, str | int) else value
        if not isinstance(keys, Iterable) or isinstance(keys, Mapping | bytes):
            raise InvalidArgument(f"{type(instance).__name__}.{self.name} takes a tag or a list of tags, got {value!r}")
        keys = [normal_key(key, "tag") for key in keys]
        self._handler(instance).add(keys, category=self.name)

    def __delete__(self, instance: Any) -> None:
        """Remove the whole category; reading brings back the defaults."""
        self._handler(instance).clear(category=self.name)

    def at_creation(self, instance: Any, name: str) -> None:
        """Give a new object the default tags."""
        self.__get__(instance, type(instance))


def _add_on_read(handler: Any, keys: Any, category: str, data: str | None) -> None:
    """Add what is declared and missing; a thread that may only read goes without."""
    try:
        handler._store.check_writable()
    except WrongThread:
        return
    handler.add(keys, category=category, data=data)
