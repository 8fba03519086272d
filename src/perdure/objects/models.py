"""The tables of objects and of their attributes.

Contract: `ObjectDB` is a row and its live instance; what an object does is in `DefaultObject` and its subclasses. Every
write of a location, whatever route it takes, moves the object in the index of contents and is refused with `MoveLoop`
when the object would end up inside itself, at any depth.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from perdure.errors import MoveLoop
from perdure.idmapper.identity import identity_map
from perdure.idmapper.states import describe
from perdure.objects import contents
from perdure.objects.managers import ObjectDBManager
from perdure.objects.sessions import ObjectSessionHandler
from perdure.typeclasses.attribute_model import Attribute, attribute_constraints, attribute_indexes
from perdure.typeclasses.cmdsets import CmdSetHandler
from perdure.typeclasses.handlers import lazy_handler
from perdure.typeclasses.models import TypedObject

__all__ = ["ObjectAttribute", "ObjectDB"]

LOCATION = "db_location_id"


class ObjectDB(TypedObject):
    """One object: something that is somewhere, and that others can be inside of."""

    __settingsclass__ = "BASE_OBJECT_TYPECLASS"
    __defaultclasspath__ = "perdure.objects.objects.DefaultObject"
    __applabel__ = "objects"

    db_account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="account",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
        help_text="The account that controls this object now.",
    )
    db_sessid = models.CharField(
        "session ids",
        max_length=255,
        null=True,
        blank=True,
        help_text="Ids of the sessions that control this object now, with commas.",
    )
    db_location = models.ForeignKey(
        "self",
        verbose_name="location",
        related_name="locations_set",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        help_text="Where it is.",
    )
    db_home = models.ForeignKey(
        "self",
        verbose_name="home",
        related_name="homes_set",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
        help_text="Where it goes when its location goes away.",
    )
    db_destination = models.ForeignKey(
        "self",
        verbose_name="destination",
        related_name="destinations_set",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
        help_text="Where it leads: set on exits.",
    )
    db_cmdset_storage = models.CharField(
        "command sets",
        max_length=255,
        null=True,
        blank=True,
        help_text="Paths of the persistent command sets, default first, with commas.",
    )

    # For type checkers: what the metaclass makes of the fields. Assigning saves.
    account: Any
    sessid: str | None
    location: Any
    home: Any
    destination: Any

    objects: ClassVar[Any] = ObjectDBManager()

    class Meta:
        app_label = "objects"
        verbose_name = "object"
        verbose_name_plural = "objects"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(db_location__isnull=True) | ~models.Q(db_location=models.F("id")),
                name="objects_not_inside_itself",
            )
        ]
        # Most objects have none of these. SQLite writes every index of the row when its location changes, for the key
        # refers to its own table; without the entries that say nothing a move writes a third less.
        indexes = [
            models.Index(fields=[name], name=f"objects_{name[3:]}", condition=models.Q(**{f"{name}__isnull": False}))
            for name in ("db_account", "db_home", "db_destination")
        ]

    sessions = lazy_handler(ObjectSessionHandler, "The sessions that control this object.")
    cmdset = lazy_handler(CmdSetHandler, "The command sets of this object.")
    contents_cache = lazy_handler(contents.ContentsHandler, "What is inside this object.")

    @property
    def cmdset_storage(self) -> list[str]:
        """Paths of the persistent command sets, default first; takes a list or text with commas."""
        stored = self.db_cmdset_storage
        return [path.strip() for path in stored.split(",")] if stored else []

    @cmdset_storage.setter
    def cmdset_storage(self, value: str | Iterable[str] | None) -> None:
        text = value if isinstance(value, str) else ",".join(value or ())
        self._assign_and_save(self._meta.get_field("db_cmdset_storage"), text or None)

    @cmdset_storage.deleter
    def cmdset_storage(self) -> None:
        self.cmdset_storage = None

    # --- the index of contents follows the rows

    def at_db_location_postsave(self, new: bool) -> None:
        """Called after the location has been written; the contents are in step with it already."""

    def _needs_block(self, names: tuple[str, ...]) -> bool:
        if names == (LOCATION,) and type(self).at_db_location_postsave is ObjectDB.at_db_location_postsave:
            return False  # nothing of the game's runs, so there is nothing to undo with the write
        return super()._needs_block(names)

    def _assign(self, name: str, value: Any) -> None:
        if name == LOCATION and not self._is_deleted:
            if LOCATION not in self.__dict__:
                getattr(self, LOCATION)  # the index must know where it was
            if isinstance(value, int):
                self._check_loop(value)
        super()._assign(name, value)

    def _check_loop(self, pk: int) -> None:
        """Raise `MoveLoop` if the place with this id is this object, or inside it."""
        mine = self.pk
        known = identity_map(self._state.db or "default", ObjectDB)
        seen: set[int] = set()
        above: int | None = pk
        while above is not None and above not in seen:
            if above == mine:
                raise MoveLoop(
                    f"{describe(self)} cannot be moved to #{pk}: that is "
                    f"{'the object itself' if pk == mine else 'inside it'}; move it somewhere else"
                )
            seen.add(above)
            place = known.get(above)
            if place is not None:
                above = place.db_location_id
            else:
                rows = ObjectDB._base_manager.using(self._state.db).filter(pk=above)
                above = rows.values_list(LOCATION, flat=True).first()

    def _fields_changed(self, old: dict[str, Any]) -> None:
        super()._fields_changed(old)
        if not old:
            contents.arrived(self, self.__dict__.get(LOCATION))
        elif LOCATION in old:
            contents.moved(self, old[LOCATION])

    @classmethod
    def _rows_written(cls, names: Iterable[str] | None = None) -> None:
        super()._rows_written(names)
        if names is None or LOCATION in names:
            contents.forget_all()

    def _expire_fields(self, names: Iterable[str] | None = None) -> None:
        wanted = None if names is None else tuple(names)
        expires = (wanted is None or LOCATION in wanted) and LOCATION in self.__dict__
        super()._expire_fields(wanted)
        if expires and not self._is_deleted and not self.__dict__.get("_undoing"):
            contents.forget_all()  # where it is now is not known without asking

    def _undo(self, aspects: set[str]) -> None:
        contents.forget(self)
        aspects = aspects - {contents.ASPECT}
        if not aspects:
            return
        # Containers that this object was moved in or out of are undone by themselves.
        self.__dict__["_undoing"] = True
        try:
            super()._undo(aspects)
        finally:
            self.__dict__.pop("_undoing", None)

    def _mark_deleted(self) -> None:
        if LOCATION in self.__dict__:
            contents.departed(self, self.__dict__[LOCATION])
        else:
            contents.forget_all()
        contents.forget(self)
        super()._mark_deleted()

    def _evicted(self) -> None:
        super()._evicted()
        contents.forget(self)
        place = identity_map(self._state.db or "default", ObjectDB).get(self.__dict__.get(LOCATION))
        if place is not None:
            contents.forget(place)

    def _pinned(self) -> str | None:
        """Why this object must stay in memory."""
        if self.__dict__.get("db_sessid") and self.sessions.count():
            return "connected"
        return super()._pinned()


class ObjectAttribute(Attribute):
    """One attribute of one object."""

    # The unique constraint begins with the owner: an index of the owner alone would be a second one.
    owner = models.ForeignKey(ObjectDB, related_name="db_attributes", on_delete=models.CASCADE, db_index=False)

    class Meta(Attribute.Meta):
        app_label = "objects"
        verbose_name = "object attribute"
        constraints = attribute_constraints("objects")
        indexes = attribute_indexes("objects")
