"""Django system checks of the names under which a browser reaches the game, and to which its letters lead."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from perdure.conf import conf
from perdure.web.letters import mail_is_configured

__all__ = ["check_hosts", "check_letters"]

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


@checks.register(checks.Tags.security)
def check_hosts(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """perdure.W003: other machines may connect, but a browser there can call the game by no name that it answers to."""
    interfaces = conf.INTERFACES
    others = [] if conf.LOCKDOWN_MODE else [one for one in interfaces if one not in _THIS_MACHINE]
    if not others or set(settings.ALLOWED_HOSTS) - _THIS_MACHINE or settings.DEBUG:
        return []
    message = f"The game listens on {', '.join(others)}, but its web pages answer to the names of this machine only."
    hint = 'Name what players type into their browsers: ALLOWED_HOSTS = ["game.example.org", "203.0.113.5"].'
    return [checks.Warning(message, hint=hint, id="perdure.W003")]


@checks.register(checks.Tags.security)
def check_letters(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """perdure.W004: a stranger can have a link for a new password sent that leads to a site of theirs."""
    if "*" not in settings.ALLOWED_HOSTS or conf.SITE_URL or not mail_is_configured():
        return []
    message = "ALLOWED_HOSTS has '*', so links in letters lead to whatever host a request names."
    hint = 'Say what the site is called: SITE_URL = "https://game.example.org". Or name the hosts.'
    return [checks.Warning(message, hint=hint, id="perdure.W004")]
