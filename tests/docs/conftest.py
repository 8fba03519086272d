"""A game that the examples of pages are run in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import Block, Player


@pytest.fixture(scope="session")
def game_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new game with a database; to be copied."""
    player = Player(tmp_path_factory.mktemp("docs"))
    player.console(Block("console", "", "$ perdure init mygame\n$ cd mygame\n$ perdure migrate --quiet\n", "template"))
    return player.directory
