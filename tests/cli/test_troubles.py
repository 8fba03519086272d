"""What a person sees when the machine, the settings or another process is in the way: what, where, why, what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db.utils import OperationalError

from perdure.cli import troubles
from perdure.cli.gateway_client import note_if_running
from perdure.errors import ConfigurationError, NoAccess
from perdure.server.gateway.run_directory import PID_FILE, RunDirectory
from tests.cli.conftest import Run

pytestmark = pytest.mark.sqlite


@contextmanager
def running(game: Path) -> Iterator[None]:
    """As if the game ran: its lock is held."""
    before = Path.cwd()
    os.chdir(game)
    try:
        directory = RunDirectory.claim()
        yield
        directory.release()
    finally:
        os.chdir(before)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("SYNTAX ERR(", "SyntaxError"),
        ("NAME = no_such_name", "NameError: name 'no_such_name' is not defined"),
        ("import no_such_module", "No module named 'no_such_module'"),
    ],
)
@pytest.mark.parametrize("command", [["start"], ["shell", "-c", "1"], ["migrate"]], ids=" ".join)
def test_settings_that_raise_are_named_with_file_and_line(
    run: Run, game: Path, line: str, told: str, command: list[str]
) -> None:
    settings = game / "settings.py"
    number = len(settings.read_text().splitlines()) + 1
    settings.write_text(settings.read_text() + line + "\n")
    done = run(*command, cwd=game)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"settings.py, line {number}" in done.stderr
    assert told in done.stderr


def test_a_database_that_is_not_there(run: Run, game: Path) -> None:
    settings = game / "settings.py"
    engine = '{"ENGINE": "django.db.backends.postgresql", "NAME": "x", "HOST": "/no/such/place"}'
    settings.write_text(settings.read_text() + f'DATABASES = {{"default": {engine}}}\n')
    done = run("migrate", cwd=game)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "DATABASES in settings.py" in done.stderr


def test_a_database_that_another_process_holds(run: Run, game: Path) -> None:
    settings = game / "settings.py"
    settings.write_text(settings.read_text() + 'DATABASES["default"]["OPTIONS"]["timeout"] = 0.1\n')
    with sqlite3.connect(game / "db.sqlite3") as holder:
        holder.execute("BEGIN IMMEDIATE")
        done = run("typeclass", "rename", "typeclasses.rooms.Room", "typeclasses.objects.Object", cwd=game)
        holder.rollback()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "another process" in done.stderr


def test_a_read_only_disk_and_files_of_another_user_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gateway.json"
    file.touch()
    read_only = troubles.in_words(OSError(errno.EROFS, "Read-only file system", str(file)))
    assert isinstance(read_only, NoAccess)
    assert "read-only" in str(read_only)
    assert str(file) in str(read_only)
    owner = troubles._name(file.stat().st_uid)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    refused = troubles.in_words(PermissionError(errno.EACCES, "Permission denied", str(file)))
    assert isinstance(refused, NoAccess)
    assert f"it belongs to {owner}. Run this as {owner}" in str(refused)
    assert "number 4000000" in str(refused)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("database is locked", "another process"),
        ("attempt to write a readonly database", "must be writable by the user"),
        ("unable to open database file", "must be writable by the user"),
        ("database or disk is full", "Make room on its disk"),
        ("disk I/O error", "Make room on its disk"),
        ("connection refused", "DATABASES in settings.py"),
    ],
)
def test_what_a_database_says_and_what_to_do(said: str, advice: str) -> None:
    told = str(troubles.in_words(OperationalError(said)))
    assert said in told
    assert advice in told


def test_what_is_a_bug_stays_one() -> None:
    assert troubles.in_words(ValueError("x")) is None
    assert troubles.in_words(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
    assert isinstance(troubles.in_words(OperationalError("database is locked")), ConfigurationError)


def test_a_game_that_another_user_runs_is_not_called_stopped(game: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from perdure.server.gateway import run_directory

    def refused(path: Path, *args: int) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(run_directory.os, "open", refused)
    with pytest.raises(PermissionError):
        run_directory.running_pid(game)
    note_if_running(game)


def test_a_game_is_not_begun_by_who_may_not_write_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "db.sqlite3"
    database.touch()
    monkeypatch.setitem(settings.DATABASES, "default", {"ENGINE": "django.db.backends.sqlite3", "NAME": database})
    troubles.require_writable(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != database)
    with pytest.raises(NoAccess, match=r"db\.sqlite3 cannot be written"):
        troubles.require_writable(tmp_path)


def test_who_changes_things_beside_a_running_world_is_told(run: Run, game: Path) -> None:
    assert "is running" not in run("shell", "-c", "1", cwd=game).stderr
    with running(game):
        for command in (["shell", "-c", "1"], ["typeclass", "upgrade"]):
            done = run(*command, cwd=game)
            assert done.returncode == 0
            assert "perdure shell --live" in done.stderr
    assert (game / PID_FILE).exists()
    assert "is running" not in run("typeclass", "upgrade", cwd=game).stderr


def test_no_lines_of_the_logs_that_there_are(run: Run, game: Path) -> None:
    logs = game / "server" / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    assert "There are no logs" in run("logs", cwd=game).stdout
    (logs / "world.log").write_text("2026-01-01 00:00:00.000 INFO    world   perdure.server: here\n")
    assert run("logs", "-n", "0", cwd=game).stdout == ""
    assert "here" in run("logs", cwd=game).stdout


def test_a_password_that_is_made_up_can_be_copied(run: Run, bare_game: Path) -> None:
    done = run("migrate", cwd=bare_game)
    password = done.stdout.partition("Password: ")[2].split()[0]
    assert len(password) >= 16
    assert password.isalnum()
