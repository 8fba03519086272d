"""Web requests on the game thread."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, connections, transaction
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from perdure import create_object
from perdure.errors import StaleObject
from perdure.gameloop import GameLoop
from perdure.objects.models import ObjectDB
from perdure.objects.objects import DefaultObject
from perdure.server.world import wsgi
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


def rename_and_answer(request: HttpRequest) -> HttpResponse:
    ObjectDB.objects.get().key = "renamed"
    return HttpResponse("an answer", status=int(request.GET["status"]))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    """Reads a live object while it streams, and changes it."""
    thing: Any = ObjectDB.objects.get()

    def parts() -> Iterator[str]:
        thing.key = "streamed"
        for number in range(int(request.GET["parts"])):
            if number == int(request.GET.get("breaks", -1)):
                raise ValueError("in the middle")
            yield f"{number} of {thing.key}\n"

    return StreamingHttpResponse(parts(), status=int(request.GET.get("status", 200)))


def file(request: HttpRequest) -> FileResponse:
    stored = request.GET.get("path")
    files.append(Path(stored).open("rb") if stored else io.BytesIO(b"0123456789" * 100_000))  # noqa: SIM115
    return FileResponse(files[-1], filename="digits.txt", status=int(request.GET.get("status", 200)))


def stale(request: HttpRequest) -> HttpResponse:
    thing = ObjectDB.objects.get()
    thing.key += "!"
    times.append(1)
    if len(times) < 3:
        raise StaleObject("somebody else was first")
    return HttpResponse(thing.key)


def cookies(request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(repr(sorted(request.COOKIES.items())))
    answer.set_cookie("one", "1", httponly=True)
    answer.set_cookie("two", "2")
    return answer


def broken_work(request: HttpRequest) -> HttpResponse:
    def work() -> None:
        raise ValueError("on another thread")

    return OffloadResponse(work, "never")


def slow_work(request: HttpRequest) -> HttpResponse:
    return OffloadResponse(lambda: ended.wait(60), "never")


def endless_work(request: HttpRequest) -> HttpResponse:
    return OffloadResponse(int, "again")


@transaction.non_atomic_requests
def not_atomic(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(connection.savepoint_ids))


def upload(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


ended = threading.Event()
files: list[Any] = []
times: list[int] = []

urlpatterns = [
    path("rename", rename),
    path("fail", rename_and_fail),
    path("hash", hash_elsewhere),
    path("headers", headers),
    path("status", rename_and_answer),
    path("stream", stream),
    path("file", file),
    path("stale", stale),
    path("cookies", cookies),
    path("broken-work", broken_work),
    path("endless-work", endless_work),
    path("slow-work", slow_work),
    path("not-atomic", not_atomic),
    path("upload", upload),
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


class Client:
    """A request as the I/O loop has it, on a thread of its own; this thread is the game thread.

    Args:
        messages: what `receive` gives before it says that the client has gone.
        hold: awaited before each piece of the answer is taken.
    """

    def __init__(
        self,
        app: GameThreadApp,
        method: str,
        target: str,
        messages: Sequence[dict[str, Any]],
        extra: Any = (),
        hold: threading.Event | None = None,
    ) -> None:
        self.sent: list[dict[str, Any]] = []
        self.hold = hold
        self._messages = list(messages)
        where, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": where,
            "query_string": query.encode(),
            "http_version": "1.1",
            "headers": [(b"host", b"localhost:4001"), *extra],
        }
        self.thread = threading.Thread(target=lambda: asyncio.run(app(scope, self._receive, self._send)))
        self.thread.start()

    async def _receive(self) -> dict[str, Any]:
        return self._messages.pop(0) if self._messages else {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        while self.hold is not None and not self.hold.is_set():
            await asyncio.sleep(0.01)
        self.sent.append(message)

    @property
    def is_over(self) -> bool:
        return not self.thread.is_alive()

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def text(self) -> str:
        return b"".join(message["body"] for message in self.sent[1:]).decode()


def whole(body: bytes) -> list[dict[str, Any]]:
    return [{"type": "http.request", "body": body, "more_body": False}]


@pytest.fixture
def app(world: FakeWorld) -> GameThreadApp:
    files.clear()
    times.clear()
    return GameThreadApp(world, lambda: b"metrics")  # type: ignore[arg-type]


@pytest.fixture
def ask(world: FakeWorld, app: GameThreadApp) -> Callable[..., tuple[int, dict[str, str], str]]:
    """Ask, and do what the game thread has to do until there is an answer."""

    def request(method: str, target: str, body: bytes = b"", extra: Any = ()) -> tuple[int, dict[str, str], str]:
        client = Client(app, method, target, whole(body), extra)
        run_until(world, lambda: client.is_over)
        return client.status, client.headers, client.text

    return request


def run_until(world: FakeWorld, so: Callable[[], bool]) -> None:
    """Be the game thread until something is so."""
    deadline = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline
        world.loop.run_once(0.01)


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
def test_offloaded_work_leaves_the_game_thread_and_is_no_error(ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert ask("GET", "/hash")[2] == "False"
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_headers_with_underscores_do_not_pass_for_others(ask: Any) -> None:
    text = ask("GET", "/headers", b"", [(b"x_forwarded_for", b"1.2.3.4"), (b"x-good", b"1")])[2]
    assert "HTTP_X_GOOD" in text
    assert "HTTP_X_FORWARDED_FOR" not in text


def test_a_body_that_is_too_long_is_refused(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi, "MAX_BODY", 10)
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


# --- what a view did, and what it answers


@pytest.fixture
def thing(world: FakeWorld) -> Any:
    return create_object(DefaultObject, key="lamp", nohome=True)


@pytest.mark.parametrize(("status", "key"), [(200, "renamed"), (404, "renamed"), (500, "lamp"), (503, "lamp")])
def test_an_answer_that_says_error_undoes_what_the_view_did(ask: Any, thing: Any, status: int, key: str) -> None:
    assert ask("GET", f"/status?status={status}")[::2] == (status, "an answer")
    assert thing.key == key
    assert ObjectDB.objects.filter(db_key=key).exists()


@pytest.mark.parametrize("atomic", [True, False])
def test_views_may_have_transactions_of_their_own(
    ask: Any, thing: Any, atomic: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", atomic)
    assert ask("GET", "/fail")[0] == 500
    assert thing.key == "lamp"
    assert ask("GET", "/status?status=500")[0] == 500
    assert thing.key == "lamp"
    assert ask("POST", "/rename", b"key=lantern", FORM)[0] == 200
    assert thing.key == "lantern"
    assert ask("GET", "/not-atomic")[0] == 200


def test_a_view_that_meets_a_stale_object_decides_anew(ask: Any, thing: Any) -> None:
    assert ask("GET", "/stale")[::2] == (200, "lamp!")
    assert (thing.key, len(times)) == ("lamp!", 3)


def test_a_page_whose_tick_is_refused_is_answered_once(ask: Any, thing: Any, world: FakeWorld) -> None:
    def refused() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999 WHERE id = %s", [thing.pk])

    world.loop.submit(refused)
    assert ask("GET", "/stale")[::2] == (200, "lamp!")
    assert thing.key == "lamp!"


# --- streams and files


def test_a_stream_may_be_made_of_live_objects(ask: Any, thing: Any) -> None:
    status, answered, text = ask("GET", "/stream?parts=2")
    assert (status, text) == (200, "0 of streamed\n1 of streamed\n")
    assert answered["content-length"] == str(len(text))
    assert thing.key == "streamed"


@pytest.mark.parametrize("status", [200, 500])
def test_a_stream_that_fails_is_an_error_that_undoes_all(ask: Any, thing: Any, status: int) -> None:
    answered = ask("GET", f"/stream?parts=5&breaks=3&status={status}")
    assert answered[0] == 500
    assert "error" in answered[2]
    assert thing.key == "lamp"


def test_a_stream_without_an_end_is_an_error(ask: Any, thing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wsgi, "MAX_STREAM", 10_000)
    assert ask("GET", "/stream?parts=1000000000")[0] == 500
    assert thing.key == "lamp"


def test_a_file_is_read_while_it_is_sent_and_closed_afterwards(ask: Any, world: FakeWorld, tmp_path: Path) -> None:
    stored = tmp_path / "digits"
    stored.write_bytes(b"0123456789" * 100_000)
    status, answered, text = ask("GET", f"/file?path={stored}")
    assert (status, answered["content-length"], len(text)) == (200, "1000000", 1_000_000)
    assert "digits.txt" in answered["content-disposition"]
    world.loop.run_until_idle()
    assert files[0].closed


def test_a_file_is_in_pieces_and_a_slow_client_holds_up_nobody(world: FakeWorld, app: GameThreadApp) -> None:
    taken = threading.Event()
    client = Client(app, "GET", "/file", whole(b""), hold=taken)
    done: list[int] = []
    run_until(world, lambda: bool(files))
    for number in range(10):
        world.loop.submit(lambda n=number: done.append(n))
        world.loop.run_once()
    assert (len(done), client.is_over) == (10, False)
    taken.set()
    run_until(world, lambda: client.is_over)
    assert len(client.text) == 1_000_000
    assert max(len(message["body"]) for message in client.sent[1:]) <= wsgi.PIECE


def test_the_file_of_an_answer_that_is_undone_is_closed(ask: Any, world: FakeWorld) -> None:
    assert ask("GET", "/file?status=500")[0] == 500
    world.loop.run_until_idle()
    assert files[0].closed


# --- methods, conditions, cookies


@pytest.mark.parametrize("target", ["/status?status=200", "/file", "/stream?parts=3"])
def test_of_a_head_request_the_head_is_sent(ask: Any, thing: Any, target: str) -> None:
    got, asked = ask("GET", target), ask("HEAD", target)
    assert asked[2] == ""
    assert asked[1]["content-length"] == got[1]["content-length"] == str(len(got[2]))


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_no_length(ask: Any, thing: Any, status: int) -> None:
    answered = ask("GET", f"/status?status={status}")
    assert answered[0] == status
    assert answered[2] == ""
    assert "content-length" not in answered[1] or answered[1]["content-length"] != "0"


def test_what_has_not_changed_is_not_sent_again(ask: Any, thing: Any, settings: Any) -> None:
    settings.MIDDLEWARE = ["django.middleware.http.ConditionalGetMiddleware"]
    first = ask("GET", "/status?status=200")
    again = ask("GET", "/status?status=200", b"", [(b"if-none-match", first[1]["etag"].encode())])
    assert (again[0], again[2]) == (304, "")
    assert again[1]["etag"] == first[1]["etag"]


def test_all_cookies_come_and_go(world: FakeWorld, app: GameThreadApp) -> None:
    client = Client(app, "GET", "/cookies", whole(b""), [(b"cookie", b"a=1; b=2"), (b"cookie", b"c=3")])
    run_until(world, lambda: client.is_over)
    assert client.text == "[('a', '1'), ('b', '2'), ('c', '3')]"
    given = [value.decode() for name, value in client.sent[0]["headers"] if name.lower() == b"set-cookie"]
    assert len(given) == 2
    assert "HttpOnly" in given[0]


# --- work on other threads


def test_work_on_another_thread_that_fails_is_an_error_of_the_page(ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    status, _, text = ask("GET", "/broken-work")
    assert status == 500
    (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert logged.error_id in text  # type: ignore[attr-defined]


def test_a_page_that_is_never_ready_is_an_error(ask: Any) -> None:
    assert ask("GET", "/endless-work")[0] == 500


# --- clients that are slow, or go


def test_a_body_comes_in_pieces(world: FakeWorld, app: GameThreadApp) -> None:
    pieces = [{"type": "http.request", "body": b"12345", "more_body": True}] * 3
    client = Client(app, "POST", "/upload", [*pieces, *whole(b"")], FORM)
    run_until(world, lambda: client.is_over)
    assert client.text == "15"
    assert app._bodies.held == 0


def test_a_body_that_breaks_off_is_no_request(world: FakeWorld, app: GameThreadApp) -> None:
    client = Client(app, "POST", "/upload", [{"type": "http.request", "body": b"half", "more_body": True}], FORM)
    run_until(world, lambda: client.is_over)
    assert (client.sent, app._bodies.held) == ([], 0)


def test_all_bodies_together_are_bounded(
    world: FakeWorld, app: GameThreadApp, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wsgi, "MAX_BODIES", 100)
    waiting = Client(app, "POST", "/upload", whole(b"x" * 60), FORM)
    deadline = time.monotonic() + 60
    while world.loop.backlog == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    refused = Client(app, "POST", "/upload", whole(b"x" * 60), FORM)
    refused.thread.join(60)
    assert refused.status == 503
    run_until(world, lambda: waiting.is_over)
    assert waiting.text == "60"
    assert ask("POST", "/upload", b"x" * 60, FORM)[::2] == (200, "60")


# --- while the world ceases to serve


def test_requests_that_wait_when_the_world_ceases_are_told_and_not_done(
    world: FakeWorld, app: GameThreadApp, thing: Any
) -> None:
    client = Client(app, "POST", "/rename", whole(b"key=lantern"), FORM)
    deadline = time.monotonic() + 60
    while world.loop.backlog == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    world.is_serving = False
    app.call_off()
    client.thread.join(60)
    assert (client.status, client.headers["retry-after"]) == (503, "2")
    world.loop.run_until_idle()
    assert thing.key == "lamp"


def test_a_request_whose_work_is_elsewhere_when_the_world_ceases_is_told(world: FakeWorld, app: GameThreadApp) -> None:
    ended.clear()
    client = Client(app, "GET", "/slow-work", whole(b""))
    run_until(world, lambda: world.loop._pool.busy > 0)
    world.is_serving = False
    app.call_off()
    client.thread.join(60)
    assert client.status == 503
    ended.set()


def test_an_answer_that_is_committed_is_given_although_the_world_ceases(
    world: FakeWorld, app: GameThreadApp, thing: Any
) -> None:
    client = Client(app, "POST", "/rename", whole(b"key=lantern"), FORM)
    run_until(world, lambda: thing.key == "lantern")
    app.call_off()
    client.thread.join(60)
    assert client.status == 200
