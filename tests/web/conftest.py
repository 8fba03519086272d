"""The website with the settings that a game has, on the tests' own database and apps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.contrib.admin import sites as admin_sites
from django.test import Client
from django.urls import clear_url_caches, include, path

from perdure.testing.plugin import world
from perdure.web.lazy_admin import LazyAdminSite

__all__ = ["world"]

PASSWORD = "Tr1cky-enough"


def _game_settings() -> Any:
    from perdure import settings_default

    return settings_default


@pytest.fixture
def site(settings: Any) -> Iterator[Any]:
    """Settings under which the whole site is served, as `perdure.settings_default` has it."""
    game = _game_settings()
    module = ModuleType("tests_web_game_urls")
    apps = [app for app in settings.INSTALLED_APPS if app not in ("perdure.web", "django.contrib.admin")]
    settings.INSTALLED_APPS = [*game.INSTALLED_APPS[:2], "django.contrib.staticfiles", *apps]
    settings.MIDDLEWARE = game.MIDDLEWARE
    settings.TEMPLATES = [{**game.TEMPLATES[0], "DIRS": []}]
    settings.STORAGES = game.STORAGES
    settings.ROOT_URLCONF = module.__name__
    settings.AUTHENTICATION_BACKENDS = game.AUTHENTICATION_BACKENDS
    settings.AUTH_PASSWORD_VALIDATORS = game.AUTH_PASSWORD_VALIDATORS
    for name in ("LOGIN_URL", "LOGIN_REDIRECT_URL", "LOGOUT_REDIRECT_URL"):
        setattr(settings, name, getattr(game, name))
    for name in ("CSRF_COOKIE_HTTPONLY", "CSRF_COOKIE_SAMESITE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE"):
        setattr(settings, name, getattr(game, name))
    settings.SERVERNAME = "The <Cave>"
    settings.TELNET_PORT = 4000
    # The addresses are bound to the admin's site that there is when they are imported.
    registered = dict(admin_sites.site._registry)
    before, admin_sites.site._wrapped = admin_sites.site._wrapped, LazyAdminSite()
    # Modules register their pages once, when they are imported.
    admin_sites.site._wrapped._discovered = True
    for model, page in registered.items():
        admin_sites.site.register(model, type(page))
    sys.modules.pop("perdure.web.urls", None)
    module.urlpatterns = [path("", include("perdure.web.urls"))]  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    clear_url_caches()
    yield settings
    admin_sites.site._wrapped = before
    for name in (module.__name__, "perdure.web.urls"):
        sys.modules.pop(name, None)
    clear_url_caches()


@pytest.fixture
def browser_of(site: Any) -> Any:
    """Makes a client with an address of its own; forms need their token as in life."""

    def make(address: str = "192.0.2.1", **kwargs: Any) -> Client:
        return Client(enforce_csrf_checks=True, REMOTE_ADDR=address, **kwargs)

    return make


def post(
    client: Client, address: str, data: dict[str, str] | None = None, page: str | None = None, **kwargs: Any
) -> Any:
    """Load the page with the form, then send the form with the token that was in it."""
    response = client.get(page or address)
    token = response.context["csrf_token"] if response.context else ""
    return client.post(address, {**(data or {}), "csrfmiddlewaretoken": str(token)}, **kwargs)


@pytest.fixture
def anna(site: Any, db: Any) -> Any:
    """An account."""
    from perdure.create import create_account

    return create_account("Anna", "anna@example.com", PASSWORD)


@pytest.fixture
def owner(anna: Any) -> Any:
    """A superuser who may see the admin."""
    anna.is_staff = anna.is_superuser = True
    anna.save()
    return anna


@pytest.fixture
def staff(browser_of: Any, owner: Any) -> Client:
    """The client of the owner, logged in."""
    client: Client = browser_of()
    client.force_login(owner)
    return client


class Bridged:
    """A client as it is behind the bridge: hashing is done by a thread that is called `pool`.

    Attributes:
        hashed_in: the names of the threads that hashed something.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.hashed_in: list[str] = []
        self.rounds = 0

    def post(self, address: str, data: dict[str, str], page: str | None = None) -> Any:
        """Send a form as a browser does, until there is an answer."""
        from concurrent.futures import ThreadPoolExecutor

        from perdure.web.offloading import CAN_OFFLOAD, OFFLOADED, OffloadResponse

        done: dict[str, Any] = {}
        for self.rounds in range(1, 5):
            response = post(self.client, address, data, page, **{CAN_OFFLOAD: True, OFFLOADED: done})
            if not isinstance(response, OffloadResponse):
                return response
            with ThreadPoolExecutor(1, thread_name_prefix="pool") as pool:
                done = {**done, response.key: pool.submit(response.work).result()}
        raise AssertionError("it never ends")


@pytest.fixture
def bridged(staff: Client, monkeypatch: pytest.MonkeyPatch) -> Bridged:
    """The owner's client behind the bridge."""
    import threading

    from django.contrib.auth.hashers import MD5PasswordHasher

    bridged = Bridged(staff)
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher,
        "encode",
        lambda *args: bridged.hashed_in.append(threading.current_thread().name.partition("_")[0]) or encode(*args),
    )
    return bridged
