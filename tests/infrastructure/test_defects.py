"""Every known defect of the reference has a test here that would find it: the test carries the defect's id.

The tables that the ids come from: I (identity map), T (typed objects), A (attributes), G (tags), M (managers),
H (entities), V (the server).
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
LAST = {"I": 40, "T": 20, "A": 33, "G": 13, "M": 14, "H": 40, "V": 40}
#: What concerns parts that there are not: reloading single modules in place.
NOT_BUILT = {"V-23"}
IDS = [f"{table}-{number}" for table, last in LAST.items() for number in range(1, last + 1)]
IDS = [one for one in IDS if one not in NOT_BUILT]

pytestmark = pytest.mark.sqlite


def marks(node: ast.AST) -> Iterator[str]:
    """The ids in the `pytest.mark.defect(…)` of a decorator or of a `pytestmark`."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.defect":
            assert len(call.args) == 1, ast.unparse(call)
            yield ast.literal_eval(call.args[0])


def marked_tests(path: Path) -> Iterator[tuple[str, str]]:
    """(id, test) for each test of a file that carries an id, or whose module does."""
    tree = ast.parse(path.read_text())
    everywhere = [
        found
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
        for found in marks(node.value)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            for found in [*everywhere, *(one for decorator in node.decorator_list for one in marks(decorator))]:
                yield found, f"{path.relative_to(TESTS)}::{node.name}"


@functools.cache
def proofs() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for defect, test in marked_tests(path):
            found.setdefault(defect, []).append(test)
    return found


@pytest.mark.parametrize("defect", IDS)
def test_a_defect_has_a_test(defect: str) -> None:
    assert proofs().get(defect), f"no test carries @pytest.mark.defect({defect!r})"


def test_every_marker_names_a_defect_that_there_is() -> None:
    unknown = [one for one in proofs() if one not in IDS]
    assert unknown == []


def test_the_count_finds_a_missing_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "test_one.py"
    source.write_text(
        'pytestmark = [pytest.mark.defect("G-1")]\n\n'
        '@pytest.mark.defect("A-1")\ndef test_it(): pass\n\n# @pytest.mark.defect("A-2")\n'
    )
    monkeypatch.setitem(globals(), "TESTS", tmp_path)
    assert list(marked_tests(source)) == [("G-1", "test_one.py::test_it"), ("A-1", "test_one.py::test_it")]
