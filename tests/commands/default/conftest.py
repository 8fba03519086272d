"""The world of `perdure.testing`. It is imported late: pytest reads this before Django is set up."""

from __future__ import annotations

import pytest


@pytest.fixture
def world(transactional_db, settings):
    """A world of this test's own."""
    from perdure.testing.world import make_world
    from perdure.text.english import numbered

    numbered("apple", 2)  # loads a library, which takes seconds on a busy machine
    made = make_world(settings)
    yield made
    made.close()
