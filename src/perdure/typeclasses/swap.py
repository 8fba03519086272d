"""Changing the class of an object while it lives.

Contract: everything is checked before anything changes, and the change is one transaction, hooks included: the
stored path, the class in memory, cleaned attributes and command sets go together or not at all. What a class made and
cached on the instance (its own handlers, cached properties) goes with the class; the handlers of data stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, cached_property, partial
from typing import Any

from perdure.errors import InvalidArgument, TypeclassNotFound
from perdure.idmapper.ownership import check_owner
from perdure.idmapper.states import State, require, state_of
from perdure.transactions import all_or_nothing, on_rollback, unit_of_work
from perdure.typeclasses import registry
from perdure.typeclasses.applied_arguments import normal_lockstring
from perdure.typeclasses.handlers import lazy_handler

__all__ = ["become", "locks_to_set", "swap"]

_CLASS_FIELDS = ("db_typeclass_path", "db_typeclass_version")
_HOLD_DATA = frozenset({"db", "ndb", "_tag_store"})


def swap(
    obj: Any,
    new_typeclass: Any,
    clean_attributes: bool | str | Iterable[str],
    run_start_hooks: str | Iterable[str] | None,
    no_default: bool,
    clean_cmdsets: bool,
) -> None:
    """Make `obj` an instance of another typeclass; see `TypedObject.swap_typeclass`."""
    if state_of(obj) in (State.NEW, State.DELETED):
        require(obj, "write stored data of")
    new_class = _target(obj, new_typeclass, no_default)
    obj._check_swap(new_class)
    check_owner(obj, unit_of_work(obj._state.db))
    hooks = _hook_names(new_class, run_start_hooks)
    names = _attribute_names(clean_attributes)
    with all_or_nothing(obj._state.db):
        old_class = type(obj)
        _change_class(obj, new_class)
        if names is None:
            obj.attributes.clear()
            _clean_memory(obj, None)
        elif names:
            obj.attributes.remove(names)
            _clean_memory(obj, names)
        if clean_cmdsets and hasattr(obj, "cmdset"):
            obj.cmdset.clear()
            obj.cmdset.remove_default()
        obj.at_typeclass_swap(old_class, new_class)
        obj.at_init()
        _run_hooks(obj, hooks, old_class)


def _run_hooks(obj: Any, hooks: list[str], old_class: Any) -> None:
    obj.__dict__["_swapped_from"] = old_class
    try:
        for name in hooks:
            getattr(obj, name)()
    finally:
        obj.__dict__.pop("_swapped_from", None)


def locks_to_set(obj: Any, defaults: str) -> str:
    """Those of a class's default locks that its setup may set: all of them on a new object.

    While start hooks run after a swap, a lock stays that somebody has changed from what the class before set.
    """
    old_class = obj.__dict__.get("_swapped_from")
    if old_class is None:
        return defaults
    set_before: Any = getattr(old_class, "default_locks", None) or getattr(old_class, "lockstring", "")
    before = _by_access_type(set_before)
    changed = {name for name, text in _by_access_type(obj.lock_storage).items() if before.get(name) != text}
    return ";".join(f"{name}:{text}" for name, text in _by_access_type(defaults).items() if name not in changed)


def _by_access_type(lockstring: str) -> dict[str, str]:
    return dict(lock.split(":", 1) for lock in normal_lockstring(lockstring).split(";") if lock)


def _target(obj: Any, new_typeclass: Any, no_default: bool) -> Any:
    family = obj.__dbclass__
    try:
        return registry.resolve(new_typeclass, family)
    except TypeclassNotFound:
        if no_default:
            raise
        return registry.default_class(family)


def become(obj: Any, new_class: Any) -> None:
    """Change the class of `obj` in memory; a rollback changes it back."""
    on_rollback(partial(_set_class, obj, type(obj)), using=obj._state.db)
    _set_class(obj, new_class)


def _set_class(obj: Any, new_class: Any) -> None:
    old_class: Any = type(obj)
    for name in _made_by(old_class) | _made_by(new_class):
        obj.__dict__.pop(name, None)
    object.__setattr__(obj, "__class__", new_class)
    obj._ask_before_writing()


@cache
def _made_by(cls: Any) -> frozenset[str]:
    """What a typeclass caches on its instances, beside what every entity of its kind has."""
    common = set(cls.__dbclass__.__mro__)
    made = {
        name
        for base in cls.__mro__
        for name, value in vars(base).items()
        if isinstance(value, cached_property) or (isinstance(value, lazy_handler) and base not in common)
    }
    return frozenset(made - _HOLD_DATA)


def _clean_memory(obj: Any, names: list[str] | None) -> None:
    """Remove attributes that are not stored: all, or those named; a rollback brings them back."""
    handler = obj.nattributes
    slots = handler._slots(None) if names is None else [handler._slot(name, None) for name in names]
    removed = [(slot, handler._find(slot), handler._locks_of(slot)) for slot in slots if handler._exists(slot)]
    handler._remove(slots)

    def restore() -> None:
        for slot, value, locks in removed:
            if not handler._exists(slot):
                handler._set(slot, value, locks or None, None)

    on_rollback(restore, using=obj._state.db)


def _change_class(obj: Any, new_class: Any) -> None:
    become(obj, new_class)
    obj.db_typeclass_path = new_class.path
    obj.db_typeclass_version = new_class.typeclass_version
    obj._save_assigned(_CLASS_FIELDS, _CLASS_FIELDS)


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
    return [clean] if isinstance(clean, str) else list(clean)
