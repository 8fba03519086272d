"""Texts that somebody is writing, through reloads, stops, lost connections and errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from perdure.commands import writing
from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command
from perdure.commands.drafts import MOST_DRAFTS, _Drafts, drafts_of
from perdure.commands.line_editor import MOST_CHARACTERS, MOST_UNDONE, LineEditor
from perdure.conf import conf
from perdure.errors import InvalidArgument
from perdure.gameloop import ticks
from perdure.server.messages import Line
from tests.commands.test_dispatch import give


@pytest.fixture
def olga(world):
    return world.player("olga", superuser=True)


@pytest.fixture
def lamp(world):
    return world.create("lamp")


@pytest.mark.parametrize("mode", ["reload", "reset", "crash"])
def test_the_editor_opens_again_by_itself(world, olga, lamp, mode):
    olga.send("desc/edit lamp", "It is made", "of brass.", ":d 1")
    olga.heard()
    world.reload(mode)
    heard = olga.heard()
    assert "go on writing" in heard
    assert "lamp" in heard
    assert "1| of brass." in heard
    olga.send(":u", ":i 1 Look:", ":wq")
    assert lamp.db.desc == "Look:\nIt is made\nof brass."
    assert drafts_of(olga.character) == []
    assert "no command" in olga.send("of brass.")


def test_a_reload_that_does_not_come_about_leaves_the_editor_open(world, olga, lamp):
    olga.send("desc/edit lamp", "one")
    record = olga.session.record()
    world.world.quiesce("reload", 10)
    world.world.resume([record])
    olga.send("two", ":wq")
    assert lamp.db.desc == "one\ntwo"


def test_twice(world, olga, lamp):
    olga.send("desc/edit lamp", "one")
    world.reload()
    olga.send("two")
    world.reload()
    olga.send("three", ":wq")
    assert lamp.db.desc == "one\ntwo\nthree"


def test_an_editor_that_was_left_does_not_come_back(world, olga, lamp):
    olga.send("desc/edit lamp", "one", ":q!")
    olga.heard()
    world.reload()
    assert "go on writing" not in olga.heard()
    assert lamp.db.desc is None


def test_a_question_of_the_editor_is_asked_no_more_but_the_text_is_there(world, olga, lamp):
    olga.send("desc/edit lamp", "one", ":q")
    world.reload()
    olga.send("yes", ":wq")
    assert lamp.db.desc == "one\nyes"


@pytest.mark.parametrize("gone", ["disconnect", "ooc", "stop"])
def test_the_writer_comes_back(world, olga, lamp, gone):
    olga.send("desc/edit lamp", "one")
    if gone == "disconnect":
        olga.disconnect()
    elif gone == "ooc":
        session, character = olga.session, olga.character
        world.loop.submit(lambda: session.account.unpuppet_object(session))
        world.run()
        assert "no command" in olga.send("two")
        world.loop.submit(lambda: session.account.puppet_object(session, character))
        world.run()
    else:
        world.players.clear()
        world.reload("shutdown")
    player = olga if gone == "ooc" else world.player("olga")
    assert "go on writing" in player.text()
    player.send("two", ":wq")
    assert lamp.db.desc == "one\ntwo"


def test_no_answer_to_whether_to_end_leaves_the_editor_open(world, olga, lamp):
    olga.send("desc/edit lamp", "one", ":q", "what", "what", "what", "two", ":q")
    world.advance(conf.PROMPT_TIMEOUT + 1)
    olga.send("three", ":wq")
    assert lamp.db.desc == "one\ntwo\nthree"


def test_what_can_be_undone_and_what_is_saved_is_kept(world, olga, lamp):
    olga.send("desc/edit lamp", "one", ":w", "two", ":clear")
    world.reload()
    olga.send(":u", ":u")
    assert "closed" in olga.send(":q")  # as it was saved, so nothing is asked
    assert lamp.db.desc == "one"


def test_attributes_and_code(world, olga, lamp):
    olga.send("set/edit lamp/verse:poems", "one", "two")
    world.reload()
    olga.send(":wq")
    assert lamp.attributes.get("verse", category="poems") == "one\ntwo"
    olga.send("py/edit", "x = 20", "x + 1")
    world.reload()
    assert "21" in olga.send(":!")
    assert "22" in olga.send("x + 2", ":!")
    olga.send(":wq")
    world.reload()
    assert "x + 2" in olga.send("py/edit")


def test_an_error_when_saving_loses_nothing(world, olga, lamp):
    class Write(Command):
        key = "write"

        async def func(self) -> None:
            await writing.edit(self, self.save, 1, title="a poem")

        @writing.writes("poem")
        def save(self, text: str, number: int) -> bool:
            self.caller.db.poem = text
            raise ZeroDivisionError

    give(olga.character, Write)
    told = olga.send("write", "one", ":w")
    assert "error" in told
    assert "Saved" not in told
    assert "go on writing a poem" in told
    assert "1| one" in told
    assert olga.character.db.poem is None
    assert "2| two" in olga.send("two", ":")


def test_a_line_that_is_undone_is_not_in_the_text_and_the_editor_is(world, olga, lamp, monkeypatch):
    """The tick in which it was typed is refused by the database."""
    monkeypatch.setattr(ticks, "TICK_SECONDS", 1000.0)  # however slow it is here, both are in one
    olga.send("desc/edit lamp", "one")

    def refused() -> None:
        with connection.cursor() as cursor:  # foreign keys are looked at when the transaction ends
            cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999 WHERE id = %s", [lamp.pk])

    world.world.receive(Line(olga.record.sessid, 90, "two"))
    world.loop.submit(refused)
    world.run()
    assert "undone" in olga.text()
    assert "go on writing" in olga.text()
    olga.send("three", ":wq")
    assert lamp.db.desc == "one\nthree"


def test_whoever_may_no_longer_use_the_command_keeps_the_text(world, lamp):
    bert = world.player("bert", permissions="Builder")
    lamp.locks.add("edit:all()")
    bert.send("desc/edit lamp", "one")
    bert.account.permissions.clear()
    world.reload()
    assert "go on writing" not in bert.text()
    assert "no command" in bert.send("two")
    assert lamp.db.desc is None
    bert.account.permissions.add("Builder")
    bert.disconnect()
    bert = world.player("bert")
    bert.send(":wq")
    assert lamp.db.desc == "one"


@pytest.mark.defect("V-35")
def test_who_may_no_longer_use_py_runs_nothing_in_a_console_that_is_open(world):
    dana = world.player("dana", permissions="Developer")
    dana.send("py")
    assert "2" in dana.send("1 + 1")
    dana.account.permissions.clear()
    assert "may not" in dana.send("me.db.gold = 5")
    assert dana.character.db.gold is None
    assert "no command" in dana.send("1 + 1")
    dana.account.permissions.add("Developer")
    dana.send("py/edit me.db.gold = 5")
    dana.account.permissions.clear()
    assert "may not" in dana.send(":!")
    assert dana.character.db.gold is None


def test_what_an_account_was_writing_waits_until_it_is_out_of_character(world, olga):
    olga.send("ooc", "py/edit 1 + 1")
    olga.disconnect()
    olga = world.player("olga")
    assert "writing" not in olga.text()
    assert "Room" in olga.send("look")
    told = olga.send("ooc")
    assert "go on writing" in told
    assert "2" in olga.send(":!")


def test_what_is_described_may_be_gone(world, olga, lamp):
    olga.send("desc/edit lamp", "one")
    lamp.delete()
    assert "not saved" in olga.send(":w")
    world.reload()
    assert "go on writing" in olga.text()
    assert "not saved" in olga.send(":w")
    assert "closed" in olga.send(":q!")
    assert drafts_of(olga.character) == []


def test_one_text_is_written_in_one_session(world, settings, lamp):
    settings.MULTISESSION_MODE = 1
    first, second = world.player("olga", superuser=True), world.player("olga")
    first.send("desc/edit lamp", "one")
    assert "another session" in second.send("desc/edit lamp")
    second.send("desc/edit me", "I am")
    world.reload()
    assert "lamp" in first.heard()
    assert "2| two" in first.send("two", ":")
    assert "2| here." in second.send("here.", ":")


def test_there_are_not_too_many(world, olga):
    for number in range(MOST_DRAFTS + 1):
        world.create(f"thing{number}")
        told = olga.send(f"desc/edit thing{number}")
        world.advance(writing.PATIENCE + 1)
    assert "already" in told
    assert len(drafts_of(olga.character)) == MOST_DRAFTS
    assert "closed" in olga.text()
    assert "kept" in olga.text()
    assert "before" in olga.send("desc/edit thing0")


def test_no_command_shows_or_sets_a_draft(world, olga, lamp):
    olga.send("desc/edit lamp", "secret words")
    draft = drafts_of(olga.character)[0]
    assert olga.character.attributes.all() == [row for row in olga.character.attributes.all() if row.key != draft.key]
    assert "secret" not in world.player("berta", superuser=True).send("examine olga")


DRAFT = {"arguments": [], "others": {}, "title": "x", "sessid": 1, **LineEditor("x").state()}


@pytest.mark.parametrize(
    "stored",
    [
        "text",
        {"action": "desc"},
        {**DRAFT, "action": "os.system", "arguments": ["ls"]},
        {**DRAFT, "action": "desc"},
        {**DRAFT, "action": "desc", "arguments": [None], "lines": [1]},
        {**DRAFT, "action": "func"},
    ],
)
def test_a_row_that_is_forged_does_nothing(world, olga, stored):
    """What is stored is a name that is looked up among the marked methods of the commands that somebody has."""
    _Drafts(olga.character).add("forged", stored)
    world.reload()
    olga.send("hello", ":w", ":q!")
    assert "error" not in olga.text()
    assert "no command" in olga.send("hello")


def test_only_marked_methods_save(world, olga):
    class Write(Command):
        key = "write"

        async def func(self) -> None:
            with pytest.raises(InvalidArgument):
                await writing.edit(self, self.save)
            self.msg("refused")

        def save(self, text: str) -> bool:
            return True

    give(olga.character, Write)
    assert "refused" in olga.send("write")


# --- bounds


def test_a_replacement_that_would_fill_the_memory_is_refused():
    editor = LineEditor("a" * 50_000)
    assert "at most" in editor.do("s", f"/a/{'b' * 5000}/")
    assert editor.text == "a" * 50_000
    assert "at most" in editor.add("x" * MOST_CHARACTERS)
    assert "1 replaced" in editor.do("s", f"/{'a' * 50_000}/b/")


def test_what_can_be_undone_is_bounded():
    editor = LineEditor("x" * (MOST_CHARACTERS // 2))
    for _ in range(MOST_UNDONE * 2):
        editor.do("r", f"1 {'y' * (MOST_CHARACTERS // 2)}")
    assert sum(len(line) for change in editor._before for line in change.old) <= 2 * MOST_CHARACTERS
    for number in range(MOST_UNDONE * 2):
        editor.add(str(number))
    assert len(editor._before) == MOST_UNDONE


def test_a_line_of_several_lines_is_several():
    editor = LineEditor("")
    editor.add("a\nb")
    assert editor.lines == ["a", "b"]


commands = st.one_of(
    st.tuples(st.just("add"), st.text(max_size=5)),
    st.tuples(st.sampled_from(["d", "clear", "u", "s"]), st.sampled_from(["1", "1-2", "2", "/a/bb/", "/a/\n/"])),
    st.tuples(st.sampled_from(["i", "r"]), st.sampled_from(["1 a", "2 b", "1"])),
)


@given(st.text(alphabet="ab\n", max_size=12), st.lists(commands, max_size=30))
def test_undoing_is_as_if_it_had_not_been_done_and_state_is_all_there_is(text, done):
    """The model keeps whole texts."""
    editor, texts = LineEditor(text), []
    for name, rest in done:
        before = editor.text, len(editor._before)
        if name == "u":
            expected = texts.pop() if texts else editor.text
            editor.do("u", "")
            assert editor.text == expected
        elif name == "add":
            editor.add(rest)
        else:
            editor.do(name, rest)
        if name != "u" and len(editor._before) > before[1]:
            texts.append(before[0])
        again: Any = LineEditor.from_state(editor.state())
        assert again.state() == editor.state()
        editor = again


def test_a_set_of_a_subclass_is_found_too(world, olga, lamp):
    from perdure.commands.default.names_and_descriptions import CmdDesc

    class Describe(CmdDesc):
        def _describe(self, text: str, target: Any) -> bool:
            return super()._describe(text.upper(), target)

    class Own(CmdSet):
        priority = 10

    made = Own()
    made.add(Describe)
    olga.character.cmdset.add(made)
    olga.send("desc/edit lamp", "loud", ":wq")
    assert lamp.db.desc == "LOUD"
