"""The pytest plugin: the fixture `world`.

Put `pytest_plugins = ["perdure.testing.plugin"]` into the game's `conftest.py`. It needs pytest-django.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from perdure.testing.world import TestWorld

__all__ = ["world"]


@pytest.fixture
def world(transactional_db: None, settings: Any) -> Iterator[TestWorld]:
    """A world of this test's own: one room, nobody in it. See `perdure.testing.TestWorld`.

    What commands do is committed, as in a game, and removed from the test database after the test.
    """
    from perdure.testing.world import make_world

    made = make_world(settings)
    yield made
    made.close()
