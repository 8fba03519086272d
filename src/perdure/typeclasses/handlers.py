"""Handlers that live on an instance: built on first access, kept in the instance's `__dict__`.

Contract: the second access is a plain attribute look-up. A handler refers to its owner weakly (`OwnerRef`), so that
dropping the last reference to an object frees it at once. Deleting an object drops its handlers, and every later
access says that it is deleted.

Packages that must not import each other meet here: one registers a factory under a name (`register_handler`), the
other puts `registered_handler(name)` into its class body.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from perdure.errors import ConfigurationError, DeletedObject
from perdure.idmapper.states import describe, require

__all__ = [
    "Owned",
    "OwnerRef",
    "forget_handler",
    "handler_names",
    "lazy_handler",
    "provides",
    "register_handler",
    "registered_handler",
    "weak_reference",
]

_factories: dict[str, Callable[[Any], Any]] = {}


class lazy_handler:
    """A handler made by `factory(instance)` on first access; cannot be assigned or deleted."""

    def __init__(self, factory: Callable[[Any], Any], doc: str = "") -> None:
        self.factory = factory
        self.__doc__ = doc or factory.__doc__
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        if instance.__dict__.get("_is_deleted"):
            require(instance, "read stored data of")
        handler = instance.__dict__[self.name] = self.factory(instance)
        return handler


def register_handler(name: str, factory: Callable[[Any], Any]) -> None:
    """Make `factory(instance)` the maker of handlers called `name`."""
    _factories[name] = factory


def forget_handler(name: str) -> None:
    """Have nobody make handlers called `name`."""
    _factories.pop(name, None)


def provides(name: str) -> bool:
    """Whether some package has registered a handler under `name`."""
    return name in _factories


class registered_handler(lazy_handler):
    """A handler whose factory another package registers under `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(self._make, f"The `{name}` handler.")
        self.registered_as = name

    def _make(self, instance: Any) -> Any:
        factory = _factories.get(self.registered_as)
        if factory is None:
            raise ConfigurationError(
                f"nothing provides the handler {self.registered_as!r} of {describe(instance)}; "
                "add the app that does to INSTALLED_APPS"
            )
        return factory(instance)


def handler_names(cls: type) -> frozenset[str]:
    """Names of the handlers that `cls` has."""
    return frozenset(
        name for base in cls.__mro__ for name, value in vars(base).items() if isinstance(value, lazy_handler)
    )


class Owned:
    """A part of an entity, which refers to it weakly."""

    __slots__ = ("_ref",)

    def __init__(self, owner: Any) -> None:
        self._ref = weak_reference(owner)

    def owner(self) -> Any:
        """The entity. Raises `DeletedObject` if it is no longer in memory."""
        owner = self._ref()
        if owner is None:
            raise DeletedObject(
                "the object that this handler belonged to has left memory; keep the object, not its handler"
            )
        return owner


class OwnerRef(Owned):
    """A weak reference to the owner of a handler, with a clear error once the owner has left memory."""

    __slots__ = ()

    __call__ = Owned.owner


def weak_reference(owner: Any) -> weakref.ref[Any]:
    """The weak reference that the identity map has of `owner`, rather than one more of 88 bytes."""
    identity = getattr(owner, "__identity__", None)
    known = None if identity is None else identity.refs.get(owner.__dict__.get("id"))
    return known if known is not None and known() is owner else weakref.ref(owner)
