"""References to entities (objects, accounts, scripts, channels) inside stored values.

Contract: in memory an entity stands in a value as the live instance; in storage as its `Reference`. This package
knows nothing of models: the layer that does installs three hooks. An entity that is not there any more when a
value is read gives None in its place.

Failure modes: without hooks nothing is an entity, and reading a stored reference raises `UnreadableValue`
(rather than losing it in silence).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from perdure.errors import DeletedObject, UnreadableValue, UnstorableValue

__all__ = ["Hooks", "Reference", "hooks", "reference_or_none", "set_reference_hooks"]


class Reference(NamedTuple):
    """The stored form of an entity: which table and which row."""

    model: str
    pk: int | str


def _nothing_is_an_entity(value: object) -> bool:
    return False


def _no_reference(value: object) -> Reference:
    raise UnstorableValue("value", value, "no layer of entities is loaded; call perdure.setup() first")


def _no_resolver(wanted: Collection[Reference]) -> Mapping[Reference, object]:
    raise UnreadableValue(
        f"the value refers to {sorted(f'{ref.model}:{ref.pk}' for ref in wanted)}, but no layer of entities is loaded; "
        "call perdure.setup() first"
    )


class Hooks:
    """The three functions by which this package sees entities. One instance: `hooks`."""

    __slots__ = ("is_entity", "resolve", "to_reference")

    def __init__(self) -> None:
        self.is_entity: Callable[[object], bool] = _nothing_is_an_entity
        self.to_reference: Callable[[object], Reference] = _no_reference
        self.resolve: Callable[[Collection[Reference]], Mapping[Reference, object]] = _no_resolver


hooks = Hooks()


def set_reference_hooks(
    is_entity: Callable[[object], bool],
    to_reference: Callable[[object], Reference],
    resolve: Callable[[Collection[Reference]], Mapping[Reference, object]],
) -> None:
    """Tell the package how to recognise, name and find entities. The last call holds.

    Args:
        is_entity: True for an entity. Asked before anything else is tried on a value (never iterates it).
        to_reference: the reference of an entity; raises UnsavedObject or DeletedObject where there is no row.
        resolve: live instances for many references at once; those without a row are left out.
    """
    hooks.is_entity = is_entity
    hooks.to_reference = to_reference
    hooks.resolve = resolve


def reference_or_none(entity: object) -> Reference | None:
    """The reference of an entity in a value that has been accepted before; None if it was deleted since.

    That is what reading the value would give from then on. Raises UnsavedObject.
    """
    try:
        return hooks.to_reference(entity)
    except DeletedObject:
        return None
