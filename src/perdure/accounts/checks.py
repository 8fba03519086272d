"""Django system check of the ways in that settings name."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.core import checks
from django.utils.module_loading import import_string

from perdure.accounts.backends import CaseInsensitiveModelBackend

__all__ = ["check_backends"]


@checks.register(checks.Tags.security)
def check_backends(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """perdure.W002: a backend that compares passwords is asked before Perdure's, so throttles and bans do not count."""
    for path in settings.AUTHENTICATION_BACKENDS:
        try:
            backend = import_string(path)
        except ImportError:
            continue  # Django tells of it when it is used
        if isinstance(backend, type) and issubclass(backend, CaseInsensitiveModelBackend):
            return []
        if isinstance(backend, type) and issubclass(backend, ModelBackend):
            break
    ours = f"{CaseInsensitiveModelBackend.__module__}.{CaseInsensitiveModelBackend.__name__}"
    message = "On the website, passwords are compared without throttles and bans."
    return [checks.Warning(message, hint=f'Put "{ours}" first in AUTHENTICATION_BACKENDS.', id="perdure.W002")]
