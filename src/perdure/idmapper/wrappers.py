"""The property wrappers of `db_*` fields: `obj.key` for the field `db_key`, saved when assigned.

Contract: reading gives the field's value; assigning validates, stores it and saves that column alone;
deleting stores NULL. On a foreign key an id, a digit string or a dbref (`"#5"`) is looked up in the table
the key points to. A value that is refused leaves memory as it was.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.core.exceptions import FieldError
from django.db.models import CharField, Field, ForeignKey

from perdure.errors import InvalidArgument
from perdure.idmapper.states import require

__all__ = ["FieldWrapper", "ForeignKeyWrapper", "ReadOnlyWrapper", "dbref_number", "wrapper_for"]


def dbref_number(value: object) -> int | None:
    """The id in `5`, `"5"` or `"#5"`; None for anything else, and for ids below 1."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value > 0 else None
    if isinstance(value, str):
        digits = value.strip().removeprefix("#")
        if digits.isdecimal() and digits.isascii() and len(digits) < 19:
            return int(digits) or None
    return None


class FieldWrapper(property):
    """`obj.x` for a field `db_x`. A property with a getter in C, so that reading costs no Python call."""

    def __init__(self, field: Field[Any, Any]) -> None:
        self.field = field
        self.limit = field.max_length if isinstance(field, CharField) else None
        doc = f"The field `{field.name}`; assigning saves it."
        super().__init__(attrgetter(field.name), self._assign, self._clear, doc)

    def _assign(self, instance: Any, value: Any) -> None:
        require(instance, "save")
        value = self.prepare(instance, value)
        self.check(instance, value)
        instance._assign_and_save(self.field, value)

    def _clear(self, instance: Any) -> None:
        self._assign(instance, None)

    def prepare(self, instance: Any, value: Any) -> Any:
        """Turn what was assigned into what the field takes."""
        return value

    def check(self, instance: Any, value: Any) -> None:
        """Refuse what the column cannot hold, before anything changes."""
        if value is None and not self.field.null:
            raise InvalidArgument(f"{self._name(instance)} cannot be None (object #{instance.pk}); assign a value")
        if self.limit is not None and isinstance(value, str) and len(value) > self.limit:
            name = self._name(instance)
            raise InvalidArgument(
                f"{name} holds at most {self.limit} characters, got {len(value)} (object #{instance.pk})"
            )

    def _name(self, instance: Any) -> str:
        return f"{type(instance).__name__}.{self.field.name}"


class ForeignKeyWrapper(FieldWrapper):
    """`obj.x` for a foreign key `db_x`, which also takes ids and dbrefs of the target's table."""

    def prepare(self, instance: Any, value: Any) -> Any:
        """Resolve an id or dbref in the model the key points to."""
        number = dbref_number(value)
        if number is None:
            return value
        target = self.field.remote_field.model  # type: ignore[union-attr]
        found = target._base_manager.using(instance._state.db).filter(pk=number).first()
        if found is None:
            raise InvalidArgument(
                f"{type(instance).__name__}.{self.field.name} = {value!r}: there is no {target.__name__} #{number}"
            )
        return found


class ReadOnlyWrapper(FieldWrapper):
    """`obj.x` for a field `db_x` that cannot be edited."""

    def _assign(self, instance: Any, value: Any) -> None:
        raise FieldError(f"the field {self.field.name!r} of {type(instance).__name__} cannot be edited")


def wrapper_for(field: Field[Any, Any]) -> FieldWrapper:
    """The wrapper that suits `field`."""
    if not field.editable:
        return ReadOnlyWrapper(field)
    if isinstance(field, ForeignKey):
        return ForeignKeyWrapper(field)
    return FieldWrapper(field)
