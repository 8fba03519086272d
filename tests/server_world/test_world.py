"""A world, through the pipeline that a game has."""

from __future__ import annotations

from typing import Any

import pytest

from perdure.testing import TestWorld

pytestmark = pytest.mark.django_db(transaction=True)


def test_somebody_connects_and_sees_the_login_screen(world: TestWorld) -> None:
    player = world.connect()
    assert "connect" in player.text()


def test_somebody_looks(world: TestWorld) -> None:
    anna = world.player("Anna")
    world.create("brass lamp")
    text = anna.send("look")
    assert "Room" in text
    assert "brass lamp" in text
    assert "look" in anna.kinds()


def test_what_is_taken_is_stored(world: TestWorld) -> None:
    anna = world.player("Anna")
    lamp: Any = world.create("lamp")
    anna.send("get lamp")
    assert lamp.location is anna.character


def test_two_hear_each_other(world: TestWorld) -> None:
    anna, bert = world.player("Anna"), world.player("Bert")
    anna.send("say hello there")
    assert "hello there" in bert.text()
