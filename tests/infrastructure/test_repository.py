"""What must stay true of the repository: locked versions, ignored data, one size of module."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_MODULE = 600

pytestmark = pytest.mark.sqlite


def test_every_requirement_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {re.split(r"[\[<>=~! ]", requirement)[0].lower().replace("_", "-") for requirement in wanted} - {"perdure"}
    pins = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    locked = {pin.partition("==")[0].lower().replace("_", "-") for pin in pins}
    assert names - locked == set()
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin)] == []


def test_no_module_is_longer_than_one_concept() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "src").rglob("*.py")}
    assert {str(path): length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_make_help_names_the_verbs() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True)
    for verb in ("play", "test", "check", "docs", "soak", "lock", "clean"):
        assert re.search(rf"^  make {verb} +\w", done.stdout, re.MULTILINE), verb


def test_a_missing_postgresql_fails_where_it_is_required(tmp_path: Path) -> None:
    """An empty PATH and a module that finds nothing stand for a machine without PostgreSQL."""
    code = (
        "import sys; sys.path.insert(0, 'scripts'); import run_tests\n"
        "run_tests.postgresql_cluster.available = lambda: False\n"
        "print(run_tests._backends())"
    )
    outputs = []
    for required in ("", "1"):
        environment = {**os.environ, "PERDURE_REQUIRE_POSTGRESQL": required}
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
        outputs.append(done.stdout)
    assert "NOT FOUND" in outputs[0]
    assert "SQLite ONLY" in outputs[0]
    assert outputs[0].endswith("['sqlite']\n")
    assert "NOT FOUND" in outputs[1]
    assert outputs[1].endswith("None\n")


def test_a_missing_browser_fails_where_it_is_required() -> None:
    code = (
        "import sys; sys.path.insert(0, 'scripts'); import run_tests; from pathlib import Path\n"
        "run_tests.CHROMIUM = Path('/nowhere/chromium')\n"
        "print(run_tests._browser())"
    )
    outputs = []
    for required in ("", "1"):
        environment = {**os.environ, "PERDURE_REQUIRE_CHROMIUM": required}
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
        outputs.append(done.stdout)
    assert "LEFT OUT" in outputs[0]
    assert outputs[0].endswith("True\n")
    assert "NOT FOUND" in outputs[1]
    assert outputs[1].endswith("False\n")
