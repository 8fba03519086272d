"""Help texts teach: how a command is used, all its switches, and, where it takes more than a word, an example."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

from perdure.commands.default.cmdsets import AccountCmdSet, CharacterCmdSet, SessionCmdSet, UnloggedinCmdSet

COMMANDS = {
    f"{kind.key}-{command.key}": command
    for kind in (UnloggedinCmdSet, SessionCmdSet, AccountCmdSet, CharacterCmdSet)
    for command in kind().commands
    if command.auto_help
}
ALL_NAMES = {name.lstrip("@") for command in COMMANDS.values() for name in command.all_names}


def block(text: str, title: str) -> list[str]:
    """The lines under a heading."""
    found = re.search(rf"^{title}:\n((?:[ \t]+\S.*\n?)+)", text, re.MULTILINE)
    return [line.strip() for line in found[1].splitlines()] if found else []


def first_word(line: str) -> str:
    return line if line[0] in "\"':" else re.split(r"[\s/\[]", line, maxsplit=1)[0]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_help_text_teaches(name: str) -> None:
    command: Any = COMMANDS[name]
    text = inspect.getdoc(type(command)) or ""
    usage = block(text, "Usage")
    names = {one.lstrip("@") for one in command.all_names}
    assert usage, "no usage"
    assert text.splitlines()[0].endswith("."), "the first line is no sentence"
    for line in usage:
        assert first_word(line) in names or line[0] in names, line
    for switch in command.switch_options or ():
        assert re.search(rf"\b{switch}\b", text), f"/{switch} is not told"
    examples = block(text, "Example")
    signs = "".join(re.sub("<[^<>]*>", "", line) for line in usage)
    if ("=" in signs or "," in signs) and command.key != "password":  # who copies that one says it aloud
        assert examples, "no example"
    for line in examples:
        assert first_word(line) in ALL_NAMES | {"p"}, line
    assert max(map(len, text.splitlines())) <= 120


def test_headings_of_help_texts_are_the_usual_ones() -> None:
    for command in COMMANDS.values():
        text = inspect.getdoc(type(command)) or ""
        headings = re.findall(r"^(\w+):$", text, re.MULTILINE)
        assert set(headings) <= {"Usage", "Switches", "Example"}, command.key
