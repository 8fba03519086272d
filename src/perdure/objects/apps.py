"""The Django app of objects."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["ObjectsConfig"]


class ObjectsConfig(AppConfig):
    """App `objects`: the table of objects and their attributes."""

    name = "perdure.objects"
    label = "objects"
    verbose_name = "Objects"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from perdure.objects import checks  # noqa: F401
