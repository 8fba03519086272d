"""The states of a live instance, and which operations each allows.

    NEW --save--> CLEAN <--assign/save--> DIRTY
    CLEAN --rollback, update elsewhere--> EXPIRED --next read--> CLEAN
    NEW, CLEAN, DIRTY, EXPIRED --delete--> DELETED --rollback of the delete--> EXPIRED
    CLEAN --rollback of the create--> NEW
    MISSING: the class of the row cannot be imported; readable, refuses writes

The state is derived from the instance (Django's `adding` flag, the deletion mark, unsaved assignments,
expired fields), so it cannot disagree with it.
"""

from __future__ import annotations

import enum
from typing import Any

from perdure.errors import DeletedObject, IllegalState, TypeclassUnavailable, UnsavedObject

__all__ = ["State", "require", "state_of"]


class State(enum.Enum):
    """State of a live instance."""

    NEW = "new"
    CLEAN = "clean"
    DIRTY = "dirty"
    EXPIRED = "expired"
    DELETED = "deleted"
    MISSING = "missing"


_ALLOWED: dict[str, frozenset[State]] = {
    "save": frozenset({State.NEW, State.CLEAN, State.DIRTY, State.EXPIRED}),
    "delete": frozenset({State.CLEAN, State.DIRTY, State.EXPIRED}),
    "read": frozenset({State.NEW, State.CLEAN, State.DIRTY, State.EXPIRED, State.MISSING}),
    "read stored data of": frozenset({State.CLEAN, State.DIRTY, State.EXPIRED, State.MISSING}),
    "write stored data of": frozenset({State.CLEAN, State.DIRTY, State.EXPIRED}),
}


def state_of(instance: Any) -> State:
    """The state `instance` is in."""
    held = instance.__dict__
    if held.get("_is_deleted"):
        return State.DELETED
    if instance._state.adding:
        return State.NEW
    if instance._unavailable is not None:
        return State.MISSING
    if held.get("_dirty"):
        return State.DIRTY
    return State.EXPIRED if "_expired" in held else State.CLEAN


def require(instance: Any, operation: str) -> None:
    """Raise unless `instance` is in a state that allows `operation` (a key of the table above)."""
    if not instance.__dict__.get("_is_deleted") and not instance._state.adding and instance._unavailable is None:
        return  # clean, dirty or expired: every operation is allowed
    state = state_of(instance)
    if state in _ALLOWED[operation]:
        return
    what = f"cannot {operation} {describe(instance)}: it is {state.value}"
    if state is State.DELETED:
        raise DeletedObject(f"{what}; its row is gone, drop this reference")
    if state is State.NEW:
        raise UnsavedObject(f"{what} and has no row yet; save() it first")
    if state is State.MISSING:
        raise TypeclassUnavailable(f"{what}: {instance._unavailable}")
    raise IllegalState(what)


def describe(instance: Any) -> str:
    """`Furniture #5`: what an error message calls an instance, without reading its row."""
    if not hasattr(instance, "_meta"):
        return repr(instance)
    return f"{type(instance).__name__} #{instance.__dict__.get(instance._meta.pk.attname)}"
