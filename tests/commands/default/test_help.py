"""Help: the list, finding things, subtopics, topics of the game's files."""

from __future__ import annotations

import pytest

from perdure.commands.default import help_index
from perdure.commands.default.help_subtopics import topic_of


def test_the_list_shows_what_one_may_use(world):
    anna, ada = world.player("Anna"), world.player("Ada", permissions="Developer")
    shown = anna.send("help")
    assert "look" in shown
    assert "Comms" in shown
    assert "reload" not in shown
    assert "__" not in shown
    assert "reload" in ada.send("help")
    assert "@reload" not in ada.send("help")
    assert anna.kinds()[-1] == "help"


def test_finding_by_name_alias_beginning_and_without_prefix(world):
    ada = world.player("Ada", permissions="Developer")
    for asked in ("reload", "@reload", "restart", "relo"):
        assert "disconnected" in ada.send(f"help {asked}")
    assert "Pick something up" in ada.send("help grab")
    assert "Usage" in ada.send("? get")


def test_what_one_may_not_use_is_not_there(world):
    anna = world.player("Anna")
    assert "new world" not in anna.send("help reload")
    anna.account.permissions.add("reload")
    anna.send("ooc")
    assert "new world" in anna.send("help reload")


def test_a_category_and_suggestions(world):
    anna = world.player("Anna")
    shown = anna.send("help comms")
    assert "channel" in shown
    assert "inventory" not in shown
    assert "inventory" in anna.send("help inventroy")
    assert "no help on" in anna.send("help zzzzqqq")
    assert "whisper" in anna.send("help some hear")


def test_topics_of_files(world, settings, caplog):
    settings.FILE_HELP_ENTRY_MODULES = ("tests.commands.default.topics.listed", "tests.commands.default.topics.broken")
    help_index._topics.cache_clear()
    anna = world.player("Anna")
    assert "Lore" in anna.send("help")
    assert "dwarves" in anna.send("help cave")
    assert "dwarves" in anna.send("help hollow")
    assert "no help" in anna.send("help secrets")
    anna.account.permissions.add("Builder")
    assert "under the stone" in anna.send("help secrets")
    assert "Look around" in anna.send("help look")  # the command comes before the topic of its name
    assert "division by zero" in caplog.text


def test_subtopics(world, settings):
    settings.FILE_HELP_ENTRY_MODULES = ("tests.commands.default.topics.listed",)
    help_index._topics.cache_clear()
    anna = world.player("Anna")
    whole = anna.send("help cave")
    assert "More: dwarves, treasure" in whole
    assert "They throw axes" not in whole
    assert "They throw axes" in anna.send("help cave/dwarves")
    assert "They throw axes" in anna.send("help cave/dwa")
    assert "Sharp." in anna.send("help cave/dwarves/axe")
    assert "treasure" in anna.send("help cave/nothing")


def test_a_text_taken_apart():
    topic = topic_of("About.\n# SUBTOPICS\n## one\nFirst.\n### deep\nDeep.\n## two\nSecond.")
    assert topic.text == "About."
    assert [one.name for one in topic.below] == ["one", "two"]
    assert topic.find("one").find("ee").text == "Deep."
    assert topic.find("three") is None
    assert topic_of("Nothing below. # subtopics inside a line").below == []


def test_an_index_is_made_once_for_a_set(world, monkeypatch):
    anna = world.player("Anna")
    made = []
    real = help_index._of_commands
    monkeypatch.setattr(help_index, "_of_commands", lambda commands: made.append(1) or real(commands))
    help_index._known.clear()
    anna.send("help", "help look", "help")
    assert made == [1]


@pytest.mark.defect("V-3")
def test_asking_for_help_changes_nothing(world):
    anna = world.player("Anna")
    before = anna.send("look")
    anna.send("help", "help look")
    assert anna.send("look") == before


def test_every_stock_command_teaches():
    from perdure.commands.default import cmdsets

    for cls in (cmdsets.UnloggedinCmdSet, cmdsets.SessionCmdSet, cmdsets.AccountCmdSet, cmdsets.CharacterCmdSet):
        for command in cls().commands:
            if not command.auto_help:
                continue
            text = command.get_help(None, None)
            assert "Usage:" in text, command.key
            for switch in getattr(command, "switch_options", None) or ():
                assert switch in text, (command.key, switch)
