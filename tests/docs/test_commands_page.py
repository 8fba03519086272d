"""The page of commands is drawn from the code, and every stock command is on it."""

from __future__ import annotations

import re

import pytest

from tests.docs.commands import PAGE, commands_page

pytestmark = pytest.mark.sqlite


def test_the_page_of_commands_is_drawn_from_the_code() -> None:
    assert PAGE.read_text() == commands_page(), "run: python -m tests.docs.commands"


def test_every_command_says_in_a_sentence_what_it_does() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|.*\| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) > 60
    assert [name for name, text in rows if not text.endswith((".", ":"))] == []
