"""Types that a game adds to what can be stored, and the named factories of defaultdict.

Contract: a registered type is stored under a name, never under an import path that is followed. Enums are stored by
member name, flags by number, named tuples and frozen dataclasses field by field (their containers are tracked
like any other), everything else by the two functions given.

What instances do when changed in place is not seen: after changing one, assign it to its attribute again. To keep
that mistake rare, a dataclass is only accepted when frozen, unless functions are given for it.

Failure modes: `InvalidArgument` for what cannot be registered or a name that is taken; `UnreadableValue` when a
stored form does not fit the class any more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import Enum, Flag
from typing import Any, TypeVar, overload

from perdure.errors import InvalidArgument, UnreadableValue
from perdure.values.anchors import CONTAINERS
from perdure.values.scalars import IMMEDIATE

__all__ = ["RegisteredType", "factory_name", "factory_named", "find", "find_name", "register_factory"]
__all__ += ["register_value_type"]

T = TypeVar("T")


class RegisteredType:
    """One registered class: its stored name, and how to take an instance apart and put it together.

    Attributes:
        is_record: True where the payload is a dict of the instance's own fields.
        opaque: True where the payload comes from the game's functions, so that instances are held as given.
    """

    __slots__ = ("assemble", "cls", "dismantle", "is_record", "name", "opaque")

    def __init__(
        self,
        cls: type,
        name: str,
        dismantle: Callable[[Any], Any],
        assemble: Callable[[Any], Any],
        *,
        is_record: bool = False,
        opaque: bool = False,
    ) -> None:
        self.cls = cls
        self.name = name
        self.dismantle = dismantle
        self.assemble = assemble
        self.is_record = is_record
        self.opaque = opaque


_by_class: dict[type, RegisteredType] = {}
_by_name: dict[str, RegisteredType] = {}


def find(cls: type) -> RegisteredType | None:
    """The registration of exactly this class, or None."""
    return _by_class.get(cls)


def find_name(name: str) -> RegisteredType:
    """The registration under this stored name. Raises UnreadableValue naming what to register."""
    found = _by_name.get(name)
    if found is None:
        raise UnreadableValue(
            f"the stored value is of type {name!r}, which is not registered here; import the module that registers it, "
            f"or register its class with register_value_type(cls, name={name!r})"
        )
    return found


@overload
def register_value_type(
    cls: type[T],
    *,
    name: str | None = None,
    encode: Callable[[Any], Any] | None = None,
    decode: Callable[[Any], Any] | None = None,
) -> type[T]: ...


@overload
def register_value_type(
    cls: None = None,
    *,
    name: str | None = None,
    encode: Callable[[Any], Any] | None = None,
    decode: Callable[[Any], Any] | None = None,
) -> Callable[[type[T]], type[T]]: ...


def register_value_type(
    cls: type[T] | None = None,
    *,
    name: str | None = None,
    encode: Callable[[Any], Any] | None = None,
    decode: Callable[[Any], Any] | None = None,
) -> Any:
    """Make instances of a class storable in attributes. Also a decorator, with or without arguments.

    Args:
        cls: an Enum or Flag, a named tuple or a frozen dataclass; or any class, if functions are given.
        name: the name in storage, `module.qualname` if not given. Keep it when the class moves. A class may be
            registered again under a second name: both are read, the last one is written.
        encode: gives a storable value for an instance.
        decode: gives an instance for such a value (which comes as plain built-ins).

    Returns:
        the class.

    Raises:
        InvalidArgument: it is no class, needs functions, has only one of them, or the name is taken.
    """
    if cls is None:
        return lambda given: register_value_type(given, name=name, encode=encode, decode=decode)
    if not isinstance(cls, type):
        raise InvalidArgument(f"register_value_type() needs a class, not {cls!r}")
    if cls in CONTAINERS or cls in IMMEDIATE or cls in (tuple, frozenset, object, type):
        raise InvalidArgument(f"{cls.__qualname__} is stored as it is and cannot be registered")
    stored_name = f"{cls.__module__}.{cls.__qualname__}" if name is None else name
    if not stored_name or not isinstance(stored_name, str):
        raise InvalidArgument(f"name={name!r}: the stored name of {cls.__qualname__} must be a non-empty string")
    _check_free(cls, stored_name)
    _by_class[cls] = _by_name[stored_name] = _describe(cls, stored_name, encode, decode)
    return cls


def _check_free(cls: type, name: str) -> None:
    """A name belongs to one class; the same class read in again by a module reload takes the place of its elder."""
    holder = _by_name.get(name)
    if holder is None or holder.cls is cls:
        return
    if (holder.cls.__module__, holder.cls.__qualname__) != (cls.__module__, cls.__qualname__):
        raise InvalidArgument(
            f"the name {name!r} already belongs to {holder.cls.__module__}.{holder.cls.__qualname__}; "
            f"give {cls.__module__}.{cls.__qualname__} another one with name=..."
        )


def _describe(cls: type, name: str, encode: Any, decode: Any) -> RegisteredType:
    if encode is not None and decode is not None:
        return RegisteredType(cls, name, encode, decode, opaque=True)
    if encode is not None or decode is not None:
        raise InvalidArgument(f"{name}: give both encode= and decode=, or neither")
    if issubclass(cls, Flag):
        return RegisteredType(cls, name, lambda flag: flag.value, cls)
    if issubclass(cls, Enum):
        return RegisteredType(cls, name, lambda member: member.name, _member_finder(cls))
    if issubclass(cls, tuple) and hasattr(cls, "_make"):
        return RegisteredType(cls, name, lambda record: record._asdict(), _named_tuple_maker(cls), is_record=True)
    if dataclasses.is_dataclass(cls):
        if not cls.__dataclass_params__.frozen:  # type: ignore[attr-defined]
            raise InvalidArgument(
                f"{name} is a dataclass that can be changed in place, which would not be saved; declare it "
                "@dataclass(frozen=True), or give encode= and decode= and assign it again after each change"
            )
        return RegisteredType(cls, name, _dataclass_fields, _dataclass_maker(cls), is_record=True)
    raise InvalidArgument(f"{name} is neither enum, named tuple nor frozen dataclass: give encode= and decode=")


def _member_finder(cls: type[Enum]) -> Callable[[Any], Any]:
    def find_member(name: str) -> Enum:
        if name not in cls.__members__:
            raise UnreadableValue(f"{cls.__qualname__} has no member {name!r} any more")
        return cls[name]

    return find_member


def _complete(name: str, payload: Any, known: list[str], default: Callable[[str], Any]) -> dict[str, Any]:
    """The fields of a stored record as the class has them today: new ones get their default."""
    unknown = sorted(set(payload) - set(known))
    if unknown:
        raise UnreadableValue(f"a stored {name} has the fields {unknown}, which the class does not have any more")
    return {field: payload[field] if field in payload else default(field) for field in known}


def _named_tuple_maker(cls: Any) -> Callable[[Any], Any]:
    def default(field: str) -> Any:
        if field not in cls._field_defaults:
            raise UnreadableValue(f"a stored {cls.__qualname__} lacks the field {field!r}, which has no default")
        return cls._field_defaults[field]

    return lambda payload: cls._make(_complete(cls.__qualname__, payload, list(cls._fields), default).values())


def _dataclass_fields(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}


def _dataclass_maker(cls: Any) -> Callable[[Any], Any]:
    def default(name: str) -> Any:
        field = cls.__dataclass_fields__[name]
        if field.default is not dataclasses.MISSING:
            return field.default
        if field.default_factory is not dataclasses.MISSING:
            return field.default_factory()
        raise UnreadableValue(f"a stored {cls.__qualname__} lacks the field {name!r}, which has no default")

    def make(payload: Any) -> Any:
        # Not through __init__: it may compute or refuse, and what was stored must come back as it was.
        record = cls.__new__(cls)
        names = [field.name for field in dataclasses.fields(cls)]
        for name, value in _complete(cls.__qualname__, payload, names, default).items():
            object.__setattr__(record, name, value)
        return record

    return make


_factories: dict[str, Callable[[], Any]] = {}
_factory_names: dict[Callable[[], Any], str] = {}


def register_factory(name: str, factory: Callable[[], Any]) -> None:
    """Give a defaultdict factory the name it is stored under. Raises InvalidArgument if the name is another's."""
    if not isinstance(name, str) or not name or not callable(factory):
        raise InvalidArgument(f"register_factory({name!r}, {factory!r}): needs a name and something to call")
    if _factories.get(name, factory) is not factory:
        raise InvalidArgument(f"the factory name {name!r} already belongs to {_factories[name]!r}; choose another one")
    _factories[name] = factory
    _factory_names[factory] = name


def factory_name(factory: object) -> str | None:
    """The name a factory is stored under, or None if it has none."""
    try:
        return _factory_names.get(factory)  # type: ignore[call-overload, no-any-return]
    except TypeError:  # a callable that cannot be hashed was never registered
        return None


def factory_named(name: str) -> Callable[[], Any]:
    """The factory under this name. Raises UnreadableValue naming what to register."""
    if name not in _factories:
        raise UnreadableValue(
            f"the stored defaultdict has the factory {name!r}, which is not registered here; "
            f"register it with register_factory({name!r}, ...)"
        )
    return _factories[name]


for _builtin in (list, dict, set, int, str, float, bool, tuple):
    register_factory(_builtin.__name__, _builtin)
