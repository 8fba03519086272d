"""Django's entry to the server's stored settings."""

from __future__ import annotations

from django.apps import AppConfig


class ServerConfigConfig(AppConfig):
    """The app `server`."""

    name = "perdure.serverconfig"
    label = "server"
    verbose_name = "Server"
    default_auto_field = "django.db.models.BigAutoField"
