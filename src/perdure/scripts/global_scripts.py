"""`GLOBAL_SCRIPTS`: the scripts without a host, by key; those of the setting `GLOBAL_SCRIPTS` exist always.

Contract: a script named in the setting is made when it is first asked for, and brought in line with the setting when
that has changed: its class, timer, description, locks, tags and attributes; everything else it keeps stays. A key that
nothing answers to gives None.

Failure modes: a class that cannot be found is logged, and the project's base class is used until it can.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import Any

from django.apps import apps

from perdure.conf import conf
from perdure.errors import ConfigurationError, TypeclassError
from perdure.scripts.state_machine import TimerState, timer_state
from perdure.transactions import transaction
from perdure.typeclasses import registry
from perdure.typeclasses.applied_arguments import normal_labels

__all__ = ["GLOBAL_SCRIPTS", "GlobalScripts"]

logger = logging.getLogger("perdure.scripts")

HASH_KEY, HASH_CATEGORY = "global_script_settings", "settings_hash"
UNKNOWN = frozenset({"key", "obj", "account"})


class GlobalScripts:
    """The scripts without a host, as attributes or by `get`."""

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        return self.get(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The script called `key` (case does not matter, unless it is of the setting), or `default`."""
        settings = self._settings()
        if key in settings:
            return self._managed(key, settings[key])
        if not isinstance(key, str) or not key.strip():
            return default
        found = self._hostless().filter(db_key__iexact=key.strip()).first()
        return default if found is None else found

    def all(self) -> list[Any]:
        """All of them, by key; those of the setting are made if they are missing."""
        managed = [self._managed(key, arguments) for key, arguments in self._settings().items()]
        found = {script.pk: script for script in (*managed, *self._hostless())}
        return sorted(found.values(), key=lambda script: (script.db_key.lower(), script.pk))

    def start(self) -> None:
        """Make those of the setting and start their timers; what was paused by hand stays paused."""
        for key, arguments in self._settings().items():
            script = self._managed(key, arguments)
            if timer_state(script) is TimerState.STOPPED:
                script.start()

    # --- those of the setting

    def _managed(self, key: str, arguments: dict[str, Any]) -> Any:
        cls = _class_for(key, arguments)
        digest = _digest(cls, arguments)
        script = self._hostless().filter(db_key=key).first()
        if script is None:
            return self._create(key, cls, arguments, digest)
        if script.attributes.get(HASH_KEY, category=HASH_CATEGORY) != digest:
            with transaction():
                self._change(script, cls, arguments)
                script.attributes.add(HASH_KEY, digest, category=HASH_CATEGORY)
        return script

    def _create(self, key: str, cls: Any, arguments: dict[str, Any], digest: str) -> Any:
        rest = {name: value for name, value in arguments.items() if name != "typeclass"}
        rest.setdefault("persistent", True)
        with transaction():
            script = self._model().objects.create_script(cls, key=key, **rest)
            if script is None:
                raise ConfigurationError(
                    f"GLOBAL_SCRIPTS[{key!r}]: a creation hook of {cls.path} deleted the script; a global script stays"
                )
            script.attributes.add(HASH_KEY, digest, category=HASH_CATEGORY)
        return script

    def _change(self, script: Any, cls: Any, arguments: dict[str, Any]) -> None:
        """Bring a script that exists in line with a setting that has changed."""
        if type(script) is not cls:
            script.swap_typeclass(cls, run_start_hooks=None)
        timer = {name: arguments[name] for name in ("interval", "start_delay", "repeats") if name in arguments}
        script._apply_created(normal_labels({"persistent": True, **arguments, "key": script.db_key}))
        if timer and script.db_is_active:
            script.start(**timer)

    # --- inner

    @staticmethod
    def _settings() -> dict[str, dict[str, Any]]:
        found = {}
        for key, arguments in conf.GLOBAL_SCRIPTS.items():
            arguments = arguments or {}
            if not isinstance(arguments, dict) or UNKNOWN & arguments.keys():
                raise ConfigurationError(
                    f"GLOBAL_SCRIPTS[{key!r}] is {arguments!r}; give a dict of arguments of create_script, without "
                    "key, obj and account"
                )
            found[key] = arguments
        return found

    @staticmethod
    def _model() -> Any:
        return apps.get_model("scripts", "ScriptDB")

    def _hostless(self) -> Any:
        return self._model().objects.filter(db_obj__isnull=True, db_account__isnull=True).order_by("pk")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *conf.GLOBAL_SCRIPTS})


def _class_for(key: str, arguments: dict[str, Any]) -> Any:
    family = GlobalScripts._model()
    typeclass = arguments.get("typeclass")
    if typeclass is None:
        return registry.default_class(family)
    try:
        return registry.resolve(typeclass, family)
    except TypeclassError:
        logger.exception("GLOBAL_SCRIPTS[%r]: no class %r; BASE_SCRIPT_TYPECLASS is used instead", key, typeclass)
        return registry.default_class(family)


def _digest(cls: Any, arguments: dict[str, Any]) -> str:
    """A short text that changes when the setting does."""
    rest = {name: value for name, value in arguments.items() if name != "typeclass"}
    text = json.dumps([cls.path, rest], sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


GLOBAL_SCRIPTS = GlobalScripts()
