"""The game that is killed, and its clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crashes import bank
from tests.crashes.crowd import Crowd
from tests.live.game import LiveGame

CLIENTS = 20


@pytest.fixture
def game(tmp_path: Path) -> Iterator[LiveGame]:
    """A running game with a bank and twenty depositors."""
    made = LiveGame(tmp_path / "bank", settings=bank.SETTINGS, files=bank.FILES, set_up=bank.set_up(CLIENTS))
    with made as running:
        yield running


@pytest.fixture
def crowd(game: LiveGame) -> Iterator[Callable[..., Crowd]]:
    """`crowd(lossless=…)`: the clients, connected by nobody yet."""
    with ExitStack() as stack:

        def make(**options: bool) -> Crowd:
            made = Crowd(CLIENTS, game.address, **options)
            stack.callback(made.close)
            return made

        yield make
