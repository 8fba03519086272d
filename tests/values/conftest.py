"""Entities without a database for every test of this package."""

from __future__ import annotations

import pytest

from perdure.values.references import hooks
from tests.values import fakes


@pytest.fixture(autouse=True)
def entities(monkeypatch: pytest.MonkeyPatch) -> type[fakes.Thing]:
    monkeypatch.setattr(hooks, "is_entity", fakes.is_entity)
    monkeypatch.setattr(hooks, "to_reference", fakes.to_reference)
    monkeypatch.setattr(hooks, "resolve", fakes.resolve)
    fakes.Thing.lookups.clear()
    return fakes.Thing


@pytest.fixture
def anchor() -> fakes.CountingAnchor:
    return fakes.CountingAnchor()
