"""The tables of scripts, of their attributes, and of delayed work.

Contract: beside what every entity has, a script has a host (an object or an account, never both) and a timer whose
whole state is in its row: interval, repeats, due time, count and what remained when it was paused.

Invariants: writing a host takes the other one away. The clock hears of every change of the due time, of a rollback,
and of a deletion.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django.apps import apps
from django.db import models
from django.db.models import ForeignKey

from perdure.errors import InvalidArgument
from perdure.idmapper.wrappers import dbref_number
from perdure.scripts.clock import script_clock
from perdure.scripts.hosts import host_fields
from perdure.scripts.managers import ScriptDBManager
from perdure.scripts.stored_tasks import PersistentTask
from perdure.scripts.timing import TIMER_FIELDS, Timed, whole_seconds
from perdure.transactions import transaction
from perdure.typeclasses.attribute_model import Attribute, attribute_constraints, attribute_indexes
from perdure.typeclasses.models import TypedObject

__all__ = ["PersistentTask", "ScriptAttribute", "ScriptDB"]


class ScriptDB(Timed, TypedObject):
    """A script: state or time without a body."""

    __settingsclass__ = "BASE_SCRIPT_TYPECLASS"
    __defaultclasspath__ = "perdure.scripts.scripts.DefaultScript"
    __applabel__ = "scripts"

    db_desc = models.CharField("description", max_length=255, blank=True, default="")
    db_obj: ForeignKey[Any, Any] = models.ForeignKey(
        "objects.ObjectDB", null=True, blank=True, on_delete=models.CASCADE, verbose_name="host object"
    )
    db_account: ForeignKey[Any, Any] = models.ForeignKey(
        "accounts.AccountDB", null=True, blank=True, on_delete=models.CASCADE, verbose_name="host account"
    )
    db_interval = models.IntegerField(
        "interval", default=-1, help_text="Seconds between ticks; 0 or less for no timer."
    )
    db_start_delay = models.BooleanField(
        "start delay", default=False, help_text="Whether to wait one interval before the first tick."
    )
    db_repeats = models.IntegerField("repeats", default=0, help_text="How many ticks there will be; 0 for no end.")
    db_persistent = models.BooleanField("survives a restart", default=True)
    db_is_active = models.BooleanField("started", default=False, help_text="Also true while paused.")
    db_next_due = models.DateTimeField("next tick", null=True, blank=True, editable=False, db_index=True)
    db_callcount = models.PositiveIntegerField("ticks so far", default=0, editable=False)
    db_paused_remaining = models.FloatField("seconds left when paused", null=True, blank=True, editable=False)
    db_manually_paused = models.BooleanField("paused by hand", default=False, editable=False)

    # For type checkers: what the metaclass makes of the fields. Assigning saves.
    desc: str
    start_delay: bool
    repeats: int
    persistent: bool
    is_active: bool
    next_due: datetime | None
    callcount: int
    paused_remaining: float | None
    manually_paused: bool

    objects: ClassVar[Any] = ScriptDBManager()

    class Meta(TypedObject.Meta):
        app_label = "scripts"
        verbose_name = "Script"
        verbose_name_plural = "Scripts"

    # --- the host

    @property
    def obj(self) -> Any:
        """The host: an object or an account; None for a global script. Ids and dbrefs of objects can be assigned."""
        return self.db_account or self.db_obj

    @obj.setter
    def obj(self, host: Any) -> None:
        self._set_host(host_fields(host))

    @obj.deleter
    def obj(self) -> None:
        self._set_host(host_fields(None))

    @property
    def account(self) -> Any:
        """The host if it is an account, else None."""
        return self.db_account

    @account.setter
    def account(self, host: Any) -> None:
        number = dbref_number(host)
        if number is not None:
            model = apps.get_model("accounts", "AccountDB")
            found = model._base_manager.filter(pk=number).first()
            if found is None:
                raise InvalidArgument(f"the account of a script is {host!r}, but there is no account #{number}")
            host = found
        fields = host_fields(host)
        if fields["db_obj"] is not None:
            raise InvalidArgument(f"the account of a script is {host!r}; assign objects to `obj`")
        self._set_host(fields)

    @account.deleter
    def account(self) -> None:
        self._set_host(host_fields(None))

    def _set_host(self, fields: dict[str, Any]) -> None:
        with transaction(using=self._state.db, savepoint=False):
            self.db_obj, self.db_account = fields["db_obj"], fields["db_account"]
            if not self._state.adding:
                self.save(update_fields=["db_obj", "db_account"])

    @property
    def interval(self) -> int:
        """Seconds between ticks; 0 or less for no timer. Assigning 0 stops a running timer."""
        return self.db_interval

    @interval.setter
    def interval(self, seconds: int) -> None:
        seconds = whole_seconds(seconds)
        with transaction(using=self._state.db, savepoint=False):
            self.db_interval = seconds
            if self._state.adding:
                return
            self.save(update_fields=["db_interval"])
            if seconds <= 0 and self.db_is_active:
                self.stop()

    # --- the clock hears of everything

    def _fields_changed(self, old: dict[str, Any]) -> None:
        super()._fields_changed(old)
        if not old or not TIMER_FIELDS.isdisjoint(old):
            self._reschedule()

    def _undo(self, aspects: set[str]) -> None:
        if self.pk is not None and self._state.db is not None:
            script_clock.doubt(self._timer_key())
        super()._undo(aspects)

    def _mark_deleted(self) -> None:
        super()._mark_deleted()
        script_clock.schedule(self._timer_key(), None)

    @classmethod
    def _rows_written(cls, names: Iterable[str] | None = None) -> None:
        super()._rows_written(names)
        if names is None or not TIMER_FIELDS.isdisjoint(names):
            script_clock.rescan()

    def _pinned(self) -> str | None:
        reason: str | None = super()._pinned()
        if reason is None and self.__dict__.get("db_next_due") is not None:
            return "running timer"
        return reason

    def _label(self) -> str:
        return super()._label() if self._is_deleted else f"<{type(self).__name__} {self.db_key}>"

    object = obj


class ScriptAttribute(Attribute):
    """An attribute of a script."""

    # The unique constraint begins with the owner: an index of the owner alone would be a second one.
    owner = models.ForeignKey(
        "scripts.ScriptDB", related_name="db_attributes", on_delete=models.CASCADE, db_index=False
    )

    class Meta(Attribute.Meta):
        app_label = "scripts"
        constraints = attribute_constraints("scripts")
        indexes = attribute_indexes("scripts")
