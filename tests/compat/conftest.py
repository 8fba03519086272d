"""The documents' names, switched on for a test and off again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from perdure import compat


@pytest.fixture
def documented_names() -> Iterator[None]:
    """`import evennia` finds Perdure."""
    before = compat.installed()
    compat.install()
    yield
    if not before:
        compat.uninstall()
