"""`perdure test`: run the game's own tests."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import typer

from perdure.cli.manage import run_django
from perdure.cli.output import stderr

__all__ = ["test"]


def test(context: typer.Context) -> None:
    """Run the game's tests on a database of their own: every test*.py in the game directory.

    Takes the arguments of Django's test command (perdure test --help), so `perdure test world -k lamp` works.
    Tests that are plain functions are pytest's: python -m pytest.
    """
    from perdure.bootstrap import prepare

    # Found from the game's directory, wherever in it the command is given.
    directory = prepare()
    if directory is not None:
        os.chdir(directory)
        _note_left_out(directory)
    run_django(["test", *context.args])


def _note_left_out(directory: Path) -> None:
    """Say which files have tests that this does not run, lest somebody takes them for passed."""
    files = sorted({str(path.relative_to(directory)) for path in _test_files(directory) if _has_functions(path)})
    if files:
        stderr.print(
            f"Note: tests that are functions are only run by pytest (python -m pytest). There are some in: "
            f"{', '.join(files[:5])}{' and others' if len(files) > 5 else ''}",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )


def _test_files(directory: Path) -> Iterator[Path]:
    """The game's own: not those of an environment inside it."""
    for path in directory.rglob("test*.py"):
        parts = path.relative_to(directory).parts
        if "site-packages" not in parts and not any(part.startswith(".") for part in parts):
            yield path


def _has_functions(path: Path) -> bool:
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False  # whoever runs it is told
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(node, functions) and node.name.startswith("test") for node in tree.body)
