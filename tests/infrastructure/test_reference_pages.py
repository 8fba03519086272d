"""The reference pages name everything there is: settings and commands with their options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from perdure.cli.main import app
from perdure.conf import DEFAULTS

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "reference"


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with the words one types for it."""
    children = getattr(command, "commands", {})
    if not children:
        yield " ".join(("perdure", *path)), command
    for name, child in children.items():
        yield from commands(child, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("setting", sorted(DEFAULTS))
def test_a_setting_is_described(setting: str) -> None:
    page = (PAGES / "settings.md").read_text()
    assert re.search(rf"^\| `{setting}` \| .+ \| \S.+ \|$", page, re.MULTILINE)


def test_no_setting_is_described_that_does_not_exist() -> None:
    named = re.findall(r"^\| `([A-Z_]+)` \|", (PAGES / "settings.md").read_text(), re.MULTILINE)
    assert named == sorted(DEFAULTS)


@pytest.mark.parametrize("words", sorted(COMMANDS))
def test_a_command_is_described_with_its_options(words: str) -> None:
    row = re.search(rf"^\| `{words}\b.+\|$", (PAGES / "command-line.md").read_text(), re.MULTILINE)
    assert row, words
    for parameter in COMMANDS[words].params:
        if parameter.param_type_name == "option":
            assert any(f"{option}" in row[0] for option in parameter.opts), f"{words} {parameter.opts}"
