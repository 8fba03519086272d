"""The web port: what the gateway answers itself, and what it passes on to the world."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route
from websockets.asyncio.client import connect

from perdure.server import messages
from perdure.server.gateway.ports import handed_over
from tests.gateway.fakes import LONG, FakeWorlds, Harness, eventually, run
from tests.gateway.test_tls import make_pair, trusting


class Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):
        yield


@contextlib.asynccontextmanager
async def world_web(path, name="one"):
    """The web server of a world on a Unix socket."""
    gate = asyncio.Event()

    async def show(request: Request):
        body = await request.body()
        headers = [[key.decode(), value.decode("latin-1")] for key, value in request.scope["headers"]]
        path_and_query = request.scope["raw_path"].decode() + "?" + request.scope["query_string"].decode()
        answer = {"world": name, "method": request.method, "path": path_and_query, "headers": headers}
        return JSONResponse({**answer, "length": len(body), "body": body[:50].decode("latin-1")})

    async def slowly(_request: Request):
        async def pieces():
            yield b"first"
            await gate.wait()
            yield b"second"

        return StreamingResponse(pieces(), headers={"Connection": "x-secret", "X-Secret": "1", "Set-Cookie": "a=1"})

    async def metrics(_request: Request):
        return PlainTextResponse("perdure_world_commands_total 7\n")

    methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    app = Starlette(
        routes=[
            Route("/slowly", slowly),
            Route("/metrics", metrics),
            Route("/{path:path}", show, methods=methods),
        ]
    )
    server = Quiet(uvicorn.Config(app, uds=str(path), lifespan="off", log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield gate
    finally:
        gate.set()
        server.should_exit = True
        await task


def visitor(h, scheme="http", **kwargs):
    return httpx.AsyncClient(base_url=f"{scheme}://127.0.0.1:{h.port('web')}", timeout=LONG, **kwargs)


def headers_of(answer, name):
    return [value for key, value in answer.json()["headers"] if key == name]


def test_health_and_readiness():
    async def play():
        worlds = FakeWorlds(serving=False)
        async with Harness(worlds, web_port=0) as h, visitor(h) as web:
            assert (await web.get("/healthz")).status_code == 200
            assert (await web.get("/readyz")).status_code == 503
            worlds.become("serving")
            answer = await web.get("/readyz")
            assert (answer.status_code, answer.json()) == (200, {"world": "serving"})

    run(play())


@pytest.mark.defect("V-24")
def test_metrics_are_those_of_both_and_for_this_machine(tmp_path):
    async def play():
        async with Harness(web_port=0) as h, visitor(h) as web, world_web(tmp_path / "s"):
            client, _ = await h.player()
            client.send(b"look\r\n")
            await client.until(b"look\r\n")
            text = (await web.get("/metrics")).text
            assert "perdure_gateway_lines_total 1\n" in text
            assert 'perdure_gateway_sessions{protocol="telnet"} 1\n' in text
            assert "perdure_world_commands_total" not in text
            h.worlds.http_socket = str(tmp_path / "s")
            assert "perdure_world_commands_total 7\n" in (await web.get("/metrics")).text
            answer = await web.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"})
            assert answer.status_code == 403

    run(play())


def test_metrics_can_be_public(tmp_path):
    async def play():
        async with Harness(web_port=0, metrics_public=True) as h, visitor(h) as web:
            assert (await web.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"})).status_code == 200

    run(play())


def test_other_paths_are_the_worlds(tmp_path):
    async def play():
        async with Harness(web_port=0) as h, visitor(h) as web, world_web(tmp_path / "s"):
            h.worlds.http_socket = str(tmp_path / "s")
            answer = await web.get("/a%20b/%2e%2e/c?x=1&y=%20", headers={"X-Other": "kept", "Keep-Alive": "1"})
            seen = answer.json()
            assert (seen["method"], seen["path"]) == ("GET", "/a%20b/%2e%2e/c?x=1&y=%20")
            assert headers_of(answer, "x-other") == ["kept"]
            assert headers_of(answer, "keep-alive") == []
            assert headers_of(answer, "host") == [f"127.0.0.1:{h.port('web')}"]
            answer = await web.post("/form", content=b"x" * 300_000)
            assert (answer.json()["method"], answer.json()["length"]) == ("POST", 300_000)
            answer = await web.put("/form", content=_pieces())
            assert answer.json()["length"] == 20
            assert (await web.delete("/form")).json()["method"] == "DELETE"
            assert h.gateway.metrics.requests == 4

    run(play())


async def _pieces():
    for _ in range(2):
        yield b"0123456789"
        await asyncio.sleep(0.01)


@pytest.mark.defect("V-7")
def test_who_asks_is_said_by_us_alone(tmp_path):
    async def play():
        async with (
            Harness(web_port=0, upstream_ips=["10.0.0.1"]) as h,
            visitor(h) as web,
            world_web(tmp_path / "s"),
        ):
            h.worlds.http_socket = str(tmp_path / "s")
            lies = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Real-IP": "6.6.6.6"}
            lies["X_Forwarded_For"] = "6.6.6.6"
            answer = await web.get("/", headers={**lies, "Forwarded": "for=6.6.6.6"})
            assert headers_of(answer, "x-forwarded-for") == ["127.0.0.1"]
            assert headers_of(answer, "x-forwarded-proto") == ["http"]
            assert headers_of(answer, "x_forwarded_for") == []
            assert headers_of(answer, "x-real-ip") == headers_of(answer, "forwarded") == []

    run(play())


def test_headers_that_are_no_ascii_are_passed_on_as_they_came(tmp_path):
    """A cookie of another site on the same host may have anything in it."""

    async def play():
        async with Harness(web_port=0) as h, world_web(tmp_path / "s"):
            h.worlds.http_socket = str(tmp_path / "s")
            reader, writer = await asyncio.open_connection("127.0.0.1", h.gateway.ports["web"][0])
            writer.write(b"GET /x HTTP/1.1\r\nHost: localhost\r\nCookie: a=\xff\xe4\r\nConnection: close\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), LONG)
            writer.close()
            assert answer.startswith(b"HTTP/1.1 200")
            shown = json.loads(answer.partition(b"\r\n\r\n")[2])
            assert ["cookie", "a=\xff\xe4"] in shown["headers"]

    run(play())


def test_a_proxy_of_ours_is_believed(tmp_path):
    async def play():
        async with Harness(web_port=0) as h, visitor(h) as web, world_web(tmp_path / "s"):
            h.worlds.http_socket = str(tmp_path / "s")
            h.worlds.hear(messages.Bans(["6.6.6.6"]))
            await asyncio.sleep(0.01)
            said = {"X-Forwarded-For": "6.6.6.6, 1.2.3.4", "X-Forwarded-Proto": "https"}
            answer = await web.get("/", headers=said)
            assert headers_of(answer, "x-forwarded-for") == ["1.2.3.4"]
            assert headers_of(answer, "x-forwarded-proto") == ["https"]
            assert (await web.get("/", headers={"X-Forwarded-For": "6.6.6.6"})).status_code == 403

    run(play())


def test_answers_stream_and_hop_by_hop_headers_stay(tmp_path):
    async def play():
        async with Harness(web_port=0) as h, visitor(h) as web, world_web(tmp_path / "s") as gate:
            h.worlds.http_socket = str(tmp_path / "s")
            async with web.stream("GET", "/slowly") as answer:
                pieces = answer.aiter_raw()
                assert await anext(pieces) == b"first"
                assert not await h.gateway.http_drained(0.01)
                gate.set()
                assert await anext(pieces) == b"second"
            assert answer.headers["set-cookie"] == "a=1"
            assert "x-secret" not in answer.headers
            assert await h.gateway.http_drained(LONG)

    run(play())


def test_a_visitor_who_leaves_in_the_middle_holds_nothing(tmp_path):
    async def play():
        async with Harness(web_port=0) as h, visitor(h) as web, world_web(tmp_path / "s"):
            h.worlds.http_socket = str(tmp_path / "s")
            for _ in range(5):
                async with web.stream("GET", "/slowly") as answer:
                    await anext(answer.aiter_raw())
            assert await h.gateway.http_drained(LONG)
            assert h.gateway._listening.web.proxy._world.active == 0

    run(play())


@pytest.mark.defect("V-12")
def test_a_body_that_is_too_long_is_refused(tmp_path):
    async def play():
        async with (
            Harness(web_port=0, limits={"body_bytes": 15}) as h,
            visitor(h) as web,
            world_web(tmp_path / "s"),
        ):
            h.worlds.http_socket = str(tmp_path / "s")
            assert (await web.post("/", content=b"x" * 16)).status_code == 413
            assert (await web.post("/", content=_pieces())).status_code == 413
            assert (await web.post("/", content=b"x" * 15)).status_code == 200
            assert await h.gateway.http_drained(LONG)
            assert h.gateway._listening.web.proxy._world.active == 0

    run(play())


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path):
    async def play():
        async with Harness(web_port=0, timeouts={"request": 0.1}) as h, world_web(tmp_path / "s"):
            h.worlds.http_socket = str(tmp_path / "s")
            client = await h.connect("web")
            client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            assert b"408" in await client.ended()

    run(play())


@pytest.mark.defect("V-19")
def test_a_request_waits_while_the_world_changes_over(tmp_path):
    async def play():
        async with Harness(web_port=0) as h, visitor(h) as web, world_web(tmp_path / "two", "two"):
            async with world_web(tmp_path / "one", "one"):
                h.worlds.http_socket = str(tmp_path / "one")
                assert (await web.get("/")).json()["world"] == "one"
            h.worlds.become("reloading")
            h.worlds.http_socket = None
            waiting = [asyncio.create_task(web.get("/")), asyncio.create_task(web.post("/", content=b"abc"))]
            await asyncio.sleep(0.1)
            assert not any(task.done() for task in waiting)
            # No world is at work on them: they hold no reload up.
            assert await h.gateway.http_drained(LONG)
            assert not any(task.done() for task in waiting)
            assert (await web.get("/healthz")).status_code == 200
            h.worlds.http_socket = str(tmp_path / "two")
            h.worlds.become("serving")
            answers = [await task for task in waiting]
            assert [answer.json()["world"] for answer in answers] == ["two", "two"]
            assert answers[1].json()["body"] == "abc"

    run(play())


def test_a_request_to_a_world_that_has_just_died_goes_to_the_next(tmp_path):
    async def play():
        async with Harness(web_port=0) as h, visitor(h) as web, world_web(tmp_path / "two", "two"):
            h.worlds.http_socket = str(tmp_path / "gone")
            waiting = asyncio.create_task(web.get("/"))
            await asyncio.sleep(0.1)
            h.worlds.http_socket = str(tmp_path / "two")
            assert (await waiting).json()["world"] == "two"

    run(play())


def test_a_world_that_dies_over_a_request_is_asked_once_more_at_most(tmp_path):
    async def play():
        asked = []

        async def dies(reader, writer):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.close()

        server = await asyncio.start_unix_server(dies, tmp_path / "s")
        async with Harness(web_port=0) as h, visitor(h) as web:
            h.worlds.http_socket = str(tmp_path / "s")
            assert (await web.get("/")).status_code == 502
            assert len(asked) == 2
            assert (await web.post("/", content=b"abc")).status_code == 502
            assert (await web.post("/")).status_code == 502
            assert len(asked) == 4
        server.close()

    run(play())


def test_a_world_that_dies_in_the_middle_of_an_answer_is_a_broken_answer_and_no_fault_of_ours(tmp_path, caplog):
    async def play():
        async def dies(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(dies, tmp_path / "s")
        async with Harness(web_port=0) as h, visitor(h) as web:
            h.worlds.http_socket = str(tmp_path / "s")
            with pytest.raises(httpx.RemoteProtocolError):
                await web.get("/")
            assert await h.gateway.http_drained(LONG)
            assert (await web.get("/healthz")).status_code == 200
        server.close()

    run(play())
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET http://x/ HTTP/1.1\r\nHost: x",
        b"GET / HTTP/1.0",
        b"OPTIONS * HTTP/1.1\r\nHost: x",
        b"GET /%00 HTTP/1.0\r\nHost:",
    ],
)
def test_requests_that_are_none_are_refused_at_once(tmp_path, request_line):
    async def play():
        async with Harness(web_port=0) as h, world_web(tmp_path / "s"):
            h.worlds.http_socket = str(tmp_path / "s")
            client = await h.connect("web")
            client.send(request_line + b"\r\nConnection: close\r\n\r\n")
            answer = await client.ended()
            assert answer.split()[1] in (b"400", b"404", b"200")
            assert h.gateway._listening.web.proxy.active == 0

    run(play())


def test_no_world_in_time_is_a_page_that_says_so():
    async def play():
        worlds = FakeWorlds(serving=False)
        async with (
            Harness(worlds, web_port=0, server_name="A <b> & C", timeouts={"world": 0.1}) as h,
            visitor(h) as web,
        ):
            answer = await web.get("/", headers={"Accept": "text/html"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert "A &lt;b&gt; &amp; C" in answer.text
            assert "http" not in answer.text.replace("http-equiv", "")
            answer = await web.get("/api/", headers={"Accept": "application/json"})
            assert (answer.status_code, answer.headers["content-type"]) == (503, "text/plain; charset=utf-8")
            assert h.gateway.metrics.requests_unserved == 2

    run(play())


def test_the_address_of_a_connection_is_looked_at_first():
    async def play():
        async with Harness(web_port=0, upstream_ips=[], limits={"connections_per_address": 2}) as h:
            first = [await h.connect("web") for _ in range(2)]
            third = await h.connect("web")
            assert await third.ended() == b""
            first[0].close()
            assert await _is_served(h)
            h.worlds.hear(messages.Bans(["127.0.0.1"]))
            await asyncio.sleep(0.02)
            banned = await h.connect("web")
            assert await banned.ended() == b""

    run(play())


@pytest.mark.defect("V-13")
def test_a_later_request_that_does_not_come_to_an_end_is_not_waited_for_either(monkeypatch):
    monkeypatch.setattr("perdure.server.gateway.web._REQUEST_SECONDS", 0.5)

    async def play():
        async with Harness(web_port=0) as h:
            slow = await h.connect("web")
            slow.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            await slow.until(b'"ok"')
            slow.send(b"GET /healthz HTTP/1.1\r\nX-A: ")
            await slow.ended()

    run(play())


@pytest.mark.defect("V-13")
def test_one_address_cannot_hold_all_connections_to_the_world(tmp_path, monkeypatch):
    monkeypatch.setattr("perdure.server.gateway.proxy._AT_ONCE", 3)

    async def play():
        patience = {"world": 0.5}
        async with Harness(web_port=0, timeouts=patience) as h, visitor(h) as web, world_web(tmp_path / "s"):
            h.worlds.http_socket = str(tmp_path / "s")
            slow = [await h.connect("web") for _ in range(3)]
            for client in slow:
                client.send(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
            await eventually(lambda: h.gateway._listening.web.proxy.active == 3)
            refused = await web.get("/x")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
            # What the gateway answers itself is still there, and so is the world for others.
            assert (await web.get("/healthz")).status_code == 200
            assert (await web.get("/x", headers={"X-Forwarded-For": "1.2.3.4"})).status_code == 200
            # Whoever waits has a turn as soon as there is a place.
            waiting = asyncio.create_task(web.get("/x"))
            await asyncio.sleep(0)
            for client in slow:
                client.close()
            assert (await waiting).status_code == 200
            await eventually(lambda: not h.gateway._listening.web.proxy._turns)

    run(play())


async def _is_served(h):
    async with asyncio.timeout(LONG):
        while True:
            with contextlib.suppress(httpx.TransportError):
                async with visitor(h) as web:
                    return (await web.get("/healthz")).status_code == 200


def test_a_connection_that_asks_for_nothing_is_closed(monkeypatch):
    monkeypatch.setattr("perdure.server.gateway.web._REQUEST_SECONDS", 0.5)

    async def play():
        async with Harness(web_port=0) as h:
            slow = await h.connect("web")
            slow.send(b"GET /healthz HTTP/1.1\r\nX-A: ")
            assert await slow.ended() == b""
            quick = await h.connect("web")
            quick.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            await quick.until(b'"ok"')
            await asyncio.sleep(0.7)
            quick.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            await quick.until(b'"ok"')

    run(play())


def test_nonsense_at_the_web_port_is_answered():
    async def play():
        async with Harness(web_port=0) as h:
            client = await h.connect("web")
            client.send(b"\x16\x03\x01 look\r\n\r\n")
            assert b"400" in await client.ended()

    run(play())


@pytest.mark.defect("V-25")
def test_https_from_the_same_pair(tmp_path):
    cert, key = make_pair(tmp_path, "web.example")

    async def play():
        async with (
            Harness(web_port=0, web_tls=True, tls_cert=cert, tls_key=key) as h,
            visitor(h, "https", verify=False) as web,
            world_web(tmp_path / "s"),
        ):
            h.worlds.http_socket = str(tmp_path / "s")
            assert headers_of(await web.get("/"), "x-forwarded-proto") == ["https"]
            url = f"wss://127.0.0.1:{h.port('web')}/ws"
            async with connect(url, ssl=trusting(), origin=url.replace("wss", "https").removesuffix("/ws")) as browser:
                await browser.send('["text", ["look"], {}]')
                while "you said look" not in str(await browser.recv()):
                    pass

    run(play())


def test_a_port_that_is_taken_is_named_and_nothing_stays_open():
    async def play():
        async with Harness() as h:
            taken = h.port()
            other = Harness(telnet_port=taken, web_port=0)
            with pytest.raises(OSError, match=str(taken)):
                await other.gateway.start()

    run(play())


@contextlib.contextmanager
def handing_over(monkeypatch, names, first=200):
    """Sockets as a service manager hands them over, and their ports."""
    given = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = [sock.getsockname()[1] for sock in given]
    for at, sock in enumerate(given):
        os.dup2(sock.fileno(), first + at)
        sock.close()
    said = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(names)), "LISTEN_FDNAMES": ":".join(names)}
    taken = handed_over
    monkeypatch.setattr("perdure.server.gateway.listening.handed_over", lambda wanted: taken(wanted, said, first))
    try:
        yield ports
        assert said == {}
    finally:
        for at in range(len(names)):
            with contextlib.suppress(OSError):
                os.close(first + at)


@pytest.mark.defect("V-25")
def test_sockets_of_a_service_manager_are_taken_by_name(monkeypatch):
    async def play():
        with handing_over(monkeypatch, ["web", "telnet"]) as ports:
            async with Harness(web_port=0) as h:
                assert h.gateway.ports == {"web": [ports[0]], "telnet": [ports[1]]}
                client, _ = await h.player()
                client.send(b"look\r\n")
                await client.until(b"you said look")
                async with visitor(h) as web:
                    assert (await web.get("/healthz")).status_code == 200

    run(play())


@pytest.mark.defect("V-25")
def test_sockets_of_a_service_manager_are_taken_by_port_when_their_name_says_nothing(monkeypatch):
    async def play():
        with handing_over(monkeypatch, ["mygame.socket", "mygame.socket"]) as ports:
            async with Harness(telnet_port=ports[1], web_port=ports[0]) as h:
                assert h.gateway.ports == {"web": [ports[0]], "telnet": [ports[1]]}

    run(play())


@pytest.mark.parametrize(
    ("name", "said"), [("mygame.socket", "FileDescriptorName=telnet"), ("telnet-tls", "certificate")]
)
def test_a_socket_that_is_for_nothing_is_an_error(monkeypatch, name, said):
    async def play():
        with handing_over(monkeypatch, [name]), pytest.raises(OSError, match=said):
            await Harness().gateway.start()

    run(play())


def test_sockets_of_another_process_are_not_taken():
    assert handed_over({}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}) == {}
    assert handed_over({}, {}) == {}


def test_status_is_plain():
    async def play():
        async with Harness(web_port=0) as h:
            await h.player()
            status = json.loads(json.dumps(h.gateway.status()))
            assert status["sessions"] == 1
            assert status["protocols"] == {"telnet": 1}
            assert status["ports"] == {"telnet": [h.port()], "web": [h.port("web")]}

    run(play())
