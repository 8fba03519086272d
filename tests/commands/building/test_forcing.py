"""`force`: who may be made to do what."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture
def stage(world):
    """A builder, a player, and a parrot that knows the commands of characters."""
    builder = world.player("bert", permissions="Builder")
    anna = world.player("anna")
    parrot = world.create("parrot")
    parrot.locks.add("call:false()")  # its commands are its own
    parrot.cmdset.add("perdure.commands.default.cmdsets.CharacterCmdSet", persistent=True)
    for one in (parrot, anna.character):
        one.locks.add("edit:all()")
    return builder, anna, parrot


def test_a_thing_does_as_it_is_told(world, stage):
    builder, anna, _ = stage
    told = builder.send("force parrot = say Who goes there?")
    assert "parrot" in told
    assert "Who goes there?" in told
    assert 'parrot says, "Who goes there?"' in anna.heard()


def test_a_player_does_it_and_sees_what_comes_of_it(world, stage):
    builder, anna, _ = stage
    world.create("lamp")
    builder.send("force anna = get lamp")
    assert "You pick up" in anna.heard()
    assert [thing.key for thing in anna.character.contents] == ["lamp"]


def test_it_has_the_powers_of_who_is_forced_and_not_of_who_forces(world, stage):
    builder, anna, _ = stage
    builder.send("force anna = create sword")
    assert "no command" in anna.heard()
    assert anna.character.contents == []


@pytest.mark.defect("V-10")
def test_it_takes_edit_access(world, stage):
    builder, anna, parrot = stage
    for one in (parrot, anna.character):
        one.locks.add("edit:perm(Admin);control:perm(Admin)")
    assert "may not force" in builder.send("force parrot = say hello")
    assert "may not force" in builder.send("force anna = say hello")
    assert "hello" not in anna.heard()


@pytest.mark.parametrize("rank", ["Builder", "Admin", "Developer"])
def test_nobody_of_the_same_rank_or_above(world, stage, rank):
    builder = stage[0]
    carl = world.player("carl", permissions=rank)
    carl.character.locks.add("edit:all()")
    assert "does not rank below" in builder.send("force carl = say I obey")
    carl.send("quell")
    carl.heard()
    assert "does not rank below" in builder.send("force carl = say I obey")
    assert "obey" not in carl.heard()


def test_a_superuser_is_never_forced(world, stage):
    olga = world.player("olga", superuser=True)
    olga.character.locks.add("edit:all()")
    other = world.player("otto", superuser=True)
    olga.send("quell")
    olga.heard()
    for one in (stage[0], other):
        assert "superusers are never forced" in one.send("force olga = say I obey")
    assert "obey" not in olga.heard()


def test_what_nobody_plays_may_not_have_more_than_who_forces_it(world, stage):
    builder, _, parrot = stage
    parrot.permissions.add("Builder")
    assert "does:" in builder.send("force parrot = say hello")
    parrot.permissions.add("Admin")
    assert "does not rank below" in builder.send("force parrot = wall hello")


def test_odd_lines(world, stage):
    builder = stage[0]
    assert "Usage" in builder.send("force parrot")
    assert "Usage" in builder.send("force = say hello")
    builder.character.locks.add("edit:all()")
    assert "need no force" in builder.send("force me = say hello")
    assert "does:" not in builder.send("force nobody = say hello")
    assert "|rred" in builder.send("force parrot = pose |rred")


def test_it_is_told_to_the_security_log(world, stage, caplog):
    with caplog.at_level(logging.WARNING, "perdure.security"):
        stage[0].send("force parrot = password old = new-and-secret")
    (record,) = caplog.records
    assert "parrot forced by bert" in record.message
    assert "password" in record.message
    assert "secret" not in record.message


def test_what_comes_of_it_is_told_to_who_is_forced(world, stage):
    builder, anna, _ = stage
    assert builder.send("force anna = get lamp").strip().endswith("does: get lamp")
    assert "no 'lamp' here" in anna.heard()
