"""A game in real processes, attacked from outside and from inside: it stays, and so does everybody else in it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.game import OWNER, PASSWORD, LiveGame

FILES = {
    "commands/odd_cmdsets.py": '''
from perdure.commands.command import Command
from perdure.commands.default import cmdsets


class CmdOdd(Command):
    """Do something odd: odd <kind>."""

    key = "odd"

    def func(self):
        session, kind = self.session, self.args.strip()
        self.caller.db.odd = kind
        if kind == "exit":
            raise SystemExit(3)
        if kind == "interrupt":
            raise KeyboardInterrupt
        if kind == "base":
            raise BaseException("base")
        if kind == "recursion":
            self.func()
        if kind == "surrogate":
            self.msg("\\ud800 odd")
        if kind == "integer":
            session.data_out(news=[2**80, 10**5000])
        if kind == "deep":
            value = []
            for _ in range(2000):
                value = [value]
            session.data_out(news=value)
        if kind == "data":
            session.server_data[5] = {1, 2}
            session.changed()
        if kind == "flags":
            session.protocol_flags[7] = 2**80
            session.changed()
        if kind == "echo":
            session.echo_input(1)
        if kind == "huge":
            self.msg("x" * 70_000_000)


class SessionCmdSet(cmdsets.SessionCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add(CmdOdd())
''',
}
SETTINGS = 'CMDSET_SESSION = "commands.odd_cmdsets.SessionCmdSet"\nMULTISESSION_MODE = 3\n'


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGame]:
    directory: Path = tmp_path_factory.mktemp("attacked") / "labyrinth"
    with LiveGame(directory, settings=SETTINGS, files=FILES) as running:
        yield running


def ask(game: LiveGame, request: bytes) -> bytes:
    """What the web port answers to these bytes."""
    with socket.create_connection(("127.0.0.1", game.web_port), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize(
    "kind",
    ["exit", "interrupt", "base", "recursion", "surrogate", "integer", "deep", "data", "flags", "echo", "huge"],
)
@pytest.mark.defect("V-14")
def test_no_odd_command_ends_the_world_or_anybody_else(game: LiveGame, kind: str) -> None:
    worlds = game.world_pids()
    witness, odd = game.telnet(f"witness-{kind}"), game.telnet(f"odd-{kind}")
    for client in (witness, odd):
        client.expect("connect")
        client.login(OWNER, PASSWORD, until="Limbo")
    odd.send(f"odd {kind}")
    if kind in ("exit", "interrupt", "base", "recursion"):
        odd.expect("error")  # its id, and for the owner what it was
    if kind != "huge":
        odd.ask("look", "Limbo")
    witness.ask("look", "Limbo")
    assert game.world_pids() == worlds
    witness.close()
    odd.close()


@pytest.mark.parametrize("path", ["/./metrics", "/x/../metrics", "/%6detrics", "//metrics", "/metrics/", "/metrics"])
def test_metrics_are_for_this_machine_by_whatever_path(game: LiveGame, path: str) -> None:
    """A proxy on this machine tells of a client elsewhere."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n"
    answer = ask(game, request.encode())
    assert answer.split()[1] in (b"403", b"404")
    assert b"perdure_" not in answer


@pytest.mark.parametrize(
    ("request_line", "more"),
    [
        (b"GET / HTTP/1.1", b"X-A: \xff\xfe\r\nCookie: a=\xff\r\n"),
        (b"GET /%00 HTTP/1.1", b""),
        (b"GET /static/..%2f..%2fsettings.py HTTP/1.1", b""),
        (b"GET /static/../../secret_settings.py HTTP/1.1", b""),
        (b"GET /%ff%fe?%ff=%00 HTTP/1.1", b""),
        (b"FOO / HTTP/1.1", b""),
        (b"GET /auth/login/?next=//evil.example HTTP/1.1", b""),
        (b"POST /auth/login/ HTTP/1.1", b"Content-Length: 3\r\nContent-Length: 5\r\n"),
        (b"POST /auth/login/ HTTP/1.1", b"Content-Length: -1\r\n"),
    ],
)
def test_no_request_is_an_error_of_the_server(game: LiveGame, request_line: bytes, more: bytes) -> None:
    answer = ask(game, request_line + b"\r\nHost: localhost\r\n" + more + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 ")
    assert int(answer.split()[1]) < 500
    assert b"SECRET_KEY" not in answer


def test_the_game_still_serves_and_says_what_happened(game: LiveGame) -> None:
    assert game.get("/readyz")[0] == 200
    told = game.output.read_text(errors="replace")
    for error in ("SystemExit", "KeyboardInterrupt", "RecursionError"):
        assert error in told
