"""A loop that delivers into a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections

from perdure.gameloop import GameLoop
from perdure.transactions import unit_of_work


class Heard(list[Any]):
    """What has been delivered, in order."""


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def loop(transactional_db: None, heard: Heard) -> Iterator[GameLoop]:
    loop = GameLoop(heard.extend)
    yield loop
    loop.close()
    # Whatever a test did to it, the loop has left no transaction open.
    assert connection.get_autocommit()
    assert not connection.in_atomic_block
    assert len(unit_of_work().frames) == 1
    # monkeypatch takes away what it finds in no __dict__: patch connections["default"], not the proxy `connection`.
    assert {"commit", "rollback", "set_autocommit"} <= connections["default"].__dict__.keys()
