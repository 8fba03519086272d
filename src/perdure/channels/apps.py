"""Django's entry to channels and messages."""

from __future__ import annotations

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """The app `comms`."""

    name = "perdure.channels"
    label = "comms"
    verbose_name = "Channels and messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from perdure.channels import channels  # noqa: F401  (the default classes must be known)
