"""`perdure init` lays out a game that can be read, and refuses what it cannot do."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from perdure.cli.init import WORLDS, lay_out
from perdure.errors import InvalidArgument

pytestmark = pytest.mark.sqlite

LAID_OUT = [
    ".gitignore",
    "README.md",
    "commands/default_cmdsets.py",
    "secret_settings.py",
    "server/conf/at_initial_setup.py",
    "server/conf/lockfuncs.py",
    "settings.py",
    "tests/test_world.py",
    "typeclasses/accounts.py",
    "typeclasses/channels.py",
    "typeclasses/characters.py",
    "typeclasses/exits.py",
    "typeclasses/objects.py",
    "typeclasses/rooms.py",
    "typeclasses/scripts.py",
    "web/urls.py",
    "world/__init__.py",
]


@pytest.mark.parametrize("name", LAID_OUT)
def test_the_layout(bare_game: Path, name: str) -> None:
    assert (bare_game / name).stat().st_size > 0


def test_nothing_of_the_template_is_left_over(bare_game: Path) -> None:
    names = {path.name for path in bare_game.rglob("*")}
    assert not names & {"gitignore", "readme.md", "__pycache__"}
    texts = [path.read_text() for path in bare_game.rglob("*") if path.is_file()]
    assert not [text for text in texts if "GAME_NAME" in text or "GAME_WORLD" in text]


def test_every_module_of_the_layout_explains_itself(bare_game: Path) -> None:
    silent = [path.name for path in bare_game.rglob("*.py") if not path.read_text().startswith('"""')]
    assert silent == []


@pytest.mark.parametrize("world", WORLDS)
def test_the_name_and_the_world_reach_the_settings(world: str, tmp_path: Path) -> None:
    game = lay_out(tmp_path / "cavern", world=world)
    text = (game / "settings.py").read_text()
    assert 'SERVERNAME = "cavern"' in text
    assert f'PERDURE_WORLD = "{world}"' in text


def test_secrets_differ_are_private_and_are_ignored_by_git(tmp_path: Path) -> None:
    games = [lay_out(tmp_path / name) for name in ("one", "two")]
    secrets = [(game / "secret_settings.py").read_text() for game in games]
    keys = [re.search(r'SECRET_KEY = "(.{50,})"', text) for text in secrets]
    assert all(keys)
    assert secrets[0] != secrets[1]
    assert stat.S_IMODE((games[0] / "secret_settings.py").stat().st_mode) == 0o600
    assert "secret_settings.py" in (games[0] / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("name", ["bad name", "9lives", "-x", "ä", "a" * 65])
def test_a_name_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot name a game"):
        lay_out(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary").write_text("dear")
    with pytest.raises(InvalidArgument, match="exists already"):
        lay_out(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["diary"]


def test_an_unknown_world_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="cave"):
        lay_out(tmp_path / "game", world="narnia")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgument, match="cannot be made"):
        lay_out(tmp_path / "file" / "game")
