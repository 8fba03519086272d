"""Web requests on the game thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.urls import path

from perdure import create_object
from perdure.gameloop import GameLoop
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.server.world import http as http_module
from perdure.server.world.http import GameThreadApp, keep_connections
from perdure.web.offloading import OffloadResponse

pytestmark = pytest.mark.django_db(transaction=True)


def rename(request: HttpRequest) -> HttpResponse:
    thing = ObjectDB.objects.get()
    thing.key = request.POST["key"]
    return HttpResponse(f"{thing.key} by {request.META['REMOTE_ADDR']} over {request.scheme}")


def rename_and_fail(request: HttpRequest) -> HttpResponse:
    ObjectDB.objects.get().key = "never"
    raise ValueError("broken view")


def hash_elsewhere(request: HttpRequest) -> HttpResponse:
    known = request.META["perdure.offloaded"].get("where")
    if known is None:
        return OffloadResponse(threading.get_ident, "where")
    return HttpResponse(str(known == threading.get_ident()))


def headers(request: HttpRequest) -> HttpResponse:
    return HttpResponse(repr(sorted(name for name in request.META if name.startswith("HTTP_"))))


urlpatterns = [
    path("rename", rename),
    path("fail", rename_and_fail),
    path("hash", hash_elsewhere),
    path("headers", headers),
]


class FakeWorld:
    """A game loop, and whether it serves."""

    def __init__(self, loop: GameLoop) -> None:
        self.loop = loop
        self.is_serving = True


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[FakeWorld]:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    world = FakeWorld(GameLoop(lambda items: None))
    keep_connections()
    yield world
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)
    world.loop.close()


@pytest.fixture
def ask(world: FakeWorld) -> Callable[..., tuple[int, dict[str, str], str]]:
    """Ask from another thread, as the I/O loop does, while this thread is the game thread."""
    app = GameThreadApp(world, lambda: b"metrics")  # type: ignore[arg-type]

    def request(method: str, target: str, body: bytes = b"", extra: Any = ()) -> tuple[int, dict[str, str], str]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": target,
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(b"host", b"localhost:4001"), *extra],
        }
        thread = threading.Thread(target=lambda: asyncio.run(app(scope, receive, send)))
        thread.start()
        while thread.is_alive():
            world.loop.run_once(0.01)
        answered = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], answered, sent[1]["body"].decode()

    return request


FORM = [(b"content-type", b"application/x-www-form-urlencoded")]


def test_a_view_changes_live_objects_on_the_game_thread(ask: Any, world: FakeWorld) -> None:
    thing: Any = create_object(DefaultObject, key="lamp", nohome=True)
    proxied = [*FORM, (b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]
    status, _, text = ask("POST", "/rename", b"key=lantern", proxied)
    assert (status, text) == (200, "lantern by 203.0.113.9 over https")
    assert thing.key == "lantern"


def test_an_error_undoes_what_the_view_did(ask: Any, world: FakeWorld) -> None:
    thing: Any = create_object(DefaultObject, key="lamp", nohome=True)
    status, _, _ = ask("GET", "/fail")
    assert status == 500
    assert thing.key == "lamp"


@pytest.mark.defect("V-8")
def test_offloaded_work_leaves_the_game_thread(ask: Any) -> None:
    assert ask("GET", "/hash")[2] == "False"


def test_headers_with_underscores_do_not_pass_for_others(ask: Any) -> None:
    text = ask("GET", "/headers", b"", [(b"x_forwarded_for", b"1.2.3.4"), (b"x-good", b"1")])[2]
    assert "HTTP_X_GOOD" in text
    assert "HTTP_X_FORWARDED_FOR" not in text


def test_a_body_that_is_too_long_is_refused(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "MAX_BODY", 10)
    assert ask("POST", "/rename", b"x" * 11, FORM)[0] == 413


def test_nothing_is_answered_while_the_world_does_not_serve(ask: Any, world: FakeWorld) -> None:
    world.is_serving = False
    status, answered, _ = ask("GET", "/headers")
    assert (status, answered["retry-after"]) == (503, "2")


def test_metrics_are_for_the_gateway_and_not_for_whom_it_passes_on(ask: Any) -> None:
    """Where the path is written in another way (`/./metrics`), the gateway takes it for a page."""
    assert ask("GET", "/metrics", b"", [(b"x-forwarded-for", b"203.0.113.9")])[0] == 404


def test_metrics_need_no_game_thread(ask: Any, world: FakeWorld) -> None:
    world.is_serving = False
    assert ask("GET", "/metrics")[2] == "metrics"
