"""The addresses of the site; a game's `web/urls.py` includes them, with its own before or after."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from perdure.conf import conf
from perdure.web import account_views, views
from perdure.web.static_files import serve

__all__ = ["urlpatterns"]

urlpatterns = [
    path("", views.index, name="index"),
    path("auth/login/", account_views.log_in, name="login"),
    path("auth/logout/", account_views.log_out, name="logout"),
    path("auth/register/", account_views.register, name="register"),
    path("auth/password_change/", account_views.change_password, name="password_change"),
    path("webclient/", views.webclient, name="webclient"),
    path("webclient/ticket", views.ticket, name="webclient-ticket"),
    path("admin/", admin.site.urls),
    re_path(rf"^{settings.STATIC_URL.lstrip('/')}(?P<path>.*)$", serve, name="static"),
]
if conf.REST_API_ENABLED:
    urlpatterns.append(path("api/", include("perdure.web.rest.api")))
