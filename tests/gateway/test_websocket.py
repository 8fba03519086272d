"""Browsers' WebSockets, by the client of `websockets`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import time

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from perdure.server import messages
from perdure.server.gateway.metrics import resident_bytes
from perdure.server.gateway.origins import same_origin
from tests.gateway.fakes import LONG, FakeWorlds, Harness, eventually, run


def browser(h, query="", **kwargs):
    return connect(f"ws://127.0.0.1:{h.port('web')}/ws{query}", compression=None, **kwargs)


async def said(ws, name="text"):
    """The next message of this name."""
    while True:
        message = json.loads(await asyncio.wait_for(ws.recv(), LONG))
        if message[0] == name:
            return message


async def send(ws, name, *args, **kwargs):
    await ws.send(json.dumps([name, list(args), kwargs]))


def test_a_browser_talks_and_gets_html():
    async def play():
        async with Harness(web_port=0) as h, browser(h, subprotocols=["v1.evennia.com"]) as ws:
            assert ws.subprotocol == "v1.evennia.com"
            (connected,) = await h.worlds.until(messages.Connected)
            assert (connected.session.protocol, connected.session.address) == ("websocket", "127.0.0.1")
            assert connected.ticket == ""
            await send(ws, "text", "say |rhi|n <b>")
            _name, (html,), kwargs = await said(ws)
            assert "<b>" not in html
            assert "&lt;b&gt;" in html
            assert "<span" in html
            assert kwargs == {}
            assert h.worlds.lines() == ["say |rhi|n <b>"]

    run(play())


def test_the_kind_and_what_else_comes_with_a_text():
    async def play():
        async with Harness(web_port=0) as h, browser(h) as ws:
            (connected,) = await h.worlds.until(messages.Connected)
            sessid = connected.session.sessid
            h.worlds.hear(messages.Prompt([sessid], "|gHP|n> "))
            h.worlds.say([sessid], "a |rbird|n", "look", raw=True, more=1)
            h.worlds.hear(messages.OobOut([sessid], "logged_in", [], {"who": "anna"}))
            assert await said(ws) == ["text", ["a |rbird|n"], {"type": "look", "more": 1}]
            assert await said(ws, "logged_in") == ["logged_in", [], {"who": "anna"}]
            assert (await said(ws, "prompt"))[1][0].endswith("&gt; ")
            h.worlds.hear(messages.EchoInput(sessid, False))
            assert await said(ws, "typing") == ["typing", [False], {}]

    run(play())


@pytest.mark.defect("V-5")
def test_the_ticket_of_the_website_goes_to_the_world_and_nowhere_else(caplog):
    caplog.set_level(logging.DEBUG)

    async def play():
        async with Harness(web_port=0) as h, browser(h, "?ticket=abc123"):
            (connected,) = await h.worlds.until(messages.Connected)
            assert connected.ticket == "abc123"
            logged = [r.getMessage() for r in caplog.records if r.name != "websockets.client"]
            assert "abc123" not in str(logged)
            assert "abc123" not in str(h.gateway.records())

    run(play())


@pytest.mark.defect("V-5")
def test_pages_of_others_may_not_open_one():
    async def play():
        async with Harness(web_port=0, websocket_origins=["https://friend.example"]) as h:
            own = f"http://127.0.0.1:{h.port('web')}"
            for origin in ("https://evil.example", "null", "http://127.0.0.1:1", f"{own}@evil.example", "file://"):
                with pytest.raises(InvalidStatus) as refused:
                    async with browser(h, origin=origin):
                        pass
                assert refused.value.response.status_code == 403
            for origin in (own, "https://friend.example"):
                async with browser(h, origin=origin) as ws:
                    await send(ws, "text", "hi")
                    await said(ws)
            assert len(h.worlds.of(messages.Connected)) == 2

    run(play())


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://game.example", "game.example", True),
        ("https://game.example:443", "game.example", True),
        ("https://game.example", "game.example:443", True),
        ("https://game.example:444", "game.example", False),
        ("https://GAME.example", "game.example", True),
        ("https://xgame.example", "game.example", False),
        ("http://[::1]:4001", "[::1]:4001", True),
        ("http://game.example:x", "game.example", False),
        ("", "", False),
        ("null", "null", False),
        (None, "game.example", True),
    ],
)
def test_same_origin(origin, host, same):
    assert same_origin(origin, host, []) is same


def test_what_the_browser_can_do():
    async def play():
        async with Harness(web_port=0) as h, browser(h) as ws:
            await h.worlds.until(messages.Connected)
            await send(ws, "client_options", screenwidth=120, screenreader=True, logged_in=True)
            (changed,) = await h.worlds.until(messages.Flags)
            assert changed.flags == {"SCREENWIDTH": 120, "SCREENREADER": True}
            await send(ws, "client_options", get=True)
            await send(ws, "get_value", "name")
            oobs = await h.worlds.until(messages.Oob, 2)
            assert [(oob.name, oob.args) for oob in oobs] == [("get_client_options", []), ("get_value", ["name"])]

    run(play())


@pytest.mark.defect("V-1")
def test_messages_that_make_no_sense_are_passed_over_and_too_many_are_the_end():
    async def play():
        async with Harness(web_port=0) as h, browser(h) as ws:
            for text in ("nonsense", '["__init__", [], {}]', '["text", [1], {}]', b"\xff\xfe"):
                await ws.send(text)
            await send(ws, "text", "still here")
            assert "still here" in (await said(ws))[1][0]
            assert h.worlds.of(messages.Oob) == []
            for _ in range(10):
                await ws.send("nonsense")
            with pytest.raises(ConnectionClosed):
                await said(ws, "never")
            await h.worlds.until(messages.Disconnected)

    run(play())


@pytest.mark.defect("V-12")
def test_long_lines_are_cut_and_long_messages_are_the_end():
    async def play():
        async with Harness(web_port=0) as h, browser(h) as ws:
            await send(ws, "text", "x" * 20_000)
            await said(ws)
            assert [len(line) for line in h.worlds.lines()] == [6000]
            await send(ws, "text", "x" * 70_000)
            with pytest.raises(ConnectionClosed):
                await said(ws, "never")
            await h.worlds.until(messages.Disconnected)

    run(play())


def test_several_lines_in_one_text_are_lines_and_have_no_control_characters():
    async def play():
        async with Harness(web_port=0) as h, browser(h) as ws:
            await send(ws, "text", "one\ntwo\r\n\x1b[2Jthree\x07")
            await send(ws, "text", "")
            await h.worlds.until(messages.Line, 4)
            assert h.worlds.lines() == ["one", "two", "[2Jthree", ""]

    run(play())


@pytest.mark.defect("V-12")
def test_who_sends_too_fast_waits_and_loses_nothing():
    async def play():
        async with Harness(web_port=0, limits={"line_rate": 200.0, "line_burst": 10}) as h, browser(h) as ws:
            began = time.monotonic()
            for number in range(50):
                await send(ws, "text", f"line {number}")
            for _ in range(50):
                await said(ws)
            # Ten at once, then 200 a second, and no faster.
            assert time.monotonic() - began > 0.15
            assert h.worlds.lines() == [f"line {number}" for number in range(50)]

    run(play())


def test_many_lines_in_one_text_are_no_way_past_the_limit():
    async def play():
        async with Harness(web_port=0, limits={"line_rate": 200.0, "line_burst": 10}) as h, browser(h) as ws:
            began = time.monotonic()
            await send(ws, "text", "\n".join(f"line {number}" for number in range(60)))
            for _ in range(60):
                await said(ws)
            assert time.monotonic() - began > 0.2
            assert h.worlds.lines() == [f"line {number}" for number in range(60)]

    run(play())


def test_lines_that_the_world_has_not_done_are_bounded():
    async def play():
        worlds = FakeWorlds(echo=False)
        async with Harness(worlds, web_port=0, limits={"queued_lines": 5}) as h, browser(h) as ws:
            for number in range(30):
                await send(ws, "text", f"line {number}")
            await h.worlds.until(messages.Line, 5)
            await asyncio.sleep(0.1)
            assert len(h.worlds.lines()) == 5
            session = next(iter(h.gateway.sessions.values()))
            assert len(session._held) <= 6
            while len(h.worlds.lines()) < 30:
                h.gateway.forget_unfinished()
                await asyncio.sleep(0.005)
            assert h.worlds.lines() == [f"line {number}" for number in range(30)]

    run(play())


@pytest.mark.defect("V-11")
def test_a_browser_that_does_not_read_is_disconnected_and_costs_little():
    async def play():
        async with Harness(web_port=0) as h:
            sock = socket.create_connection(("127.0.0.1", h.port("web")))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.send(
                b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            (connected,) = await h.worlds.until(messages.Connected)
            sessid = connected.session.sessid
            before = resident_bytes()
            for number in range(20_000):
                h.worlds.say([sessid], f"{number} " + "x" * 2000)
                await asyncio.sleep(0)
                if sessid not in h.gateway.sessions:
                    break
            assert number < 19_999
            assert resident_bytes() - before < 4_000_000
            await h.worlds.until(messages.Disconnected)
            await eventually(lambda: not h.gateway.door.inside)
            sock.close()

    run(play())


def test_the_world_ends_a_connection_after_what_it_said():
    async def play():
        async with Harness(web_port=0) as h, browser(h) as ws:
            (connected,) = await h.worlds.until(messages.Connected)
            sessid = connected.session.sessid
            h.worlds.say([sessid], "Goodbye.")
            h.worlds.hear(messages.Close(sessid, "quit"))
            assert await said(ws) == ["text", ["Goodbye."], {}]
            with pytest.raises(ConnectionClosed) as closed:
                await said(ws, "never")
            assert closed.value.rcvd.code == 1000
            assert closed.value.rcvd.reason == "quit"
            assert h.worlds.of(messages.Disconnected) == [messages.Disconnected(sessid, "quit")]
            await eventually(lambda: h.gateway.door.inside == 0)

    run(play())


def test_a_browser_that_goes_is_told_of():
    async def play():
        async with Harness(web_port=0) as h:
            async with browser(h) as ws:
                await h.worlds.until(messages.Connected)
                await send(ws, "websocket_close")
                await h.worlds.until(messages.Disconnected)
            async with browser(h):
                await h.worlds.until(messages.Connected, 2)
            await h.worlds.until(messages.Disconnected, 2)
            async with browser(h) as ws:
                await h.worlds.until(messages.Connected, 3)
                ws.transport.abort()
                await h.worlds.until(messages.Disconnected, 3)
            await eventually(lambda: h.gateway.door.inside == 0)

    run(play())


@pytest.mark.defect("V-11")
def test_a_browser_that_does_not_read_is_no_hindrance_to_a_reload():
    """To be told that the world is away is the end of it; the others are told all the same."""

    async def play():
        async with Harness(web_port=0) as h, browser(h), browser(h) as other:
            first, _ = await h.worlds.until(messages.Connected, 2)
            h.gateway.sessions[first.session.sessid]._waiting_bytes = 10_000_000
            h.worlds.become("reloading")
            assert (await said(other, "world"))[1] == ["reloading"]
            await eventually(lambda: len(h.gateway.sessions) == 1)

    run(play())


def test_what_is_wrong_with_a_session_is_in_the_log(monkeypatch, caplog):
    async def play():
        async with Harness(web_port=0) as h, browser(h) as ws:
            await h.worlds.until(messages.Connected)
            monkeypatch.setattr(h.gateway, "line", lambda session, text: 1 / 0)
            await send(ws, "text", "look")
            await h.worlds.until(messages.Disconnected)
            await eventually(lambda: "ZeroDivisionError" in caplog.text)

    run(play())


def test_refused_pages_do_not_fill_the_log(caplog):
    async def play():
        async with Harness(web_port=0) as h:
            for _ in range(30):
                with pytest.raises(InvalidStatus):
                    async with browser(h, origin="https://evil.example"):
                        pass

    run(play())
    assert 1 <= caplog.text.count("evil.example") <= 12


@pytest.mark.defect("V-22")
def test_where_the_world_is_at_is_told_to_browsers():
    async def play():
        worlds = FakeWorlds(serving=False)
        async with Harness(worlds, web_port=0) as h, browser(h) as ws:
            _name, _args, kwargs = await said(ws)
            assert kwargs == {"type": "holding"}
            assert (await said(ws, "world"))[1] == ["starting"]
            await send(ws, "text", "look")
            worlds.become("serving")
            assert (await said(ws, "world"))[1] == ["serving"]
            assert "you said look" in (await said(ws))[1][0]
            worlds.become("reloading")
            assert (await said(ws, "world"))[1] == ["reloading"]

    run(play())


def test_addresses_are_counted_and_banned_here_as_well():
    async def play():
        async with Harness(web_port=0, limits={"connections_per_address": 2}, upstream_ips=["127.0.0.1"]) as h:
            async with contextlib.AsyncExitStack() as stack:
                for _ in range(2):
                    await stack.enter_async_context(browser(h, additional_headers={"X-Forwarded-For": "1.2.3.4"}))
                with pytest.raises(InvalidStatus) as refused:
                    async with browser(h, additional_headers={"X-Forwarded-For": "1.2.3.4"}):
                        pass
                assert refused.value.response.status_code == 429
                await stack.enter_async_context(browser(h, additional_headers={"X-Forwarded-For": "9.9.9.9, 1.2.3.5"}))
            addresses = [connected.session.address for connected in h.worlds.of(messages.Connected)]
            assert addresses == ["1.2.3.4", "1.2.3.4", "1.2.3.5"]
            h.worlds.hear(messages.Bans(["1.2.3.0/24"]))
            await asyncio.sleep(0.02)
            with pytest.raises(InvalidStatus):
                async with browser(h, additional_headers={"X-Forwarded-For": "1.2.3.4"}):
                    pass

    run(play())


def test_no_other_path_has_one():
    async def play():
        async with Harness(web_port=0) as h:
            with pytest.raises(InvalidStatus):
                async with connect(f"ws://127.0.0.1:{h.port('web')}/other"):
                    pass

    run(play())


def test_many_small_frames_at_once_do_not_pile_up():
    async def play():
        async with Harness(web_port=0, limits={"line_rate": 1.0, "line_burst": 5}) as h, browser(h) as ws:
            await h.worlds.until(messages.Connected)
            frame = b"\x81\x80\0\0\0\0"
            ws.transport.write(frame * 40_000)
            with pytest.raises(ConnectionClosed):
                await said(ws, "never")
            await h.worlds.until(messages.Disconnected)

    run(play())
