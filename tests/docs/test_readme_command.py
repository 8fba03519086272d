"""README's command does what README says, with its lamp, in a game."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Player, blocks

pytestmark = pytest.mark.sqlite

TEST = """
from perdure import CmdSet

from commands.wishing import CmdWish
from typeclasses.lamps import Lamp


class Wishes(CmdSet):
    def at_cmdset_creation(self):
        self.add(CmdWish)


def begin(world):
    anna, bert = world.player("Anna"), world.player("Bert")
    anna.character.cmdset.add(Wishes)
    lamp = world.create("brass lamp", Lamp)
    bert.heard()
    return anna, bert, lamp


def test_a_wish(world):
    anna, bert, lamp = begin(world)
    assert "Rub the brass lamp?" in anna.send("wish for wealth")
    anna.send("yes")
    assert lamp.oil == 100
    assert "You say" in bert.send("say everybody else plays on")
    world.advance(3)
    assert lamp.oil == 99
    assert "You rub brass lamp." in anna.text()
    assert "Anna rubs brass lamp." in bert.text()


def test_no_wish(world):
    anna, _, lamp = begin(world)
    anna.send("wish for wealth", "no")
    world.advance(3)
    assert lamp.oil == 100


def test_no_lamp(world):
    anna, _, lamp = begin(world)
    lamp.delete()
    assert "Rub" not in anna.send("wish for wealth")


def test_a_step_that_raises_is_undone(world, monkeypatch):
    anna, bert, lamp = begin(world)

    def burn(self, turns=1):
        self.oil -= turns
        raise ValueError("it broke")

    monkeypatch.setattr(Lamp, "burn", burn)
    told = anna.send("wish for wealth", "yes")
    world.advance(3)
    assert lamp.oil == 100
    assert "error" in anna.text()
    assert "rubs" not in bert.text()
"""


def test_the_command_of_the_readme(game_template: Path, tmp_path: Path) -> None:
    game = tmp_path / "mygame"
    shutil.copytree(game_template, game)
    player = Player(game)
    for block in blocks(ROOT / "README.md"):
        if block.language == "python" and block.title:
            player.save(block)
    (game / "tests/test_wishing.py").write_text(TEST)
    done = player.run([sys.executable, "-m", "pytest", "-q", "tests/test_wishing.py"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
