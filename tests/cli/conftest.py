"""Games to run the command line in: each test gets a copy of one that was made once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from perdure.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
OWNER, PASSWORD = "Ariadne", "a-clew-of-thread"

Run = Callable[..., subprocess.CompletedProcess[str]]
RunInProcess = Callable[[list[str]], tuple[int, str]]


def perdure(*arguments: str, cwd: Path, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with a clean environment."""
    drop = ("PERDURE_", "DJANGO_", "PYTEST_", "HYPOTHESIS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "300", "NO_COLOR": "1", **variables}
    return subprocess.run(
        [sys.executable, "-m", "perdure", *arguments],
        cwd=cwd,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=180,
    )


@pytest.fixture
def run() -> Run:
    """The `perdure` command: `run("migrate", cwd=game)`."""
    return perdure


@pytest.fixture
def run_in_process() -> RunInProcess:
    """The command in this process, for what needs no game: exit code and output."""

    def run(arguments: list[str]) -> tuple[int, str]:
        result = CliRunner().invoke(app, arguments, prog_name="perdure")
        return result.exit_code, result.output

    return run


@pytest.fixture(scope="session")
def bare_game_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("games")
    done = perdure("init", "labyrinth", cwd=directory)
    assert done.returncode == 0, done.stderr
    return directory / "labyrinth"


@pytest.fixture(scope="session")
def game_template(bare_game_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    game = tmp_path_factory.mktemp("migrated") / "labyrinth"
    shutil.copytree(bare_game_template, game)
    done = perdure("migrate", cwd=game, PERDURE_OWNER=OWNER, PERDURE_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    return game


@pytest.fixture
def bare_game(bare_game_template: Path, tmp_path: Path) -> Path:
    """A game directory as `perdure init` leaves it, without a database."""
    return Path(shutil.copytree(bare_game_template, tmp_path / "labyrinth"))


@pytest.fixture
def game(game_template: Path, tmp_path: Path) -> Path:
    """A game that has been migrated; Ariadne owns it."""
    return Path(shutil.copytree(game_template, tmp_path / "labyrinth"))
