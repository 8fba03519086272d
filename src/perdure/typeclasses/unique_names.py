"""Names that no two entities of a kind may share, upper and lower case being the same.

Contract: the column `db_folded` holds the case-folded name and is unique in the database, so that the rule holds for
every alphabet on every backend and between processes. Each way of writing the name writes it too: `save()`, the
property wrappers, `bulk_create`, `bulk_update` and `QuerySet.update` (through `UniqueNameQuerySet`).

Failure modes: `NameTaken` when the name belongs to somebody else; memory stays as it was. `InvalidKey` for a name that
is blank. `InvalidArgument` for a bulk update that would let the database work out a name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, models, transaction

from perdure.errors import InvalidArgument, InvalidKey, NameTaken

__all__ = ["FOLDED", "FoldedField", "UniqueName", "UniqueNameQuerySet", "checked_name", "fold"]

if TYPE_CHECKING:
    from perdure.idmapper.saving import Saving
else:
    Saving = object  # what `UniqueName` is mixed into has it

FOLDED = "db_folded"


def fold(name: str) -> str:
    """The form in which names are compared: composed alike, without case, single spaces."""
    return unicodedata.normalize("NFKC", " ".join(name.split()).casefold())


def checked_name(name: object, what: str, limit: int) -> str:
    """The name without spaces around it.

    Raises `InvalidKey` if it is no text, blank, or longer than `limit`.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidKey(f"{what} must be a text that is not blank, not {name!r}")
    name = name.strip()
    if len(name) > limit:
        raise InvalidKey(f"{what} holds at most {limit} characters, {name[:20]!r}… has {len(name)}")
    return name


class FoldedField(models.CharField):  # type: ignore[type-arg]
    """The case-folded copy of the column `source`."""

    def __init__(self, *args: Any, source: str, **kwargs: Any) -> None:
        self.source = source
        # Folding can make a character into three.
        kwargs.setdefault("max_length", 765)
        kwargs.setdefault("unique", True)
        kwargs.setdefault("editable", False)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """For migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "source": self.source}

    def pre_save(self, model_instance: Any, add: bool) -> Any:
        """Follow the source."""
        value = fold(getattr(model_instance, self.source) or "")
        model_instance.__dict__[self.attname] = value
        return value


class UniqueNameQuerySet(models.QuerySet[Any]):
    """The bulk writes of a kind with unique names; mix in before its queryset class."""

    def update(self, **values: Any) -> int:
        """Django's `update()`, which keeps the folded name in step."""
        source = self.model.name_source
        if source in values and FOLDED not in values:
            if not isinstance(values[source], str):
                raise InvalidArgument(
                    f"{self.model.__name__}: update({source}=…) needs a text; a name that the database works out "
                    "cannot be checked against the others"
                )
            values[FOLDED] = fold(values[source])
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        """Django's `bulk_update()`, which keeps the folded name in step."""
        objs, fields = tuple(objs), list(fields)
        if self.model.name_source in fields:
            fields.append(FOLDED)
            for obj in objs:
                self.model._meta.get_field(FOLDED).pre_save(obj, False)
        return super().bulk_update(objs, fields, batch_size)

    bulk_update.alters_data = True  # type: ignore[attr-defined]


class UniqueName(Saving):
    """A kind whose names are unique; mix in before TypedObject and give it a `FoldedField` called `db_folded`."""

    name_source = "db_key"

    def _insert(self, *args: Any, **kwargs: Any) -> None:
        name = getattr(self, self.name_source)
        if not isinstance(name, str) or not name.strip():
            raise InvalidKey(
                f"a {type(self).__name__} needs a name that is not blank ({self.name_source}), got {name!r}"
            )
        try:
            super()._insert(*args, **kwargs)
        except IntegrityError as error:
            self._explain_taken(name, error)
            raise

    def _names_to_write(self) -> tuple[str, ...]:
        names = super()._names_to_write()
        return tuple(dict.fromkeys((*names, FOLDED))) if self.name_source in names else names

    def _update(
        self,
        names: tuple[str, ...],
        asked: Collection[str] | None = None,
    ) -> None:
        if self.name_source not in names:
            super()._update(names, asked)
            return
        name = getattr(self, self.name_source)
        try:
            with transaction.atomic(using=self._state.db):
                super()._update(tuple(dict.fromkeys((*names, FOLDED))), asked)
        except IntegrityError as error:
            self.__dict__.pop(FOLDED, None)
            self._explain_taken(name, error)
            raise

    def _explain_taken(self, name: str, error: IntegrityError) -> None:
        """Raise `NameTaken` if that is what the database refused."""
        model: Any = self._meta.concrete_model
        alias = self._state.db or "default"
        other = model._base_manager.using(alias).filter(**{FOLDED: fold(name)}).exclude(pk=self.pk).first()
        if other is not None:
            raise NameTaken(
                f"{model._meta.verbose_name} {name!r} cannot be: #{other.pk} is called "
                f"{getattr(other, self.name_source)!r}; choose another name"
            ) from error
