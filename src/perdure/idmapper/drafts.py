"""Makes instances without a row.

Contract: `draft(cls, values)` gives what `cls(**values)` would, values by field name. Where running `__init__` would do
no more than set fields, it is not run: for a class that no `__init__` of a project's stands in, while nobody listens to
Django's init signals. That costs a tenth of Django's `__init__`, which asks every field by way of `__setattr__`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from inspect import getattr_static
from typing import Any

from django.db import DEFAULT_DB_ALIAS, router
from django.db.models import NOT_PROVIDED, signals

from perdure.idmapper.relations import IdentityState

__all__ = ["draft", "runs_init"]


def runs_init(cls: Any) -> bool:
    """Whether making an instance of `cls` has to run its `__init__`."""
    return bool(cls._custom_init or signals.pre_init.has_listeners(cls) or signals.post_init.has_listeners(cls))


def draft(cls: Any, values: Mapping[str, Any]) -> Any:
    """An instance of `cls` without a row, with these values and the defaults of all other fields."""
    blank = _blank(cls._meta.concrete_model)
    if blank is None or runs_init(cls):
        return cls(**values)
    instance = cls.__new__(cls)
    held = instance.__dict__
    held.update(zip(blank.names, blank.defaults, strict=True))
    for name, make in blank.made:
        held[name] = make()
    held["_state"] = IdentityState()
    for name, value in values.items():
        field = blank.fields[name]
        if not field.is_relation:
            held[field.attname] = value
        elif value is None or _is_known(field, value):
            held[field.attname] = None if value is None else getattr(value, field.target_field.attname)
        else:
            setattr(instance, name, value)  # checks the value, and keeps one that has no id yet
    return instance


def _is_known(field: Any, target: Any) -> bool:
    """Whether the identity map finds a target by its id alone."""
    return (
        isinstance(target, field.remote_field.model)
        and hasattr(target, "__dbclass__")
        and not target._is_deleted
        and not target._state.adding
        and target._state.db == DEFAULT_DB_ALIAS
        and not router.routers
    )


class _Blank:
    """The fields of a model as they are when nothing is given."""

    def __init__(self, model: Any) -> None:
        fields = model._meta.concrete_fields
        made = [field for field in fields if field.has_default() and callable(field.default)]
        self.fields = {field.name: field for field in fields}
        self.names = tuple(field.attname for field in fields)
        self.made = tuple((field.attname, field.get_default) for field in made)
        self.defaults = tuple(None if field in made else field.get_default() for field in fields)


@cache
def _blank(model: Any) -> _Blank | None:
    """The blank form of a model; None where its fields are not simply set."""
    plain = all(
        not field.generated
        and field.db_default is NOT_PROVIDED
        and not hasattr(getattr_static(model, field.attname), "__set__")
        for field in model._meta.concrete_fields
    )
    return _Blank(model) if plain else None
