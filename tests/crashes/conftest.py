"""The game that is killed, and its clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.crashes import bank, impatient
from tests.crashes.crowd import Crowd
from tests.live.game import LiveGame

CLIENTS = 20


@pytest.fixture(scope="session")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGame]:
    """A running game with a bank and twenty depositors; every test leaves it running."""
    made = LiveGame(
        tmp_path_factory.mktemp("crashes") / "bank",
        settings=bank.SETTINGS,
        files=bank.FILES,
        set_up=bank.set_up(CLIENTS),
        program=[impatient.__file__],
    )
    with made as running:
        yield running


@pytest.fixture
def crowd(game: LiveGame) -> Iterator[Callable[..., Crowd]]:
    """`crowd(lossless=…)`: the clients, not connected yet."""
    with ExitStack() as stack:

        def make(**options: Any) -> Crowd:
            books = bank.read(game.directory / "db.sqlite3")
            last = {name: max(numbers, default=0) for name, numbers in books.numbers.items()}
            assert len(last) == CLIENTS
            made = Crowd(game.address, last, **options)
            stack.callback(made.close)
            return made

        yield make
