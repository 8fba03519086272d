"""Copies of objects: each part field for field, and nothing else.

Contract: a copy has what its original has, of the parts that are asked for. Creation hooks do not run (they would add
to it); the place it appears in is told, and then the original's `at_object_post_copy`. All in one transaction.

Never copied: what is inside, nicks, attributes in memory only, and who controls it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from perdure.errors import InvalidArgument
from perdure.objects.creation import announce_arrival, create_objects
from perdure.signals import SIGNAL_OBJECT_POST_CREATE
from perdure.transactions import transaction
from perdure.typeclasses.creation import NOT_GIVEN, normal_entity, normal_keys, normal_locks
from perdure.typeclasses.handlers import provides

__all__ = ["PARTS", "copy_object", "copy_of"]

#: What can be included in a copy or excluded from it.
PARTS = (
    "location",
    "home",
    "destination",
    "locks",
    "permissions",
    "aliases",
    "tags",
    "attributes",
    "scripts",
    "cmdsets",
)
_TAGTYPES = {"tags": "", "aliases": "alias", "permissions": "permission"}
_REPLACEABLE = ("location", "home", "destination", "locks", "permissions", "aliases")


def copy_of(original: Any, new_key: Any, options: dict[str, Any]) -> Any:
    """What `DefaultObject.copy` does."""
    given = {} if new_key is NOT_GIVEN or new_key is None else {"key": new_key}
    for name in _REPLACEABLE:
        if f"new_{name}" in options:
            given[name] = options.pop(f"new_{name}")
    parts = {name: options.pop(name) for name in ("include", "exclude") if name in options}
    with transaction(using=original._state.db):
        made = copy_object(original, given, **parts)
        original.at_object_post_copy(made, **options)
    return made


def copy_object(
    original: Any, given: dict[str, Any], include: Iterable[str] | None = None, exclude: Iterable[str] = ()
) -> Any:
    """Copy an object.

    Args:
        original: what to copy.
        given: what replaces the original's: key, location, home, destination, locks, permissions, aliases.
        include: the parts to copy; all of them by default.
        exclude: parts to leave out.

    Raises `InvalidArgument` for unknown parts.
    """
    parts = _parts(include, exclude)
    model = original.__dbclass__
    places = {name: _place(original, name, given, parts) for name in ("location", "home", "destination")}
    row = {"key": given.get("key") or _next_key(original, places["location"]), **places}
    row["nohome"] = row["home"] is None
    with transaction(using=original._state.db):
        made = create_objects(model, type(original), [row], hooks=False)[0]
        _copy_labels(original, made, given, parts)
        if "attributes" in parts:
            _copy_attributes(original, made)
        if "cmdsets" in parts and made.db_cmdset_storage != original.db_cmdset_storage:
            made.cmdset_storage = original.db_cmdset_storage
        if "scripts" in parts and provides("scripts"):
            for script in original.scripts.all():
                script.__dbclass__.objects.copy_script(script, new_obj=made)
        announce_arrival(made, row)
        SIGNAL_OBJECT_POST_CREATE.send(sender=made)
    return made


def _parts(include: Iterable[str] | None, exclude: Iterable[str]) -> set[str]:
    wanted = set(PARTS if include is None else [include] if isinstance(include, str) else include)
    unwanted = {exclude} if isinstance(exclude, str) else set(exclude)
    unknown = (wanted | unwanted) - set(PARTS)
    if unknown:
        raise InvalidArgument(f"copy: there is no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}")
    return wanted - unwanted


def _place(original: Any, name: str, given: dict[str, Any], parts: set[str]) -> Any:
    if name in given:
        return normal_entity(given[name], original.__dbclass__, f"new_{name}")
    return getattr(original, f"db_{name}") if name in parts else None


def _next_key(original: Any, place: Any) -> str:
    """The original's key with the next free number among what is in the place; the key itself where there is none."""
    key = str(original.key)
    if place is None:
        return key
    numbers = [0]
    for sibling in place.contents:
        match = re.fullmatch(re.escape(key) + r"([0-9]+)", sibling.key)
        if match:
            numbers.append(int(match[1]))
    return f"{key}{max(numbers) + 1:03d}"


def _copy_labels(original: Any, made: Any, given: dict[str, Any], parts: set[str]) -> None:
    if "locks" in given:
        made.locks.replace(normal_locks(given["locks"], "new_locks"))
    elif "locks" in parts and made.db_lock_storage != original.db_lock_storage:
        made.lock_storage = original.db_lock_storage
    for part, tagtype in _TAGTYPES.items():
        handler = getattr(made, part)
        if part in given:
            handler.batch_add(*normal_keys(given[part], f"new_{part}"))
        elif part in parts:
            handler.batch_add(*((key, category) for _, category, key in original._tag_store.all(tagtype)))


def _copy_attributes(original: Any, made: Any) -> None:
    source, target = original._attribute_store, made._attribute_store
    for slot in source.slots(""):
        value = source.find(slot)
        target.set_value(slot, value, source.locks.get(slot), source.strings.get(slot))
