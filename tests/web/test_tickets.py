"""Tickets: for one use, for half a minute, bounded in number."""

from __future__ import annotations

import pytest

from perdure.web import tickets
from perdure.web.tickets import LIFETIME, Tickets


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.defect("V-5")
def test_a_ticket_is_good_once_and_not_for_long():
    clock = Clock()
    issued = Tickets(clock)
    first, second, third = issued.issue(1), issued.issue(2), issued.issue(3)
    assert len({first, second, third}) == 3
    assert min(map(len, (first, second, third))) >= 40
    assert issued.redeem(second) == 2
    assert issued.redeem(second) is None
    clock.now += LIFETIME
    assert issued.redeem(first) == 1
    clock.now += 0.1
    assert issued.redeem(third) is None
    assert len(issued) == 0
    assert issued.redeem("") is None
    assert issued.redeem("nonsense") is None


def test_there_are_not_many_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tickets, "CAPACITY", 10)
    clock = Clock()
    issued = Tickets(clock)
    of_one = [issued.issue(7) for _ in range(8)]
    assert len(issued) == tickets.PER_ACCOUNT
    assert issued.redeem(of_one[-1]) == 7
    assert issued.redeem(of_one[0]) is None
    for number in range(30):
        issued.issue(100 + number)
    assert len(issued) == 10
    clock.now += LIFETIME + 1
    issued.issue(1)
    assert len(issued) == 1
