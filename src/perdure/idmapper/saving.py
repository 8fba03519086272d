"""How live instances are saved.

Contract: `save()` of a new instance inserts it, registers it and calls `at_init`; `save()` of a known one writes the
columns assigned since it was read, and those whose values can change in place (JSON and the like). Field wrappers
write their one column. Hooks `at_<field>_postsave(new)` run inside the transaction, for the fields written; `new`
tells whether the row was inserted.

Invariants: memory after a failed save is what it was before the assignment. A row that has vanished is never
inserted again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.db.models import signals
from django.db.models.base import ModelBase

from perdure.errors import DuplicateInstance, InvalidArgument
from perdure.idmapper.field_writes import IMMUTABLE, attnames_of, columns_of, field_writer, has_expression
from perdure.idmapper.inserting import Inserting
from perdure.idmapper.ownership import check_owner
from perdure.idmapper.states import describe, require
from perdure.transactions.connection import unit_of_work

__all__ = ["PLAIN_SAVES", "Saving"]

_UNSET = object()


class Saving(Inserting):
    """The saving half of a shared-memory model."""

    _tracked_names: frozenset[str] = frozenset()
    _key_names: frozenset[str] = frozenset()
    _generated_names: tuple[str, ...] = ()
    _relation_cache_names: dict[str, str] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._tracked_names:
            state = self.__dict__.get("_state")
            if state is not None:
                if name in self._relation_cache_names and "fields_cache" in state.__dict__:
                    state.fields_cache.pop(self._relation_cache_names[name], None)
                if not state.adding:
                    self._assign(name, value)
                    return
        object.__setattr__(self, name, value)

    def _assign(self, name: str, value: Any) -> None:
        """Assign a field of an instance that has a row, remembering what it was."""
        held = self.__dict__
        if held.get("_is_deleted"):
            if value is None and name == self._meta.pk.attname:
                # Django's collector nulls the pk when it is done; ids are kept.
                self._close()
                return
            require(self, "save")
        old = held.get(name, _UNSET)
        if old is not value and (old != value or type(old) is not type(value)):
            if name in self._key_names:
                raise InvalidArgument(
                    f"the primary key of {describe(self)} cannot be changed to {value!r}: it says which row this "
                    "instance stands for; make a new instance instead"
                )
            # Before anything changes: where threads share, this waits for a transaction that may yet be undone.
            unit = unit_of_work(self._state.db)
            check_owner(self, unit)
            unit.touch(self, "fields")  # a rollback takes back what has not been saved, too
            old = held.get(name, _UNSET)
            held.setdefault("_dirty", {}).setdefault(name, old)
        held[name] = value

    # --- saving

    def save(
        self,
        force_insert: bool | tuple[ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Write this instance to the database; arguments as in Django.

        Calls `at_<field>_postsave(new)` for each field written, inside the transaction. Raises `DeletedObject` for a
        row that is gone, `StaleObject` for one that somebody else changed first.
        """
        require(self, "save")
        state = self._state
        if state.adding:
            self._insert(using or state.db, force_insert, force_update, update_fields)
            return
        self._check_assigned()
        if using is not None and using != state.db:
            self._copy_to(using)
            return
        asked = None if update_fields is None else frozenset(update_fields)
        check_owner(self, unit_of_work(state.db))
        if force_insert:
            raise DuplicateInstance(f"{describe(self)} already has a row; force_insert would make a second")
        names = self._names_to_write() if asked is None else self._attnames(asked)
        if names or asked is None:
            self._update(names, asked)

    def _attnames(self, wanted: frozenset[str]) -> tuple[str, ...]:
        meta: Any = self._meta
        by_name = attnames_of(meta.concrete_model)
        unknown = [name for name in wanted if by_name.get(name, meta.pk.attname) == meta.pk.attname]
        if unknown:
            raise ValueError(
                f"{type(self).__name__}.save(update_fields=…): no such fields to update: {', '.join(unknown)}"
            )
        return tuple(sorted({by_name[name] for name in wanted}))

    def _names_to_write(self) -> tuple[str, ...]:
        held = self.__dict__
        dirty = held.get("_dirty") or {}
        meta: Any = self._meta
        return tuple(
            field.attname
            for field in meta.concrete_fields
            if not field.primary_key
            and not field.generated
            and field.attname in held
            and (
                field.attname in dirty
                or getattr(field, "auto_now", False)
                or not isinstance(held[field.attname], IMMUTABLE)
            )
        )

    def _assign_and_save(self, field: Any, value: Any) -> None:
        """Assign one field and write it; what a wrapper does."""
        if self._state.adding:
            setattr(self, field.name, value)
            self.save()
            return
        held = self.__dict__
        name = field.attname
        was_dirty = name in held.get("_dirty", ())
        if was_dirty:  # then assigning may find nothing new, and ask nobody
            check_owner(self, unit_of_work(self._state.db))
        setattr(self, field.name, value)
        if name not in held.get("_dirty", ()) and name in held:
            return  # the same value again
        try:
            self._save_assigned((name,), (field.name,))
        except BaseException:
            if not was_dirty:
                self._give_back((name,))
            raise

    def _save_assigned(self, attnames: tuple[str, ...], names: tuple[str, ...]) -> None:
        """Write fields that have just been assigned, which asked who may do that.

        Past `save()`, unless a class has one of its own.
        """
        if type(self).save in PLAIN_SAVES:
            self._check_assigned()
            self._update(attnames, names)
        else:
            self.save(update_fields=names)

    def _check_assigned(self) -> None:
        """Refuse what must not be written of the fields assigned since they were read; memory is as it was then."""

    def _give_back(self, names: Iterable[str]) -> None:
        """After a failed write: memory as it was before the assignment."""
        held = self.__dict__
        dirty = held.get("_dirty") or {}
        for name in names:
            if name not in dirty:
                continue
            old = dirty.pop(name)
            if old is _UNSET:
                held.pop(name, None)
            else:
                held[name] = old

    def _update(
        self,
        names: tuple[str, ...],
        asked: Collection[str] | None = None,
    ) -> None:
        """Write columns of a row that exists: gathered inside a transaction, at once outside of one.

        `asked` are the fields that the caller named, which the signals tell; None when it is whatever has changed.
        """
        cls: Any = type(self)
        unit = unit_of_work(self._state.db)
        if _has_receivers(cls) or cls._meta.concrete_model._meta.parents or self._needs_block(names):
            self._update_with_listeners(unit, names, None if asked is None else frozenset(asked))
        else:
            self._write(unit, names)

    def _update_with_listeners(self, unit: Any, names: tuple[str, ...], asked: frozenset[str] | None) -> None:
        """Write columns in a block of their own, with the hooks and signals of saving."""
        cls = type(self)
        alias = self._state.db
        listened = _has_receivers(cls)
        with transaction.atomic(using=alias, savepoint=False):
            if listened:
                signals.pre_save.send(sender=cls, instance=self, raw=False, using=alias, update_fields=asked)
                if asked is None:
                    names = self._names_to_write()  # a receiver may have changed more
            self._write(unit, names)
            for name in names:
                self._call_postsave(name, new=False)
            if listened:
                signals.post_save.send(
                    sender=cls, instance=self, created=False, update_fields=asked, raw=False, using=alias
                )

    def _needs_block(self, names: tuple[str, ...]) -> bool:
        """Whether hooks run after the write, so that it must be undone with them."""
        columns = columns_of(self._meta.concrete_model)
        for name in names:  # noqa: SIM110  (`any` costs twice as much, for each write)
            if hasattr(self, columns[name].hook):
                return True
        return False

    def _call_postsave(self, name: str, new: bool) -> None:
        hook = getattr(self, columns_of(self._meta.concrete_model)[name].hook, None)
        if callable(hook):
            hook(new)

    def _write(self, unit: Any, names: tuple[str, ...]) -> None:
        if not names:
            return
        held = self.__dict__
        for name in names:
            if name not in held:
                getattr(self, name)
        unit.touch(self, "fields")
        dirty = held.get("_dirty") or {}
        old = {name: dirty[name] for name in names if name in dirty and dirty[name] is not _UNSET}
        try:
            self._send(unit, names)
        except BaseException:
            self._give_back(names)
            raise
        for name in names:
            dirty.pop(name, None)
        if not dirty:
            held.pop("_dirty", None)
        for name in self._generated_names:
            held.pop(name, None)
        if old:
            self._fields_changed(old)

    def _send(self, unit: Any, names: tuple[str, ...]) -> None:
        model = self._meta.concrete_model
        columns = columns_of(model)
        for name in names:
            columns[name].prepare(self)
        if model._meta.parents:
            super().save_base(using=self._state.db, update_fields=frozenset(names))
            self._expire_relatives(names)
            self._expire_expressions(names)
            return
        writer = field_writer(model)
        if has_expression(self, names):
            values = {name: self.__dict__[name] for name in names}
            model._base_manager.using(self._state.db).filter(pk=self.pk).update(**values)
            self._expire_expressions(names)
            return
        if unit.in_transaction and not writer.has_unique(names):
            writer.gather(unit, names, self)
        else:
            with unit.engine_statements():
                writer.update(unit, names, [self])
        self._expire_relatives(names)

    def _expire_expressions(self, names: Iterable[str]) -> None:
        for name in names:
            if hasattr(self.__dict__.get(name), "resolve_expression"):
                self.__dict__.pop(name)


# The `save` methods that write a field just as its wrapper does.
PLAIN_SAVES: set[Any] = {Saving.save}


def _has_receivers(cls: type) -> bool:
    """Whether somebody hears of saves of `cls`."""
    # Looking at the lists is ten times as fast as asking, and they are empty in most games.
    before, after = signals.pre_save, signals.post_save
    return bool(before.receivers and before.has_listeners(cls)) or bool(after.receivers and after.has_listeners(cls))
