"""The arguments of the create functions: which were given, and what the forms they may have mean.

Contract: an argument counts as given when the caller wrote it, whatever its value (`NOT_GIVEN` is the default of those
that have one). Each `normal_*` function takes every documented form of one kind of argument and returns one plain form;
anything else raises `InvalidArgument` naming the argument, the offending part and the forms accepted, before anything
is written.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from perdure.errors import EntityNotFound, InvalidArgument
from perdure.idmapper.wrappers import dbref_number

__all__ = [
    "NOT_GIVEN",
    "AttributeArgument",
    "NotGiven",
    "TagArgument",
    "given",
    "normal_attributes",
    "normal_entity",
    "normal_keys",
    "normal_locks",
    "normal_nattributes",
    "normal_tags",
]


class NotGiven(enum.Enum):
    """Type of `NOT_GIVEN`."""

    NOT_GIVEN = "not given"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


#: The default of arguments that may be left out; None, False, 0 and "" are values like any other.
NOT_GIVEN: Final = NotGiven.NOT_GIVEN


class TagArgument(NamedTuple):
    """One tag, alias or permission to add."""

    key: str
    category: str | None = None
    data: str | None = None


class AttributeArgument(NamedTuple):
    """One attribute to add."""

    key: str
    value: Any
    category: str | None = None
    lockstring: str = ""
    default_access: bool = True


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments that the caller gave."""
    return {name: value for name, value in arguments.items() if value is not NOT_GIVEN}


def normal_tags(value: Any, argument: str = "tags") -> list[TagArgument]:
    """Tags: `"key"`, `("key", "category"[, "data"])`, or a list of those. A bare tuple is one tag."""
    if value is None or value is NOT_GIVEN or value == "":
        return []
    return [
        _tag(item, argument) for item in ([value] if isinstance(value, str | int | tuple) else _items(value, argument))
    ]


def normal_keys(value: Any, argument: str) -> list[TagArgument]:
    """Aliases and permissions: `"key"`, or several of `"key"` and `("key", "category")`."""
    if value is None or value is NOT_GIVEN or value == "":
        return []
    return [_tag(item, argument) for item in ([value] if isinstance(value, str | int) else _items(value, argument))]


def _tag(item: Any, argument: str) -> TagArgument:
    if type(item) is str and item.strip():
        return TagArgument(item)
    parts = item if isinstance(item, tuple | list) else (item,)
    if not 1 <= len(parts) <= 3:
        raise InvalidArgument(f'{argument}: {item!r} is not "key", ("key", "category") or ("key", "category", "data")')
    key, category, data = (*parts, None, None)[:3]
    for part in (key, category, data):
        if part is not None and (not isinstance(part, str | int) or isinstance(part, bool)):
            raise InvalidArgument(f"{argument}: {part!r} in {item!r} is a {type(part).__name__}; give text")
    if key is None or not str(key).strip():
        raise InvalidArgument(f"{argument}: {item!r} has a blank key; give text")
    return TagArgument(str(key), None if category is None else str(category), None if data is None else str(data))


def normal_attributes(value: Any, argument: str = "attributes") -> list[AttributeArgument]:
    """Attributes: a dict, one `(key, value[, category[, lockstring[, default_access]]])`, or a list of those."""
    if value is None or value is NOT_GIVEN:
        return []
    if isinstance(value, Mapping):
        return [
            AttributeArgument(key, item) if type(key) is str and key.strip() else _attribute((key, item), argument)
            for key, item in value.items()
        ]
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        return [_attribute(value, argument)]
    return [_attribute(item, argument) for item in _items(value, argument)]


def _attribute(item: Any, argument: str) -> AttributeArgument:
    if not isinstance(item, tuple | list) or not 2 <= len(item) <= 5:
        raise InvalidArgument(f"{argument}: {item!r} is not (key, value[, category[, lockstring[, default_access]]])")
    parts: list[Any] = [*item, *(None, None, True)[len(item) - 2 :]]
    key, value, category, lockstring, default_access = parts
    if not isinstance(key, str) or not key.strip():
        raise InvalidArgument(f"{argument}: the key of {item!r} is {key!r}; give text that is not blank")
    if category is not None and not isinstance(category, str):
        raise InvalidArgument(f"{argument}: the category of {item!r} is {category!r}; give text or None")
    if lockstring is not None and not isinstance(lockstring, str):
        raise InvalidArgument(f"{argument}: the lockstring of {item!r} is {lockstring!r}; give text")
    return AttributeArgument(key, value, category, lockstring or "", bool(default_access))


def normal_nattributes(value: Any, argument: str = "nattributes") -> dict[str, Any]:
    """Attributes kept in memory only: a dict, one `(key, value)`, or a list of those."""
    return {item.key: item.value for item in normal_attributes(value, argument)}


def normal_locks(value: Any, argument: str = "locks") -> list[str]:
    """Locks: a lockstring or several."""
    if value is None or value is NOT_GIVEN:
        return []
    found = [value] if isinstance(value, str) else list(_items(value, argument))
    for item in found:
        if not isinstance(item, str):
            raise InvalidArgument(f"{argument}: {item!r} is a {type(item).__name__}; give a lockstring")
    return [item for item in found if item.strip()]


def normal_entity(value: Any, model: Any, argument: str, using: str | None = None) -> Any:
    """The entity that `value` names: itself, its id or its dbref; None stays None.

    Args:
        value: an entity of `model`, `5`, `"5"`, `"#5"` or None.
        model: the db model that it must belong to.
        argument: what the error calls it.
        using: the database alias.

    Raises `InvalidArgument` for anything else, `EntityNotFound` if there is no such row.
    """
    if value is None or value is NOT_GIVEN or value == "":
        return None
    if isinstance(value, model):
        return value
    number = dbref_number(value)
    if number is None:
        raise InvalidArgument(
            f"{argument} is {value!r} ({type(value).__name__}); give an entity of {model.__name__}, its id or its dbref"
        )
    manager = model._base_manager if using is None else model._base_manager.using(using)
    try:
        return manager.get(pk=number)
    except model.DoesNotExist as error:
        raise EntityNotFound(f"{argument} is {value!r}, but there is no {model.__name__} #{number}") from error


def _items(value: Any, argument: str) -> Iterable[Any]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise InvalidArgument(f"{argument} is {value!r} ({type(value).__name__}); give text or a list")
    return value
