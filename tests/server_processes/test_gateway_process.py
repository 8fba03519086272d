"""The gateway as a process: its lock, its sockets, its signals, its logs, and what becomes of it when it is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from websockets.sync.client import connect

from perdure.errors import NotAnswering, NotRunning
from perdure.server.control_messages import Change, Halt, RunSource
from perdure.server.gateway.run_directory import running_pid
from perdure.server.gateway.settings import Logging
from tests.gateway.test_tls import make_pair, proxy_header_2
from tests.server_processes.harness import is_alive
from tests.server_processes.serving import Client, GatewayProcess, eventually

pytestmark = pytest.mark.sqlite


@pytest.fixture
def gateway(tmp_path: Path) -> GatewayProcess:
    return GatewayProcess(tmp_path)


def test_start_play_reload_stop(gateway: GatewayProcess) -> None:
    with gateway:
        client = gateway.connect()
        client.until("Welcome to the fake world")
        client.type("hello")
        client.until("1> hello")
        steps: list[str] = []
        answer = gateway.ask(Change("reload"), progress=steps.append)
        assert answer.ok
        assert len(steps) == 4
        client.type("still here")
        client.until("2> still here")
        status = gateway.status()
        assert status["state"] == "serving"
        assert status["world"]["generation"] == 2
        assert status["gateway"]["sessions"] == 1
        assert gateway.ask(RunSource("6 * 7")).summary == "ran '6 * 7' in 2"
        assert gateway.ask(Halt()).ok
        assert client.is_ended()
        assert "being stopped" in client.text
        code, _, err = gateway.ends()
        assert (code, err) == (0, "")
        assert [entry["mode"] for entry in gateway.ledger("quiesce")] == ["reload", "shutdown"]
        assert not any(is_alive(pid) for pid in gateway.world_pids())
        assert sorted(path.name for path in (gateway.game / "server/run").iterdir()) == [
            "gateway.json",
            "gateway.pid",
            "generation",
        ]


def test_a_reload_that_is_refused_is_told_with_the_traceback(gateway: GatewayProcess) -> None:
    with gateway:
        (gateway.game / "plan.json").write_text('{"2": {"check": "fail"}}')
        answer = gateway.ask(Change("reload"))
        assert not answer.ok
        assert "typeclasses/rooms.py, line 7" in answer.summary
        assert "Traceback" in answer.detail
        assert gateway.status()["world"]["generation"] == 1
        log = gateway.game / "server/logs/gateway.log"
        eventually(lambda: "typeclasses/rooms.py, line 7" in log.read_text())


# --- one gateway for one game ---------------------------------------------------------------------


def test_a_second_gateway_is_refused(gateway: GatewayProcess) -> None:
    with gateway:
        second = GatewayProcess(gateway.game).start()
        code, _, err = second.ends()
        assert code == 1
        assert f"running already (pid {gateway.process.pid})" in err
        assert gateway.status()["serving"]


def test_a_lock_of_a_dead_gateway_locks_nobody_out(gateway: GatewayProcess) -> None:
    with gateway:
        gateway.process.kill()
        gateway.process.wait()
        assert running_pid(gateway.game) is None
        assert (gateway.game / "server/run/control.sock").exists()
        with pytest.raises(NotRunning, match="perdure start"):
            gateway.status()
    (gateway.game / "server/run/http-99.sock").touch()
    with gateway:
        assert gateway.status()["serving"]
        assert not (gateway.game / "server/run/http-99.sock").exists()


def test_a_gateway_that_does_not_answer_is_told_from_one_that_does_not_run(gateway: GatewayProcess) -> None:
    with gateway:
        (gateway.game / "server/run/control.sock").unlink()
        with pytest.raises(NotAnswering, match=f"pid {gateway.process.pid}"):
            gateway.status()


def test_what_is_in_the_run_directory_is_for_its_user_alone(gateway: GatewayProcess) -> None:
    with gateway:
        run = gateway.game / "server/run"
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        for name in ("link.sock", "control.sock", "gateway.pid"):
            assert stat.S_IMODE((run / name).stat().st_mode) == 0o600, name


def test_a_game_far_down_in_the_file_system(tmp_path: Path) -> None:
    """The path of a Unix socket may have 108 bytes: it is given relative to the game."""
    deep = tmp_path / ("a" * 60) / ("b" * 60) / ("c" * 60)
    deep.mkdir(parents=True)
    with GatewayProcess(deep) as gateway:
        assert gateway.ask(Change("reload")).ok


# --- starts that fail -----------------------------------------------------------------------------


def test_a_first_world_that_fails_ends_the_gateway_with_reason_and_traceback(tmp_path: Path) -> None:
    with pytest.raises(AssertionError), GatewayProcess(tmp_path, plan={"1": {"check": "fail"}}):
        pass
    code, _, err = GatewayProcess(tmp_path, plan={"default": {"check": "fail"}}).start().ends()
    assert code == 1
    assert err.splitlines()[-1] == (
        "the world cannot start: typeclasses/rooms.py, line 7: SyntaxError: '(' was never closed"
    )
    assert "Traceback" in err


def test_a_port_that_is_taken(gateway: GatewayProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        path = gateway.game / "server/run/gateway.json"
        settings = json.loads(path.read_text())
        path.write_text(json.dumps({**settings, "telnet_port": other.getsockname()[1]}))
        code, _, err = gateway.start().ends()
        assert code == 1
        assert "cannot listen" in err
        assert "Traceback" not in err
        assert gateway.world_pids() == []


def test_settings_that_do_not_fit(gateway: GatewayProcess) -> None:
    (gateway.game / "server/run/gateway.json").write_text('{"telnet_port": "four thousand"}')
    code, _, err = gateway.start().ends()
    assert code == 1
    assert "telnet_port" in err
    assert "Traceback" not in err


@pytest.mark.defect("V-22")
def test_who_connects_before_the_first_world_serves_is_held_and_then_greeted(tmp_path: Path) -> None:
    gateway = GatewayProcess(tmp_path, plan={"1": {"check": "until seen"}}).start()
    try:
        eventually(lambda: _port_or_none(gateway))
        client = gateway.connect()
        client.until("Labyrinth")
        assert gateway.status()["state"] == "starting"
        client.type("early")
        (tmp_path / "seen").touch()
        client.until("Welcome to the fake world")
        client.until("1> early")
    finally:
        gateway.__exit__(None, None, None)


def _port_or_none(gateway: GatewayProcess) -> int | None:
    try:
        return gateway.port()
    except RuntimeError:
        return None


# --- signals --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_order(gateway: GatewayProcess, number: signal.Signals) -> None:
    with gateway:
        client = gateway.connect()
        client.until("Welcome")
        gateway.process.send_signal(number)
        assert gateway.ends()[0] == 0
        assert client.is_ended()
        assert [entry["mode"] for entry in gateway.ledger("quiesce")] == ["shutdown"]


def test_ctrl_c_at_the_terminal_lets_the_world_finish(gateway: GatewayProcess) -> None:
    """A terminal tells the whole group of processes; the world is not among them."""
    with gateway:
        os.killpg(gateway.process.pid, signal.SIGINT)
        assert gateway.ends()[0] == 0
        assert [entry["mode"] for entry in gateway.ledger("quiesce")] == ["shutdown"]


def test_a_second_signal_stops_it_at_once(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path, plan={"1": {"quiesce": "hang", "stop": "hang"}}) as gateway:
        gateway.process.send_signal(signal.SIGTERM)
        eventually(lambda: gateway.ledger("quiesce"))
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.ends()[0] == 0
        assert not any(is_alive(pid) for pid in gateway.world_pids())


def test_sighup_reloads(gateway: GatewayProcess) -> None:
    with gateway:
        gateway.process.send_signal(signal.SIGHUP)
        eventually(lambda: gateway.status()["world"]["generation"] == 2 and gateway.status()["state"] == "serving")


# --- kills ----------------------------------------------------------------------------------------


def test_a_killed_world_is_followed_by_another_on_the_same_connection(gateway: GatewayProcess) -> None:
    with gateway:
        client = gateway.connect()
        client.until("Welcome")
        client.type("hello")
        client.until("1> hello")
        os.kill(gateway.world_pids()[0], signal.SIGKILL)
        client.until("stopped unexpectedly")
        client.type("anybody there?")
        client.until("2> anybody there?")


def test_a_line_that_died_with_the_world_is_told_of(gateway: GatewayProcess) -> None:
    with gateway:
        client = gateway.connect()
        client.until("Welcome")
        client.type("kill |rme")
        client.until("kill |rme")
        client.type("hello")
        client.until("2> hello")


def test_a_killed_gateway_takes_its_world_along(gateway: GatewayProcess) -> None:
    with gateway:
        gateway.process.kill()
        world = gateway.world_pids()[0]
        eventually(lambda: not is_alive(world))
        assert gateway.ledger("orphan")


@pytest.mark.defect("V-19")
def test_the_gateway_answers_during_a_reload(tmp_path: Path) -> None:
    """In each phase it lets people in, greets them, and answers what it can answer itself."""
    plan = {"1": {"quiesce": "until draining"}, "2": {"check": "until checking", "take_over": "until taking over"}}
    with GatewayProcess(tmp_path, plan=plan) as gateway:
        port, web = gateway.port(), gateway.port("web")
        change = threading.Thread(target=gateway.ask, args=(Change("reload"),), kwargs={"seconds": 300})
        change.start()
        newcomers = []
        for phase in ("checking", "draining", "taking over"):
            eventually(lambda phase=phase: gateway.status()["phase"] == phase)
            newcomers.append(gateway.connect(port))
            newcomers[-1].until("Welcome" if phase == "checking" else "starting")
            with urllib.request.urlopen(f"http://127.0.0.1:{web}/healthz", timeout=60) as answer:
                assert answer.status == 200
            (tmp_path / phase).touch()
        change.join()
        for newcomer in newcomers:
            newcomer.until("Welcome")
            newcomer.type("hello")
            newcomer.until("2> hello")


# --- the link -------------------------------------------------------------------------------------


@pytest.mark.defect("V-6")
def test_strangers_on_the_link_are_turned_away(gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    from perdure.server import messages as m
    from perdure.server.wire import encode

    with gateway:
        monkeypatch.chdir(gateway.game)
        for first in (
            encode([m.Hello(m.PROTOCOL, 1, "guessed")]),
            encode([m.Running(0.0)]),
            encode([]),
            b"GET / HTTP/1.1\r\n\r\n" * 10,
            b"\x00\x00\x00\x04\xc1\xc1\xc1\xc1",
        ):
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(60)
                link.connect("server/run/link.sock")
                link.sendall(first)
                with suppress(ConnectionResetError):
                    assert link.recv(100) == b""
        assert gateway.status()["serving"]


def test_bytes_that_are_no_request_end_the_connection(gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    with gateway:
        monkeypatch.chdir(gateway.game)
        for junk in (b"junk" * 100, b"", b"\x00\x00\x00\x01\x90"):
            with socket.socket(socket.AF_UNIX) as control:
                control.settimeout(60)
                control.connect("server/run/control.sock")
                control.sendall(junk)
                control.shutdown(socket.SHUT_WR)
                assert control.recv(100) == b""
        assert gateway.status()["serving"]


# --- logs -----------------------------------------------------------------------------------------


@pytest.mark.defect("V-25")
def test_json_logs_on_the_standard_output(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path, logging=Logging(format="json", to_stdout=True)) as gateway:
        client = gateway.connect()
        client.until("Welcome")
        client.type("print a line of the game's own")
        client.until("1> print")
        gateway.process.send_signal(signal.SIGTERM)
        code, out, _ = gateway.ends()
        assert code == 0
        entries = [json.loads(line) for line in out.splitlines()]
        assert {"time", "level", "process", "pid", "logger", "message"} <= entries[0].keys()
        assert any("a line of the game's own" in entry["message"] for entry in entries)
        assert (tmp_path / "server/logs/gateway.log").read_text().splitlines() == out.splitlines()


# --- code that changes ----------------------------------------------------------------------------


def test_watch_reloads_when_the_code_changes(tmp_path: Path) -> None:
    game = tmp_path / "game"
    (game / "typeclasses").mkdir(parents=True)
    with GatewayProcess(game, "--watch") as gateway:
        log = game / "server/logs/gateway.log"
        eventually(lambda: "watching the code" in log.read_text())
        (game / "notes.txt").write_text("nothing to do with code")
        (game / "server/logs/stray.py").write_text("")
        eventually(lambda: _touched(game / "typeclasses/rooms.py") and len(gateway.world_pids()) > 1)
        eventually(lambda: "reloaded" in log.read_text())
        assert "typeclasses/rooms.py changed" in log.read_text()
        assert "notes.txt" not in log.read_text()
        assert "stray.py" not in log.read_text()
        # Broken code is refused, and the old world goes on.
        (game / "plan.json").write_text('{"default": {"check": "fail"}}')
        (game / "typeclasses/rooms.py").write_text("x = (")
        eventually(lambda: "not reloaded, the old code goes on: typeclasses/rooms.py, line 7" in log.read_text())
        status = gateway.status()
        assert status["state"] == "serving"
        assert status["world"]["generation"] < len(gateway.world_pids())


def _touched(path: Path) -> bool:
    """Written again each time: a watch that has only just begun may miss the first."""
    path.write_text(f"# {os.urandom(4).hex()}\n")
    return True


# --- what manages the service ---------------------------------------------------------------------


def test_the_service_manager_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("notify")
        manager.settimeout(60)
        with GatewayProcess(tmp_path / "game", NOTIFY_SOCKET=os.path.abspath("notify")) as gateway:
            told = ""
            while "READY=1" not in told:
                told += manager.recv(1000).decode() + "\n"
            assert "STATUS=the world is starting" in told
            gateway.process.send_signal(signal.SIGTERM)
            while "STOPPING=1" not in told:
                told += manager.recv(1000).decode() + "\n"
            assert gateway.ends()[0] == 0


@pytest.mark.defect("V-25")
def test_sockets_of_the_service_manager_outlive_the_gateway(tmp_path: Path) -> None:
    """Who connects while no gateway runs waits in the socket, and is served by the next."""
    with socket.create_server(("127.0.0.1", 0)) as telnet, socket.create_server(("127.0.0.1", 0)) as web:
        ports = {"telnet": [telnet.getsockname()[1]], "web": [web.getsockname()[1]]}
        settings = {"telnet_port": ports["telnet"][0], "web_port": ports["web"][0]}
        early = Client(settings["telnet_port"])
        for _ in range(2):
            with GatewayProcess(tmp_path, settings=settings, sockets=[telnet, web]) as gateway:
                assert gateway.status()["gateway"]["ports"] == ports
                early.until("Welcome")
                early.type("hello")
                early.until("> hello")
                with urllib.request.urlopen(f"http://127.0.0.1:{ports['web'][0]}/healthz", timeout=30) as answer:
                    assert answer.status == 200
                gateway.process.send_signal(signal.SIGTERM)
                assert gateway.ends()[0] == 0
                assert early.is_ended()
            early.socket.close()
            early = Client(settings["telnet_port"])
        early.socket.close()


@pytest.mark.defect("V-25")
def test_a_certificate_that_is_renewed_is_used_by_the_running_gateway(tmp_path: Path) -> None:
    cert, key = make_pair(tmp_path, "first.example")
    settings = {"telnet_tls_port": 0, "tls_cert": cert, "tls_key": key, "web_tls": True}
    with GatewayProcess(tmp_path, settings=settings) as gateway:
        telnet, web = gateway.port("telnet-tls"), gateway.port("web")
        first = _certificate(web)
        assert _certificate(telnet) == first
        make_pair(tmp_path, "second.example")
        eventually(lambda: _certificate(web) != first, 60)
        assert _certificate(telnet) == _certificate(web)
        client = gateway.connect()
        client.until("Welcome")


def _certificate(port: int) -> str:
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=30)


@pytest.mark.defect("V-25")
def test_behind_a_load_balancer_players_have_their_own_addresses(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path, settings={"proxy_protocol": True, "upstream_ips": ["127.0.0.0/8"]}) as gateway:
        for header in (b"PROXY TCP4 192.0.2.7 127.0.0.1 5000 4000\r\n", proxy_header_2("2001:db8::7")):
            client = gateway.connect()
            client.socket.sendall(header)
            client.until("Welcome")
        assert [entry["address"] for entry in gateway.ledger("connected")] == ["192.0.2.7", "2001:db8::7"]
        lying = gateway.connect()
        lying.type("look")
        assert lying.is_ended()
        assert len(gateway.ledger("connected")) == 2


# --- what the process is made of ------------------------------------------------------------------

#: None of it is of use to a process that only holds sockets.
HEAVY = {
    *(
        "django",
        "sqlite3",
        "lark",
        "prometheus_client",
        "typer",
        "rich",
        "pygments",
        "prompt_toolkit",
        "httpx",
        "wcwidth",
    ),
    *("perdure.errors", "perdure.conf", "perdure.objects", "perdure.commands", "perdure.web"),
    *("telnetlib3.server", "telnetlib3.client", "telnetlib3.fingerprinting", "uvicorn.main", "uvicorn.supervisors"),
}


def test_the_gateway_loads_no_django_no_game_code_and_little_else(tmp_path: Path) -> None:
    """What the process itself has loaded when a world serves and every kind of client has been served."""
    plan = {"default": {"web": True}}
    with GatewayProcess(tmp_path, plan=plan, PERDURE_TEST_MODULES=str(tmp_path / "modules")) as gateway:
        with _one_of_each_kind(gateway):
            pass
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.ends()[0] == 0
    loaded = set((tmp_path / "modules").read_text().split())
    assert "telnetlib3.stream_writer" in loaded
    assert loaded & HEAVY == set()


@contextmanager
def _one_of_each_kind(gateway: GatewayProcess) -> Iterator[None]:
    """A telnet line, a page of the gateway's and one of the world's, a browser."""
    gateway.connect().until("Welcome")
    web = gateway.port("web")
    for path in ("/healthz", "/page"):
        with urllib.request.urlopen(f"http://127.0.0.1:{web}{path}", timeout=30) as answer:
            assert answer.status == 200
    with connect(f"ws://127.0.0.1:{web}/ws", compression=None, open_timeout=30) as browser:
        browser.send('["text", ["hello"], {}]')
        while "hello" not in str(browser.recv(30)):
            pass
        yield


@pytest.mark.defect("V-27")
def test_with_twenty_clients_it_is_below_forty_megabytes(tmp_path: Path) -> None:
    """Measured with Python 3.11: 34.2 MB with nobody there, 34.7 with 20 telnet clients, 36.1 with a browser too."""
    with GatewayProcess(tmp_path, plan={"default": {"web": True}}) as gateway, _one_of_each_kind(gateway):
        port = gateway.port()
        clients = [gateway.connect(port) for _ in range(18)]
        for number in range(10):
            for client in clients:
                client.type(f"say hello {number}")
            for client in clients:
                client.until(f"say hello {number}")
        assert gateway.status()["gateway"]["sessions"] == 20
        assert gateway.status()["memory"] < 40_000_000
