"""A loop that delivers into a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from perdure.gameloop import GameLoop


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
