"""The line editor, and the commands that use it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perdure.commands.line_editor import LineEditor


def test_lines_are_added_put_in_replaced_and_deleted():
    editor = LineEditor("one\nthree")
    editor.add("  four")
    editor.do("i", "2 two")
    assert editor.lines == ["one", "two", "three", "  four"]
    editor.do("r", "1 ONE")
    editor.do("d", "2-3")
    assert editor.text == "ONE\n  four"
    assert "2|   four" in editor.do("", "")


def test_everything_can_be_undone():
    editor = LineEditor("one")
    editor.add("two")
    editor.do("clear", "")
    editor.do("s", "/one/1/")
    editor.do("u", "")
    assert editor.text == "one\ntwo"
    editor.do("u", "")
    assert editor.text == "one"
    assert not editor.changed
    assert "nothing" in editor.do("u", "")


def test_texts_are_replaced_in_one_line_or_in_all():
    editor = LineEditor("a a\na")
    editor.do("s", "2 /a/b/")
    assert editor.text == "a a\nb"
    assert "2 replaced" in editor.do("s", "/a/c")
    assert editor.text == "c c\nb"
    assert "no 'x'" in editor.do("s", "/x/y/")


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("d", "9"),
        ("d", "0"),
        ("d", "2-1"),
        ("d", "x"),
        ("i", "5 x"),
        ("r", ""),
        ("s", "x"),
        ("nonsense", ""),
        ("i", "0 x"),
    ],
)
def test_what_cannot_be_done_changes_nothing_and_is_told(name, rest):
    editor = LineEditor("one\ntwo")
    assert editor.do(name, rest)
    assert editor.text == "one\ntwo"


@given(st.lists(st.tuples(st.sampled_from(["", "d", "i", "r", "s", "u", "clear", "h", "_put", "x"]), st.text())))
def test_no_input_is_too_strange(inputs):
    editor = LineEditor("one\ntwo")
    for name, rest in inputs:
        assert isinstance(editor.do(name, rest), str)
        editor.add(rest)


@pytest.fixture
def olga(world):
    return world.player("olga", superuser=True)


def test_a_description_is_written(world, olga):
    lamp = world.create("lamp")
    lamp.db.desc = "Old."
    assert "1| Old." in olga.send("desc/edit lamp")
    olga.send("::smile", ":r 1 New.", "", "  indented", ":w")
    assert lamp.db.desc == "New.\n:smile\n\n  indented"
    assert "closed" in olga.send(":q")
    assert "New." in olga.send("look lamp")


def test_what_is_not_saved_is_asked_about(world, olga):
    lamp = world.create("lamp")
    olga.send("desc/edit lamp", "text")
    olga.send(":q", "no", "more")
    assert "closed" in olga.send(":q!")
    assert lamp.db.desc is None


def test_an_attribute_that_is_no_text_becomes_one_only_after_a_yes(world, olga):
    lamp = world.create("lamp")
    lamp.db.oil = 5
    olga.send("set/edit lamp/oil", "no")
    assert lamp.db.oil == 5
    olga.send("set/edit lamp/oil", "yes", ":clear", "much", ":wq")
    assert lamp.db.oil == "much"


def test_who_may_not_edit_any_more_cannot_save(world):
    bert = world.player("bert", permissions="Builder")
    lamp = world.create("lamp")
    lamp.locks.add("edit:all()")
    bert.send("set/edit lamp/text", "mine")
    lamp.locks.add("edit:false()")
    assert "not saved" in bert.send(":w")
    assert lamp.db.text is None
    bert.send(":q!")
    assert "may not" in bert.send("set/edit lamp/text")
    assert "may not" in bert.send("desc/edit lamp")


def test_code_is_written_and_run(world, olga):
    olga.send("py/edit", "x = 20", "x + 1")
    assert "21" in olga.send(":!")
    olga.send(":s /20/30/")
    assert "31" in olga.send(":!")
    olga.send(":w", ":q")
    assert "x = 30" in olga.send("py/edit")
