"""What every template of the site knows: the name of the game, and whether people may register."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from perdure.conf import conf

__all__ = ["site"]


def site(request: HttpRequest) -> dict[str, Any]:
    """A context processor (`TEMPLATES`)."""
    return {
        "server_name": getattr(settings, "SERVERNAME", "Perdure"),
        "registration_open": conf.NEW_ACCOUNT_REGISTRATION_ENABLED,
    }
