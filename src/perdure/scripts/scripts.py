"""`DefaultScript`, the base of all script typeclasses: its creation, its hooks, and what it is made of."""

from __future__ import annotations

from typing import Any, ClassVar

from perdure.errors import PerdureError
from perdure.scripts.managers import ScriptManager
from perdure.scripts.models import ScriptDB
from perdure.scripts.timing import checked_timer
from perdure.transactions import transaction
from perdure.typeclasses import veto
from perdure.typeclasses.applied_arguments import WITHOUT_HOOKS, apply_labels

__all__ = ["DefaultScript", "DoNothing", "Store"]


class DefaultScript(ScriptDB):
    """State or time without a body: a global store, a timer, or both, on an object, an account or by itself."""

    objects: ClassVar[Any] = ScriptManager()

    # --- creation

    @classmethod
    def create(cls, key: str | None = None, **kwargs: Any) -> tuple[Any, list[str]]:
        """Make a script of this class; `(script, [])`, or `(None, [reasons])` if it is refused.

        Args:
            key: its name.
            **kwargs: as for `create_script`; `typeclass` makes it of another class.
        """
        typeclass = kwargs.pop("typeclass", cls)
        if key is not None:
            kwargs["key"] = key
        try:
            return ScriptDB.objects.create_script(typeclass, **kwargs), []
        except (PerdureError, TypeError, ValueError) as error:
            return None, [str(error)]

    def at_first_save(self) -> None:
        """Called once, after the first save: hooks, then the arguments of the creation, then the timer."""
        if not self.__dict__.pop(WITHOUT_HOOKS, False):
            self.basetype_setup()
            self.at_script_creation()
        if self._is_deleted:
            return
        self.init_evennia_properties()
        created: dict[str, Any] = self.__dict__.pop("_createdict", None) or {}
        self._apply_created(created)
        if created.get("autostart") and self.db_interval > 0:
            delay = created.get("start_delay")
            self.start(start_delay=delay if delay is not None and not isinstance(delay, bool) else None)

    def _apply_created(self, created: dict[str, Any]) -> None:
        fields: dict[str, Any] = {name: created[name] for name in ("db_obj", "db_account") if name in created}
        fields.update({f"db_{name}": created[name] for name in ("key", "desc", "persistent") if name in created})
        fields.update(checked_timer(created.get("interval"), created.get("start_delay"), created.get("repeats")))
        if not (fields.get("db_key") or self.db_key):
            fields["db_key"] = f"{type(self).__name__}#{self.pk}"
        if not fields.get("db_key", True):
            del fields["db_key"]
        self._write_fields(fields)
        apply_labels(self, created)

    def basetype_setup(self) -> None:
        """Called once, before `at_script_creation`: what the engine needs. Does nothing by default."""

    def at_script_creation(self) -> None:
        """Called once, when the script is made: set `key`, `interval`, `repeats`, and what it keeps."""

    # --- timer

    def at_start(self, **kwargs: Any) -> None:
        """Called each time the timer starts or resumes, also after a reload; before any tick."""

    def is_valid(self) -> bool:
        """Called before each tick; False stops the timer."""
        return True

    def at_repeat(self, **kwargs: Any) -> None:
        """Called at each tick."""

    def at_pause(self, manual_pause: bool = True, **kwargs: Any) -> None:
        """Called when the timer is paused; `manual_pause` is False for the pause of a reload."""

    def at_stop(self, **kwargs: Any) -> None:
        """Called when a running timer is stopped."""

    # --- the end, and the server

    def at_script_delete(self) -> bool:
        """Called before the script is deleted; False keeps it."""
        return True

    def delete(self) -> bool:  # type: ignore[override]
        """Stop the timer and delete the script; False if `at_script_delete` refused. All or nothing."""
        with transaction(using=self._state.db):
            if not veto.ask(self.at_script_delete):
                return False
            if self._is_deleted:
                return True
            self.stop()
            super().delete()
        return True

    def at_server_reload(self) -> None:
        """Called before the server reloads, for scripts in memory."""

    def at_server_shutdown(self) -> None:
        """Called before the server shuts down, for active scripts in memory."""

    def at_server_start(self) -> None:
        """Called at each start of the server."""


class DoNothing(DefaultScript):
    """A script that does nothing; what is used when something has to be there."""

    def at_script_creation(self) -> None:
        """Names it."""
        self.db_key = "sys_do_nothing"
        self.db_desc = "This script does nothing."
        self.save(update_fields=["db_key", "db_desc"])


class Store(DefaultScript):
    """A script that keeps data."""

    def at_script_creation(self) -> None:
        """Names it."""
        self.db_key = "sys_storage"
        self.db_desc = "A place for data."
        self.save(update_fields=["db_key", "db_desc"])
