"""The flat API: one table, lazily resolved, and cheap to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import perdure

ROOT = Path(__file__).resolve().parents[2]


def in_a_new_process(code: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd="/", timeout=60
    )


def test_importing_perdure_imports_no_django_and_little_else() -> None:
    code = (
        "import sys; before = set(sys.modules); import perdure; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    done = in_a_new_process(code)
    assert done.returncode == 0, done.stderr
    assert ast.literal_eval(done.stdout) == ["perdure"]


def test_importing_perdure_touches_only_its_version() -> None:
    done = in_a_new_process("import sys; import perdure; print(sorted(n for n in sys.modules if 'perdure' in n))")
    assert ast.literal_eval(done.stdout) == ["perdure", "perdure.version"]


def test_all_matches_the_table_and_is_sorted() -> None:
    assert sorted([*perdure._HOMES, "__version__"]) == list(perdure.__all__)
    assert list(perdure.__all__) == sorted(perdure.__all__)


def test_type_checkers_see_the_same_names_in_the_same_homes() -> None:
    tree = ast.parse(Path(perdure.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.name == alias.asname, "only `x as x` is handed on to users"
            seen[alias.name] = node.module
    homes = {}
    for name, home in perdure._HOMES.items():
        module, _, attribute = home.partition(":")
        homes[name] = module if attribute else module.rpartition(".")[0]
    assert seen == homes


@pytest.mark.parametrize("name", perdure.__all__)
def test_every_name_resolves(name: str) -> None:
    assert getattr(perdure, name) is not None
    assert name in dir(perdure)


def test_an_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        perdure.no_such_name  # noqa: B018
    with pytest.raises(ImportError, match="no_such_name"):
        from perdure import no_such_name  # noqa: F401


def test_a_name_before_set_up_says_what_to_do() -> None:
    done = in_a_new_process("from perdure import DefaultObject")
    assert done.returncode == 1
    assert "ConfigurationError" in done.stderr
    assert "perdure.setup()" in done.stderr
