"""Django's entry to commands."""

from __future__ import annotations

from django.apps import AppConfig


class CommandsConfig(AppConfig):
    """The app `commands`: makes command sets, `execute_cmd` and exits work."""

    name = "perdure.commands"
    label = "perdure_commands"
    verbose_name = "Commands"

    def ready(self) -> None:
        from perdure import gametime  # noqa: F401  (its check registers itself)
        from perdure.commands.installation import install

        install()
