"""One who pastes a book keeps nobody waiting: told by the order of what is done, not by a clock."""

from __future__ import annotations

from typing import Any

import pytest

from perdure.gameloop.loop import TICK_UNITS
from perdure.server.messages import Done, Line
from perdure.testing.world import TestWorld

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.defect("V-13")
def test_ten_thousand_lines_of_one_delay_another_by_a_tick_at_most(world: TestWorld) -> None:
    anna, bert = world.player("anna"), world.player("bert")
    ticks: list[list[tuple[int, int]]] = []
    original = world.world._send

    def heard(messages: list[Any]) -> None:
        ticks.append([line for message in messages if isinstance(message, Done) for line in message.lines])
        original(messages)

    world.world._send = heard
    for number in range(1, 10_001):
        world.world.receive(Line(anna.record.sessid, 1000 + number, "idle" if number % 50 else "say hello"))
    world.loop.run_once()
    world.world.receive(Line(bert.record.sessid, 1, "look"))
    before = len(ticks)
    world.loop.run_once()
    world.loop.run_once()
    done = [line for tick in ticks[before:] for line in tick]
    assert (bert.record.sessid, 1) in done
    assert done.index((bert.record.sessid, 1)) <= 1
    assert len(done) <= 2 * TICK_UNITS
    world.run()
    of_anna = [seq for tick in ticks for sessid, seq in tick if sessid == anna.record.sessid]
    assert of_anna == list(range(1001, 11_001))
