"""The addresses of the site; a game's `web/urls.py` includes them, with its own before or after."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from perdure.conf import conf
from perdure.web import account_views, password_reset, views
from perdure.web.static_files import serve

__all__ = ["urlpatterns"]

urlpatterns = [
    path("", views.index, name="index"),
    path("auth/login/", account_views.log_in, name="login"),
    path("auth/logout/", account_views.log_out, name="logout"),
    path("auth/register/", account_views.register, name="register"),
    path("auth/password_change/", account_views.change_password, name="password_change"),
    path("auth/email/", account_views.change_email, name="change_email"),
    path("auth/password_reset/", password_reset.ask, name="password_reset"),
    path("auth/password_reset/done/", password_reset.asked, name="password_reset_done"),
    path("auth/reset/<uid>/<token>/", password_reset.choose, name="password_reset_confirm"),
    path("auth/unquell/", account_views.unquell, name="unquell"),
    path("webclient/", views.webclient, name="webclient"),
    path("webclient/ticket", views.ticket, name="webclient-ticket"),
    path("admin/", admin.site.urls),
    re_path(rf"^{settings.STATIC_URL.lstrip('/')}(?P<path>.*)$", serve, name="static"),
]
if conf.REST_API_ENABLED:
    urlpatterns.append(path("api/", include("perdure.web.rest.api")))
