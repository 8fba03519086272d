"""Where in a game's own code an error comes from, and a traceback that is about it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from perdure.places import place_of, short_path, trace_of

pytestmark = pytest.mark.sqlite


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def imported(game: Path, **modules: str) -> BaseException:
    """What importing the first of the modules raises."""
    for name, text in modules.items():
        (game / f"{name}.py").write_text(text)
    importlib.invalidate_caches()
    try:
        importlib.import_module(next(iter(modules)))
    except (ArithmeticError, ImportError, SyntaxError) as error:
        return error
    finally:
        for name in modules:
            sys.modules.pop(name, None)
    raise AssertionError("nothing was raised")


def test_the_line_of_a_syntax_error(game: Path) -> None:
    error = imported(game, place_syntax="x = 1\nclass X(\n")
    assert place_of(error, game) == (str(game / "place_syntax.py"), 2)


def test_the_innermost_line_of_the_game(game: Path) -> None:
    error = imported(game, place_outer="\nimport place_inner\n", place_inner="\n\n1 / 0\n")
    file, line = place_of(error, game)
    assert (short_path(file, game), line) == ("place_inner.py", 3)


def test_an_error_that_comes_from_elsewhere_has_no_place(game: Path) -> None:
    assert place_of(ValueError("x"), game) == ("", 0)
    assert short_path("/elsewhere/x.py", game) == "/elsewhere/x.py"


def test_a_traceback_has_the_games_lines_and_not_those_of_imports(game: Path) -> None:
    told = trace_of(imported(game, place_outer="\nimport place_inner\n", place_inner="\n\n1 / 0\n"))
    assert "place_outer.py" in told
    assert "ZeroDivisionError" in told
    assert "<frozen importlib" not in told
    assert "importlib/__init__.py" not in told


def test_so_have_those_of_its_causes(game: Path) -> None:
    text = "try:\n    import place_inner\nexcept ZeroDivisionError as e:\n    raise ImportError('no') from e\n"
    told = trace_of(imported(game, place_outer=text, place_inner="1 / 0\n"))
    assert "ZeroDivisionError" in told
    assert "ImportError: no" in told
    assert "<frozen importlib" not in told
    assert "importlib/__init__.py" not in told
