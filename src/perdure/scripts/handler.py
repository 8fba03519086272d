"""`obj.scripts`: the scripts that an object or an account hosts.

Contract: the database is asked each time, so the handler keeps nothing that could be out of date. Keys are compared
exactly; a dbref (`"#5"`) may stand for a key.
"""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps

from perdure.typeclasses.handlers import OwnerRef

__all__ = ["ScriptHandler"]

logger = logging.getLogger("perdure.scripts")


class ScriptHandler:
    """The scripts of one object or account."""

    __slots__ = ("__weakref__", "_owner")

    def __init__(self, owner: Any) -> None:
        self._owner = OwnerRef(owner)

    @property
    def obj(self) -> Any:
        """The host."""
        return self._owner()

    def add(self, scriptclass: Any, key: str | None = None, autostart: bool = True) -> Any:
        """Put a script on the host.

        Args:
            scriptclass: a class or path, of which a script is made; or a script without another host.
            key: the name of a new one.
            autostart: whether to start its timer.

        Returns the script, or None if it belongs to somebody else already (or deleted itself when made).
        """
        host = self._owner()
        model = self._model()
        if isinstance(scriptclass, model):
            return self._adopt(scriptclass, host, autostart)
        arguments: dict[str, Any] = {"obj": host, "autostart": autostart}
        if key is not None:
            arguments["key"] = key
        return model.objects.create_script(scriptclass, **arguments)

    def _adopt(self, script: Any, host: Any, autostart: bool) -> Any:
        if script.obj is not None and script.obj is not host:
            logger.error("%r is a script of %r, so it cannot be added to %r", script, script.obj, host)
            return None
        script.obj = host
        if autostart:
            script.start()
        return script

    def get(self, key: Any) -> Any:
        """The scripts with this key or dbref: a queryset."""
        return self._model().objects.get_all_scripts_on_obj(self._owner(), key="" if key is None else key)

    def all(self) -> Any:
        """All scripts of the host: a queryset."""
        return self._model().objects.get_all_scripts_on_obj(self._owner())

    def has(self, key: Any) -> bool:
        """Whether there is a script with this key or dbref."""
        return bool(self.get(key).exists())

    def start(self, key: Any) -> int:
        """Start the timers of the scripts with this key or dbref; how many there are."""
        scripts = list(self.get(key))
        for script in scripts:
            script.start()
        return len(scripts)

    def remove(self, key: Any = None) -> int:
        """Delete the scripts with this key or dbref, or of this class path; all of them without a key.

        Returns how many were deleted; one that refuses is not counted.
        """
        if key is None:
            scripts = list(self.all())
        else:
            scripts = list(self.get(key)) or list(self.all().filter(db_typeclass_path=str(getattr(key, "path", key))))
        return sum(bool(script.delete()) for script in scripts)

    delete = remove
    stop = remove

    @staticmethod
    def _model() -> Any:
        return apps.get_model("scripts", "ScriptDB")

    def __str__(self) -> str:
        return "\n".join(self._line(script) for script in self.all())

    @staticmethod
    def _line(script: Any) -> str:
        interval = f"every {script.db_interval} s" if script.db_interval > 0 else "no timer"
        left = script.remaining_repeats()
        repeats = "" if left is None else f", {left} more"
        desc = f": {script.db_desc}" if script.db_desc else ""
        return f"{script.db_key} ({interval}{repeats}, {script.timer.value}){desc}"
