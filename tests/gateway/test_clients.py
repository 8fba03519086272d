"""Telnet by telnetlib3's own client, and by the `telnet` of the system where there is one."""

from __future__ import annotations

import asyncio
import os
import shutil

import pexpect
import pytest
import telnetlib3

from perdure.server import messages
from tests.gateway.fakes import LONG, Harness, run


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_client_of_telnetlib3():
    async def play():
        async with Harness(timeouts={"login": 30.0, "negotiation": 30.0}) as h:
            reader, writer = await telnetlib3.open_connection(
                "127.0.0.1",
                h.port(),
                encoding="utf8",
                cols=101,
                rows=33,
                term="xterm-256color",
                connect_minwait=0.1,
                force_binary=True,
            )
            (connected,) = await h.worlds.until(messages.Connected)
            assert connected.session.flags["SCREENWIDTH"] == 101
            assert connected.session.flags["XTERM256"] is True
            writer.write("say grüß dich\r\n")
            seen = ""
            while "you said say grüß dich" not in seen:
                seen += await asyncio.wait_for(reader.read(100), LONG)
            h.worlds.hear(messages.EchoInput(1, False))
            await asyncio.sleep(0.05)
            writer.write("secret\r\n")
            while "you said secret" not in seen:
                seen += await asyncio.wait_for(reader.read(100), LONG)
            writer.close()
            await h.worlds.until(messages.Disconnected)

    run(play())


def test_the_telnet_of_the_system():
    program = shutil.which("telnet")
    if program is None:
        assert "PERDURE_REQUIRE_TELNET" not in os.environ, "install it: apt-get install inetutils-telnet"
        pytest.skip("no telnet here")

    async def play():
        async with Harness(timeouts={"login": 0.3, "negotiation": 2.0}) as h:
            child = pexpect.spawn(program, ["127.0.0.1", str(h.port())], timeout=60, dimensions=(40, 90))
            await h.worlds.until(messages.Connected)
            child.sendline("look")
            await asyncio.to_thread(child.expect_exact, "you said look")
            child.close()

    run(play())
