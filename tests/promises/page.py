"""Reads docs/promises.md: the sentences it quotes, what they promise, and where that is proved."""

from __future__ import annotations

import ast
import functools
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGE", "TESTS", "Sentence", "marked_tests", "sections"]

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "promises.md"


@dataclass(frozen=True)
class Sentence:
    """One row of a table on the page."""

    text: str
    promises: tuple[str, ...]
    remark: str


def sections() -> dict[str, list[Sentence]]:
    """The sentences of each document, in its order, by the heading over them."""
    found: dict[str, list[Sentence]] = {}
    for part in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in body.splitlines() if line.startswith("| ")]
        if rows and rows[0][0].strip() == "The document says":
            found[title] = [_sentence(*(cell.strip() for cell in row)) for row in rows[2:]]
    return found


def _sentence(text: str, what: str) -> Sentence:
    names = tuple(re.findall(r"\[[\w-]+\]\(#([\w-]+)\)", what))
    return Sentence(html.unescape(re.sub(r"\\(.)", r"\1", text)), names, what)


def proofs_named() -> dict[str, list[str]]:
    """The tests that the page names for each promise."""
    body = PAGE.read_text().partition("\n## Proofs\n")[2]
    found = {}
    for part in re.split(r"^### ", body, flags=re.MULTILINE)[1:]:
        name, _, text = part.partition("\n")
        found[name.strip()] = re.findall(r"`tests/([\w/]+\.py::\w+)`", text)
    return found


@functools.cache
def marked_tests() -> dict[str, list[str]]:
    """The tests that carry each promise."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for test, promise in _marks(path):
            found.setdefault(promise, []).append(f"{path.relative_to(TESTS)}::{test}")
    return found


def _marks(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
                    yield node.name, ast.literal_eval(decorator.args[0])
