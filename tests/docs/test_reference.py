"""The reference names everything there is, and nothing else."""

from __future__ import annotations

import inspect
import re

import pytest

import perdure
from perdure import errors
from perdure.locks import lockfuncs
from perdure.server.world import lifecycle
from tests.docs.pages import ROOT
from tests.docs.reference import PAGES, SERVER_HOOKS, api_page, hooks_page

pytestmark = pytest.mark.sqlite

ERRORS = PAGES / "errors.md"


@pytest.mark.defect("H-40")
def test_the_page_of_the_flat_api_is_drawn_from_the_code() -> None:
    assert (PAGES / "api.md").read_text() == api_page(), "run: python -m tests.docs.reference"


@pytest.mark.defect("H-40")
def test_the_page_of_hooks_is_drawn_from_the_code() -> None:
    assert (PAGES / "hooks.md").read_text() == hooks_page(), "run: python -m tests.docs.reference"


def test_the_flat_api_is_the_names_on_its_page() -> None:
    assert re.findall(r"^\| `(\w+)` \|", (PAGES / "api.md").read_text(), re.MULTILINE) == list(perdure.__all__)


def test_every_hook_says_when_it_is_called() -> None:
    rows = re.findall(r"^\| `(\w+)\(.*\)` \| (.*) \|$", (PAGES / "hooks.md").read_text(), re.MULTILINE)
    assert len(rows) > 80
    assert [name for name, text in rows if not text.endswith((".", ":"))] == []


def test_the_hooks_of_modules_are_those_that_the_world_calls() -> None:
    called = re.findall(r"\b(at_server_\w+)\b", inspect.getsource(lifecycle))
    assert set(called) - {"at_server_reload", "at_server_shutdown"} == set(SERVER_HOOKS)


def test_every_error_is_described_with_what_to_do() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]+) \| ([^|]+) \|$", ERRORS.read_text(), re.MULTILINE)
    assert [name for name, *_ in rows] == sorted(errors.__all__)
    for name, also, *_ in rows:
        bases = [
            base.__name__ for base in getattr(errors, name).__mro__[1:] if not base.__module__.startswith("perdure")
        ]
        for base in re.findall(r"`(\w+)`", also):
            assert base in bases, f"{name} is no {base}"


def test_every_error_has_a_docstring_of_its_own() -> None:
    for name in errors.__all__:
        assert inspect.cleandoc(vars(getattr(errors, name))["__doc__"])


def test_the_guide_names_every_lock_function() -> None:
    guide = (ROOT / "docs" / "guides" / "locks.md").read_text()
    assert [name for name in lockfuncs.__all__ if not re.search(rf"`{name}(\(|`)", guide)] == []
