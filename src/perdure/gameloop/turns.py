"""Units that wait, in an order in which nobody has to wait for all that somebody else wants.

Contract: `add` takes a unit, `take(n)` gives the next ones, `give_back` those that there was no time for. Units of one
turn (`Unit.turn`: a session) come in the order of their coming. Between turns it goes round: one unit of each, so
that a session that has sent a thousand lines delays another by one of them. Units without a turn share one, so as
long as nobody sends more than one at a time everything comes in the order of its coming. All of it costs O(1) a unit.

Owner: the game thread.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence

from perdure.gameloop.units import Unit

__all__ = ["Turns"]


class Turns:
    """What waits, by turn; the turn that is next comes first."""

    def __init__(self) -> None:
        self._turns: OrderedDict[Hashable, deque[Unit]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, unit: Unit) -> None:
        """Wait behind those of the same turn."""
        self._count += 1
        waiting = self._turns.get(unit.turn)
        if waiting is None:
            self._turns[unit.turn] = deque((unit,))
        else:
            waiting.append(unit)

    def take(self, most: int) -> list[Unit]:
        """The next units, and no more than `most`."""
        turns = self._turns
        taken: list[Unit] = []
        while turns and len(taken) < most:
            turn, waiting = turns.popitem(last=False)
            taken.append(waiting.popleft())
            if waiting:
                turns[turn] = waiting
        self._count -= len(taken)
        return taken

    def give_back(self, units: Sequence[Unit]) -> None:
        """What was taken and not done comes before everything else, in the same order."""
        self._count += len(units)
        for unit in reversed(units):
            waiting = self._turns.get(unit.turn)
            if waiting is None:
                waiting = self._turns[unit.turn] = deque()
            waiting.appendleft(unit)
            self._turns.move_to_end(unit.turn, last=False)

    def withdraw(self, chosen: Callable[[Unit], bool]) -> list[Unit]:
        """Take out those that are `chosen`; those of one turn are in order."""
        taken: list[Unit] = []
        for turn, waiting in list(self._turns.items()):
            left: deque[Unit] = deque()
            for unit in waiting:
                (taken if chosen(unit) else left).append(unit)
            if left:
                self._turns[turn] = left
            else:
                del self._turns[turn]
        self._count -= len(taken)
        return taken
