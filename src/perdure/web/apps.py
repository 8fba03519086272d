"""Django's entry to the web layer."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Registers the admin pages (Django imports `perdure.web.admin` by itself)."""

    name = "perdure.web"
    label = "perdure_web"

    def ready(self) -> None:
        """Register the checks."""
        from perdure.web import checks, rest_checks  # noqa: F401  (they register themselves)
