"""Telnet, by raw sockets."""

from __future__ import annotations

import asyncio
import socket
import time
import zlib

import pytest
from telnetlib3.mud import mssp_decode

from perdure.server import messages
from perdure.server.gateway.terminal import Terminal
from tests.gateway.fakes import (
    CHARSET,
    DO,
    DONT,
    ECHO,
    GA,
    GMCP,
    IAC,
    LINEMODE,
    MCCP2,
    MSSP,
    MXP,
    NAWS,
    NOP,
    SB,
    SE,
    SGA,
    TTYPE,
    WILL,
    WONT,
    FakeWorlds,
    Harness,
    eventually,
    run,
)


def sub(option: int, payload: bytes) -> bytes:
    return bytes((IAC, SB, option)) + payload.replace(b"\xff", b"\xff\xff") + bytes((IAC, SE))


def test_what_is_offered_comes_at_once_and_in_order():
    async def play():
        async with Harness() as h:
            client = await h.connect()
            offers = await client.until(bytes((IAC, WILL, CHARSET)))
            pairs = [tuple(offers[at + 1 : at + 3]) for at in range(0, len(offers), 3)]
            assert pairs == [
                (DO, LINEMODE),
                (WILL, SGA),
                (DO, NAWS),
                (DO, TTYPE),
                (WILL, MCCP2),
                (WILL, MSSP),
                (WILL, GMCP),
                (WILL, MXP),
                (WILL, CHARSET),
            ]

    run(play())


def test_a_client_that_knows_no_telnet_is_greeted_soon_and_talks():
    async def play():
        async with Harness(timeouts={"login": 0.05, "negotiation": 30.0}) as h:
            client = await h.connect()
            (connected,) = await h.worlds.until(messages.Connected)
            assert (connected.session.protocol, connected.session.address) == ("telnet", "127.0.0.1")
            client.send(b"look\r\nsay hi\n")
            await client.until(b"you said say hi\r\n")
            assert h.worlds.of(messages.Line) == [messages.Line(1, 1, "look"), messages.Line(1, 2, "say hi")]

    run(play())


def test_a_line_before_that_begins_the_session():
    async def play():
        async with Harness(timeouts={"login": 30.0, "negotiation": 30.0}) as h:
            client = await h.connect()
            client.send(b"look\r\n")
            await client.until(b"you said look\r\n")
            assert [type(message) for message in h.worlds.sent] == [messages.Connected, messages.Line]

    run(play())


def test_a_client_that_says_nothing_of_itself_has_sixteen_colours():
    async def play():
        async with Harness() as h:
            await h.player()
            assert h.gateway.records()[0].flags == {"ANSI": True}

    run(play())


def test_flags_of_a_client_that_answers_everything():
    async def play():
        async with Harness(timeouts={"login": 30.0, "negotiation": 30.0}) as h:
            client = await h.connect()
            await client.until(bytes((IAC, WILL, CHARSET)))
            for option in (SGA, MSSP, GMCP):
                client.send(bytes((IAC, DO, option)))
            for option in (MCCP2, MXP, CHARSET):
                client.send(bytes((IAC, DONT, option)))
            client.send(bytes((IAC, WONT, LINEMODE, IAC, WILL, NAWS)) + sub(NAWS, bytes((0, 100, 0, 255))))
            client.send(bytes((IAC, WILL, TTYPE)))
            for name in (b"MUDLET", b"xterm-256color", b"MTTS 2285"):
                await client.until(bytes((IAC, SB, TTYPE, 1, IAC, SE)))
                client.send(sub(TTYPE, b"\0" + name))
            (connected,) = await h.worlds.until(messages.Connected)
            flags = connected.session.flags
            assert flags["CLIENTNAME"] == "mudlet"
            assert (flags["SCREENWIDTH"], flags["SCREENHEIGHT"]) == (100, 255)
            assert flags["ANSI"] is flags["XTERM256"] is flags["UTF-8"] is flags["SCREENREADER"] is True
            assert flags["GMCP"] is True
            assert h.gateway.records() == [connected.session]

    run(play())


def test_a_client_that_stops_answering_is_given_up_on():
    async def play():
        async with Harness(timeouts={"login": 0.4, "negotiation": 1.0}) as h:
            began = time.monotonic()
            client = await h.connect()
            client.send(bytes((IAC, WILL, TTYPE)))
            await h.worlds.until(messages.Connected)
            # It had begun, so it had the longer time to go on.
            assert time.monotonic() - began > 0.9
            client.send(sub(TTYPE, b"\0XTERM"))
            (changed,) = await h.worlds.until(messages.Flags)
            assert changed.flags["CLIENTNAME"] == "xterm"

    run(play())


def test_a_change_of_the_window_is_told():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            client.send(bytes((IAC, WILL, NAWS)) + sub(NAWS, bytes((0, 77, 0, 22))))
            (changed,) = await h.worlds.until(messages.Flags)
            assert changed == messages.Flags(sessid, {"SCREENWIDTH": 77, "SCREENHEIGHT": 22})
            assert h.gateway.records()[0].flags["SCREENWIDTH"] == 77

    run(play())


def test_a_window_that_the_player_has_fixed_does_not_change():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            session = h.gateway.sessions[sessid]
            session.tell_flags({"SCREENWIDTH": 60, "AUTORESIZE": False})
            client.send(bytes((IAC, WILL, NAWS)) + sub(NAWS, bytes((0, 77, 0, 22))) + b"look\r\n")
            await client.until(b"you said look")
            assert session.flags["SCREENWIDTH"] == 60

    run(play())


@pytest.mark.parametrize(
    ("names", "flags"),
    [
        (["XTERM", "XTERM"], {"CLIENTNAME": "xterm", "ANSI": True, "XTERM256": True}),
        (["DUMB"], {"CLIENTNAME": "dumb", "ANSI": False}),
        (["UNKNOWN"], {"CLIENTNAME": "unknown", "ANSI": True}),
        (["ANSI", "ANSI"], {"CLIENTNAME": "ansi", "ANSI": True}),
        (["TINTIN", "linux-256color", "MTTS 9"], {"TERM": "linux-256color", "XTERM256": True}),
        (
            ["MUDLET", "ANSI-TRUECOLOR", "MTTS 2285"],
            {"TRUECOLOR": True, "SCREENREADER": True, "UTF-8": True, "SSL": True},
        ),
        (["X", "vt100", "MTTS 1"], {"CLIENTNAME": "x", "TERM": "vt100", "ANSI": True}),
        (["X", "MTTS 271"], {"TRUECOLOR": True, "XTERM256": True, "UTF-8": True, "VT100": True}),
        (["\x1b[2J" * 40], {"CLIENTNAME": ("[2j" * 40)[:64]}),
    ],
)
def test_what_names_of_terminals_say(names, flags):
    terminal = Terminal()
    heard = {}
    for name in names:
        assert not terminal.done
        heard.update(terminal.hear(name))
    assert flags.items() <= heard.items()
    more = {flag for flag in ("XTERM256", "TRUECOLOR", "SCREENREADER") if heard.get(flag) and flag not in flags}
    assert more <= ({"XTERM256"} if names[0] in ("TINTIN", "MUDLET") else set())


def test_passwords_are_not_shown():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            for _ in range(2):
                h.worlds.hear(messages.EchoInput(sessid, False))
                await client.until(bytes((IAC, WILL, ECHO)))
                client.send(bytes((IAC, DO, ECHO)) + b"secret\r\n")
                assert await client.until(b"you said secret\r\n") == b"\r\nyou said secret\r\n"
                h.worlds.hear(messages.EchoInput(sessid, True))
                await client.until(bytes((IAC, WONT, ECHO)))
                client.send(bytes((IAC, DONT, ECHO)))

    run(play())


def test_passwords_are_hidden_from_clients_that_never_answer_each_time():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            for _ in range(3):
                h.worlds.hear(messages.EchoInput(sessid, False))
                await client.until(bytes((IAC, WILL, ECHO)))
                h.worlds.hear(messages.EchoInput(sessid, True))
                await client.until(bytes((IAC, WONT, ECHO)))

    run(play())


def test_nobody_gets_us_to_echo():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            client.send(bytes((IAC, DO, ECHO)))
            await client.until(bytes((IAC, WONT, ECHO)))

    run(play())


def test_options_that_nobody_knows_are_refused():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            client.send(bytes((IAC, DO, 5, IAC, WILL, 39, IAC, DO, 99)))
            answers = await client.until(bytes((IAC, WONT, 99)))
            assert answers == bytes((IAC, WONT, 5, IAC, DONT, 39, IAC, WONT, 99))
            client.send(b"still here\r\n")
            await client.until(b"you said still here\r\n")

    run(play())


def test_lines_of_text_end_in_cr_lf_and_iac_is_doubled():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.worlds.say([sessid], "one\ntwo")
            assert await client.until(b"two\r\n") == b"one\r\ntwo\r\n"
            session = h.gateway.sessions[sessid]
            session.tell_flags({"ENCODING": "latin-1"})
            h.worlds.say([sessid], "ÿ ü")
            assert await client.until(b"\r\n") == b"\xff\xff \xfc\r\n"
            client.send(b"say \xff\xff \xfc\r\n")
            await client.until(b"you said say \xff\xff \xfc\r\n")
            assert h.worlds.lines() == ["say ÿ ü"]

    run(play())


def test_colours_follow_what_the_client_can_do():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.worlds.say([sessid], "|rred|n")
            assert await client.until(b"\r\n") == b"\x1b[1;31mred\x1b[0m\r\n"
            h.gateway.sessions[sessid].tell_flags({"NOCOLOR": True})
            h.worlds.say([sessid], "|rred|n")
            assert await client.until(b"\r\n") == b"red\r\n"
            h.gateway.sessions[sessid].tell_flags({"NOCOLOR": False, "TRUECOLOR": True})
            h.worlds.say([sessid], "|#102030x|n")
            assert b"38;2;16;32;48" in await client.until(b"\r\n")
            h.worlds.say([sessid], "|rred|n", nocolor=True)
            assert await client.until(b"\r\n") == b"red\r\n"
            h.worlds.say([sessid], "|rred|n", raw=True)
            assert await client.until(b"\r\n") == b"|rred|n\r\n"
            h.worlds.say([sessid], "a\x1b[2Jb")
            assert await client.until(b"\r\n") == b"a[2Jb\r\n"

    run(play())


def test_the_flags_that_the_world_changes_count():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            record = h.gateway.records()[0]
            flags = {**record.flags, "SCREENREADER": True}
            changed = messages.SessionRecord(sessid, "telnet", "x", flags, 1.0, uid=5, puid=7, uname="anna")
            h.worlds.hear(messages.SessionState(changed))
            h.worlds.say([sessid], "|rred|n\n-----\nend")
            assert await client.until(b"end\r\n") == b"red\r\nend\r\n"
            assert h.gateway.records()[0].uid == 5
            # A size that the client tells meanwhile is not undone by an older one.
            h.gateway.sessions[sessid].tell_flags({"SCREENWIDTH": 50})
            h.worlds.hear(messages.SessionState(changed))
            await asyncio.sleep(0.01)
            assert h.gateway.records()[0].flags["SCREENWIDTH"] == 50

    run(play())


def test_a_prompt_comes_last_and_has_no_end_of_line():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.worlds.hear(messages.Prompt([sessid], "|gHP 3|n> "))
            h.worlds.say([sessid], "A bird sings.")
            assert await client.until(b"> ") == b"A bird sings.\r\n\x1b[1;32mHP 3\x1b[0m> "
            assert await client.quiet(0.02) == b""

    run(play())


def test_go_ahead_goes_to_those_who_refused_to_do_without():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.worlds.say([sessid], "one")
            await client.until(b"one\r\n")
            assert await client.quiet(0.02) == b""
            client.send(bytes((IAC, DONT, SGA)) + b"x\r\n")
            await client.until(b"you said x\r\n" + bytes((IAC, GA)))

    run(play())


def test_a_player_can_do_without_go_aheads_after_prompts_or_after_texts():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            client.send(bytes((IAC, DONT, SGA)) + b"x\r\n")
            await client.until(b"you said x\r\n" + bytes((IAC, GA)))
            session = h.gateway.sessions[sessid]
            session.tell_flags({"NOPROMPTGOAHEAD": True})
            h.worlds.hear(messages.Prompt([sessid], "HP> "))
            h.worlds.hear(messages.Text([sessid], "one"))
            await client.until(b"HP> ")
            h.worlds.say([sessid], "two")
            assert await client.until(b"two\r\n") == b"two\r\n"
            await client.until(bytes((IAC, GA)))
            session.tell_flags({"NOPROMPTGOAHEAD": False, "NOGOAHEAD": True})
            h.worlds.say([sessid], "three")
            await client.until(b"three\r\n")
            h.worlds.hear(messages.Prompt([sessid], "HP> "))
            assert await client.until(bytes((IAC, GA))) == b"HP> " + bytes((IAC, GA))

    run(play())


def test_a_player_can_do_without_ends_of_lines_that_nobody_wrote():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.gateway.sessions[sessid].tell_flags({"FORCEDENDLINE": False})
            h.worlds.say([sessid], "one")
            h.worlds.say([sessid], "two\n")
            h.worlds.say([sessid], "three")
            assert await client.until(b"three") == b"onetwo\r\nthree"

    run(play())


def test_who_looks_for_a_fault_sees_what_was_received():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            client.send(bytes((IAC, DO, GMCP)))
            h.gateway.sessions[sessid].tell_flags({"INPUTDEBUG": True})
            client.send(b"say |rhi\t|n\r\n")
            assert b"(received: 'say |rhi\\t|n')\r\n" in await client.until(b"you said")
            client.send(sub(GMCP, b"Core.Ping 120"))
            await client.until(b"(received: ping [120] {})\r\n")
            h.worlds.hear(messages.EchoInput(sessid, False))
            await client.until(bytes((IAC, WILL, ECHO)))
            client.send(b"secret\r\n")
            assert b"received" not in await client.until(b"you said secret")

    run(play())


def test_gmcp_both_ways():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.worlds.hear(messages.OobOut([sessid], "char_vitals", [], {"hp": 3}))
            assert await client.quiet(0.02) == b""
            client.send(bytes((IAC, DO, GMCP)))
            client.send(sub(GMCP, b'Core.Hello {"client": "Tester", "ansi": true, "nonsense": 1}'))
            client.send(sub(GMCP, b'Char.Login {"name": "\xc3\xbc"}') + sub(GMCP, b"__class__ 1"))
            (oob,) = await h.worlds.until(messages.Oob)
            assert oob == messages.Oob(sessid, "char_login", [], {"name": "ü"})
            assert {"CLIENTNAME": "Tester"} in [m.flags for m in h.worlds.of(messages.Flags)]
            h.worlds.hear(messages.OobOut([sessid], "char_vitals", [], {"hp": 3}))
            await client.until(sub(GMCP, b'Char.Vitals {"hp":3}'))

    run(play())


def test_the_client_of_the_system_edits_its_lines_itself():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            client.send(bytes((IAC, WILL, LINEMODE)))
            await client.until(sub(LINEMODE, b"\x01\x01"))
            client.send(sub(LINEMODE, b"\x01\x05") + sub(LINEMODE, b"\x03\x01\x00\x00\x03\x62\x03"))
            client.send(b"look\r\0")
            await client.until(b"you said look\r\n")

    run(play())


@pytest.mark.parametrize(
    ("answer", "encoding", "utf8", "umlaut"),
    [
        (b"\x02utf-8", "utf-8", True, b"\xc3\xbc"),
        (b"\x02ISO-8859-1", "latin-1", False, b"\xfc"),
        (b"\x03", None, None, b"\xc3\xbc"),
        (b"\x02KOI8-R", None, None, b"\xc3\xbc"),
    ],
)
def test_the_client_chooses_a_character_set(answer, encoding, utf8, umlaut):
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            client.send(bytes((IAC, DO, CHARSET)))
            await client.until(sub(CHARSET, b"\x01 UTF-8 ISO-8859-1"))
            client.send(sub(CHARSET, answer) + b"say " + umlaut + b"\r\n")
            assert await client.until(b"\r\n") == b"you said say " + umlaut + b"\r\n"
            assert h.worlds.lines() == ["say ü"]
            flags = h.gateway.records()[0].flags
            assert (flags.get("ENCODING"), flags.get("UTF-8")) == (encoding, utf8)

    run(play())


@pytest.mark.parametrize(
    ("offer", "answer", "encoding"),
    [
        (b";iso-8859-1;utf-8", b"\x02utf-8", "utf-8"),
        (b" ISO-8859-1 KOI8-R", b"\x02ISO-8859-1", "latin-1"),
        (b" KOI8-R", b"\x03", None),
        (b"[TTABLE]\x01 UTF-8", b"\x03", None),
    ],
)
def test_the_client_may_begin_to_speak_of_character_sets(offer, answer, encoding):
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            client.send(bytes((IAC, WILL, CHARSET)))
            await client.until(bytes((IAC, DO, CHARSET)))
            client.send(sub(CHARSET, b"\x01" + offer))
            await client.until(sub(CHARSET, answer))
            assert h.gateway.records()[0].flags.get("ENCODING") == encoding

    run(play())


def test_mssp():
    async def play():
        async with Harness(mssp={"GENRE": "Fantasy", "FAMILY": ["Perdure"]}) as h:
            client, _ = await h.player()
            client.send(bytes((IAC, DO, MSSP)))
            answer = await client.until(bytes((IAC, SE)))
            variables = mssp_decode(answer[3:-2])
            assert variables["NAME"] == "Test"
            assert variables["PLAYERS"] == "0"
            assert variables["PORT"] == str(h.port())
            assert (variables["GENRE"], variables["FAMILY"]) == ("Fantasy", "Perdure")

    run(play())


def test_mccp2_compresses_after_the_client_has_said_what_it_is():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            client.send(bytes((IAC, DO, MCCP2)))
            await client.until(sub(MCCP2, b""))
            unpack = zlib.decompressobj()
            client.send(b"look\r\n")
            seen = unpack.decompress(client.seen)
            while b"you said look\r\n" not in seen:
                seen += unpack.decompress(await client.reader.read(1000))
            h.worlds.say([sessid], "x" * 5000)
            packed = await client.reader.read(1000)
            assert len(packed) < 200
            assert len(unpack.decompress(packed)) == 5002

    run(play())


def test_mccp2_ends_when_the_client_wants_it_no_more():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            client.send(bytes((IAC, DO, MCCP2)))
            await client.until(sub(MCCP2, b""))
            unpack = zlib.decompressobj()
            client.send(b"look\r\n")
            seen = unpack.decompress(client.seen)
            while b"you said look\r\n" not in seen:
                seen += unpack.decompress(await client.reader.read(1000))
            client.send(bytes((IAC, DONT, MCCP2)) + b"again\r\n")
            while not unpack.eof:
                unpack.decompress(await client.reader.read(1000))
            client.seen = unpack.unused_data
            await client.until(b"you said again\r\n")
            assert h.gateway.sessions[sessid].flags["MCCP"] is False

    run(play())


def test_mxp_links_only_for_clients_that_agreed():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.worlds.say([sessid], "|lclook|ltsee|le")
            assert await client.until(b"\r\n") == b"see\r\n"
            client.send(bytes((IAC, DO, MXP)))
            await client.until(sub(MXP, b"") + b"\x1b[7z")
            h.worlds.say([sessid], "|lclook|ltsee|le <b>")
            shown = await client.until(b"\r\n")
            assert b'<SEND HREF="look">see' in shown
            assert b"<b>" in shown

    run(play())


def test_are_you_there():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            client.send(bytes((IAC, 246)))
            await client.until(b"[Yes]\r\n")

    run(play())


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /a?b HTTP/1.0\r\n\r\n"])
def test_a_browser_at_the_telnet_port_is_told_so(request_line):
    async def play():
        async with Harness() as h:
            client = await h.connect()
            client.send(request_line)
            answer = await client.ended()
            assert b"HTTP/1.1 400" in answer
            assert not h.worlds.sent
            assert not h.gateway.sessions

    run(play())


def test_silent_clients_are_kept_alive_if_they_know_telnet(monkeypatch):
    monkeypatch.setattr("perdure.server.gateway.gateway._HOUSEKEEPING", 0.02)

    async def play():
        async with Harness(timeouts={"keepalive": 0.02}) as h:
            client, _ = await h.player()
            other, _ = await h.player()
            client.send(bytes((IAC, DO, SGA)))
            await client.until(bytes((IAC, NOP)))
            assert await other.quiet(0.06) == b""
            # Who has put that off hears no more of it.
            h.gateway.sessions[1].tell_flags({"NOPKEEPALIVE": False})
            client.send(bytes((IAC, 246)))
            await client.until(b"[Yes]\r\n")
            assert await client.quiet(0.1) == b""

    run(play())


def test_one_session_that_cannot_be_looked_after_is_not_the_end_of_it(monkeypatch, caplog):
    monkeypatch.setattr("perdure.server.gateway.gateway._HOUSEKEEPING", 0.02)

    async def play():
        async with Harness(timeouts={"keepalive": 0.02}) as h:
            await h.player()
            client, _ = await h.player()
            client.send(bytes((IAC, DO, SGA)))
            monkeypatch.setattr(h.gateway.sessions[1], "keep_alive", lambda: 1 / 0)
            for _ in range(3):
                await client.until(bytes((IAC, NOP)))

    run(play())
    assert "Session 1 cannot be looked after" in caplog.text


def test_who_never_logs_in_is_let_go(monkeypatch):
    monkeypatch.setattr("perdure.server.gateway.gateway._HOUSEKEEPING", 0.02)

    async def play():
        async with Harness(timeouts={"unauthenticated": 1.5}) as h:
            client, _ = await h.player()
            anna, sessid = await h.player()
            h.worlds.hear(messages.SessionState(messages.SessionRecord(sessid, "telnet", "x", {}, 1.0, uid=5)))
            assert b"logged in" in await client.ended()
            await h.worlds.until(messages.Disconnected)
            anna.send(b"look\r\n")
            await anna.until(b"you said look\r\n")

    run(play())


def test_the_world_ends_a_connection_after_what_it_said():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            h.worlds.say([sessid], "Goodbye.")
            h.worlds.hear(messages.Close(sessid, "quit"))
            assert await client.ended() == b"Goodbye.\r\n"
            assert h.worlds.of(messages.Disconnected) == [messages.Disconnected(sessid, "quit")]
            assert h.gateway.door.inside == 0

    run(play())


def test_a_client_that_goes_is_told_of_once():
    async def play():
        async with Harness() as h:
            client, sessid = await h.player()
            client.close()
            await h.worlds.until(messages.Disconnected)
            h.worlds.say([sessid], "too late")
            await asyncio.sleep(0.02)
            assert len(h.worlds.of(messages.Disconnected)) == 1
            assert h.gateway.sessions == {}
            assert h.gateway.door.inside == 0

    run(play())


@pytest.mark.defect("V-27")
def test_there_is_no_nagle():
    async def play():
        async with Harness() as h:
            await h.player()
            session = h.gateway.sessions[1]
            sock = session.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    run(play())


@pytest.mark.defect("V-27")
def test_what_one_turn_shows_is_one_write():
    async def play():
        async with Harness() as h:
            _client, sessid = await h.player()
            writes = []
            session = h.gateway.sessions[sessid]
            monkey = session._transport.write
            session._transport.write = lambda data: (writes.append(data), monkey(data))
            for number in range(20):
                h.worlds.say([sessid], f"line {number}")
            await asyncio.sleep(0.05)
            assert len(writes) == 1

    run(play())


@pytest.mark.defect("V-22")
def test_who_connects_while_there_is_no_world_is_told_and_greeted_later():
    async def play():
        worlds = FakeWorlds(serving=False)
        async with Harness(worlds) as h:
            client = await h.connect()
            await client.until(b"as soon as it is there")
            client.send(b"connect anna\r\n")
            await asyncio.sleep(0.05)
            assert not worlds.sent
            assert h.gateway.records() == []
            worlds.become("serving")
            await client.until(b"you said connect anna\r\n")
            assert [type(message) for message in worlds.sent] == [messages.Connected, messages.Line]
            assert len(h.gateway.records()) == 1

    run(play())


@pytest.mark.defect("V-22")
def test_who_leaves_before_there_is_a_world_is_never_told_of():
    async def play():
        worlds = FakeWorlds(serving=False)
        async with Harness(worlds) as h:
            client = await h.connect()
            await client.until(b"as soon as it is there")
            client.close()
            await eventually(lambda: not h.gateway.sessions)
            worlds.become("serving")
            assert not worlds.sent

    run(play())


def test_players_hear_nothing_of_a_change_of_worlds():
    async def play():
        async with Harness() as h:
            client, _ = await h.player()
            h.worlds.become("reloading")
            h.worlds.become("serving")
            assert await client.quiet(0.03) == b""

    run(play())


def test_lines_that_are_not_done_are_known_until_they_are_given_up():
    async def play():
        async with Harness(FakeWorlds(echo=False)) as h:
            client, sessid = await h.player()
            client.send(b"one\r\ntwo\r\nthree\r\n")
            await h.worlds.until(messages.Line, 3)
            h.worlds.hear(messages.Done([(sessid, 1)]))
            await asyncio.sleep(0.01)
            assert [(line.seq, line.text) for line in h.gateway.unfinished()] == [(2, "two"), (3, "three")]
            h.gateway.forget_unfinished([(sessid, 2)])
            assert [line.seq for line in h.gateway.unfinished()] == [3]
            h.gateway.forget_unfinished()
            assert h.gateway.unfinished() == []
            h.gateway.notice("Something |rhappened|n.", [sessid])
            await client.until(b"happened")

    run(play())


def test_a_password_is_not_among_the_lines_that_are_not_done():
    async def play():
        async with Harness(FakeWorlds(echo=False)) as h:
            client, sessid = await h.player()
            h.worlds.hear(messages.EchoInput(sessid, False))
            await client.until(bytes((IAC, WILL, ECHO)))
            client.send(b"secret\r\n")
            await h.worlds.until(messages.Line)
            assert h.worlds.lines() == ["secret"]
            assert "secret" not in str(h.gateway.unfinished())

    run(play())
