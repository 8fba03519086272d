"""Characters of an account: seeing, playing, leaving, making, deleting."""

from __future__ import annotations

import pytest


def test_ooc_and_ic(world):
    anna = world.player("Anna")
    hero = anna.character
    assert "out of character" in anna.send("ooc")
    assert anna.character is None
    assert "nobody" in anna.send("ooc")
    assert "Unknown" not in anna.send("look")
    assert anna.kinds()[-1] == "look"
    anna.send("ic")
    assert anna.character is hero
    assert "already" in anna.send("ic")


def test_the_screen_lists_the_characters_where_there_may_be_several(world, settings):
    settings.MAX_NR_CHARACTERS = 3
    anna = world.player("Anna")
    anna.send("charcreate Second = A pale knight.", "ooc")
    shown = anna.send("look")
    assert "Anna" in shown
    assert "Second" in shown
    anna.send("ic sec")
    assert anna.character.key == "Second"
    assert anna.character.db.desc == "A pale knight."
    anna.send("ooc", "ic")
    assert anna.character.key == "Second"


def test_ic_finds_only_ones_own_unless_a_builder(world):
    anna, bert = world.player("Anna"), world.player("Bert", permissions="Builder")
    ghost = world.create("ghost", typeclass="perdure.objects.objects.DefaultCharacter")
    assert "no such character" in anna.send("ic ghost")
    assert "no such character" in bert.send("ic ghost")
    ghost.locks.add("puppet:all()")
    assert "no such character" in anna.send("ic ghost")
    bert.send("ic ghost")
    assert bert.character is ghost
    assert bert.account.db._last_puppet is ghost


def test_ic_asks_which(world):
    bert = world.player("Bert", permissions="Builder")
    for _ in range(2):
        world.create("ghost", locks="puppet:all()")
    assert "Which" in bert.send("ic ghost")


@pytest.mark.parametrize("line", ["charcreate", "charcreate Anna"])
def test_charcreate_refuses_in_words(world, settings, line):
    settings.MAX_NR_CHARACTERS = 5
    told = world.player("Anna").send(line)
    assert "[" not in told.replace("[=", "").replace(" [", "")
    assert "Usage" in told or "exists" in told


def test_charcreate_up_to_the_limit(world, settings):
    anna = world.player("Anna")
    assert "only 1" in anna.send("charcreate Second")
    settings.MAX_NR_CHARACTERS = 2
    assert "made" in anna.send("charcreate Second")


@pytest.mark.defect("V-36")
def test_chardelete_asks_and_only_a_plain_yes_counts(world, settings):
    settings.MAX_NR_CHARACTERS = 3
    anna = world.player("Anna")
    anna.send("charcreate Second")
    second = anna.account.characters.all()[1]
    for answer in ("no", ""):
        assert "stays" in anna.send("chardelete second", answer)
    anna.send("chardelete second", "service", "what", "hm")
    assert second in anna.account.characters.all()
    assert "gone" in anna.send("chardelete second", "yes")
    assert [one.key for one in anna.account.characters.all()] == ["Anna"]
    assert "no such" in anna.send("chardelete second")
    anna.character.locks.add("delete:false()")
    assert "may not" in anna.send("chardelete anna")


@pytest.mark.defect("V-36")
def test_chardelete_asks_for_access_again_after_the_answer(world, settings):
    settings.MAX_NR_CHARACTERS = 3
    anna = world.player("Anna")
    anna.send("charcreate Second", "charcreate Third")
    second, third = anna.account.characters.all()[1:]
    anna.send("chardelete second")
    second.locks.add("delete:false()")
    assert "may not" in anna.send("yes")
    anna.send("chardelete third")
    anna.account.characters.remove(third)  # it is somebody else's now
    assert "gone already" in anna.send("yes")
    assert not second._is_deleted
    assert not third._is_deleted
