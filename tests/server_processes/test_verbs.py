"""The verbs of the command line on a running game, whose world is a fake: what they say, and how they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from django.test import override_settings

from perdure.cli import start_stop
from perdure.cli.gateway_client import ask, require_running, wait_for_end
from perdure.cli.preflight import check_ports, prepared_game
from perdure.cli.run import gateway_command, places
from perdure.errors import AlreadyRunning, ConfigurationError, NotAnswering, NotRunning, ReloadRefused, StartFailed
from perdure.server.control_messages import Status
from perdure.server.gateway.settings import GatewaySettings
from tests.cli.conftest import perdure
from tests.server_processes.harness import is_alive
from tests.server_processes.serving import ROOT, GatewayProcess, eventually

pytestmark = pytest.mark.sqlite


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is taken for a game; nothing here sets Django up in it."""
    directory = tmp_path / "labyrinth"
    (directory / "typeclasses").mkdir(parents=True)
    (directory / "typeclasses/__init__.py").touch()
    (directory / "settings.py").write_text("from perdure.settings_default import *\n")
    monkeypatch.chdir(directory)
    return directory


@pytest.fixture
def gateway(game: Path) -> Iterator[GatewayProcess]:
    with GatewayProcess(game) as gateway:
        yield gateway


# --- when it does not run -------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["stop", "reload", "reset", "shell --live -c 1"])
def test_what_needs_a_running_game_says_so(verb: str, game: Path) -> None:
    done = perdure(*verb.split(), cwd=game)
    assert done.returncode == 1
    assert "labyrinth is not running" in done.stderr
    assert "perdure start" in done.stderr
    with pytest.raises(NotRunning, match="perdure start"):
        require_running(game)


def test_the_status_of_a_game_that_does_not_run(game: Path) -> None:
    done = perdure("status", cwd=game)
    assert (done.returncode, done.stdout) == (3, "labyrinth is not running.\n")
    done = perdure("status", "--json", cwd=game)
    assert done.returncode == 3
    assert json.loads(done.stdout) == {"running": False, "game": "labyrinth", "state": "stopped"}


def test_logs_of_a_game_that_never_ran(game: Path) -> None:
    done = perdure("logs", cwd=game)
    assert done.returncode == 0
    assert "no logs" in done.stdout


# --- status ---------------------------------------------------------------------------------------


def test_the_status_of_a_game_that_runs(gateway: GatewayProcess) -> None:
    (gateway.game / "typeclasses/deeper").mkdir()
    done = perdure("status", cwd=gateway.game / "typeclasses/deeper")
    assert done.returncode == 0
    for expected in ("serving", f"pid {gateway.process.pid}", "MB", str(gateway.port())):
        assert expected in done.stdout
    found = json.loads(perdure("status", "--json", cwd=gateway.game).stdout)
    assert found["running"] is True
    assert found["state"] == "serving"
    assert found["world"]["pid"] == gateway.world_pids()[0]
    assert found["gateway"]["ports"]["web"] == [gateway.port("web")]


def test_a_gateway_that_does_not_answer(gateway: GatewayProcess) -> None:
    gateway.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(NotAnswering, match=f"pid {gateway.process.pid}"):
            ask(gateway.game, Status(), seconds=0.3)
    finally:
        gateway.process.send_signal(signal.SIGCONT)


# --- reload and reset -----------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["reload", "reset"])
def test_a_new_world(verb: str, gateway: GatewayProcess) -> None:
    done = perdure(verb, cwd=gateway.game)
    assert done.returncode == 0, done.stderr
    assert f"{verb.capitalize()} done" in done.stdout
    assert gateway.status()["world"]["generation"] == 2
    assert [entry["mode"] for entry in gateway.ledger("quiesce")] == [verb]


def test_a_reload_that_is_refused_shows_where(gateway: GatewayProcess) -> None:
    (gateway.game / "plan.json").write_text('{"default": {"check": "fail"}}')
    done = perdure("reload", cwd=gateway.game)
    assert done.returncode == 1
    assert "Reload refused" in done.stderr
    assert "typeclasses/rooms.py, line 7: SyntaxError" in done.stderr
    assert "Traceback" in done.stderr
    with pytest.raises(ReloadRefused, match=r"rooms\.py, line 7"):
        start_stop.reset()


# --- stop -----------------------------------------------------------------------------------------


def test_stop(gateway: GatewayProcess) -> None:
    done = perdure("stop", cwd=gateway.game)
    assert (done.returncode, done.stdout) == (0, "labyrinth has been stopped.\n")
    assert gateway.ends()[0] == 0
    assert perdure("status", cwd=gateway.game).returncode == 3


def test_stop_now_ends_a_gateway_that_does_not_answer(gateway: GatewayProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_stop, "NOW_SECONDS", 0.5)
    gateway.process.send_signal(signal.SIGSTOP)
    stopping = threading.Thread(target=gateway.process.wait)  # so that no zombie keeps the process
    stopping.start()
    start_stop.stop(now=True)
    stopping.join()
    assert gateway.process.returncode == -signal.SIGKILL
    eventually(lambda: not is_alive(gateway.world_pids()[0]))
    assert wait_for_end(gateway.game, 0)


# --- start ----------------------------------------------------------------------------------------


def test_a_game_that_runs_is_not_started_again(gateway: GatewayProcess) -> None:
    with pytest.raises(AlreadyRunning, match=f"pid {gateway.process.pid}"):
        prepared_game()
    for verb in ("start", "run"):
        done = perdure(verb, cwd=gateway.game)
        assert done.returncode == 1
        assert "Already running" in done.stderr
        assert "perdure reload" in done.stderr


def test_a_start_that_fails_says_why(game: Path) -> None:
    (game / "server/run").mkdir(parents=True)
    (game / "server/run/gateway.json").write_text('{"telnet_port": "four thousand"}')
    with pytest.raises(StartFailed, match="telnet_port"):
        start_stop._start(game)


def test_the_gateway_does_not_take_the_modules_of_a_game_for_those_of_python(game: Path) -> None:
    (game / "json.py").write_text("raise RuntimeError('the wrong json')\n")
    (game / "server/run").mkdir(parents=True)
    (game / "server/run/gateway.json").write_text('{"telnet_port": "x"}')
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(gateway_command(game), cwd=game, env=environment, capture_output=True, text=True)
    assert "telnet_port" in done.stderr
    assert "the wrong json" not in done.stderr


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_found_before_the_start(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        other = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {address}")
    with other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} on {address} is taken.*TELNET_PORT"):
            check_ports(GatewaySettings(interfaces=[address], telnet_port=port, web_port=0))
    check_ports(GatewaySettings(interfaces=[address], telnet_port=port, web_port=None))


def test_ports_that_a_service_manager_has_opened_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_server(("127.0.0.1", 0)) as taken:
        found = GatewaySettings(
            interfaces=["127.0.0.1"], telnet_port=other.getsockname()[1], web_port=taken.getsockname()[1]
        )
        monkeypatch.setattr("perdure.cli.preflight.ports_handed_over", lambda ports: {"telnet", "web"})
        check_ports(found)
        with override_settings(LOCKDOWN_MODE=True), pytest.raises(ConfigurationError, match="socket units"):
            check_ports(found)
        monkeypatch.setattr("perdure.cli.preflight.ports_handed_over", lambda ports: {"telnet"})
        with pytest.raises(ConfigurationError, match="WEB_PORT"):
            check_ports(found)


def test_an_address_that_is_not_of_this_machine() -> None:
    with pytest.raises(ConfigurationError, match=r"no address 192\.0\.2\.1.*INTERFACES"):
        check_ports(GatewaySettings(interfaces=["192.0.2.1"], telnet_port=4000, web_port=None))


def test_where_players_connect() -> None:
    assert places(GatewaySettings(interfaces=["0.0.0.0"], telnet_port=4000, web_port=4001)) == [
        "telnet    localhost 4000",
        "browser   http://localhost:4001/",
    ]
    assert places(GatewaySettings(interfaces=["10.0.0.5"], telnet_port=None, web_port=443, web_tls=True)) == [
        "browser   https://10.0.0.5:443/"
    ]
    assert places(GatewaySettings(interfaces=["::1"], telnet_port=0), {"telnet": [3333], "web": [3334]}) == [
        "telnet    localhost 3333",
        "browser   http://localhost:3334/",
    ]


# --- the live shell -------------------------------------------------------------------------------


@pytest.mark.defect("V-26")
def test_code_from_the_command_line_a_file_and_the_standard_input(gateway: GatewayProcess) -> None:
    (gateway.game / "errands.py").write_text("from_a_file()")
    for arguments, stdin in ((["-c", "given()"], ""), (["errands.py"], ""), ([], "piped()")):
        done = perdure("shell", "--live", *arguments, cwd=gateway.game, stdin=stdin)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("ran '")
    assert "piped()" in done.stdout
    failed = perdure("shell", "--live", "-c", "raise ValueError", cwd=gateway.game)
    assert failed.returncode == 1
    assert "raise ValueError" in failed.stderr
    assert failed.stdout == ""


def test_the_live_shell_asks_for_lines(gateway: GatewayProcess) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "dumb"}
    shell = pexpect.spawn(
        sys.executable, ["-m", "perdure", "shell", "--live"], cwd=str(gateway.game), env=environment, timeout=120
    )
    try:
        shell.expect("running world of labyrinth")
        shell.expect(">>> ")
        shell.sendline("for n in range(3):")
        shell.expect(r"\.\.\. ")
        shell.sendline("    print(n)")
        shell.expect(r"\.\.\. ")
        shell.sendline("")
        shell.expect(r"ran 'for n in range\(3\)")
        shell.sendline("x = = 1")
        shell.expect("SyntaxError")
        shell.sendline("raise ValueError")
        shell.expect("ran 'raise ValueError'")
        shell.expect(">>> ")
        shell.sendeof()
        shell.expect(pexpect.EOF)
    finally:
        shell.close()
    assert shell.exitstatus == 0


# --- logs -----------------------------------------------------------------------------------------

GATEWAY_LOG = """\
2031-05-01 12:00:00.100 INFO    gateway perdure: one
2031-05-01 12:00:00.300 ERROR   gateway perdure: three
    Traceback
    of three
2031-05-01 12:00:00.500 INFO    gateway perdure: five
"""
WORLD_LOG = """\
2031-05-01 12:00:00.200 INFO    world   perdure: two
2031-05-01 12:00:00.400 INFO    world   perdure: four
"""


def test_logs_of_both_processes_in_the_order_of_time(game: Path) -> None:
    logs = game / "server/logs"
    logs.mkdir(parents=True)
    (logs / "gateway.log").write_text(GATEWAY_LOG)
    (logs / "world.log").write_text(WORLD_LOG)
    done = perdure("logs", cwd=game)
    assert [line.rpartition(" ")[2] for line in done.stdout.splitlines()] == [
        "one", "two", "three", "Traceback", "three", "four", "five",
    ]  # fmt: skip
    assert perdure("logs", "-n", "2", cwd=game).stdout.splitlines()[0].endswith("four")


def test_logs_are_followed_over_a_rotation(game: Path) -> None:
    log = game / "server/logs/world.log"
    log.parent.mkdir(parents=True)
    log.write_text(WORLD_LOG)
    following = pexpect.spawn(
        sys.executable,
        ["-m", "perdure", "logs", "-f", "-n", "1"],
        cwd=str(game),
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        timeout=120,
    )
    try:
        following.expect("four")
        with log.open("a") as file:
            file.write("2031-05-01 12:00:01.000 INFO    world   perdure: added\n")
        following.expect("added")
        log.rename(log.with_suffix(".log.1"))
        log.write_text("2031-05-01 12:00:02.000 INFO    world   perdure: anew\n")
        following.expect("anew")
    finally:
        following.close(force=True)
