"""What docs/guides/building.md shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perdure.commands.default.builder_commands import BUILDING_COMMANDS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "building.md"


def test_the_guide_in_one_session(world, settings):
    olga = world.player("olga", superuser=True)
    told = ""
    for block in re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("> "):
                told = olga.send(line[2:])
                assert not re.search(r"\berror\b|Error:", told) or "1/0" in line, told
            else:
                assert line in told, f"{line!r} is not in {told!r}"


@pytest.mark.parametrize("command", BUILDING_COMMANDS, ids=lambda command: command.key)
def test_each_command_tells_how_it_is_used(command):
    text = command.__doc__
    assert "Usage:" in text
    assert command.switch_options is not None
    for switch in command.switch_options:
        assert re.search(rf"\b{switch}\b", text), f"/{switch} is not explained"
    assert "cmd:" in command().lock_storage
