"""The fixture `world`, and a tick that the database refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from perdure.server.messages import Line
from perdure.testing.plugin import world

if TYPE_CHECKING:
    from perdure.testing.world import Player, TestWorld

__all__ = ["refuse_tick", "typed", "world"]


@pytest.fixture
def refuse_tick(world: TestWorld) -> Callable[[], None]:
    """Has the commit of the next tick refused, so that its units are done again one by one."""

    def refuse() -> None:
        with connection.cursor() as cursor:  # foreign keys are looked at when the transaction ends
            cursor.execute("UPDATE objects_objectdb SET db_location_id = 999999 WHERE id = %s", [world.room.pk])

    return lambda: world.loop.submit(refuse, label="refused")


@pytest.fixture
def typed(world: TestWorld) -> Iterator[Callable[..., list[tuple[int, int]]]]:
    """Sends lines of a player without doing them yet; gives what will be acknowledged, which is checked at the end."""
    expected: list[tuple[int, int]] = []
    done: list[tuple[int, int]] = []
    original = world.world._send

    def heard(messages: list[Any]) -> None:
        for message in messages:
            if type(message).__name__ == "Done":
                done.extend(message.lines)
        original(messages)

    world.world._send = heard

    def send(player: Player, *lines: str) -> list[tuple[int, int]]:
        for text in lines:
            seq = next(player._seq)
            expected.append((player.record.sessid, seq))
            world.world.receive(Line(player.record.sessid, seq, text))
        return expected

    yield send
    assert done == expected  # each line is acknowledged once, in order
