"""The API on the tests' own database: accounts of every rank, their tokens, and clients that send them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import clear_url_caches, include, path

PASSWORD = "Tr1cky-enough"
ADDRESS = "192.0.2.1"
RANKS = ("Player", "Builder", "Admin", "Developer")


class Api:
    """Somebody who asks.

    Args:
        secret: their token; None for nobody.
        address: where from.
    """

    def __init__(self, secret: str | None = None, address: str = ADDRESS) -> None:
        self.client = Client(enforce_csrf_checks=True, REMOTE_ADDR=address, raise_request_exception=False)
        self.headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}

    def __call__(self, method: str, path: str, said: Any = None, **headers: str) -> Any:
        """Ask; the answer has its JSON in `said`."""
        body = b"" if said is None else said if isinstance(said, bytes) else json.dumps(said).encode()
        kind = "application/json" if said is not None else ""
        response = self.client.generic(
            method, f"/api{path}", body, content_type=kind, headers={**self.headers, **headers}
        )
        is_json = "json" in response.headers.get("Content-Type", "")
        response.said = json.loads(response.content) if is_json and response.content else None
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self("GET", path, **headers)

    def post(self, path: str, said: Any, **headers: str) -> Any:
        return self("POST", path, said, **headers)

    def patch(self, path: str, said: Any, **headers: str) -> Any:
        return self("PATCH", path, said, **headers)

    def put(self, path: str, said: Any = None, **headers: str) -> Any:
        return self("PUT", path, said, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self("DELETE", path, **headers)


@pytest.fixture
def rest(site: Any, db: Any) -> Iterator[Any]:
    """Settings under which the API is there and nobody is held up."""
    from perdure.idmapper.models import flush_cache
    from perdure.web.rest.rates import RATES

    site.REST_API_ENABLED = True
    # No object has this id, neither in the table nor in what other tests have left in memory.
    site.DEFAULT_HOME = site.START_LOCATION = "#999999999"
    site.REST_API_RATE = None
    # The addresses are made of the settings when they are imported.
    sys.modules.pop("perdure.web.urls", None)
    sys.modules[site.ROOT_URLCONF].urlpatterns = [path("", include("perdure.web.urls"))]  # type: ignore[attr-defined]
    clear_url_caches()
    RATES.clear()
    yield site
    RATES.clear()
    flush_cache()


def make_account(name: str, rank: str = "Player", **kwargs: Any) -> Any:
    from perdure.create import create_account

    return create_account(name, f"{name.lower()}@example.com", PASSWORD, permissions=[rank], **kwargs)


def api_of(account: Any, **kwargs: Any) -> Api:
    """Somebody who asks with a new token of the account."""
    from perdure.accounts.access_tokens import create_token

    return Api(create_token(account, "test", **kwargs)[1])


@pytest.fixture
def as_rank(rest: Any) -> Any:
    """`as_rank("Builder")` asks as an account of that rank; "superuser" and "quelled" are superusers, "" is nobody."""
    made: dict[str, Api] = {}

    def make(rank: str) -> Api:
        if rank not in made:
            if not rank:
                made[rank] = Api()
            elif rank in ("superuser", "quelled"):
                account = make_account(rank.capitalize(), "Player", is_superuser=True)
                if rank == "quelled":
                    account.attributes.add("_quell", True)
                made[rank] = api_of(account)
                made[rank].account = account
            else:
                account = make_account(f"The{rank}", rank)
                made[rank] = api_of(account)
                made[rank].account = account
        return made[rank]

    return make


@pytest.fixture
def builder(as_rank: Any) -> Api:
    return as_rank("Builder")


@pytest.fixture
def admin(as_rank: Any) -> Api:
    return as_rank("Admin")


@pytest.fixture
def room(rest: Any) -> Any:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultRoom

    return create_object(DefaultRoom, key="hall", nohome=True)


@pytest.fixture
def lamp(room: Any) -> Any:
    from perdure.create import create_object
    from perdure.objects.objects import DefaultObject

    return create_object(DefaultObject, key="lamp", location=room, home=room)
