"""Making objects: what a create call says, and in which order it comes true.

Contract: everything is one transaction, hooks included; whatever raises leaves neither a row nor an instance. The
arguments are checked before anything is written. The creation hooks run first, then the arguments are applied and win,
falsy ones too; only when all data is there is anybody told (`at_object_receive`, `at_post_move`, then the signal).

A key of None or "" counts as not given (the object is then called `#5` unless a hook names it), and so does a home of
None, which means `DEFAULT_HOME`; `nohome` is for having none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from perdure.conf import conf
from perdure.errors import InvalidArgument
from perdure.idmapper.wrappers import dbref_number
from perdure.locks import LockHandler
from perdure.signals import SIGNAL_OBJECT_POST_CREATE
from perdure.transactions import transaction
from perdure.typeclasses import registry
from perdure.typeclasses.applied_arguments import apply_labels, normal_labels
from perdure.typeclasses.creation import normal_entity

__all__ = [
    "ARGUMENTS",
    "BATCH_SIZE",
    "announce_arrival",
    "apply_arguments",
    "create_object",
    "create_objects",
    "default_home",
    "normal_lockstring",
]

#: What `create_object` takes beside the typeclass.
ARGUMENTS = (
    "key",
    "location",
    "home",
    "permissions",
    "locks",
    "aliases",
    "tags",
    "destination",
    "report_to",
    "nohome",
    "attributes",
    "nattributes",
)
BATCH_SIZE = 500
_PLACES = ("location", "home", "destination")


def create_object(model: Any, typeclass: Any = None, **arguments: Any) -> Any:
    """Create one object; arguments as in `perdure.create.create_object`.

    Raises `TypeclassNotFound`, `WrongFamily`, `InvalidArgument` (naming the argument), `LockException`, or what a hook
    raises; then nothing has been created.
    """
    instance = _prepare(model, typeclass, arguments, "create_object", lambda: default_home(model))
    if not SIGNAL_OBJECT_POST_CREATE.has_listeners(instance):
        instance.save()
        return instance
    with transaction():
        instance.save()
        SIGNAL_OBJECT_POST_CREATE.send(sender=instance)
    return instance


def create_objects(
    model: Any,
    typeclass: Any,
    rows: Iterable[Mapping[str, Any]],
    hooks: bool = True,
    batch_size: int = BATCH_SIZE,
) -> list[Any]:
    """Create many objects, all or none, with a handful of statements for each batch.

    Args:
        model: `ObjectDB`.
        typeclass: class or path of those rows that do not name their own (`typeclass`).
        rows: arguments of `create_object`, a dict for each object.
        hooks: run the creation hooks; without them the objects get their default locks and what the row says, and
            nobody is told of them.
        batch_size: how many rows are written together.
    """
    if batch_size < 1:
        raise InvalidArgument(f"create_objects: batch_size is {batch_size!r}; it must be at least 1")
    created: list[Any] = []
    source = iter(rows)
    home = cache(lambda: default_home(model))
    with transaction():
        while batch := [dict(row) for row in islice(source, batch_size)]:
            instances = [
                _prepare(
                    model, row.pop("typeclass", typeclass), row, f"create_objects row {len(created) + index}", home
                )
                for index, row in enumerate(batch)
            ]
            for instance in () if hooks else instances:
                _skip_hooks(instance)
            created += model.unscoped.bulk_create(instances)
        if hooks and SIGNAL_OBJECT_POST_CREATE.has_listeners(None):
            for instance in created:
                SIGNAL_OBJECT_POST_CREATE.send(sender=instance)
    return created


def _skip_hooks(instance: Any) -> None:
    """Have an instance without a row be created with its default locks and without its creation hooks."""
    instance._without_hooks = True
    instance.db_lock_storage = normal_lockstring(instance.default_locks)


@lru_cache(maxsize=256)
def normal_lockstring(lockstring: str) -> str:
    """A lockstring as it is stored. Raises `LockException` for a malformed one."""
    host = _LockHost()
    LockHandler(host).add(lockstring)
    return host.lock_storage


class _LockHost:
    """Something to hang locks on, to have them in their normal form."""

    lock_storage = ""


def default_home(model: Any) -> Any:
    """The object of the setting DEFAULT_HOME, or None if there is no such object."""
    number = dbref_number(conf.DEFAULT_HOME)
    if number is None:
        return None
    known = model.get_cached_instance(number)
    return model.unscoped.filter(pk=number).first() if known is None else known


def _prepare(model: Any, typeclass: Any, arguments: dict[str, Any], call: str, find_home: Callable[[], Any]) -> Any:
    """An instance without a row that knows what it was created with. Raises for what cannot be."""
    unknown = [name for name in arguments if name not in ARGUMENTS]
    if unknown:
        raise TypeError(f"{call} got unknown argument(s) {', '.join(sorted(unknown))}; it takes {', '.join(ARGUMENTS)}")
    cls = registry.default_class(model) if typeclass is None else registry.resolve(typeclass, model)
    given = normal_labels(arguments)
    for name in _PLACES:
        if name in given:
            given[name] = normal_entity(given[name], model, name)
    if not given.get("key"):
        given.pop("key", None)
    elif not isinstance(given["key"], str) or not given["key"].strip():
        raise InvalidArgument(f"{call}: key is {given['key']!r}; give text that is not blank")
    elif len(given["key"]) > 255:
        raise InvalidArgument(f"{call}: key has {len(given['key'])} characters; 255 fit")
    if given.pop("nohome", False):
        given["home"] = None
    elif given.get("home") is None:
        given.pop("home", None)
        if (home := find_home()) is not None:
            given["home"] = home
    given.pop("report_to", None)
    instance = cls._draft(
        db_key=given.get("key", ""),
        db_location=given.get("location"),
        db_home=given.get("home"),
        db_destination=given.get("destination"),
    )
    instance.__dict__["_createdict"] = given
    if hasattr(cls.basetype_setup, "sets_default_locks"):
        # What that hook would write in a moment.
        instance.__dict__["db_lock_storage"] = normal_lockstring(cls.default_locks)
    return instance


def apply_arguments(instance: Any) -> dict[str, Any]:
    """Apply what the object was created with, over what its hooks did; what that was, without the labels."""
    given = instance.__dict__.get("_createdict") or {}
    changed = []
    for name in _PLACES:
        if name in given and getattr(instance, f"db_{name}_id") != getattr(given[name], "pk", None):
            setattr(instance, f"db_{name}", given[name])
            changed.append(f"db_{name}")
    key = given.get("key") or instance.db_key or instance.dbref
    if key != instance.db_key:
        instance.db_key = key
        changed.append("db_key")
    if changed:
        instance.save(update_fields=changed)
    apply_labels(instance, given)
    return dict(given)


def announce_arrival(instance: Any, given: Mapping[str, Any]) -> None:
    """Tell the place where a new object was created, and the object itself."""
    place = given.get("location")
    if place is None or instance.db_location_id != place.pk:
        return
    place.at_object_receive(instance, None)
    instance.at_post_move(None)
