"""How live instances come to have a row.

Contract: the row is written first, then the instance is registered and `at_init` called, then Django's `post_save` is
sent, then the creation hooks run, then `at_<field>_postsave(new=True)` for each field: all in one transaction. An
instance that already had its pk and turned out to have a row is registered in the same way, without creation hooks.

Invariants: at most one instance is registered for a row (`DuplicateInstance`), and ids that were lost in a rollback are
set aside before another is given out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connections, router
from django.db.models.base import ModelBase

from perdure.errors import DuplicateInstance
from perdure.idmapper import identifiers
from perdure.idmapper.field_writes import as_stored, columns_of
from perdure.idmapper.identity import identity_map, lock
from perdure.idmapper.inheritance import relatives
from perdure.idmapper.model_part import ModelPart
from perdure.idmapper.ownership import check_owner
from perdure.idmapper.relations import release_targets
from perdure.idmapper.residency import residents
from perdure.idmapper.row_inserts import RowInserter, row_inserter
from perdure.idmapper.states import describe
from perdure.transactions import all_or_nothing, unit_of_work
from perdure.transactions.outside import last_stamp

__all__ = ["Inserting"]


class Inserting(ModelPart):
    """The inserting half of what saves a shared-memory model."""

    version_field: str | None = None

    def _insert(
        self,
        using: str | None,
        force_insert: bool | tuple[ModelBase, ...],
        force_update: bool,
        update_fields: Iterable[str] | None,
    ) -> None:
        alias = using or router.db_for_write(type(self), instance=self)
        unit = unit_of_work(alias)
        check_owner(self, unit)
        self._check_sole(alias)
        if not unit.in_transaction and identifiers.pending(alias):
            identifiers.settle(alias)
        with all_or_nothing(alias):
            unit.touch(self, "created")
            self.__dict__.pop("_inserted", None)
            if force_insert or force_update or update_fields is not None:
                super().save(
                    force_insert=force_insert, force_update=force_update, using=alias, update_fields=update_fields
                )
            else:
                self._prepare_to_insert("save")
                self.save_base(using=alias)
            self._after_insert(new=self.__dict__.pop("_inserted", False))

    def _check_sole(self, alias: str) -> None:
        """Refuse a second instance for a row that has a live one."""
        meta = self._meta
        pk = self.__dict__.get(meta.pk.attname)
        if pk is None:
            return
        canonical = identity_map(alias, meta.concrete_model).get(meta.pk.to_python(pk))
        if canonical is not None and canonical is not self:
            raise DuplicateInstance(
                f"{describe(canonical)} is live; change that instance instead of saving a second one for its row"
            )

    def _prepare_to_insert(self, operation: str) -> None:
        """Refuse relations to instances without a row, as Django does; raises ValueError."""
        if self._state.__dict__.get("fields_cache") or self._meta.private_fields:
            self._prepare_related_fields_for_save(operation_name=operation)  # type: ignore[attr-defined]

    def _save_table(
        self,
        raw: bool = False,
        cls: Any = None,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Any = None,
    ) -> bool:
        """Django's write of one table. A new instance is registered here, before anybody hears of the save."""
        adding = self._state.adding and cls is self._meta.concrete_model
        if adding and not (raw or force_update or update_fields):
            inserter = self._inserter(using or "default")
            if inserter is not None:
                inserter.insert(unit_of_work(using or "default"), [self])
                self.__dict__["_inserted"] = True
                self._enter(using or "default")
                return False
        updated: bool = super()._save_table(raw, cls, force_insert, force_update, using, update_fields)  # type: ignore[misc]
        if raw:
            self._draft_written(using or "default")
        elif adding:
            self.__dict__["_inserted"] = not updated
            self._register(using or "default")
        return updated

    def _inserter(self, alias: str) -> RowInserter | None:
        """What inserts this row without Django's help, if that can be done."""
        if self.pk is not None or not connections[alias].features.can_return_rows_from_bulk_insert:
            return None
        return row_inserter(self._meta.concrete_model)

    def _draft_written(self, alias: str) -> None:
        """A fixture has written the row by way of this draft: the live instance of the row reads it anew."""
        model = self._meta.concrete_model
        for table in (model, *relatives(model)):
            live = identity_map(alias, table).get(self.pk)
            if live is not None and live is not self:
                unit_of_work(alias).touch(live, "fields")
                live._expire_fields()
                live._expire_beside_row()
        self._rows_written()

    def _register(self, alias: str) -> None:
        """Django has written the row: have memory hold what the row will give back, and register the instance."""
        held = self.__dict__
        meta = self._meta
        held[meta.pk.attname] = meta.pk.to_python(held[meta.pk.attname])
        for field in meta.concrete_fields:
            if field.attname in held:
                held[field.attname] = as_stored(field, held[field.attname])
        self._expire_expressions([field.attname for field in meta.concrete_fields])
        self._enter(alias)

    def _enter(self, alias: str) -> None:
        """Be the live instance of the row that has just been written."""
        meta = self._meta
        state = self._state
        state.db = alias
        state.adding = False
        release_targets(self)
        model = meta.concrete_model
        with lock:
            stamp = last_stamp(alias, model._meta.db_table)
            identity_map(alias, model).add(self.__dict__[meta.pk.attname], self, stamp)
        if self._strong_cache:
            residents.add(self)
        self.at_init()

    def _after_insert(self, new: bool) -> None:
        """The row is there and the instance registered; runs inside the transaction of the insert."""
        self._fields_changed({})
        if new:
            self._first_saved()
        for column in columns_of(self._meta.concrete_model).values():
            hook = getattr(self, column.hook, None)
            if callable(hook):
                hook(new)

    def _first_saved(self) -> None:
        """The row has been inserted for the first time; for creation hooks."""

    def _copy_to(self, alias: str) -> None:
        """`save(using=other)`: a row of its own in the other database, with an instance of its own."""
        meta: Any = self._meta
        values = {field.attname: getattr(self, field.attname) for field in meta.concrete_fields}
        existing = meta.base_manager.using(alias).filter(pk=self.pk).first()
        if existing is None:
            type(self)(**values).save(using=alias, force_insert=True)
            return
        for name, value in values.items():
            if name not in (meta.pk.attname, self.version_field):
                setattr(existing, name, value)
        existing.save()
