"""What the parts of a shared-memory model know of the whole, for type checkers.

`Loading`, `Saving` and `Deleting` are plain classes when they run: Django makes a model of `SharedMemoryModel` only.
To a type checker they are Django models that have what the other parts bring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

__all__ = ["ModelPart"]

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model

    class ModelPart(Model):
        """A model, and what its parts use of each other."""

        # Loose, for Django's own say that a model may lack a primary key and an instance a database.
        _meta: ClassVar[Any]
        _state: Any
        _strong_cache: bool
        _tracked_names: frozenset[str]

        def at_init(self) -> None: ...
        def _close(self) -> None: ...
        def _expire_beside_row(self) -> None: ...
        def _expire_expressions(self, names: Iterable[str]) -> None: ...
        def _expire_fields(self, names: Iterable[str] | None = None) -> None: ...
        def _expire_relatives(self, names: Iterable[str]) -> None: ...
        def _fields_changed(self, old: dict[str, Any]) -> None: ...
        def _mark_deleted(self) -> None: ...
        @classmethod
        def _rows_written(cls, names: Iterable[str] | None = None) -> None: ...
        def _undo(self, aspects: set[str]) -> None: ...

        class Meta:
            abstract = True

else:
    ModelPart = object
