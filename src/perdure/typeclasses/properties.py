"""Attributes declared on a class: `oil: int = AttributeProperty(100)`.

Contract: reading gives the stored value or the default, and costs two plain look-ups once the value is in memory.
Assigning stores, after `at_set` and a check of the declared type; `del` removes, so that the default is back.
`Class.name` is the descriptor.

Invariants
    - Missing and broken are kept apart: what `at_get` raises reaches the reader, and the stored value stays.
    - A default is never shared between objects. One that is read without being stored (`autocreate=False`) is a copy of
      the object's own, and its first change in place stores it.
    - A class default that changes reaches every object that has not stored a value.

Failure modes: `WrongType` for a value of another type than declared; `UnstorableValue`; `UnsavedObject` for writing to
an object without a row (reading gives the default); whatever `at_get`, `at_set` or a default that is called raise.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, overload

from perdure.errors import InvalidArgument, UnsavedObject, WrongThread, WrongType
from perdure.idmapper.states import describe, require
from perdure.typeclasses.attribute_store import AttributeStore, Slot
from perdure.typeclasses.declared_types import Accepted, accepted_types, annotated_type, fits
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.missing_value import MISSING
from perdure.values import adopt, plain
from perdure.values.scalars import IMMEDIATE

__all__ = ["AttributeProperty", "NAttributeProperty"]

T = TypeVar("T")

if TYPE_CHECKING:
    # So that `oil: int = AttributeProperty(100)` passes: the annotation is that of the value.
    AnyValue = Any
else:
    AnyValue = object

_NO_KEY: Any = object()  # in no holder, so that reading takes the long way


class _UnsavedDefault:
    """What the containers of a default belong to that was read from an object without a row."""

    def __init__(self, where: str) -> None:
        self._where = where

    def check_writable(self) -> None:
        """Raises UnsavedObject, always."""
        raise UnsavedObject(
            f"this default of {self._where} was read before the object was saved; save it and read again"
        )

    def changed(self) -> None:
        """Raises UnsavedObject, always: nothing can have been changed."""
        self.check_writable()

    def describe(self) -> str:
        """`Lamp.oil`"""
        return self._where


class AttributeProperty(Generic[T], AnyValue):  # type: ignore[misc]
    """An attribute declared on a typeclass; its key is the name it is bound to.

    Args:
        default: a value, or something to call without arguments for one. Every object gets a copy of its own.
        category: category of the attribute.
        strattr: keep the value as a plain string.
        lockstring: locks of the attribute, set when it is created.
        autocreate: store the default when the object is created (and when it is found missing). Otherwise
            nothing is stored until the attribute is assigned or its value changed in place.
        type: type of the value (or a tuple, or a union of them); without it the annotation in the class body counts.

    Override `at_set` and `at_get` in a subclass to check or convert. A class that overrides both converts between what
    is read and what is stored: the declared type is then that of what is read, and a default goes through both.
    """

    attrhandler_name = "attributes"

    @overload
    def __init__(
        self: AttributeProperty[Any],
        default: None = None,
        category: str | None = None,
        strattr: bool = False,
        lockstring: str = "",
        autocreate: bool = True,
        type: Any = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        default: Callable[[], T],
        category: str | None = None,
        strattr: bool = False,
        lockstring: str = "",
        autocreate: bool = True,
        type: Any = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        default: T,
        category: str | None = None,
        strattr: bool = False,
        lockstring: str = "",
        autocreate: bool = True,
        type: Any = None,
    ) -> None: ...

    def __init__(
        self,
        default: Any = None,
        category: str | None = None,
        strattr: bool = False,
        lockstring: str = "",
        autocreate: bool = True,
        type: Any = None,
    ) -> None:
        self.default = default
        self.category = category
        self.strattr = strattr
        self.lockstring = lockstring
        self.autocreate = autocreate
        self.type = type
        self.name = ""
        self._owner: Any = None
        self._key = ""
        self._category = normal_category(category)
        self._stored = self.attrhandler_name != "nattributes"
        self._as_text = strattr and self._stored
        self._accepted: Accepted = None
        self._type_known = False
        self._gets = self.__class__.at_get is not AttributeProperty.at_get
        self._converts = self._gets and self.__class__.at_set is not AttributeProperty.at_set
        self._fast_key = _NO_KEY

    def __set_name__(self, owner: Any, name: str) -> None:
        if self.name and self.name != name:
            raise InvalidArgument(
                f"{owner.__qualname__}.{name} and {self._owner.__qualname__}.{self.name} share one "
                f"{self.__class__.__name__}; give each its own"
            )
        self.name = name
        self._owner = owner
        self._key = normal_key(name)
        if not (self._category or self._as_text or self._gets):
            self._fast_key = self._key
        if self.type is not None and self.default is not None and not callable(self.default):
            self._check_type(self.default, owner.__qualname__)

    # --- hooks

    def at_set(self, value: Any, obj: Any) -> Any:
        """Called before a value is stored; what it returns is stored."""
        return value

    def at_get(self, value: Any, obj: Any) -> Any:
        """Called when the attribute is read through this property, defaults included; what it returns is read."""
        return value

    # --- the descriptor

    @overload
    def __get__(self, instance: None, owner: Any) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        try:
            return instance.__dict__["db"].__dict__[self._fast_key]
        except (KeyError, AttributeError):
            pass
        return self if instance is None else self._read(instance)

    def __set__(self, instance: Any, value: T) -> None:
        handler = self._handler(instance)
        if self._stored and instance._state.adding:
            require(instance, "write stored data of")
        if self._gets:
            self._check_type(value, instance)
        stored = self.at_set(value, instance)
        if not self._gets:
            self._check_type(stored, instance)
        self._write(handler, stored)

    def __delete__(self, instance: Any) -> None:
        handler = self._handler(instance)
        slot = self._slot(handler)
        if handler._exists(slot):
            handler._remove([slot])

    def at_creation(self, instance: Any, name: str) -> None:
        """Store the default of an object that has just been made, unless it was given a value."""
        handler = self._handler(instance)
        if self.autocreate and not handler._exists(self._slot(handler)):
            self._create(instance, handler)

    # --- storage

    def _handler(self, instance: Any) -> Any:
        if not self.name:
            raise InvalidArgument(f"a {self.__class__.__name__} works only when it is declared in the body of a class")
        return getattr(instance, self.attrhandler_name)

    def _slot(self, handler: Any) -> Slot:
        return (handler._attrtype or "", self._category, self._key)

    def _read(self, instance: Any) -> Any:
        handler = self._handler(instance)
        if self._stored and instance._state.adding:
            value = self._of_unsaved(instance)
        else:
            value = self._find(instance, handler)
            if value is MISSING:
                value = self._create(instance, handler) if self.autocreate else self._unstored(instance, handler)
        return self.at_get(value, instance)

    def _of_unsaved(self, instance: Any) -> Any:
        where = f"{type(instance).__name__}.{self.name}"
        return adopt(self._default(instance), _UnsavedDefault(where), where)

    def _find(self, instance: Any, handler: Any) -> Any:
        slot = self._slot(handler)
        value = instance._attribute_store.find(slot) if self._stored else handler._find(slot)
        return handler._string_of(slot) if self._as_text and value is not MISSING else value

    def _write(self, handler: Any, value: Any) -> None:
        slot = self._slot(handler)
        text = self._as_text and value is not None
        if self.lockstring and not handler._exists(slot):
            # The handler's own call: it checks the locks.
            handler.add(self._key, value, self._category, self.lockstring, strattr=text)
        elif text:
            handler._set(slot, None, None, str(value))
        else:
            handler._set(slot, value, None, None)

    def _made(self) -> Any:
        """A default that is nobody else's."""
        return self.default() if callable(self.default) else plain(self.default)

    def _default(self, instance: Any) -> Any:
        """A default as it would be stored."""
        value = self.at_set(self._made(), instance) if self._converts else self._made()
        return str(value) if self._as_text and value is not None else value

    def _create(self, instance: Any, handler: Any) -> Any:
        """Store the default and give what is stored. Where nothing may be written, reading still gives it."""
        if self._stored:
            try:
                instance._attribute_store.check_writable()
            except WrongThread:
                return self._unstored(instance, handler)
        self._write(handler, self.at_set(self._made(), instance))
        return self._find(instance, handler)

    def _unstored(self, instance: Any, handler: Any) -> Any:
        """The default of an object that has nothing stored; the same one at each read while it is in memory."""
        slot = self._slot(handler)
        simple = not callable(self.default) and not self._converts
        if not self._stored:
            value = self._default(instance)
            if not (simple and type(value) in IMMEDIATE):
                handler._set(slot, value, None, None)
            return value
        if simple and type(self.default) in IMMEDIATE:
            return self._default(instance)
        store: AttributeStore = instance._attribute_store
        held = store.default(slot, self.default)
        return store.hold_default(slot, self.default, self._default(instance)) if held is MISSING else held

    # --- types

    def _check_type(self, value: Any, where: Any) -> None:
        if not self._type_known:
            self._accepted = accepted_types(self._declared_type())
            self._type_known = True
        if not fits(value, self._accepted):
            self._refuse(value, where)

    def _declared_type(self) -> Any:
        declared = annotated_type(self._owner, self.name) if self.type is None else self.type
        origin = typing.get_origin(declared)
        if isinstance(origin, type) and issubclass(origin, AttributeProperty):
            return typing.get_args(declared)[0]
        return declared

    def _refuse(self, value: Any, where: Any) -> NoReturn:
        place = where if isinstance(where, str) else describe(where)
        expected = " or ".join("None" if cls is type(None) else cls.__name__ for cls in self._accepted or ())
        hint = " (a bool is not a number here)" if isinstance(value, bool) else ""
        raise WrongType(f"{place}: {self.name} is {expected}, got {value!r} of type {type(value).__name__}{hint}")

    def __repr__(self) -> str:
        return f"<{self.__class__.__name__} {self.name or '(unbound)'}, default {self.default!r}>"


class NAttributeProperty(AttributeProperty[T]):
    """The same for an attribute that is kept in memory only, any Python value by identity."""

    attrhandler_name = "nattributes"

    @overload
    def __get__(self, instance: None, owner: Any) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        try:
            return instance.__dict__["ndb"].__dict__[self._fast_key]
        except (KeyError, AttributeError):
            pass
        return self if instance is None else self._read(instance)
