"""Changing the class of an object while it lives.

Contract: everything is checked before anything changes, and the change is one transaction, hooks included: the
stored path, the class in memory, cleaned attributes and command sets go together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from perdure.errors import InvalidArgument, TypeclassNotFound
from perdure.transactions import transaction
from perdure.typeclasses import registry
from perdure.typeclasses.handlers import handler_names

__all__ = ["swap"]

_KEPT = frozenset({"db", "ndb", "attributes", "nattributes", "tags", "aliases", "permissions", "locks", "_tag_store"})


def swap(
    obj: Any,
    new_typeclass: Any,
    clean_attributes: bool | str | Iterable[str],
    run_start_hooks: str | Iterable[str] | None,
    no_default: bool,
    clean_cmdsets: bool,
) -> None:
    """Make `obj` an instance of another typeclass; see `TypedObject.swap_typeclass`."""
    new_class = _target(obj, new_typeclass, no_default)
    obj._check_swap(new_class)
    hooks = _hook_names(new_class, run_start_hooks)
    names = _attribute_names(clean_attributes)
    with transaction(using=obj._state.db):
        old_class = type(obj)
        _change_class(obj, new_class)
        if names is None:
            obj.attributes.clear()
            obj.nattributes.clear()
        elif names:
            obj.attributes.remove(names)
            obj.nattributes.remove(names)
        if clean_cmdsets and hasattr(obj, "cmdset"):
            obj.cmdset.clear()
            obj.cmdset.remove_default()
        obj.at_typeclass_swap(old_class, new_class)
        obj.at_init()
        for name in hooks:
            getattr(obj, name)()


def _target(obj: Any, new_typeclass: Any, no_default: bool) -> Any:
    family = obj.__dbclass__
    try:
        return registry.resolve(new_typeclass, family)
    except TypeclassNotFound:
        if no_default:
            raise
        return registry.default_class(family)


def _change_class(obj: Any, new_class: Any) -> None:
    for base in type(obj).__mro__:
        for name, value in vars(base).items():
            if isinstance(value, cached_property):
                obj.__dict__.pop(name, None)
    for name in handler_names(type(obj)) - _KEPT:
        obj.__dict__.pop(name, None)
    obj._become(new_class)
    obj.db_typeclass_path = new_class.path
    obj.db_typeclass_version = new_class.typeclass_version
    obj.save(update_fields=["db_typeclass_path", "db_typeclass_version"])


def _hook_names(new_class: Any, wanted: str | Iterable[str] | None) -> list[str]:
    if not wanted:
        return []
    if wanted == "all":
        return ["at_first_save"]
    names = wanted.split() if isinstance(wanted, str) else list(wanted)
    for name in names:
        if not callable(getattr(new_class, name, None)):
            raise InvalidArgument(f"run_start_hooks: {new_class.path} has no hook {name!r}")
    return names


def _attribute_names(clean: bool | str | Iterable[str]) -> list[str] | None:
    """Names to remove; None for all of them."""
    if clean is True:
        return None
    if not clean:
        return []
    return [clean] if isinstance(clean, str) else list(clean)  # type: ignore[arg-type]
