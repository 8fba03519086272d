"""What a workload is: a name, what one logical operation does, and how it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: `warm`: in a process that holds the whole world, the contenders taking turns. `fresh`: each repetition in a process
#: of its own that is connected and holds nothing. `start`: the same, timed from the start of the process. `growth`:
#: resident bytes that it adds in a fresh process. `figure`: a figure that the contender measures by itself.
Setting = Literal["warm", "fresh", "start", "growth", "figure"]


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Attributes:
        key: the name of the contenders' operation.
        group: the row of the specification that it belongs to (`W2`).
        title: what one logical operation is.
        setting: how it is measured.
        unit: `s` (seconds for each operation), `B` (bytes) or `%`.
        rounds: how often each contender is measured; the median counts.
        grows: whether it is measured at every size, and its cost for each operation compared (W15).
        scales_with: what the operation's own work grows with, when it is not the same at every size.
    """

    key: str
    group: str
    title: str
    setting: Setting = "warm"
    unit: Literal["s", "B", "%"] = "s"
    rounds: int = 7
    grows: bool = False
    scales_with: Literal["size", None] = None
