"""`obj.cmdset` with the command layer: classes, instances, paths, what is broken."""

from __future__ import annotations

import sys
import types

import pytest
from django.test import override_settings

from perdure.commands.cmdset import CmdSet
from perdure.commands.command import Command
from perdure.commands.loading import load_cmdset_class
from perdure.create import create_object
from perdure.errors import CommandSetError
from perdure.transactions import transaction
from tests.commands.sets import AccountSet, CharacterSet

PATH = "tests.commands.sets.CharacterSet"


@pytest.fixture(autouse=True)
def _paths(loop, settings):
    settings.CMDSET_PATHS = ("tests.commands", "broken_game")


@pytest.fixture
def lamp(hall):
    return create_object(key="lamp", location=hall)


class Extra(CmdSet):
    priority = 5

    def at_cmdset_creation(self):
        self.add(Command(key="rub"))


def keys(cmdset):
    return sorted(command.key for command in cmdset)


@pytest.mark.parametrize("source", [CharacterSet, PATH, "sets.CharacterSet"])
def test_classes_and_paths(lamp, source):
    lamp.cmdset.add(source)
    (made,) = lamp.cmdset.all()
    assert type(made) is CharacterSet
    assert made.cmdsetobj is lamp
    assert made.get("look").obj is lamp
    assert lamp.cmdset.has(CharacterSet)
    assert lamp.cmdset.has("Character")


def test_instances_are_taken_as_they_are(lamp, hall):
    made = Extra()
    made.get("rub").obj = hall
    lamp.cmdset.add(made)
    assert lamp.cmdset.all() == [made]
    assert made.get("rub").obj is hall


def test_the_stack_is_merged_in_order(lamp):
    lamp.cmdset.add_default(CharacterSet, persistent=False)
    lamp.cmdset.add(Extra)
    assert keys(lamp.cmdset.current) == ["channel", "get", "look", "rub", "secret"]
    assert lamp.cmdset.key == "Extra"
    assert lamp.cmdset.current is lamp.cmdset.current
    lamp.cmdset.all()[1].add(Command(key="polish"))
    assert "polish" in lamp.cmdset.current
    lamp.cmdset.remove(Extra)
    assert "rub" not in lamp.cmdset.current
    lamp.cmdset.remove_default()
    assert lamp.cmdset.current is None


def test_every_change_has_a_revision(lamp):
    seen = [lamp.cmdset.revision]
    for change in (
        lambda: lamp.cmdset.add(Extra),
        lambda: lamp.cmdset.add_default(CharacterSet),
        lambda: lamp.cmdset.remove(),
        lambda: lamp.cmdset.reset(),
        lambda: lamp.cmdset.update(init_mode=True),
        lambda: lamp.cmdset.clear(),
        lambda: lamp.cmdset.remove_default(),
    ):
        change()
        lamp.cmdset.all()
        assert lamp.cmdset.revision > seen[-1]
        seen.append(lamp.cmdset.revision)


def test_sets_that_are_kept(lamp):
    lamp.cmdset.add(PATH, persistent=True)
    lamp.cmdset.add(Extra)
    assert lamp.cmdset.all()[0].persistent
    lamp.cmdset.update(init_mode=True)
    assert [type(one) for one in lamp.cmdset.all()] == [CharacterSet]


@pytest.mark.parametrize(
    "source", ["tests.commands.sets.Nothing", "no.such.Set", "tests.commands.sets.Look", "os.path", 7]
)
def test_what_is_no_command_set_is_refused_and_nothing_changes(lamp, source):
    lamp.cmdset.add(Extra)
    with pytest.raises(CommandSetError):
        lamp.cmdset.add(source, persistent=True)
    assert len(lamp.cmdset.all()) == 1
    assert lamp.cmdset_storage == []


def test_a_set_that_cannot_fill_itself_is_refused(lamp):
    class Bad(CmdSet):
        def at_cmdset_creation(self):
            raise ZeroDivisionError("no commands today")

    with pytest.raises(CommandSetError, match=r"no commands today.*test_handler.py, line"):
        lamp.cmdset.add(Bad)


def test_only_modules_of_the_game_are_imported(lamp):
    """What is stored is data: a path in the database does not import what it likes."""
    sys.modules.pop("this", None)
    lamp.db_cmdset_storage = ",this.Zen"
    lamp.cmdset.all()
    assert "this" not in sys.modules


def test_a_stored_set_that_is_broken_leaves_a_placeholder_and_no_traceback(anna, monkeypatch):
    character = anna.character
    before = len(anna.session.sent)
    character.db_cmdset_storage = f"{PATH},gone.Set"
    first, second = character.cmdset.all()
    assert type(first) is CharacterSet
    assert second.errmessage
    assert len(second) == 0
    told = "\n".join(anna.session.sent[before:])
    assert "broken" in told
    assert "Traceback" not in told
    assert "looked at" in anna.send("look")
    assert len(anna.session.sent) == before + 2


def test_a_broken_default_set_falls_back(hall):
    fallbacks = {"CMDSET_CHARACTER": PATH}
    with override_settings(CMDSET_CHARACTER="broken_game.commands.Character", CMDSET_FALLBACKS=fallbacks):
        lamp = create_object(key="lamp", location=hall)
        lamp.cmdset.add_default("broken_game.commands.Character", persistent=True)
        (made,) = lamp.cmdset.all()
        assert type(made) is CharacterSet
        assert made.errmessage
        assert lamp.cmdset_storage == ["broken_game.commands.Character"]
    with override_settings(CMDSET_CHARACTER="x.Y", CMDSET_FALLBACKS={"CMDSET_CHARACTER": "broken_game.also"}):
        lamp.cmdset.add_default("x.Y", persistent=True)
        (made,) = lamp.cmdset.all()
        assert len(made) == 0


def test_an_error_in_a_module_names_file_and_line(lamp, tmp_path, monkeypatch):
    (tmp_path / "broken_game.py").write_text("x = 1\nraise KeyError('oops')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CommandSetError, match=r"oops.*broken_game.py, line 2"):
        load_cmdset_class("broken_game.Set")
    (tmp_path / "broken_game.py").write_text("import no_such_module_at_all\n")
    with pytest.raises(CommandSetError, match="no_such_module_at_all"):
        load_cmdset_class("broken_game.Set")
    sys.modules.pop("broken_game", None)


def test_paths_of_the_documents(lamp, monkeypatch):
    module = types.ModuleType("tests.commands.made_up")
    module.Account = AccountSet
    monkeypatch.setitem(sys.modules, "tests.commands.made_up", module)
    assert load_cmdset_class("made_up.Account") is AccountSet


def test_a_change_is_undone_with_its_transaction(lamp):
    lamp.cmdset.add(Extra)
    with pytest.raises(RuntimeError), transaction():
        lamp.cmdset.add(CharacterSet)
        lamp.cmdset.add_default(PATH, persistent=True)
        raise RuntimeError
    assert [type(one) for one in lamp.cmdset.all()] == [Extra]
    with pytest.raises(RuntimeError), transaction():
        lamp.cmdset.clear()
        raise RuntimeError
    assert [type(one) for one in lamp.cmdset.all()] == [Extra]
