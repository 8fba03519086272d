"""Model fields for keys and typed values, the same on every backend."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Field, TextField
from django.db.models.lookups import IsNull

__all__ = ["NoneAsBlankField", "NumberField", "SortableTextField"]


class NoneAsBlankField(CharField):  # type: ignore[type-arg]
    """Text in which None is a value like any other: stored as the empty string, so that it counts in unique keys."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", None)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str | None, expression: Any, connection: BaseDatabaseWrapper) -> str | None:
        """Empty is None."""
        return value or None

    def get_prep_value(self, value: Any) -> Any:
        """None is empty."""
        return super().get_prep_value(value) or ""

    def clean(self, value: Any, model_instance: Any) -> Any:
        """Forms may leave it blank."""
        return super().clean(value or "", model_instance) or None

    def to_python(self, value: Any) -> Any:
        """Empty is None."""
        return super().to_python(value) or None

    def get_default(self) -> Any:
        """None, unless a default is given."""
        return super().get_default() or None


@NoneAsBlankField.register_lookup
class BlankIsNull(IsNull):
    """`field=None` and `field__isnull` compare with the empty string that stands for None."""

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """SQL of the comparison."""
        sql, params = self.process_lhs(compiler, connection)
        return f"{sql} {'=' if self.rhs else '<>'} ''", params


class NumberField(Field):  # type: ignore[type-arg]
    """A number of any kind, compared as a number: integers exactly, others as floating point."""

    description = "number"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """NUMERIC: SQLite keeps integers as integers in it, PostgreSQL keeps everything exactly."""
        return "numeric"

    def get_internal_type(self) -> str:
        """No internal type of Django's fits."""
        return "NumberField"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Bound as the driver's own int or float."""
        return value


class SortableTextField(TextField):  # type: ignore[type-arg]
    """Text that sorts by code point on every backend, as Python's strings do."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        """PostgreSQL needs the collation named; SQLite compares bytes by itself."""
        parameters = super().db_parameters(connection)
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters
