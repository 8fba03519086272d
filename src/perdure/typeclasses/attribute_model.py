"""The table of attributes: one row each, with a direct foreign key to its owner.

Contract: a value is stored as canonical text (`db_value`), and beside it as a typed scalar with an index (`db_kind`,
`db_number`, `db_text`), so that equality, ranges and ordering are right and fast. Each entity kind has a table of its
own; (owner, key, category, type) is unique. Whatever writes rows here through Django, the owner in memory reads its
attributes again.

`Attribute.value` is the owner's live value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Substr
from django.db.models.lookups import IsNull
from django.utils import timezone

from perdure.errors import InvalidArgument
from perdure.idmapper.identity import identity_map
from perdure.idmapper.models import SharedMemoryManager, WeakSharedMemoryModel
from perdure.idmapper.queryset import SharedMemoryQuerySet
from perdure.idmapper.states import require
from perdure.locks import LockHandler
from perdure.transactions import transaction, unit_of_work
from perdure.typeclasses.fields import NoneAsBlankField, NumberField, SortableTextField
from perdure.typeclasses.handlers import lazy_handler
from perdure.values import Reference, decode, encode

__all__ = ["PREFIX", "Attribute", "attribute_constraints", "attribute_indexes", "joined_references"]

# Characters of a text value that the index holds. PostgreSQL refuses index rows of more than about 2700 bytes.
PREFIX = 200


class AttributeQuerySet(SharedMemoryQuerySet):
    """Rows of attributes; bulk writes make the owners in memory read theirs again."""

    def _owners(self) -> list[Any]:
        rows = self._chain()  # type: ignore[attr-defined]
        rows.query.clear_ordering(force=True)
        return list(rows.values_list("owner_id", flat=True).distinct())

    def _expire(self, owners: Iterable[Any]) -> None:
        self.model._expire_owners(self.db, owners)

    def update(self, **values: Any) -> int:
        """Django's `update()`. A value cannot be written this way: its typed columns would not follow."""
        typed = sorted({"db_value", "db_kind", "db_number", "db_text", "db_references"} & set(values))
        if typed:
            raise InvalidArgument(
                f"{self.model.__name__}.update({', '.join(typed)}=…): set values through the object's `attributes`, "
                "or assign `value` of each attribute"
            )
        owners = self._owners()
        self._expire(owners)
        count = super().update(**values)
        self._expire(owners)
        return count

    def delete(self) -> tuple[int, dict[str, int]]:
        """Django's `delete()`."""
        owners = self._owners()
        live = [found for pk in self.values_list("pk", flat=True) if (found := self._live(pk)) is not None]
        with transaction(using=self.db, savepoint=False):
            for attribute in live:
                attribute._mark_deleted()
            result = super().delete()
            self._expire(owners)
            for attribute in live:
                attribute._close()
        return result

    def _live(self, pk: Any) -> Any:
        return identity_map(self.db, self.model).get(pk)

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Django's `bulk_create()`."""
        objs = list(objs)
        for attribute in objs:
            attribute._derive()
        created = super().bulk_create(objs, *args, **kwargs)
        self._expire({attribute.owner_id for attribute in created})
        return created

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    bulk_create.alters_data = True  # type: ignore[attr-defined]


class AttributeManager(SharedMemoryManager.from_queryset(AttributeQuerySet)):  # type: ignore[misc]
    """Manager of an attribute table."""


class Attribute(WeakSharedMemoryModel):
    """One attribute of one entity. Abstract; each entity kind adds `owner`."""

    db_key = models.CharField("key", max_length=255)
    db_category = NoneAsBlankField("category", max_length=128)
    db_attrtype = NoneAsBlankField("type", max_length=16)
    db_kind = models.CharField("kind", max_length=1, default="n", editable=False)
    db_value = models.TextField("value", default="null", help_text="Canonical JSON.")
    db_number = NumberField("number", null=True, editable=False)
    db_text = SortableTextField("text", null=True, editable=False)
    db_references = models.TextField("refers to", null=True, editable=False)
    db_strvalue = models.TextField("string value", null=True, blank=True)
    db_lock_storage = models.TextField("locks", blank=True, default="")
    db_date_created = models.DateTimeField("created", default=timezone.now, editable=False)
    db_version = models.PositiveBigIntegerField("version", default=1, editable=False)

    _hears_deletions = False
    unscoped: ClassVar[Any] = AttributeManager()
    objects: ClassVar[Any] = AttributeManager()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"

    locks = lazy_handler(LockHandler, "Locks of this attribute.")

    @property
    def value(self) -> Any:
        """The live value, as the owner has it."""
        return self._owner_store().get_value(self._slot, None)

    @value.setter
    def value(self, value: Any) -> None:
        self._owner_store().set_value(self._slot, value)

    @value.deleter
    def value(self) -> None:
        self.delete()

    @property
    def _slot(self) -> tuple[str, str, str]:
        return (self.db_attrtype or "", self.db_category or "", self.db_key)

    def _owner_store(self) -> Any:
        return self.owner._attribute_store  # type: ignore[attr-defined]

    @property
    def model(self) -> str:
        """Name of the owner's model, in lower case."""
        name: str = self._meta.get_field("owner").remote_field.model._meta.model_name
        return name

    def access(self, accessing_obj: Any, access_type: str = "read", default: bool = False, **kwargs: Any) -> bool:
        """Whether `accessing_obj` passes this attribute's lock of `access_type`."""
        return bool(self.locks.check(accessing_obj, access_type, default=default))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row; the owner no longer has the attribute."""
        require(self, "delete")
        return type(self).unscoped.using(self._state.db).filter(pk=self.pk).delete()  # type: ignore[no-any-return]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write this row; the typed columns follow `db_value`. Raises `UnreadableValue` for text that is no value."""
        fields = kwargs.get("update_fields")
        if self._state.adding or (fields is None and "db_value" in (self.__dict__.get("_dirty") or ())):
            self._derive()
        elif fields is not None and "db_value" in fields:
            self._derive()
            kwargs["update_fields"] = [*fields, "db_kind", "db_number", "db_text", "db_references"]
        super().save(*args, **kwargs)

    def _derive(self) -> None:
        encoded = encode(decode(self.db_value, None))
        self.db_value, self.db_kind, self.db_number, self.db_text = encoded[:4]
        self.db_references = joined_references(encoded.references)

    def _fields_changed(self, old: dict[str, Any]) -> None:
        super()._fields_changed(old)
        if self.__dict__.get("owner_id") is not None:
            self._expire_owners(self._state.db, [self.owner_id])  # type: ignore[attr-defined]

    @classmethod
    def _expire_owners(cls, alias: str | None, owners: Iterable[Any]) -> None:
        """Have the owners that are in memory read their attributes again."""
        model = cls._meta.get_field("owner").remote_field.model
        known = identity_map(alias or "default", model)
        unit = unit_of_work(alias or "default")
        unit.flush()  # what is gathered is sent as memory holds it
        for pk in owners:
            owner = known.get(pk)
            if owner is not None:
                unit.touch(owner, "attributes")
                owner._expire_attributes()

    def __str__(self) -> str:
        return f"{self.db_key}({self.pk})"

    __repr__ = __str__


def joined_references(references: Iterable[Reference]) -> str | None:
    """The text by which `referrers()` finds a value: ` objects.objectdb:5 scripts.scriptdb:1 `; None without any."""
    marks = [f"{reference.model}:{reference.pk}" for reference in references]
    return " ".join(["", *marks, ""]) if marks else None


def attribute_constraints(label: str) -> list[models.BaseConstraint]:
    """The constraints of an attribute table; `label` makes their names unique."""
    return [
        models.UniqueConstraint(
            fields=["owner", "db_key", "db_category", "db_attrtype"], name=f"{label}_attribute_unique"
        )
    ]


def attribute_indexes(label: str) -> list[models.Index]:
    """The indexes of an attribute table: by key and typed value, and of the rows that refer to entities."""
    return [
        models.Index(fields=["db_key", "db_number", "owner"], name=f"{label}_attribute_number"),
        models.Index(
            "db_key",
            Substr("db_text", 1, PREFIX),
            name=f"{label}_attribute_text",
            # Of a number there is no text: every index that a row is not in makes creating and deleting it cheaper.
            condition=models.Q(IsNull(Substr("db_text", 1, PREFIX), False)),
        ),
        models.Index(
            fields=["owner"],
            name=f"{label}_attribute_refers",
            condition=models.Q(db_references__isnull=False),
        ),
    ]
