"""Django's entry to scripts."""

from __future__ import annotations

from django.apps import AppConfig


class ScriptsConfig(AppConfig):
    """The app `scripts`; gives objects and accounts their `scripts` handler."""

    name = "perdure.scripts"
    label = "scripts"
    verbose_name = "Scripts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from perdure.scripts import scripts  # noqa: F401  (the default classes must be known)
        from perdure.scripts.handler import ScriptHandler
        from perdure.typeclasses.handlers import register_handler

        register_handler("scripts", ScriptHandler)
