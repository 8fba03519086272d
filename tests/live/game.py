"""A whole game in real processes: made in a temporary directory, started, played by telnet, stopped.

    with LiveGame(tmp_path / "labyrinth", settings="MULTISESSION_MODE = 2") as game:
        anna = game.telnet("anna")
        anna.expect("connect")
        anna.login(OWNER, PASSWORD, until="Limbo")
        anna.ask("look", "Limbo")
        game.perdure("reload")

The game is a copy of one that was migrated once for the run of the tests. What its processes printed and logged is
shown when the block ends with an error. Nothing here imports Perdure or Django: what is tested is what a user starts.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.live.telnet import TelnetClient

ROOT = Path(__file__).resolve().parents[2]
OWNER, PASSWORD = "Ariadne", "a-clew-of-thread"
START_SECONDS = 60.0
#: Where nothing is given out to connections that anybody opens, so that a port that is free stays free.
PORTS = range(20_000, 32_000)

#: Nobody waits, and no test is told that it tries too often.
SETTINGS = """

# --- the test
TELNET_PORT, WEB_PORT = {telnet}, {web}
"""
FAST = 'PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]\n'
NO_THROTTLES = """\
CREATION_THROTTLE_LIMIT = LOGIN_THROTTLE_LIMIT = 1_000_000
MAX_CONNECTION_RATE = MAX_COMMAND_RATE = 1_000_000
MAX_CONNECTIONS = MAX_CONNECTIONS_PER_ADDRESS = 10_000
"""


class GameFailed(AssertionError):
    """A program of the game failed or was not ready in time; the message says what it printed."""


def environment(**more: str) -> dict[str, str]:
    """A clean environment for programs of a game."""
    drop = ("PERDURE_", "DJANGO_", "PYTEST_", "HYPOTHESIS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
    kept |= {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200", "NO_COLOR": "1", **more}
    # A second start finds its modules compiled, as on anybody's machine.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept


def perdure(*arguments: str, cwd: Path, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own. Raises `GameFailed` unless it may fail."""
    done = subprocess.run(
        [sys.executable, "-m", "perdure", *arguments],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if check and done.returncode:
        raise GameFailed(f"perdure {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def template(cache: Path | None = None, world: str | None = None) -> Path:
    """A game directory with a migrated database, made once for each cache (by default that of the run of the tests).

    Several processes may ask at once; one makes it and the others wait.
    """
    cache = cache or Path(os.environ.get("PERDURE_TEST_DIR") or tempfile.gettempdir()) / "live-games"
    cache.mkdir(parents=True, exist_ok=True)
    name = world or "empty"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = cache / name / "labyrinth"
        if not (cache / name / "complete").exists():
            shutil.rmtree(cache / name, ignore_errors=True)
            made.parent.mkdir()
            perdure("init", "labyrinth", *(["--world", world] if world else []), cwd=made.parent)
            _append(made, FAST)
            perdure("migrate", cwd=made, PERDURE_OWNER=OWNER, PERDURE_PASSWORD=PASSWORD)
            (cache / name / "complete").touch()
    return made


def _append(game: Path, settings: str) -> None:
    with (game / "settings.py").open("a", encoding="utf-8") as file:
        file.write(settings)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on."""
    found: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise GameFailed("no port is free")


def eventually(what: str, found: Callable[[], Any], seconds: float = 20.0, pause: float = 0.02) -> Any:
    """Wait until `found()` is true; its value. Raises `GameFailed` naming `what` was waited for."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > deadline:
            raise GameFailed(f"{what}: not within {seconds:g} seconds")
        time.sleep(pause)
    return value


class LiveGame:
    """A game directory and the processes that serve it.

    Args:
        directory: where to make it; it must not exist.
        settings: text that is added to `settings.py`.
        files: more files of the game, path to text.
        set_up: Python that runs in `perdure shell` before the first start.
        world: a demo world.
        throttles: keep the limits that games have by default.
        fast_passwords: hash passwords with MD5.
        cache: where the template is kept.
        program: arguments of Python that run the game in the foreground.
    """

    def __init__(
        self,
        directory: Path,
        *,
        settings: str = "",
        files: Mapping[str, str] | None = None,
        set_up: str = "",
        world: str | None = None,
        throttles: bool = False,
        fast_passwords: bool = True,
        cache: Path | None = None,
        program: Sequence[str] = ("-m", "perdure", "run"),
    ) -> None:
        self.directory, self.program = directory, program
        self.process: subprocess.Popen[bytes] | None = None
        self.clients: list[TelnetClient] = []
        shutil.copytree(template(cache, world), directory)
        self.telnet_port, self.web_port = free_ports(2)
        text = SETTINGS.format(telnet=self.telnet_port, web=self.web_port)
        text += ("" if throttles else NO_THROTTLES) + (FAST if fast_passwords else "")
        if not fast_passwords:
            text += "from perdure.settings_default import PASSWORD_HASHERS\n"
        _append(directory, text + settings + "\n")
        for path, content in (files or {}).items():
            self.write(path, content)
        if set_up:
            self.shell(set_up)

    # --- files and programs

    def write(self, path: str, text: str) -> Path:
        """Write a file of the game."""
        file = self.directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def perdure(self, *arguments: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the game's directory."""
        return perdure(*arguments, cwd=self.directory, check=check, **variables)

    def shell(self, source: str) -> str:
        """Run Python in `perdure shell`, in a process of its own; what it printed."""
        script = self.directory / "server" / "run-by-a-test.py"
        script.write_text(source, encoding="utf-8")
        try:
            return self.perdure("shell", str(script)).stdout
        finally:
            script.unlink()

    # --- life

    def __enter__(self) -> LiveGame:
        try:
            self.start()
        except BaseException:
            self._end(failed=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._end(failed=kind is not None)

    def _end(self, failed: bool) -> None:
        for client in self.clients:
            client.close()
        if failed:
            print(self.story())
        try:
            self.stop()
        finally:
            self.kill()

    @property
    def output(self) -> Path:
        """What `perdure run` printed."""
        return self.directory / "server" / "output-of-run.txt"

    def start(self, *arguments: str, wait: bool = True) -> None:
        """Run it, until the world serves."""
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, *self.program, *arguments],
                cwd=self.directory,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Until `/readyz` says so. Raises `GameFailed` when it does not in time, or the game has ended."""

        def ready() -> bool:
            if self.process is not None and self.process.poll() is not None:
                raise GameFailed(f"perdure run has ended with {self.process.returncode}")
            return self.get("/readyz")[0] == 200

        eventually("/readyz says that the world serves", ready, seconds)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page; status 0 where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def stop(self) -> int | None:
        """End it as Ctrl-C does; the exit code, None when it did not run."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.gateway_pid() or self.process.pid, signal.SIGINT)
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            raise GameFailed("the game does not stop") from None
        self.process = None
        return code

    def kill(self) -> None:
        """Kill whatever runs in the game's directory; nothing else can be meant."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self.process is not None:
            self.process.wait()
            self.process = None

    # --- its processes

    def gateway_pid(self) -> int | None:
        """The process that holds the sockets; None when there is none."""
        return next((each.pid for each in self.processes() if _runs(each, "perdure.server.gateway")), None)

    def world_pids(self) -> list[int]:
        """The processes that run game code, oldest first; two while one takes over from the other."""
        worlds = [each for each in self.processes() if _runs(each, "perdure.server.world")]
        return [each.pid for each in sorted(worlds, key=lambda process: process.create_time())]

    def processes(self) -> list[psutil.Process]:
        """All processes in the game's directory."""
        found = []
        home = str(self.directory.resolve())
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and process.cwd() == home and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    # --- who plays

    @property
    def address(self) -> tuple[str, int]:
        """Where telnet is."""
        return ("127.0.0.1", self.telnet_port)

    @property
    def url(self) -> str:
        """Where the web pages are."""
        return f"http://127.0.0.1:{self.web_port}"

    def telnet(self, name: str = "client", timeout: float = 20.0) -> TelnetClient:
        """A new connection."""
        client = TelnetClient(self.address, name, timeout)
        self.clients.append(client)
        return client

    # --- when something went wrong

    def story(self, lines: int = 80) -> str:
        """What the processes printed and logged, and what the clients saw, the last of it."""
        parts = []
        printed = self.output.exists() and self.output.stat().st_size
        # `perdure run` prints what is logged too.
        logs = [self.output] if printed else sorted((self.directory / "server" / "logs").glob("*"))
        for path in logs:
            if path.is_file():
                last = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
                parts.append("\n".join([f"--- {path.relative_to(self.directory)}", *last]))
        parts += [f"--- {client.name} saw\n{client.transcript[-3000:]}" for client in self.clients]
        return "\n".join(parts)


def _runs(process: psutil.Process, module: str) -> bool:
    try:
        return module in process.cmdline()
    except psutil.Error:
        return False
