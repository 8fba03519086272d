"""Looking, going home, describing oneself, and seeing what one may do."""

from __future__ import annotations

import pytest

from perdure import DefaultRoom, create_object


def test_look_shows_the_place_and_things_and_is_marked_so(world):
    anna = world.player("Anna")
    lamp = world.create("brass lamp")
    lamp.db.desc = "It shines."
    seen = anna.send("look")
    assert "A bare room." in seen
    assert "brass lamp" in seen
    assert anna.kinds()[-1] == "look"
    assert "It shines." in anna.send("l lamp")
    assert "It shines." in anna.send("look at lamp")


def test_look_at_nothing_and_from_nowhere(world):
    anna = world.player("Anna")
    assert "unicorn" in anna.send("look unicorn")
    anna.character.location = None
    assert "nowhere" in anna.send("look")


def test_look_respects_the_lock_view(world):
    anna = world.player("Anna")
    box = world.create("box")
    box.db.desc = "secret"
    box.locks.add("view:false()")
    assert "secret" not in anna.send("look box")


def test_home_is_for_builders(world):
    anna = world.player("Anna")
    assert "home" not in anna.send("home").lower() or anna.character.location is world.room
    bob = world.player("Bob", permissions="Builder")
    far = create_object(DefaultRoom, key="Far")
    bob.character.location = far
    bob.send("home")
    assert bob.character.location is world.room
    assert "already" in bob.send("home")
    bob.character.home = None
    assert "no home" in bob.send("home")


def test_setdesc(world):
    anna = world.player("Anna")
    anna.send("setdesc A tall woman, with a hat = of straw.")
    assert anna.character.db.desc == "A tall woman, with a hat = of straw."
    assert "straw" in anna.send("look me")
    assert "Usage" in anna.send("setdesc")


@pytest.mark.defect("V-15")
def test_access_shows_what_counts_at_the_moment(world):
    anna = world.player("Anna", superuser=True)
    assert "superuser" in anna.send("access")
    anna.send("quell")
    shown = anna.send("access")
    assert "superuser:" not in shown
    assert "Player" in shown
    assert "quelled" in shown
    anna.account.permissions.add("Builder")
    anna.character.permissions.add("Builder")
    assert "counts now: Builder" in anna.send("access")
