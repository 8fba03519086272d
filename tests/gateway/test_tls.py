"""Telnet over TLS, and who is behind a load balancer."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import os
import shutil
import ssl
import subprocess

import pytest

from perdure.server import messages
from perdure.server.gateway.metrics import resident_bytes
from perdure.server.gateway.proxyprotocol import BadHeader, read
from tests.gateway.fakes import Harness, run

_OPENSSL = shutil.which("openssl")


def make_pair(directory, name):
    if _OPENSSL is None:
        pytest.skip("no openssl here")
    cert, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        [
            *(_OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-keyout", str(key), "-out", str(cert), "-subj", f"/CN={name}"),
        ],
        check=True,
        capture_output=True,
    )
    stamp = datetime.datetime.now().timestamp() + hash(name) % 1000
    os.utime(cert, (stamp, stamp))
    return str(cert), str(key)


def trusting():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def certificate_of(client):
    return client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)


@pytest.mark.defect("V-25")
def test_telnet_over_tls_with_a_certificate_that_is_renewed(tmp_path, caplog):
    cert, key = make_pair(tmp_path, "first.example")

    async def play():
        async with Harness(telnet_tls_port=0, tls_cert=cert, tls_key=key) as h:
            client = await h.connect("telnet-tls", ssl=trusting())
            # Who comes in the clear is told; who comes encrypted need not be.
            plain = await h.connect()
            await plain.until(f"not encrypted. Port {h.port('telnet-tls')} is".encode())
            assert client.writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
            client.send(b"look\r\n")
            assert b"not encrypted" not in await client.until(b"you said look\r\n")
            protocols = sorted(connected.session.protocol for connected in h.worlds.of(messages.Connected))
            assert protocols == ["telnet", "telnet-tls"]
            assert bytes((255, 251, 86)) not in client.seen
            before = certificate_of(client)
            assert not h.gateway._listening.certificate.refresh()
            make_pair(tmp_path, "second.example")
            assert h.gateway._listening.certificate.refresh()
            other = await h.connect("telnet-tls", ssl=trusting())
            assert certificate_of(other) != before
            client.send(b"still here\r\n")
            await client.until(b"you said still here\r\n")
            with open(cert, "w") as file:
                file.write("nonsense")
            assert not h.gateway._listening.certificate.refresh()
            os.unlink(key)
            caplog.clear()
            for _ in range(3):
                assert not h.gateway._listening.certificate.refresh()
            assert caplog.text.count("cannot be read") == 1
            third = await h.connect("telnet-tls", ssl=trusting())
            assert certificate_of(third) == certificate_of(other)

    run(play())


@pytest.mark.defect("V-11")
def test_who_does_not_read_is_disconnected_and_costs_little_here_too(tmp_path):
    cert, key = make_pair(tmp_path, "first.example")

    async def play():
        async with Harness(telnet_tls_port=0, tls_cert=cert, tls_key=key) as h:
            client = await h.connect("telnet-tls", ssl=trusting())
            (connected,) = await h.worlds.until(messages.Connected)
            sessid = connected.session.sessid
            client.writer.transport.pause_reading()
            before = resident_bytes()
            for number in range(20_000):
                h.worlds.say([sessid], f"{number} " + "x" * 2000)
                await asyncio.sleep(0)
                if sessid not in h.gateway.sessions:
                    break
            assert number < 19_999
            # The other half of it is what the client here has taken in, and not looked at.
            assert resident_bytes() - before < 8_000_000
            await h.worlds.until(messages.Disconnected)

    run(play())


@pytest.mark.defect("V-13")
def test_who_connects_and_never_shakes_hands_keeps_nobody_out(tmp_path, monkeypatch):
    monkeypatch.setattr("perdure.server.gateway.handshakes.OF_ONE_ADDRESS", 3)
    monkeypatch.setattr("perdure.server.gateway.handshakes.SECONDS", 1.0)
    cert, key = make_pair(tmp_path, "first.example")

    async def play():
        async with Harness(
            telnet_tls_port=0, web_port=0, web_tls=True, tls_cert=cert, tls_key=key, upstream_ips=[]
        ) as h:
            silent = [await h.connect(name) for name in ("telnet-tls", "web", "telnet-tls")]
            # Turned away before anything is spent on them, at whichever port.
            for name in ("telnet-tls", "web"):
                assert await (await h.connect(name)).ended() == b""
            assert h.gateway.door.refused == 2
            # The others have had their time, and then there is room again.
            for client in silent:
                assert await client.ended() == b""
            client = await h.connect("telnet-tls", ssl=trusting())
            client.send(b"look\r\n")
            await client.until(b"you said look\r\n")
            assert h.gateway.metrics.connections == 1
            h.worlds.hear(messages.Bans(["127.0.0.1"]))
            await asyncio.sleep(0.01)
            assert await (await h.connect("telnet-tls")).ended() == b""

    run(play())


def test_nonsense_instead_of_a_handshake(tmp_path, caplog):
    cert, key = make_pair(tmp_path, "first.example")

    async def play():
        errors = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: errors.append(context))
        async with Harness(telnet_tls_port=0, web_port=0, web_tls=True, tls_cert=cert, tls_key=key) as h:
            for name in ("telnet-tls", "web"):
                for data in (b"look\r\n", b"\x16\x03\x01\x00\x05hello" * 50, os.urandom(5000), b""):
                    client = await h.connect(name)
                    client.send(data)
                    client.writer.write_eof()
                    await client.ended()
            client = await h.connect("telnet-tls", ssl=trusting())
            client.send(b"look\r\n")
            await client.until(b"you said look\r\n")
            assert h.gateway.metrics.connections == 1
        assert errors == []

    run(play())
    assert not [record for record in caplog.records if record.exc_info]


def test_what_comes_together_with_the_end_of_the_handshake_is_not_lost(tmp_path):
    cert, key = make_pair(tmp_path, "first.example")

    async def play():
        async with Harness(telnet_tls_port=0, tls_cert=cert, tls_key=key) as h:
            client = await h.connect("telnet-tls")
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = trusting().wrap_bio(incoming, outgoing)
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    client.send(outgoing.read())
                    incoming.write(await client.reader.read(65536))
            tls.write(b"look\r\n")
            client.send(outgoing.read())
            await h.worlds.until(messages.Line)
            assert h.worlds.lines() == ["look"]

    run(play())


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(tmp_path):
    cert, key = make_pair(tmp_path, "first.example")
    encrypted = tmp_path / "encrypted.pem"
    subprocess.run(
        [_OPENSSL, "pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", str(encrypted)], check=True
    )

    async def play():
        with pytest.raises(
            OSError, match=r"cert\.pem with the key .*encrypted\.pem cannot be used: the key is encrypted"
        ):
            await Harness(telnet_tls_port=0, tls_cert=cert, tls_key=str(encrypted)).gateway.start()

    run(play())


def test_old_versions_of_tls_are_refused(tmp_path):
    cert, key = make_pair(tmp_path, "first.example")

    async def play():
        async with Harness(telnet_tls_port=0, tls_cert=cert, tls_key=key) as h:
            old = trusting()
            old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            with pytest.warns(DeprecationWarning, match="TLS"):
                old.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await h.connect("telnet-tls", ssl=old)

    run(play())


def proxy_header_2(address, rest=b""):
    ip = ipaddress.ip_address(address)
    body = ip.packed + ip.packed + b"\0\1\0\2"
    family = 0x11 if ip.version == 4 else 0x21
    return b"\r\n\r\n\x00\r\nQUIT\n" + bytes((0x21, family)) + len(body).to_bytes(2, "big") + body + rest


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nlook", ("1.2.3.4", b"look")),
        (b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", ("2001:db8::1", b"")),
        (b"PROXY UNKNOWN\r\nx", ("", b"x")),
        (b"PROX", None),
        (b"PROXY TCP4 1.2.3.4", None),
        (proxy_header_2("1.2.3.4", b"look"), ("1.2.3.4", b"look")),
        (proxy_header_2("2001:db8::1"), ("2001:db8::1", b"")),
        (proxy_header_2("1.2.3.4")[:20], None),
        (proxy_header_2("1.2.3.4")[:7], None),
    ],
)
def test_proxy_headers(data, found):
    assert read(data) == found


@pytest.mark.parametrize(
    "data",
    [b"look\r\n", b"PROXY TCP4 nonsense 5.6.7.8 1 2\r\n", b"PROXY " + b"x" * 200, b"PROXY A\r\n", b"\r\n\r\nx" * 9],
)
def test_what_is_no_proxy_header(data):
    with pytest.raises(BadHeader):
        read(data)


@pytest.mark.defect("V-25")
def test_who_comes_through_a_load_balancer_is_known_by_the_own_address():
    async def play():
        async with Harness(proxy_protocol=True, upstream_ips=["127.0.0.1"]) as h:
            h.worlds.hear(messages.Bans(["6.6.6.6"]))
            client = await h.connect()
            client.send(b"PROXY TCP4 1.2.3.4 ")
            await asyncio.sleep(0.02)
            client.send(b"127.0.0.1 1000 4000\r\nlook\r\n")
            await client.until(b"you said look\r\n")
            assert h.worlds.of(messages.Connected)[0].session.address == "1.2.3.4"
            banned = await h.connect()
            banned.send(b"PROXY TCP4 6.6.6.6 127.0.0.1 1 2\r\n")
            assert b"banned" in await banned.ended()
            for beginning in (b"look\r\n", b""):
                other = await h.connect()
                other.send(beginning)
                assert await other.ended() == b""
            assert len(h.gateway.sessions) == 1

    run(play())


def test_nobody_else_is_believed():
    async def play():
        async with Harness(proxy_protocol=True, upstream_ips=["10.0.0.1"]) as h:
            client = await h.connect()
            client.send(b"PROXY TCP4 1.2.3.4 127.0.0.1 1000 4000\r\n")
            (connected,) = await h.worlds.until(messages.Connected)
            assert connected.session.address == "127.0.0.1"

    run(play())
