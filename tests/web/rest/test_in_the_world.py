"""The API on the game thread: a request is a unit of the loop, and what goes wrong is dealt with as of a command."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from perdure.accounts.models import AccountDB
from perdure.create import create_object
from perdure.errors import StaleObject
from perdure.gameloop import GameLoop
from perdure.objects.objects import DefaultObject
from perdure.server.world.http import GameThreadApp, keep_connections
from tests.web.rest.conftest import ADDRESS, make_account

pytestmark = pytest.mark.django_db(transaction=True)


class FakeWorld:
    """A game loop, and whether it serves."""

    def __init__(self, loop: GameLoop) -> None:
        self.loop = loop
        self.is_serving = True


class Asking:
    """Asks as the gateway passes requests on.

    Args:
        app: the world's pages.
        loop: the game loop, whose work is done meanwhile.
        secret: the token.
    """

    def __init__(self, app: GameThreadApp, loop: GameLoop, secret: str) -> None:
        self.app, self.loop, self.secret = app, loop, secret

    def __call__(self, method: str, path: str, said: Any = None) -> tuple[int, dict[bytes, bytes], Any]:
        sent: list[dict[str, Any]] = []
        body = b"" if said is None else json.dumps(said).encode()
        parts = [{"type": "http.request", "body": body}, {"type": "http.disconnect"}]
        headers = {
            "host": "testserver",
            "content-type": "application/json",
            "authorization": f"Bearer {self.secret}",
            "x-forwarded-for": ADDRESS,
        }

        async def receive() -> dict[str, Any]:
            return parts.pop(0)

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        target, _, query = f"/api{path}".partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": target,
            "query_string": query.encode(),
            "http_version": "1.1",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        thread = threading.Thread(target=lambda: asyncio.run(self.app(scope, receive, send)))
        thread.start()
        while thread.is_alive():
            self.loop.run_once(0.01)
        return sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"] or b"null")


@pytest.fixture
def asking(rest: Any) -> Iterator[Asking]:
    from perdure.accounts.access_tokens import create_token

    world = FakeWorld(GameLoop(lambda items: None))
    keep_connections()
    account = make_account("Boss", "Admin")
    _, secret = create_token(account, "test")
    app = GameThreadApp(world, lambda: b"")  # type: ignore[arg-type]
    yield Asking(app, world.loop, secret)
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)
    world.loop.close()


@pytest.fixture
def lamp(rest: Any) -> Any:
    return create_object(DefaultObject, key="lamp", nohome=True)


def test_an_error_of_the_game_is_logged_once_under_the_id_that_is_told(
    asking: Asking, lamp: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(account: Any, entity: Any, said: Any) -> None:
        entity.key = "changed"
        raise RuntimeError("a secret of the code")

    monkeypatch.setattr("perdure.web.rest.entity_routes.change", broken)
    with caplog.at_level(logging.ERROR):
        status, headers, said = asking("PATCH", f"/objects/{lamp.pk}", {"key": "x"})
    assert (status, headers[b"Content-Type"]) == (500, b"application/problem+json")
    assert headers[b"Cache-Control"] == b"no-store"
    assert headers[b"X-Content-Type-Options"] == b"nosniff"
    assert b"default-src 'none'" in headers[b"Content-Security-Policy"]
    records = [one for one in caplog.records if one.levelno >= logging.ERROR and one.name.startswith("perdure")]
    assert len(records) == 1
    assert said["error_id"] == records[0].error_id
    assert said["error_id"] in said["detail"]
    assert "a secret of the code" in str(records[0].exc_info[1])
    assert lamp.key == "lamp"


def test_a_stale_write_is_run_again(asking: Asking, lamp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from perdure.web.rest.entity_routes import change

    tries = []

    def once_stale(account: Any, entity: Any, said: Any) -> Any:
        fields = change(account, entity, said)
        tries.append(entity.key)
        if len(tries) == 1:
            raise StaleObject("somebody was first")
        return fields

    monkeypatch.setattr("perdure.web.rest.entity_routes.change", once_stale)
    status, _, said = asking("PATCH", f"/objects/{lamp.pk}", {"key": "lantern"})
    assert (status, said["key"], tries) == (200, "lantern", ["lantern", "lantern"])
    assert lamp.key == "lantern"


def test_a_request_that_is_run_again_counts_once(
    asking: Asking, lamp: Any, rest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from perdure.web.rest.entity_routes import change
    from perdure.web.rest.rates import RATES

    rest.REST_API_RATE, rest.REST_API_BURST = 0.001, 1
    RATES.clear()
    tries = []

    def once_stale(account: Any, entity: Any, said: Any) -> Any:
        tries.append(entity.key)
        if len(tries) == 1:
            raise StaleObject("somebody was first")
        return change(account, entity, said)

    monkeypatch.setattr("perdure.web.rest.entity_routes.change", once_stale)
    assert asking("PATCH", f"/objects/{lamp.pk}", {"key": "lantern"})[0] == 200
    assert len(tries) == 2
    assert asking("GET", "/me")[0] == 429
    RATES.clear()
    assert asking("POST", "/accounts", {"key": "Bob", "password": "l0ng-enough-for-all"})[0] == 201


def test_a_write_that_stays_stale_is_a_conflict(asking: Asking, lamp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stale(account: Any, entity: Any, said: Any) -> None:
        raise StaleObject("row 5 of some table")

    monkeypatch.setattr("perdure.web.rest.entity_routes.change", stale)
    status, _, said = asking("PATCH", f"/objects/{lamp.pk}", {"key": "lantern"})
    assert status == 409
    assert "table" not in said["detail"]
    assert lamp.key == "lamp"


@pytest.mark.defect("V-8")
def test_the_password_of_a_new_account_is_hashed_elsewhere(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    from perdure.accounts import passwords

    threads = []
    hash_password = passwords.hash_password

    def noted(password: str) -> str:
        threads.append(threading.current_thread())
        return hash_password(password)

    monkeypatch.setattr(passwords, "hash_password", noted)
    status, headers, said = asking("POST", "/accounts", {"key": "Bob", "password": "l0ng-enough-for-all"})
    assert (status, said["key"]) == (201, "Bob")
    assert headers[b"Location"] == f"/api/accounts/{said['id']}".encode()
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()
    assert AccountDB.objects.get(pk=said["id"]).check_password("l0ng-enough-for-all")


def test_the_description_is_made_elsewhere_and_once(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    from perdure.web.rest import api, description

    threads = []
    described = description._described

    def noted(*args: Any) -> bytes:
        threads.append(threading.current_thread())
        return described(*args)

    monkeypatch.setattr(description, "_described", noted)
    view = description.Description(api._build())
    monkeypatch.setattr(api.urlpatterns[0], "callback", api.guarded(view))
    for _ in range(2):
        status, _, said = asking("GET", "/openapi.json")
        assert (status, "/api/rooms" in said["paths"]) == (200, True)
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()


def test_what_is_answered_is_committed(asking: Asking, lamp: Any) -> None:
    status, _, said = asking("PUT", f"/objects/{lamp.pk}/attributes/oil", {"value": [1, 2]})
    assert (status, said["value"]) == (201, [1, 2])
    status, _, said = asking("GET", "/objects?attr.oil__exists=true")
    assert [one["id"] for one in said["results"]] == [lamp.pk]
    status, _, _ = asking("DELETE", f"/objects/{lamp.pk}")
    assert status == 204
    assert lamp._is_deleted
