"""What the create functions of all kinds have in common: locks, permissions, aliases, tags and attributes.

Contract: `normal_labels` checks the arguments before anything is written; `apply_labels` gives them to an entity that
has its row, on top of what its creation hooks did. None and empty ones add nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from perdure.errors import InvalidArgument
from perdure.locks import LockHandler
from perdure.transactions import transaction
from perdure.typeclasses.attribute_store import Slot
from perdure.typeclasses.creation import (
    NOT_GIVEN,
    AttributeArgument,
    normal_attributes,
    normal_keys,
    normal_locks,
    normal_nattributes,
    normal_tags,
)
from perdure.typeclasses.keys import normal_category, normal_key
from perdure.typeclasses.tag_store import tag_slot

__all__ = ["WITHOUT_HOOKS", "apply_labels", "create_many", "normal_labels", "normal_lockstring"]

#: Set on a new instance whose creation hooks are not to run.
WITHOUT_HOOKS = "_without_hooks"

_TAG_TYPES = (("permission", "permissions"), ("alias", "aliases"), ("", "tags"))

_FORMS: dict[str, Any] = {
    "locks": lambda value: normal_locks(value),
    "permissions": lambda value: normal_keys(value, "permissions"),
    "aliases": lambda value: normal_keys(value, "aliases"),
    "tags": lambda value: normal_tags(value),
    "attributes": lambda value: normal_attributes(value),
    "attrs": lambda value: normal_attributes(value, "attrs"),
    "nattributes": lambda value: normal_nattributes(value),
}


def normal_labels(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that were given, those of the common kinds in their one plain form.

    Raises `InvalidArgument` naming the argument that cannot be used.
    """
    return {
        name: _FORMS[name](value) if name in _FORMS else value
        for name, value in arguments.items()
        if value is not NOT_GIVEN
    }


def apply_labels(entity: Any, arguments: dict[str, Any]) -> None:
    """Give `entity` what `normal_labels` made of the common arguments.

    Called inside the creation's own transaction, so that everything leaves together. It asks the stores: handlers would
    stay in memory with every object that is created.
    """
    if locks := arguments.get("locks"):
        entity.locks.add(locks)
    labels = [
        (tag_slot(tagtype, key, category), data)
        for tagtype, name in _TAG_TYPES
        for key, category, data in arguments.get(name) or ()
    ]
    if labels:
        entity._tag_store.add_many(labels)
    for name in ("attributes", "attrs"):
        if attributes := arguments.get(name):
            _apply_attributes(entity, attributes)
    for key, value in arguments.get("nattributes", {}).items():
        entity.nattributes.add(key, value)


def _apply_attributes(entity: Any, attributes: Iterable[AttributeArgument]) -> None:
    entity._attribute_store.set_many(
        [(_slot(key, category), value) for key, value, category, lockstring, _ in attributes if not lockstring]
    )
    for key, value, category, lockstring, _ in attributes:
        if lockstring:
            entity.attributes.add(key, value, category=category, lockstring=lockstring)  # which checks the locks


@lru_cache(maxsize=4096)
def _slot(key: str, category: str | None) -> Slot:
    """The slot of a plain attribute: one tuple for all objects that have it."""
    return ("", normal_category(category), normal_key(key))


class _LockHost:
    """Something to put locks on."""

    lock_storage = ""


@lru_cache(maxsize=256)
def normal_lockstring(lockstring: str) -> str:
    """The form in which a lockstring is stored."""
    host = _LockHost()
    LockHandler(host).add(lockstring)
    return host.lock_storage


def create_many(
    model: Any,
    prepare: Callable[..., Any],
    typeclass: Any,
    rows: Iterable[Mapping[str, Any]],
    *,
    hooks: bool = True,
    batch_size: int = 500,
    signal: Any = None,
) -> list[Any]:
    """Create many entities of one kind, all or none; the rows of a batch are inserted together.

    Args:
        model: the db model.
        prepare: makes an instance without a row of the arguments of its create function.
        typeclass: class or path of the rows that do not name their own (`typeclass`).
        rows: a dict of arguments for each.
        hooks: run the creation hooks; without them there are the default locks and what the row says.
        batch_size: how many rows are written together.
        signal: sent for each, if hooks run.

    Raises `InvalidArgument` for a row that is no dict, and what `prepare` and hooks raise; then nothing is there.
    """
    if batch_size < 1:
        raise InvalidArgument(f"batch_size is {batch_size!r}; it must be at least 1")
    created: list[Any] = []
    source = iter(rows)
    with transaction():
        while batch := list(islice(source, batch_size)):
            instances = [_prepared(prepare, typeclass, row, len(created) + index) for index, row in enumerate(batch)]
            for instance in () if hooks else instances:
                instance.__dict__[WITHOUT_HOOKS] = True
            created += model.unscoped.bulk_create(instances)
        if hooks and signal is not None:
            for instance in created:
                signal.send(sender=instance)
    return created


def _prepared(prepare: Callable[..., Any], typeclass: Any, row: Any, index: int) -> Any:
    if not isinstance(row, Mapping):
        raise InvalidArgument(f"row {index} is {row!r}; give a dict of arguments")
    return prepare(**{"typeclass": typeclass, **row})
