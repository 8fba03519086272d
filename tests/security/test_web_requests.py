"""Web requests in odd moments: undone commits, a world that ceases, bodies that break off, work that is not wanted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from perdure import create_object
from perdure.errors import Overloaded
from perdure.gameloop import GameLoop
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.server.world import http as http_module
from perdure.server.world.http import GameThreadApp, keep_connections
from perdure.web.offloading import OffloadResponse

pytestmark = pytest.mark.django_db(transaction=True)

_gate = threading.Event()
FORM = [(b"content-type", b"application/x-www-form-urlencoded")]


def _refuse() -> None:
    """Have the database refuse the commit."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999")


def rename(request: HttpRequest) -> HttpResponse:
    thing = ObjectDB.objects.get()
    thing.key = request.POST["key"]
    return HttpResponse(f"now {thing.key}")


def rename_in_vain(request: HttpRequest) -> HttpResponse:
    response = rename(request)
    _refuse()
    return response


def rename_later(request: HttpRequest) -> HttpResponse:
    if request.META["perdure.offloaded"].get("slow") is None:
        return OffloadResponse(lambda: _gate.wait(20), "slow")
    return rename(request)


urlpatterns = [path("rename", rename), path("vain", rename_in_vain), path("later", rename_later)]


class FakeWorld:
    """A game loop, and whether it serves."""

    def __init__(self, loop: GameLoop) -> None:
        self.loop = loop
        self.is_serving = True


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[FakeWorld]:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    _gate.clear()
    world = FakeWorld(GameLoop(lambda items: None))
    keep_connections()
    yield world
    _gate.set()
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)
    world.loop.close()


@pytest.fixture
def lamp(world: FakeWorld) -> Any:
    return create_object(DefaultObject, key="lamp", nohome=True)


class Asking:
    """One request, asked on another thread as the I/O loop does."""

    def __init__(self, app: GameThreadApp, target: str, body: bytes, breaks_off: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        parts = [{"type": "http.request", "body": body, "more_body": breaks_off}, {"type": "http.disconnect"}]

        async def receive() -> dict[str, Any]:
            return parts.pop(0)

        async def send(message: dict[str, Any]) -> None:
            self.sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": target,
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(b"host", b"localhost:4001"), *FORM],
        }
        self.thread = threading.Thread(target=lambda: asyncio.run(app(scope, receive, send)))
        self.thread.start()

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    def wait(self, loop: GameLoop) -> int:
        """Do the world's work until there is an answer."""
        while self.thread.is_alive():
            loop.run_once(0.01)
        return self.status


@pytest.fixture
def app(world: FakeWorld) -> GameThreadApp:
    return GameThreadApp(world, lambda: b"")  # type: ignore[arg-type]


def test_no_page_says_done_of_what_the_database_has_refused(app: GameThreadApp, world: FakeWorld, lamp: Any) -> None:
    asking = Asking(app, "/vain", b"key=lantern")
    assert asking.wait(world.loop) == 500
    assert b"lantern" not in asking.sent[1]["body"]
    assert lamp.key == "lamp"


def test_a_request_that_is_done_again_has_its_body_again(app: GameThreadApp, world: FakeWorld, lamp: Any) -> None:
    asking = Asking(app, "/rename", b"key=lantern")
    while not world.loop.backlog:
        threading.Event().wait(0.005)
    world.loop.submit(_refuse)
    assert asking.wait(world.loop) == 200
    assert lamp.key == "lantern"


def test_a_request_in_its_offloaded_part_is_answered_when_the_world_ceases(
    app: GameThreadApp, world: FakeWorld, lamp: Any
) -> None:
    asking = Asking(app, "/later", b"key=lantern")
    while not world.loop._pool.busy:
        world.loop.run_once(0.01)
    world.is_serving = False
    app.call_off()
    asking.thread.join(10)
    assert asking.status == 503
    _gate.set()
    world.is_serving = True  # it resumes
    world.loop.run_until_idle()
    assert lamp.key == "lamp"


def test_a_request_that_was_not_begun_is_not_done_after_it_was_called_off(
    app: GameThreadApp, world: FakeWorld, lamp: Any
) -> None:
    asking = Asking(app, "/rename", b"key=lantern")
    while not world.loop.backlog:
        threading.Event().wait(0.005)
    app.call_off()
    asking.thread.join(10)
    assert asking.status == 503
    world.loop.run_until_idle()
    assert lamp.key == "lamp"


def test_a_request_that_was_done_is_answered_though_the_world_ceases_at_once(
    app: GameThreadApp, world: FakeWorld, lamp: Any
) -> None:
    asking = Asking(app, "/rename", b"key=lantern")
    while not world.loop.backlog:
        threading.Event().wait(0.005)
    world.loop.between_ticks(lambda: (world.loop.run_until_idle(), app.call_off()))
    world.loop.run_until_idle()
    asking.thread.join(10)
    assert asking.status == 200
    assert lamp.key == "lantern"


def test_a_request_that_nobody_waits_for_any_more_is_not_done(
    app: GameThreadApp, world: FakeWorld, lamp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_module, "SECONDS", 0.05)
    asking = Asking(app, "/rename", b"key=lantern")
    asking.thread.join(10)
    assert asking.status == 503
    world.loop.run_until_idle()
    assert lamp.key == "lamp"


def test_half_a_body_is_no_request(app: GameThreadApp, world: FakeWorld, lamp: Any) -> None:
    asking = Asking(app, "/rename", b"key=lant", breaks_off=True)
    while asking.thread.is_alive():
        world.loop.run_once(0.01)
    world.loop.run_until_idle()
    assert asking.sent == []
    assert lamp.key == "lamp"


@pytest.mark.defect("V-8")
def test_when_too_much_is_hashed_a_page_says_so(
    app: GameThreadApp, world: FakeWorld, lamp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise Overloaded("200 wait")

    monkeypatch.setattr(world.loop, "offload", full)
    assert Asking(app, "/later", b"key=lantern").wait(world.loop) == 503


def test_one_address_does_not_keep_others_waiting(app: GameThreadApp, world: FakeWorld) -> None:
    order: Callable[[], list[Any]] = lambda: [unit.turn for unit in world.loop._waiting.take(10)]  # noqa: E731
    for number in range(5):
        world.loop.submit(lambda: None, turn=("http", "10.0.0.1"), label=str(number))
    world.loop.submit(lambda: None, turn=7)
    world.loop._take_in()
    assert order()[:2] == [("http", "10.0.0.1"), 7]
