"""The verbs on a real game: gateway, world, database, a player on a telnet line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import OWNER, PASSWORD, perdure
from tests.server_processes.harness import is_alive
from tests.server_processes.serving import ROOT, RUN, Client, eventually, handing_over

pytestmark = pytest.mark.sqlite

BROKEN = "from perdure import DefaultObject\n\n\nclass Chair(DefaultObject:\n    pass\n"
MENDED = "from perdure import DefaultObject\n\n\nclass Chair(DefaultObject):\n    pass\n"


@pytest.fixture(scope="session")
def real_game_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("real")
    assert perdure("init", "labyrinth", cwd=directory).returncode == 0
    game = directory / "labyrinth"
    with (game / "settings.py").open("a") as settings:
        settings.write("\nTELNET_PORT = 0\nWEB_PORT = 0\n")
    done = perdure("migrate", cwd=game, PERDURE_OWNER=OWNER, PERDURE_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stderr
    return game


@pytest.fixture
def game(real_game_template: Path, tmp_path: Path) -> Iterator[Path]:
    game = Path(shutil.copytree(real_game_template, tmp_path / "labyrinth"))
    yield game
    perdure("stop", "--now", cwd=game)


def status(game: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(perdure("status", "--json", cwd=game).stdout)
    return found


@pytest.mark.defect("V-18")
@pytest.mark.defect("V-20")
@pytest.mark.defect("V-26")
def test_a_day_in_the_life_of_a_game(game: Path) -> None:
    started = perdure("start", cwd=game)
    assert started.returncode == 0, started.stderr
    found = status(game)
    port = found["gateway"]["ports"]["telnet"][0]
    assert f"telnet    localhost {port}" in started.stdout
    assert found["memory"] < 60_000_000
    player = Client(port)
    try:
        player.until("connect")
        player.type(f"connect {OWNER} {PASSWORD}")
        player.until("Limbo")
        # New code that is broken is refused, with file and line, and nobody notices.
        (game / "typeclasses/furniture.py").write_text(BROKEN)
        refused = perdure("reload", cwd=game)
        assert refused.returncode == 1
        assert "furniture.py" in refused.stderr
        assert "line 4" in refused.stderr
        player.type("say the old world goes on")
        player.until("the old world goes on")
        # Mended, it comes in, and the same line goes on.
        (game / "typeclasses/furniture.py").write_text(MENDED)
        reloaded = perdure("reload", cwd=game)
        assert reloaded.returncode == 0, reloaded.stderr
        player.type("say hello from the same line")
        player.until("hello from the same line")
        live = perdure("shell", "--live", "-c", "create_object(Chair, key='chair', location=me.location).key", cwd=game)
        assert live.stdout.strip() == "'chair'", live.stderr
        player.type("look")
        player.until("chair")
        # A world that is killed is followed by another.
        os.kill(status(game)["world"]["pid"], signal.SIGKILL)
        player.until("stopped unexpectedly")
        player.type("say is anybody there?")
        player.until("is anybody there?", 120)
        player.text = ""
        player.type("look")
        player.until("chair")
        stopped = perdure("stop", cwd=game)
        assert stopped.returncode == 0, stopped.stderr
        assert player.is_ended()
    finally:
        player.socket.close()
    assert perdure("status", cwd=game).returncode == 3
    logged = perdure("logs", "-n", "1000", cwd=game).stdout
    assert "furniture.py" in logged


@pytest.mark.defect("V-25")
def test_in_the_foreground_with_json_logs(game: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PERDURE_", "DJANGO_"))}
    running = subprocess.Popen(
        [sys.executable, "-m", "perdure", "run", "--json-logs"],
        cwd=game,
        env={**environment, "PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: status(game).get("serving"), 180)
        # The command line has become the gateway: what systemd started is what it looks after.
        assert status(game)["pid"] == running.pid
        world = status(game)["world"]["pid"]
        assert perdure("shell", "--live", "-c", "1 / 0", cwd=game).returncode == 1
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 0, err
    entries = [json.loads(line) for line in out.splitlines()]
    assert {entry["process"] for entry in entries} == {"gateway", "world"}
    assert any("ZeroDivisionError" in entry.get("traceback", "") for entry in entries if entry["process"] == "world")
    assert not is_alive(world)


@pytest.mark.defect("V-25")
def test_a_service_manager_that_has_opened_the_ports(game: Path) -> None:
    """Nobody else could have them, so `perdure run` must not try; and what is open is what the settings say."""
    with socket.create_server(("127.0.0.1", 0)) as telnet:
        port = telnet.getsockname()[1]
        with (game / "settings.py").open("a") as settings:
            settings.write(f"TELNET_PORT = {port}\n")
        taken = perdure("run", cwd=game)
        assert taken.returncode == 1
        assert "is taken" in taken.stderr
        player = Client(port)  # before anything runs
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PERDURE_", "DJANGO_"))
        }
        running = subprocess.Popen(
            [sys.executable, "-c", RUN],
            cwd=game,
            env={**environment, "PYTHONPATH": str(ROOT / "src"), **handing_over([telnet])},
            pass_fds=[telnet.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            player.until("connect", 120)
            assert status(game)["gateway"]["ports"]["telnet"] == [port]
            running.send_signal(signal.SIGTERM)
            _, err = running.communicate(timeout=120)
        finally:
            running.kill()
            player.socket.close()
        assert running.returncode == 0, err


def test_a_killed_gateway_takes_its_world_along_and_the_game_starts_again(game: Path) -> None:
    assert perdure("start", cwd=game).returncode == 0
    found = status(game)
    os.kill(found["pid"], signal.SIGKILL)
    eventually(lambda: not is_alive(found["world"]["pid"]), 60)
    assert perdure("status", cwd=game).returncode == 3
    again = perdure("start", cwd=game)
    assert again.returncode == 0, again.stderr
    assert status(game)["world"]["generation"] == 2


def test_what_would_end_a_start_is_found_before(game: Path) -> None:
    with (game / "settings.py").open("a") as settings, socket.create_server(("127.0.0.1", 0)) as other:
        settings.write(f"TELNET_PORT = {other.getsockname()[1]}\n")
        settings.flush()
        taken = perdure("start", cwd=game)
        assert taken.returncode == 1
        assert "TELNET_PORT" in taken.stderr
        settings.write("TELNET_PORT = 0\nIDMAPPER_CACHE_MAXSIZE = -1\n")
        settings.flush()
        checked = perdure("run", cwd=game)
        assert checked.returncode == 1
        assert "perdure.E002" in checked.stderr
    assert not (game / "server/run/gateway.pid").exists()


def test_a_game_without_an_owner(game: Path) -> None:
    gone = (
        "from django.db import connection; connection.cursor().execute('UPDATE accounts_accountdb SET is_superuser=0')"
    )
    assert perdure("manage", "shell", "-c", gone, cwd=game).returncode == 0
    done = perdure("start", cwd=game)
    assert done.returncode == 1
    assert "no owner" in done.stderr
    assert "perdure migrate" in done.stderr


def test_a_world_that_cannot_start_says_where(game: Path) -> None:
    (game / "commands/default_cmdsets.py").write_text("class CharacterCmdSet(:\n    pass\n")
    done = perdure("start", cwd=game)
    assert done.returncode == 1
    assert "Start failed" in done.stderr
    assert "default_cmdsets.py" in done.stderr
    assert "line 1" in done.stderr
    assert perdure("status", cwd=game).returncode == 3
