"""What the create functions of all kinds have in common: locks, permissions, aliases, tags and attributes.

Contract: `normal_labels` checks the arguments before anything is written; `apply_labels` gives them to an entity that
has its row, on top of what its creation hooks did. None and empty ones add nothing.
"""

from __future__ import annotations

from typing import Any

from perdure.typeclasses.creation import (
    NOT_GIVEN,
    normal_attributes,
    normal_keys,
    normal_locks,
    normal_nattributes,
    normal_tags,
)

__all__ = ["apply_labels", "normal_labels"]

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
    """Give `entity` what `normal_labels` made of the common arguments."""
    if locks := arguments.get("locks"):
        entity.locks.add(locks)
    if permissions := arguments.get("permissions"):
        entity.permissions.batch_add(*permissions)
    if aliases := arguments.get("aliases"):
        entity.aliases.batch_add(*aliases)
    if tags := arguments.get("tags"):
        entity.tags.batch_add(*tags)
    attributes = [*arguments.get("attributes", ()), *arguments.get("attrs", ())]
    if attributes:
        entity.attributes.batch_add(*attributes)
    for key, value in arguments.get("nattributes", {}).items():
        entity.nattributes.add(key, value)
