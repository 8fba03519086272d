"""`TypedObject`: what accounts, objects, scripts and channels have in common.

Contract: a typed object saves itself, has one live instance per row, carries any attribute and tag, can change class
while it lives, and is found through Django's ORM. Its class is the one whose path its row stores, whatever class it was
asked for through.

Invariants: laws 1, 2, 4 and 6. Creation, hooks included, is all or nothing, and so are `swap_typeclass` and `delete`.

Owner: the thread that owns the world; others may load and read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from perdure import signals
from perdure.conf import conf
from perdure.errors import InvalidArgument, ReadOnlyProperty, TypeclassError
from perdure.idmapper.drafts import draft, runs_init
from perdure.idmapper.models import SharedMemoryModel
from perdure.idmapper.saving import PLAIN_SAVES
from perdure.idmapper.states import State, require, state_of
from perdure.idmapper.wrappers import dbref_number
from perdure.locks import LockHandler
from perdure.locks.permissions import check_permstring
from perdure.transactions import all_or_nothing, transaction
from perdure.typeclasses import missing, registry
from perdure.typeclasses.attribute_loading import Cohort
from perdure.typeclasses.handlers import lazy_handler
from perdure.typeclasses.holders import NDbHolder, db_holder
from perdure.typeclasses.managers import TypedObjectManager
from perdure.typeclasses.memory_attributes import NAttributeHandler
from perdure.typeclasses.metaclass import TypeclassBase
from perdure.typeclasses.properties import AttributeProperty, NAttributeProperty
from perdure.typeclasses.references import referrers
from perdure.typeclasses.stored_attributes import AttributeHandler
from perdure.typeclasses.swap import become, swap
from perdure.typeclasses.tag_model import Tag
from perdure.typeclasses.tag_store import TagStore
from perdure.typeclasses.tags import (
    AliasHandler,
    AliasProperty,
    PermissionHandler,
    PermissionProperty,
    TagCategoryProperty,
    TagHandler,
    TagProperty,
)
from perdure.typeclasses.upgrades import upgrade_if_due
from perdure.typeclasses.web_addresses import WebAddresses

__all__ = ["TypeclassBase", "TypedObject"]

_DECLARED = (
    AttributeProperty,
    NAttributeProperty,
    TagProperty,
    TagCategoryProperty,
    AliasProperty,
    PermissionProperty,
)


class TypedObject(WebAddresses, SharedMemoryModel, metaclass=TypeclassBase):
    """Abstract base of everything that has a typeclass."""

    db_key = models.CharField("key", max_length=255, db_index=True)
    db_typeclass_path = models.CharField("typeclass", max_length=255, null=True, db_index=True)
    db_date_created = models.DateTimeField("created", auto_now_add=True, editable=False)
    db_lock_storage = models.TextField("locks", blank=True, default="")
    db_typeclass_version = models.PositiveIntegerField("typeclass version", default=0, editable=False)
    db_version = models.PositiveBigIntegerField("row version", default=1, editable=False)
    db_tags = models.ManyToManyField(Tag, blank=True, verbose_name="tags")

    # For type checkers: what the metaclass makes of the fields. Assigning saves.
    lock_storage: str
    version: int

    unscoped: ClassVar[Any] = TypedObjectManager()

    version_field = "db_version"
    _alike_texts = ("db_typeclass_path", "db_lock_storage")
    _often_beside_row = (
        *SharedMemoryModel._often_beside_row,
        "_cohort",
        "db",
        "_tag_store",
        "tags",
        "locks",
        "_referring",
    )
    typeclass_version = 0
    typeclass_aliases: ClassVar[tuple[str, ...]] = ()
    __settingsclass__ = ""
    __defaultclasspath__ = ""

    _library_init = True
    _protected_names: ClassVar[frozenset[str]] = frozenset()

    class Meta:
        abstract = True
        base_manager_name = "unscoped"

    db = lazy_handler(db_holder, "Stored attributes: `obj.db.name`.")
    ndb = lazy_handler(lambda obj: NDbHolder(), "Attributes in memory only: `obj.ndb.name`.")
    attributes = lazy_handler(AttributeHandler, "The handler of stored attributes.")
    nattributes = lazy_handler(NAttributeHandler, "The handler of attributes in memory only.")
    tags = lazy_handler(TagHandler, "The handler of tags.")
    aliases = lazy_handler(AliasHandler, "The handler of aliases.")
    permissions = lazy_handler(PermissionHandler, "The handler of permissions.")
    locks = lazy_handler(LockHandler, "The handler of locks.")
    _tag_store = lazy_handler(TagStore)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        typeclass = kwargs.pop("typeclass", None)
        super().__init__(*args, **kwargs)
        cls = self._class_at_construction(typeclass)
        if type(self) is not cls:
            self.__class__ = cls
        self.__dict__["db_typeclass_path"] = self.__dict__.get("db_typeclass_path") or cls.path
        if typeclass is not None:
            self.__dict__["db_typeclass_path"] = cls.path
        if "db_typeclass_version" not in kwargs and not args:
            self.__dict__["db_typeclass_version"] = cls.typeclass_version

    @classmethod
    def _draft(cls, **values: Any) -> Any:
        """What `cls(**values)` makes, at less cost; see `drafts`."""
        family = cls.__dbclass__
        actual = registry.default_class(family) if cls is family else cls
        if not runs_init(actual):
            values |= {"db_typeclass_path": actual.path, "db_typeclass_version": actual.typeclass_version}
        return draft(actual, values)

    def _class_at_construction(self, typeclass: Any) -> Any:
        family = self.__dbclass__
        if typeclass is not None:
            return registry.resolve(typeclass, family)
        stored = self.__dict__.get("db_typeclass_path")
        if stored and stored not in registry.own_paths(type(self)):
            return missing.class_for_path(stored, family)
        return registry.default_class(family) if type(self) is family else type(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._protected_names:
            raise ReadOnlyProperty(_read_only(self, name, "assigned"))
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name in self._protected_names:
            raise ReadOnlyProperty(_read_only(self, name, "deleted"))
        super().__delattr__(name)

    # --- class of a row

    @classmethod
    def _class_for_row(cls, db: str, pk: Any, field_names: Sequence[str], values: Sequence[Any]) -> Any:
        family = cls.__dbclass__
        if "db_typeclass_path" in field_names:
            path = values[field_names.index("db_typeclass_path")]
        else:
            path = family.unscoped.using(db).filter(pk=pk).values_list("db_typeclass_path", flat=True).first()
        if not path or path == family.path:
            return registry.default_class(family)
        return missing.class_for_path(path, family)

    def _initialise(self) -> None:
        if self.__dict__.get("db_typeclass_version", 0) < self.typeclass_version:
            upgrade_if_due(self)
        self.at_init()

    def _take_row(self, field_names: Iterable[str], values: Iterable[Any]) -> None:
        super()._take_row(field_names, values)
        if self._unavailable is not None:
            self._reclass()

    def _reclass(self) -> None:
        """Become an instance of the class that the row names."""
        path = self.db_typeclass_path
        if path and registry.find(path, self.__dbclass__) is type(self):
            return
        cls = missing.class_for_path(path, self.__dbclass__) if path else registry.default_class(self.__dbclass__)
        if cls is not type(self):
            become(self, cls)
            self.at_init()

    @classmethod
    def _heal_placeholders(cls) -> None:
        missing.heal(cls)

    @classmethod
    def _new_cohort(cls, queryset: Any) -> Cohort:
        return Cohort(queryset.db, cls.__dbclass__)

    # --- life cycle

    def at_first_save(self) -> None:
        """Called once, in the transaction that inserts the row; an exception undoes it all."""

    def at_typeclass_swap(self, old_class: type, new_class: type) -> None:
        """Called on the new class right after a swap, before the start hooks and inside its transaction."""

    def at_rename(self, oldname: str, newname: str) -> None:
        """Called after the key was changed through `key` or `name`."""

    def at_idmapper_flush(self) -> bool:
        """Whether this object may leave memory: not while it has attributes that live in memory only."""
        nattributes = self.__dict__.get("nattributes")
        return not (nattributes if nattributes is not None else self.__dict__.get("ndb") and vars(self.ndb))

    def init_evennia_properties(self) -> None:
        """Write the defaults of the class's declared attributes and tags that are created with the object."""
        for name, declared in declared_properties(type(self)).items():
            declared.at_creation(self, name)

    def _first_saved(self) -> None:
        # A new row has neither attributes nor tags: nothing to load.
        self._attribute_store.loaded = True
        self._tag_store.loaded = True
        self.at_first_save()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write this object's fields; see `SharedMemoryModel.save`. A new object runs its creation hooks."""
        if self._state.adding:
            self._class_of_stored_path()
        super().save(*args, **kwargs)

    def _class_of_stored_path(self) -> None:
        """A path assigned before the first save decides the class."""
        path = self.db_typeclass_path
        if path and self._unavailable is None and path not in registry.own_paths(type(self)):
            self.__class__ = registry.resolve(path, self.__dbclass__)
            self.db_typeclass_path = type(self).path

    def _check_assigned(self) -> None:
        """Refuse a blank key and a path that is no typeclass's, assigned to the fields; memory is as it was."""
        dirty = self.__dict__.get("_dirty") or {}
        if "db_key" in dirty and not str(self.db_key or "").strip():
            self._give_back(["db_key"])
            raise InvalidArgument(f"the key of {type(self).__name__} {self.dbref} is non-blank text; db_key was blank")
        if "db_typeclass_path" in dirty and self.db_typeclass_path:
            try:
                registry.load(self.db_typeclass_path, self.__dbclass__)
            except TypeclassError:
                self._give_back(["db_typeclass_path"])
                raise

    def _fields_changed(self, old: dict[str, Any]) -> None:
        super()._fields_changed(old)
        if "db_typeclass_path" in old:
            self._reclass()

    def delete(self) -> bool:  # type: ignore[override]
        """Delete this object with its attributes and tags. True if it is gone."""
        require(self, "delete")
        with transaction(using=self._state.db):
            self._tag_store.load()
            self._tag_store.remove(list(self._tag_store.slots))
            super().delete()
        return True

    # --- memory in step

    def _expire_attributes(self, why: str = "undone or changed elsewhere") -> None:
        holder = self.__dict__.get("db")
        if holder is not None:
            holder._p_store.expire(why)

    def _expire_beside_row(self) -> None:
        super()._expire_beside_row()
        self._expire_attributes()
        tags = self.__dict__.get("_tag_store")
        if tags is not None:
            tags.expire()
        if self._is_deleted:
            for name in self._protected_names:
                self.__dict__.pop(name, None)

    def _undo(self, aspects: set[str]) -> None:
        if aspects & {"fields", "deleted", "created"}:
            super()._undo(aspects)
            return
        if "attributes" in aspects:
            self._expire_attributes("undone")
        if "tags" in aspects and "_tag_store" in self.__dict__:
            self._tag_store.expire()

    def _ask_before_writing(self) -> None:
        """What allowed writes of attributes may no longer hold."""
        holder = self.__dict__.get("db")
        if holder is not None:
            holder._p_store.gathered_in = None

    def _mark_deleted(self) -> None:
        super()._mark_deleted()
        self._ask_before_writing()
        self._forget_in_referrers()

    def _revive(self) -> None:
        super()._revive()
        self._forget_in_referrers()

    def _forget_in_referrers(self) -> None:
        """Have live attributes that contain this object read their rows again."""
        for (_, slot), ref in (self.__dict__.get("_referring") or {}).items():
            store = ref()
            if store is not None:
                store.forget(slot, "changed (an object in it came or went)")

    @property
    def _attribute_store(self) -> Any:
        return self.db._p_store

    # --- names

    @property
    def key(self) -> str:
        """The main name; assigning saves it, then calls `at_rename` and sends the rename signal."""
        return self.db_key

    @key.setter
    def key(self, value: str) -> None:
        self._rename("db_key", value, signals.SIGNAL_TYPED_OBJECT_POST_RENAME, "old_key", "new_key")

    def _rename(self, name: str, value: str, signal: Any, old_name: str, new_name: str) -> None:
        require(self, "write stored data of")
        if not isinstance(value, str) or not value.strip():
            raise InvalidArgument(f"the key of {type(self).__name__} {self.dbref} is non-blank text, got {value!r}")
        field: Any = self._meta.get_field(name)
        if field.max_length is not None and len(value) > field.max_length:
            raise InvalidArgument(
                f"the key of {type(self).__name__} {self.dbref} has at most {field.max_length} characters"
            )
        old = getattr(self, name)
        if old == value:
            return
        if not self._hears_of_renames() and not signal.receivers:
            self._assign_and_save(field, value)  # nothing of the game's runs, so there is nothing to undo with it
            return
        with all_or_nothing(self._state.db):
            self._assign_and_save(field, value)
            self.at_rename(old, value)
            signal.send(sender=self, **{old_name: old, new_name: value})

    def _hears_of_renames(self) -> bool:
        """Whether this object has an `at_rename` of its own."""
        return getattr(self.at_rename, "__func__", None) is not TypedObject.at_rename

    @property
    def name(self) -> str:
        """The same as `key`."""
        return self.key

    @name.setter
    def name(self, value: str) -> None:
        self.key = value

    @property
    def dbid(self) -> int | None:
        """The id in the database."""
        return self.pk  # type: ignore[no-any-return]

    @property
    def dbref(self) -> str:
        """The id with a hash: `"#5"`."""
        return f"#{self.pk}"

    @property
    def date_created(self) -> datetime:
        """When this object was created, in the project's time zone."""
        return timezone.localtime(self.db_date_created, timezone.get_default_timezone())

    @property
    def typeclass_path(self) -> str:
        """The path of the class; assigning swaps the class without running hooks."""
        return self.db_typeclass_path or type(self).path

    @typeclass_path.setter
    def typeclass_path(self, path: str) -> None:
        self.swap_typeclass(path, run_start_hooks=None)

    def __str__(self) -> str:
        return self._label()

    def __repr__(self) -> str:
        return self._label()

    def _label(self) -> str:
        if state_of(self) is State.DELETED:
            return f"<deleted {type(self).__name__} #{self.pk}>"
        return str(self.db_key)

    # --- class

    def is_typeclass(self, typeclass: Any, exact: bool = False) -> bool:
        """Whether this object's class is `typeclass` (a class or a path, shortened too), or derived from it."""
        wanted = {typeclass.path} if hasattr(typeclass, "path") else {typeclass}
        if isinstance(typeclass, str):
            wanted = {typeclass, registry.translated(typeclass)}
            wanted |= {f"{prefix}.{typeclass}" for prefix in conf.TYPECLASS_PATHS}
        classes = [type(self)] if exact else type(self).__mro__
        return any(getattr(cls, "path", None) in wanted for cls in classes)

    def swap_typeclass(
        self,
        new_typeclass: Any,
        clean_attributes: bool | str | Iterable[str] = False,
        run_start_hooks: str | Iterable[str] | None = "all",
        no_default: bool = True,
        clean_cmdsets: bool = False,
    ) -> None:
        """Change the class of this object, all or nothing.

        Args:
            new_typeclass: a class of this kind of entity, or its path (shortened too).
            clean_attributes: True removes all attributes (stored and not); a name or several removes those.
            run_start_hooks: `"all"` runs the creation hooks of the new class; names of hooks (several, or in one
                string with spaces) run those in order; None runs none.
            no_default: False takes the kind's default class if `new_typeclass` cannot be found.
            clean_cmdsets: remove all command sets, the default one too.

        Raises `TypeclassNotFound`, `WrongFamily`, or what a hook raises; then nothing has changed.
        """
        swap(self, new_typeclass, clean_attributes, run_start_hooks, no_default, clean_cmdsets)

    def _check_swap(self, new_class: type) -> None:
        """Refuse a swap that this kind of entity cannot make; raises."""

    # --- access

    def access(
        self,
        accessing_obj: Any,
        access_type: str = "read",
        default: bool = False,
        no_superuser_bypass: bool = False,
        **kwargs: Any,
    ) -> bool:
        """Whether `accessing_obj` passes this object's lock of `access_type`; `default` if there is none."""
        allowed: bool = self.locks.check(
            accessing_obj,
            access_type,
            default=default,
            no_superuser_bypass=no_superuser_bypass,
            session=kwargs.get("session"),
        )
        return allowed

    def check_permstring(self, permstring: str) -> bool:
        """Whether this object itself has a permission (or a higher one), whatever its locks say."""
        return check_permstring(self, permstring)

    def get_display_name(self, looker: Any = None, **kwargs: Any) -> str:
        """The name as `looker` sees it: with the dbref for those who control this object."""
        if looker is not None and self.access(looker, "control"):
            return f"{self.key}({self.dbref})"
        return self.key

    def get_extra_info(self, looker: Any, **kwargs: Any) -> str:
        """What tells this object from others of its name in a listing."""
        location = getattr(self, "location", None)
        return " (carried)" if location is not None and location is looker else ""

    @classmethod
    def search(cls, query: Any, **kwargs: Any) -> Any:
        """The objects of this class and of those derived from it that a dbref, or a key in any case, names; by id."""
        manager: Any = cls.objects
        found = manager.all_family() if hasattr(manager, "all_family") else manager.all()
        if isinstance(query, str) and query.strip().startswith("#"):
            number = dbref_number(query)
            return found.filter(pk=number, **kwargs) if number is not None else found.none()
        if not isinstance(query, str) or not query.strip():
            return found.none()
        name = getattr(cls, "name_source", "db_key")
        return found.filter(**{f"{name}__iexact": query.strip()}, **kwargs).order_by("pk")

    def referrers(self) -> list[Any]:
        """The objects whose attributes refer to this one, at any depth."""
        return referrers(self)


@cache
def declared_properties(cls: type) -> dict[str, Any]:
    """The declared attributes and tags of a class by name, base classes first, nearer ones winning."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, _DECLARED):
                found[name] = value
            else:
                found.pop(name, None)
    return found


def _read_only(obj: Any, name: str, what: str) -> str:
    way = {
        "db": "assign to its attributes: obj.db.name = value",
        "ndb": "assign to its attributes: obj.ndb.name = value",
        "locks": "use obj.locks.add(lockstring)",
    }.get(name, f"use obj.{name}.add(…) and the like")
    return f"{type(obj).__name__}.{name} cannot be {what}; {way}"


PLAIN_SAVES.add(TypedObject.save)
