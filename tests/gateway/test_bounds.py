"""What a client can do to the gateway, and to others: not much."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import pytest

from perdure.server import messages
from perdure.server.gateway.metrics import resident_bytes
from tests.gateway.fakes import DO, GMCP, IAC, NOP, SB, SE, FakeWorlds, Harness, run


@pytest.mark.defect("V-11")
def test_a_line_that_never_ends_costs_little_and_is_the_end_of_its_client():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            other, _ = await h.player()
            before = resident_bytes()
            with pytest.raises(ConnectionError):
                for _ in range(200):
                    client.send(b"x" * 100_000)
                    await client.writer.drain()
                    await asyncio.sleep(0)
            assert resident_bytes() - before < 3_000_000
            assert h.worlds.lines() == []
            other.send(b"look\r\n")
            await other.until(b"you said look\r\n")

    run(play())


@pytest.mark.defect("V-11")
def test_that_client_is_told_why():
    async def play():
        async with Harness(limits={"line_bytes": 1000}) as h:
            client, _ = await h.player()
            client.send(b"x" * 1001)
            assert b"1000 bytes" in await client.ended()
            (gone,) = await h.worlds.until(messages.Disconnected)
            assert "1000" in gone.reason

    run(play())


@pytest.mark.defect("V-12")
def test_a_line_that_is_too_long_is_cut_and_said_to_be():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            client.send(b"say " + b"x" * 9000 + b"\r\n")
            await client.until(b"first 6000 characters")
            assert [len(line) for line in h.worlds.lines()] == [6000]

    run(play())


@pytest.mark.defect("V-11")
def test_who_does_not_read_is_disconnected_and_costs_little():
    async def play():
        async with Harness() as h:
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.setblocking(False)
            await h.gateway.loop.sock_connect(sock, ("127.0.0.1", h.port()))
            (connected,) = await h.worlds.until(messages.Connected)
            sessid = connected.session.sessid
            other, _ = await h.player()
            before = resident_bytes()
            for number in range(20_000):
                h.worlds.say([sessid], f"{number} " + "x" * 2000)
                await asyncio.sleep(0)
                if sessid not in h.gateway.sessions:
                    break
            assert number < 19_999
            assert resident_bytes() - before < 3_000_000
            assert h.gateway.metrics.slow_readers == 1
            await h.worlds.until(messages.Disconnected)
            other.send(b"look\r\n")
            await other.until(b"you said look\r\n")
            sock.close()

    run(play())


def test_one_long_text_reaches_a_client_that_reads():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.worlds.say([sessid], "x" * 4_000_000)
            assert len(await client.until(b"\r\n")) == 4_000_002

    run(play())


@pytest.mark.defect("V-12")
def test_who_sends_too_fast_waits_and_loses_nothing():
    async def play():
        async with Harness(limits={"line_rate": 200.0, "line_burst": 10}) as h:
            client, _ = await h.player()
            began = time.monotonic()
            client.send(b"".join(b"line %d\r\n" % number for number in range(60)))
            await client.until(b"you said line 59\r\n")
            # Ten at once, then 200 a second, and no faster.
            assert time.monotonic() - began > 0.2
            assert h.worlds.lines() == [f"line {number}" for number in range(60)]
            assert h.gateway.metrics.throttled > 0

    run(play())


@pytest.mark.defect("V-12")
def test_a_flood_of_lines_does_not_grow_the_gateway():
    async def play():
        async with Harness(limits={"line_rate": 10.0, "line_burst": 10}) as h:
            client, sessid = await h.player()
            began = time.monotonic()
            flood = b"\n" * 1_000_000
            for _ in range(20):
                client.send(flood)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(client.writer.drain(), 0.01)
            assert len(h.gateway.sessions[sessid]._lines) < 600_000
            assert len(h.worlds.lines()) <= 11 + 10 * (time.monotonic() - began)

    run(play())


def test_lines_of_a_session_that_the_world_has_not_done_are_bounded():
    async def play():
        async with Harness(FakeWorlds(echo=False), limits={"queued_lines": 5}) as h:
            client, sessid = await h.player()
            client.send(b"".join(b"line %d\r\n" % number for number in range(12)))
            await h.worlds.until(messages.Line, 5)
            await asyncio.sleep(0.05)
            assert len(h.worlds.lines()) == 5
            h.worlds.hear(messages.Done([(sessid, 1), (sessid, 2)]))
            await h.worlds.until(messages.Line, 7)
            h.gateway.forget_unfinished()
            await h.worlds.until(messages.Line, 12)
            assert h.worlds.lines() == [f"line {number}" for number in range(12)]

    run(play())


@pytest.mark.defect("V-11")
def test_what_a_session_can_have_waiting_is_bounded_in_size_as_well():
    async def play():
        async with Harness(FakeWorlds(echo=False)) as h:
            client, sessid = await h.player()
            client.send((b"x" * 5000 + b"\r\n") * 150)
            await h.worlds.until(messages.Line, 40)
            await asyncio.sleep(0.05)
            assert sum(len(line.text) for line in h.gateway.unfinished()) < 210_000
            while len(h.worlds.lines()) < 150:
                h.worlds.hear(messages.Done([(sessid, line.seq) for line in h.gateway.unfinished()]))
                await asyncio.sleep(0.01)

    run(play())


@pytest.mark.defect("V-13")
def test_connections_of_one_address_are_bounded_and_turned_away_cheaply():
    async def play():
        async with Harness(limits={"connections_per_address": 3}) as h:
            for _ in range(3):
                await h.player()
            clients = [await h.connect() for _ in range(20)]
            for client in clients:
                assert b"too many connections" in await client.ended()
            assert len(h.gateway.sessions) == 3
            assert h.gateway.door.refused == 20
            assert len(h.worlds.of(messages.Connected)) == 3

    run(play())


@pytest.mark.defect("V-7")
def test_bans_of_the_world_act_at_the_door():
    async def play():
        async with Harness() as h:
            h.worlds.hear(messages.Bans(["127.0.0.0/8"]))
            await asyncio.sleep(0.01)
            client = await h.connect()
            assert b"banned" in await client.ended()
            h.worlds.hear(messages.Bans([]))
            await asyncio.sleep(0.01)
            await h.player()

    run(play())


@pytest.mark.defect("V-7")
def test_bans_know_ipv6():
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")

    async def play():
        async with Harness(interfaces=["::1"]) as h:
            h.worlds.hear(messages.Bans(["::/64"]))
            await asyncio.sleep(0.01)
            reader, writer = await asyncio.open_connection("::1", h.port())
            assert b"banned" in await reader.read()
            writer.close()

    try:
        run(play())
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_a_sub_negotiation_that_never_ends_is_the_end_of_its_client():
    async def play():
        async with Harness(limits={"message_bytes": 5000}) as h:
            client, _ = await h.player()
            client.send(bytes((IAC, SB, GMCP)) + b"x" * 6000)
            assert b"sub-negotiation" in await client.ended()

    run(play())


def test_a_flood_of_telnet_commands_is_the_end_of_its_client():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            other, _ = await h.player()
            client.send(bytes((IAC, DO, 99)) * 50_000 + bytes((IAC, NOP)) * 50_000)
            assert b"Too many" in await client.ended()
            other.send(b"look\r\n")
            await other.until(b"you said look\r\n")

    run(play())


@pytest.mark.defect("V-12")
def test_gmcp_counts_like_lines():
    async def play():
        async with Harness(limits={"line_rate": 0.001, "line_burst": 5}) as h:
            client, _ = await h.player()
            client.send((bytes((IAC, SB, GMCP)) + b"Core.Ping" + bytes((IAC, SE))) * 100)
            await h.worlds.until(messages.Oob, 5)
            await asyncio.sleep(0.02)
            assert len(h.worlds.of(messages.Oob)) == 5

    run(play())


@pytest.mark.defect("V-12")
def test_a_text_by_gmcp_is_no_longer_than_a_line_and_is_not_lost_unsaid():
    async def play():
        async with Harness(FakeWorlds(echo=False), limits={"queued_lines": 1}) as h:
            client, _ = await h.player()
            text = bytes((IAC, SB, GMCP)) + b'Core.Text "' + b"x" * 20_000 + b'"' + bytes((IAC, SE))
            client.send(text)
            await client.until(b"first 6000 characters")
            assert [len(line) for line in h.worlds.lines()] == [6000]
            client.send(text)
            await client.until(b"not taken")
            assert len(h.worlds.lines()) == 1

    run(play())


def test_a_text_by_gmcp_is_a_line_like_others():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            client.send(bytes((IAC, SB, GMCP)) + b'Core.Text "lo\\u001bok"' + bytes((IAC, SE)))
            await client.until(b"you said look\r\n")

    run(play())


@pytest.mark.defect("V-22")
def test_who_talks_to_no_world_is_held_back():
    async def play():
        worlds = FakeWorlds(serving=False)
        async with Harness(worlds) as h:
            client = await h.connect()
            await client.until(b"as soon as")
            for _ in range(30):
                client.send(b"look\r\n" * 100_000)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(client.writer.drain(), 0.01)
            session = next(iter(h.gateway.sessions.values()))
            assert len(session._lines) < 600_000

    run(play())
