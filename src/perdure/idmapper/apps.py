"""Django's entry to the identity map."""

from __future__ import annotations

from django.apps import AppConfig


class IdmapperConfig(AppConfig):
    """Installs the adapters that need Django to be loaded first."""

    name = "perdure.idmapper"
    label = "idmapper"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from perdure.idmapper import forms, models, shared_targets  # noqa: F401  (models connects a receiver)

        forms.install()
        shared_targets.install()
