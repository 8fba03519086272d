"""Every error of the catalogue is raised by a test that names it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from perdure import errors

TESTS = Path(__file__).resolve().parents[1]


def expected_by(path: Path) -> Iterator[str]:
    """The names of what the `pytest.raises(…)` of a file expect, and of the tables of a test that hands them on."""
    tree = ast.parse(path.read_text())
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.raises" and call.args:
            for node in ast.walk(call.args[0]):
                if isinstance(node, ast.Name | ast.Attribute):
                    yield ast.unparse(node).rpartition(".")[2]


@functools.cache
def expected() -> frozenset[str]:
    return frozenset(name for path in TESTS.rglob("test_*.py") for name in expected_by(path))


# The bases that are only there to be caught.
BASES = {"PerdureError"}


@pytest.mark.parametrize("name", sorted(set(errors.__all__) - BASES))
def test_a_test_raises_it(name: str) -> None:
    assert name in expected(), f"no test expects {name}"


def test_bases_are_never_raised_themselves() -> None:
    """Whoever catches them catches something that says more."""
    source = Path(errors.__file__).parent
    raised = [
        ast.unparse(node.exc.func)
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    ]
    assert "UnstorableValue" in raised
    assert BASES.isdisjoint(raised)


def test_the_catalogue_is_sorted_whole_and_documented() -> None:
    assert errors.__all__ == sorted(errors.__all__)
    classes = {
        name for name, one in vars(errors).items() if isinstance(one, type) and one.__module__ == errors.__name__
    }
    assert classes == set(errors.__all__)
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.PerdureError)
        assert getattr(errors, name).__doc__
        assert name in (errors.__doc__ or ""), f"the picture at the top of errors.py lacks {name}"
