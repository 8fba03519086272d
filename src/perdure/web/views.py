"""The front page and the browser client."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from perdure.sessions import SESSION_HANDLER
from perdure.version import __version__
from perdure.web.account_views import address_of
from perdure.web.tickets import TICKETS

__all__ = ["index", "ticket", "webclient"]

NAMES_SHOWN = 100


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """The front page: what game this is, who is on, and the ways in."""
    names = _who_is_on()
    context = {
        "names": names[:NAMES_SHOWN],
        "more": max(0, len(names) - NAMES_SHOWN),
        "count": len(names),
        "host": _host_name(request),
        "telnet_port": getattr(settings, "TELNET_PORT", None),
        "version": __version__,
    }
    return render(request, "perdure/index.html", context)


@require_safe
@never_cache
def webclient(request: HttpRequest) -> HttpResponse:
    """The browser client. What it needs to know is in `data-` attributes; the cookie stays out of reach of scripts."""
    return render(request, "perdure/webclient.html", {"version": __version__})


@csrf_protect
@never_cache
@require_POST
def ticket(request: HttpRequest) -> JsonResponse:
    """A ticket for the connection that the client is about to open, if somebody is logged in and may enter."""
    account: Any = request.user
    if not account.is_authenticated:
        return JsonResponse({"ticket": ""})
    if account.is_banned(ip=address_of(request), username=account.get_username()):
        return JsonResponse({"ticket": "", "error": "You have been banned and cannot log in."}, status=403)
    return JsonResponse({"ticket": TICKETS.issue(account.pk), "name": account.get_username()})


def _who_is_on() -> list[str]:
    """The names of those who play, each once: that of the character, of the account where there is none."""
    names = set()
    for session in SESSION_HANDLER.get_sessions():
        who = getattr(session, "puppet", None) or getattr(session, "account", None)
        if who is not None:
            names.add(str(who.key))
    return sorted(names, key=str.casefold)


def _host_name(request: HttpRequest) -> str:
    host = request.get_host()
    return host[: host.rindex("]") + 1] if "]" in host else host.split(":", 1)[0]
