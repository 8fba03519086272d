"""The metaclasses of shared-memory models."""

from __future__ import annotations

import functools
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import ForeignKey, Model
from django.db.models.base import ModelBase

from perdure.idmapper.deleting import hear_deletions
from perdure.idmapper.identity import identity_map
from perdure.idmapper.relations import resolve_by_identity
from perdure.idmapper.sharing import share_managers
from perdure.idmapper.states import describe
from perdure.idmapper.wrappers import wrapper_for

__all__ = ["SharedMemoryModelBase", "WeakSharedMemoryModelBase"]


class SharedMemoryModelBase(ModelBase):
    """Makes a model class whose instances are shared: one per row.

    Sets `path` (dotted path of the class) and `typename`; adds a property `x` for each field `db_x` declared in the
    class body, unless the class has or inherits something of that name; has foreign keys resolve by identity.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        """Create the class; arguments are those of any metaclass."""
        cls: Any = super().__new__(mcs, name, bases, attrs, **kwargs)
        if "path" not in attrs:
            cls.path = f"{cls.__module__}.{cls.__name__}"
        if "typename" not in attrs:
            cls.typename = mcs._typename(name)
        meta = cls._meta
        for field in meta.local_fields:
            if isinstance(field, ForeignKey):
                resolve_by_identity(cls, field)
            short = field.name.removeprefix("db_")
            if short != field.name and not hasattr(cls, short):
                setattr(cls, short, wrapper_for(field))
        cls._custom_init = mcs._overrides_init(cls)
        share_managers(cls)
        _name_the_deleted(cls)
        if meta.abstract:
            return cls
        cls.__dbclass__ = meta.concrete_model
        cls.__identity__ = identity_map(DEFAULT_DB_ALIAS, meta.concrete_model)
        cls._tracked_names = frozenset(field.attname for field in meta.concrete_fields)
        cls._key_names = frozenset(field.attname for field in meta.concrete_fields if field.primary_key)
        cls._generated_names = tuple(field.attname for field in meta.concrete_fields if field.generated)
        cls._relation_cache_names = {
            field.attname: field.cache_name for field in meta.concrete_fields if isinstance(field, ForeignKey)
        }
        _share_keys(cls)
        if getattr(cls, "_hears_deletions", True):
            hear_deletions(cls)
        return cls

    @classmethod
    def _typename(mcs, name: str) -> str:
        return mcs.__name__

    @staticmethod
    def _overrides_init(cls: Any) -> bool:
        """Whether a class between `cls` and Django's Model, other than the library's own, defines `__init__`."""
        for base in cls.__mro__:
            if base.__module__.startswith("django.") or base is object:
                continue
            if "__init__" in base.__dict__ and not base.__dict__.get("_library_init"):
                return True
        return False


def _share_keys(cls: Any) -> None:
    """Have the dictionaries of the instances of `cls` share their keys.

    CPython shares those that the first instances have got. One that gets another name later has a dictionary of its own
    from then on, of three times the size, so the first one gets all that are to be expected.
    """
    first = object.__new__(cls)
    first.__dict__.update(
        (name, None) for name in (*(field.attname for field in cls._meta.concrete_fields), *cls._often_beside_row)
    )
    first.__dict__.clear()


def _name_the_deleted(cls: Any) -> None:
    """Have `str()` of a deleted instance say so, instead of raise: logs and the admin name what they deleted."""
    original = cls.__str__
    if original is Model.__str__ or hasattr(original, "_names_the_deleted"):
        return

    @functools.wraps(original)
    def __str__(self: Any) -> str:
        held = self.__dict__
        if held.get("_is_deleted") and "_expired" in held:
            return f"<deleted {describe(self)}>"
        return original(self)  # type: ignore[no-any-return]

    __str__._names_the_deleted = True  # type: ignore[attr-defined]
    cls.__str__ = __str__


class WeakSharedMemoryModelBase(SharedMemoryModelBase):
    """The same for models that are kept in memory only while something refers to them."""
