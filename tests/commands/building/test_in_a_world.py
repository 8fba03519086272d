"""Commands of builders through the real pipeline: questions, output that waits for the commit, code that waits."""

from __future__ import annotations

import pytest

from perdure.objects.models import ObjectDB


@pytest.fixture
def owner(world):
    return world.player("olga", superuser=True)


@pytest.fixture
def builder(world):
    return world.player("bert", permissions="Builder")


def exists(name):
    return ObjectDB.objects.filter(db_key=name).exists()


def test_a_room_is_built_and_walked_into(builder):
    builder.send("dig Attic = hatch;up, ladder;down")
    assert "Attic" in builder.send("up")
    builder.send("@create/drop chest", "desc chest = Full of dust.")
    assert "dust" in builder.send("look chest")
    builder.send("down")
    builder.send("name hatch = trapdoor")
    assert "Attic" in builder.send("up")
    builder.send("down")
    builder.send("alias trapdoor = ceiling")
    assert "Attic" in builder.send("ceiling")


@pytest.mark.defect("V-36")
@pytest.mark.parametrize(("answer", "gone"), [("yes", True), ("y", True), ("", False), ("no", False)])
def test_only_an_explicit_yes_destroys(world, owner, answer, gone):
    world.create("vase")
    assert "vase" in owner.send("destroy vase")
    owner.send(answer)
    assert exists("vase") is not gone


@pytest.mark.defect("V-36")
def test_the_next_line_is_no_yes(world, owner):
    world.create("vase")
    owner.send("destroy vase")
    for line in ("service", "look", "whatever"):
        owner.send(line)
    assert exists("vase")
    assert "Room" in owner.send("look")


@pytest.mark.defect("V-36")
def test_a_question_that_nobody_answers_is_withdrawn(world, owner):
    world.create("vase")
    owner.send("destroy vase")
    world.advance(3600)
    owner.send("yes")
    assert exists("vase")


def test_what_was_asked_about_may_be_gone_when_the_answer_comes(world, owner):
    vase = world.create("vase")
    owner.send("destroy vase")
    vase.delete()
    assert "Nothing is left" in owner.send("yes")


def test_access_is_asked_for_again_after_the_answer(world, builder):
    vase = world.create("vase")
    vase.locks.add("delete:all()")
    builder.send("destroy vase")
    vase.locks.add("delete:false()")
    assert "may not" in builder.send("yes")
    assert exists("vase")


# --- py


@pytest.mark.defect("V-35")
def test_code_can_wait(world, owner):
    told = owner.send("py/noecho x = 1; await cmd.sleep(5); x + 1")
    assert "2" not in told
    world.advance(6)
    assert "2" in owner.heard().splitlines()


@pytest.mark.defect("V-35")
def test_code_can_ask(world, owner):
    owner.send("py/noecho name = await cmd.ask('Name?'); name.upper()")
    assert "'ADA'" in owner.send("Ada")


@pytest.mark.defect("V-35")
def test_each_stretch_is_a_unit_and_only_the_last_is_undone(world, owner):
    lamp = world.create("lamp")
    owner.send("py/noecho lamp = search.objects('lamp')[0]; lamp.db.a = 1; await cmd.sleep(5); lamp.db.b = 2; 1/0")
    world.advance(6)
    assert "ZeroDivisionError" in owner.heard()
    assert (lamp.db.a, lamp.db.b) == (1, None)


@pytest.mark.defect("V-30")
@pytest.mark.defect("V-35")
def test_code_that_does_not_end_is_undone_and_the_world_goes_on(world, owner, builder, settings):
    settings.PY_TIME_LIMIT = 0.2
    lamp = world.create("lamp")
    told = owner.send(
        "py/noecho search.objects('lamp')[0].db.a = 1; here.msg_contents('boo'); [0 for n in iter(int, 1)]"
    )
    assert "stopped" in told
    assert "boo" not in builder.heard()
    assert lamp.db.a is None
    assert "Room" in builder.send("look")


@pytest.mark.defect("V-35")
def test_the_console(world, owner):
    owner.send("py")
    owner.send("def f(n):", "    return n + 1", "")
    assert "6" in owner.send("f(5)")
    assert "Room" not in owner.send("look")
    owner.send("exit")
    assert "Room" in owner.send("look")


def test_builders_have_no_py(builder):
    assert "42" not in builder.send("py 40 + 2")


def test_py_of_an_account_that_plays_nobody(world):
    world.player("ada", superuser=True, character=False)
    ada = next(player for player in world.players.values())
    assert "True" in ada.send("py/noecho me is account")


# --- others


def test_an_error_in_a_hook_undoes_the_whole_command(world, builder, monkeypatch):
    from perdure.objects.objects import DefaultObject

    def at_rename(self, oldname, newname):
        raise RuntimeError("no")

    vase = world.create("vase")
    vase.locks.add("edit:all()")
    monkeypatch.setattr(DefaultObject, "at_rename", at_rename)
    told = builder.send("name vase = urn")
    assert vase.key == "vase"
    assert "error" in told
    assert "is called urn" not in told


def test_help_knows_every_command(world, owner):
    from perdure.commands.default.builder_commands import BUILDING_COMMANDS

    for command in BUILDING_COMMANDS:
        name = command.key.lstrip("@")
        told = owner.send(f"help {name}", "q")
        assert "Usage" in told, name
