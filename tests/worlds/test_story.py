"""The story of the cave: it ends well, goes on where it was, and notices a world that is not what was left."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from perdure.worlds.cave import story

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.sqlite


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    drop = ("PERDURE_", "DJANGO_", "PYTEST_", "HYPOTHESIS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(drop)}
    environment |= {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "300", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )


def play(game: Path) -> subprocess.CompletedProcess[str]:
    """Make the game if it is missing, and walk through it; what all of it printed."""
    steps = [("-m", "perdure", "migrate"), ("-m", "perdure.worlds.cave.story")]
    printed = ""
    if not game.exists():
        made = python("-m", "perdure", "init", str(game), "--world", "cave", cwd=game.parent)
        assert made.returncode == 0, made.stderr
    for step in steps:
        done = python(*step, cwd=game)
        printed += done.stdout
        if done.returncode:
            break
    done.stdout = printed
    return done


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    game = tmp_path_factory.mktemp("play") / "mygame"
    done = play(game)
    assert done.returncode == 0, done.stdout + done.stderr
    return game, done.stdout


def visits(output: str) -> int:
    found = re.search(r"End of road has been come to (\d+) time", output)
    assert found, output
    return int(found[1])


def test_it_makes_the_game_builds_the_cave_and_compares_in_a_new_process(first_run: tuple[Path, str]) -> None:
    game, output = first_run
    assert (game / "db.sqlite3").exists()
    assert "654 created, 0 updated, 0 unchanged" in output
    processes = re.search(r"a new process \((\d+), after (\d+)\)", output)
    assert processes
    assert processes[1] != processes[2]
    assert output.count("│ same │") == 17
    assert "DIFFERS" not in output
    assert "All of it was there." in output
    assert "ndb.tune: None" in output


def test_again_it_goes_on_in_the_same_world(first_run: tuple[Path, str]) -> None:
    game, before = first_run
    done = play(game)
    assert done.returncode == 0, done.stdout + done.stderr
    assert visits(done.stdout) > visits(before)
    assert "journal: 2 walk(s)" in done.stdout
    assert "created" not in done.stdout


def test_a_world_that_is_not_what_was_left_is_noticed(first_run: tuple[Path, str], tmp_path: Path) -> None:
    game, _ = first_run
    notes = tmp_path / "notes.json"
    notes.write_text(json.dumps({"process": 1, "db.mood": "gloomy"}))
    done = python("-m", "perdure.worlds.cave.story", "--second-half", str(notes), cwd=game)
    assert done.returncode == 1
    assert re.search(r"db\.mood +│ gloomy +│ curious +│ DIFFERS", done.stdout)
    assert "All of it was there" not in done.stdout


def test_the_rooms_of_the_cave_are_of_the_family_of_rooms_at_once(first_run: tuple[Path, str]) -> None:
    game, _ = first_run
    done = python("-m", "perdure", "shell", "-c", "print(DefaultRoom.objects.all_family().count())", cwd=game)
    assert done.stdout == "142\n", done.stderr  # the first room, and the cave's


def test_a_world_that_does_not_exist(first_run: tuple[Path, str]) -> None:
    game, _ = first_run
    code = "import perdure; perdure.setup(settings={'PERDURE_WORLD': 'narnia'})"
    done = python("-c", code, cwd=game)
    assert done.returncode == 1
    assert "PERDURE_WORLD is 'narnia'; it can be 'airports', 'cave' or None" in done.stderr


def test_without_a_game_it_says_what_to_do(tmp_path: Path) -> None:
    done = python("-m", "perdure.worlds.cave.story", cwd=tmp_path)
    assert done.returncode == 1
    assert "perdure init mygame" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_module_of_the_story_imports_without_a_game() -> None:
    assert callable(story.main)
