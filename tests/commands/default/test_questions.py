"""Questions of stock commands: each has a default, and it is no, but where a yes destroys nothing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import perdure.commands.default as home

HARMLESS = {("unloggedin.py", "Make an account called")}


def questions() -> list[tuple[str, str, ast.Call]]:
    """(file, source of the question, call) of each `confirm` in the stock commands."""
    found = []
    for path in sorted(Path(home.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "confirm":
                found.append((path.name, ast.unparse(node.args[0]), node))
    return found


@pytest.mark.defect("V-36")
def test_the_default_is_no() -> None:
    found = questions()
    assert len(found) >= 12
    for file, text, call in found:
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        harmless = any(file == where and words in text for where, words in HARMLESS)
        assert given.get("default") == ("True" if harmless else "False"), f"{file}: {text}"
