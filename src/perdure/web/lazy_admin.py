"""Django's admin, whose pages are registered when somebody first asks for them.

Contract: in `INSTALLED_APPS` instead of `django.contrib.admin`, this is Django's admin with the same name, label and
`admin.site`. The `admin` modules of all apps are imported when the site's addresses are made, when the system checks
look at it, or whenever the site is asked what is registered: a script, a shell and the game have no use for them, and
importing them with every form they need takes a fortieth of a start.

Who has quelled has laid the admin down too: every page of it says so, and how to take it up again.

Django keeps what is registered in `AdminSite._registry`. This file is the only one that knows;
`tests/web/test_lazy_admin.py` fails when a Django version keeps it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.apps import apps
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.sites import AdminSite
from django.core import checks
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import autodiscover_modules
from django.views.decorators.cache import never_cache

from perdure.locks.permissions import is_quelled

__all__ = ["LazyAdminConfig", "LazyAdminSite"]


class LazyAdminSite(AdminSite):
    """The admin site of a game. One logs in and out as on the rest of the website, where the site has those pages."""

    _discovered = False

    @property
    def _registry(self) -> dict[Any, Any]:
        if not self._discovered and apps.ready:
            self._discovered = True
            try:
                autodiscover_modules("admin", register_to=self)
            except BaseException:
                self._discovered = False
                raise
        return self._registered

    @_registry.setter
    def _registry(self, registered: dict[Any, Any]) -> None:
        self._registered = registered

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether somebody may see anything of the admin: staff that has not quelled."""
        return super().has_permission(request) and not is_quelled(request.user)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """The view for those who may see the admin; the quelled are told that they are."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def told(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not (super(LazyAdminSite, self).has_permission(request) and is_quelled(request.user)):
                return inner(request, *args, **kwargs)
            return self.logout(request) if view == self.logout else _quelled(request)

        return told

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The site's page for logging in."""
        return _site_view("log_in", request) or super().login(request, extra_context)

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The site's way of logging out."""
        return _site_view("log_out", request) or super().logout(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """The site's page for another password."""
        return _site_view("change_password", request) or super().password_change(request, extra_context)


class LazyAdminConfig(SimpleAdminConfig):
    """Django's entry to the admin."""

    default = False
    default_site = "perdure.web.lazy_admin.LazyAdminSite"

    def ready(self) -> None:
        """Register the system checks; the first has the pages registered, for the others to look at."""
        checks.register(_discover, checks.Tags.admin)
        super().ready()


@never_cache
def _quelled(request: HttpRequest) -> HttpResponse:
    """Why the admin is closed, and how it opens again."""
    try:
        reverse("unquell")
    except NoReverseMatch:  # the site has only the admin
        told = "You have quelled, so the admin is closed to you. Type unquell in the game to take up your powers again."
        return HttpResponse(told, status=403, content_type="text/plain; charset=utf-8")
    return render(request, "perdure/quelled.html", {"next": request.get_full_path()}, status=403)


def _site_view(name: str, request: HttpRequest) -> HttpResponse | None:
    """What a page of the site answers, or None where the site has only the admin."""
    try:
        reverse("login")
    except NoReverseMatch:
        return None
    from perdure.web import account_views

    response: HttpResponse = getattr(account_views, name)(request)
    return response


def _discover(**kwargs: Any) -> list[Any]:
    from django.contrib.admin import site
    from django.contrib.admin.models import LogEntry

    site.is_registered(LogEntry)  # to ask is enough
    return []
