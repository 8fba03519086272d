"""A clock that stands still until a test lets it advance."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from perdure.scripts.clock import script_clock

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    script_clock.clear()
    monkeypatch.setattr(script_clock, "_time_source", lambda: NOON)
    yield script_clock
    script_clock.clear()
