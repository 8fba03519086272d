"""What a run leaves: one JSON file with the figures of every round, from which table and page are made."""

from __future__ import annotations

import statistics
from pathlib import Path

import msgspec


class Load(msgspec.Struct, kw_only=True):
    """One scenario of one server with so many clients.

    Attributes:
        scenario: `look` or `say`.
        rate: commands a second of all clients together; None: each sends when it has its answer.
        rounds: the figures of each round.
        error: why there are none.
    """

    contender: str
    clients: int
    scenario: str
    rate: float | None = None
    rounds: list[dict[str, float]] = []
    error: str | None = None

    def median(self, figure: str) -> float:
        """The figure that is compared."""
        return statistics.median(each[figure] for each in self.rounds)

    def spread(self, figure: str) -> float:
        """Half the distance between the lowest and the highest round, as a share of the median."""
        values = [each[figure] for each in self.rounds]
        return (max(values) - min(values)) / 2 / self.median(figure) if self.median(figure) else 0.0


class Weight(msgspec.Struct, kw_only=True):
    """Resident bytes of the processes of a server; `clients` is None right after the start."""

    contender: str
    clients: int | None
    gateway: int
    world: int


class Single(msgspec.Struct, kw_only=True):
    """A figure that only Perdure is asked for; `unit` is s or B."""

    key: str
    unit: str
    rounds: list[float] = []
    error: str | None = None

    @property
    def median(self) -> float:
        """The figure that is compared."""
        return statistics.median(self.rounds)


class ServerResults(msgspec.Struct, kw_only=True):
    """A whole run."""

    date: str
    machine: dict[str, str]
    titles: dict[str, str]
    settings: dict[str, dict[str, str]]
    versions: dict[str, dict[str, str]]
    round_seconds: float
    loads: list[Load] = []
    weights: list[Weight] = []
    singles: list[Single] = []
    seconds: float = 0.0

    def load(self, contender: str, clients: int, scenario: str, rate: float | None = None) -> Load | None:
        """That load, when it has figures."""
        for each in self.loads:
            if (each.contender, each.clients, each.scenario, each.rate) == (contender, clients, scenario, rate):
                return each if each.rounds else None
        return None

    def weight(self, contender: str, clients: int | None) -> Weight | None:
        """That weight."""
        return next((each for each in self.weights if (each.contender, each.clients) == (contender, clients)), None)

    def single(self, key: str) -> Single | None:
        """That figure, when there is one."""
        return next((each for each in self.singles if each.key == key and each.rounds), None)

    def errors(self) -> list[str]:
        """What did not work."""
        found = [
            f"{each.contender}, {each.clients} × {each.scenario}: {each.error}" for each in self.loads if each.error
        ]
        return found + [f"{each.key}: {each.error}" for each in self.singles if each.error]

    def save(self, path: Path) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")


def read(path: Path) -> ServerResults:
    """Read a file that `save` wrote. Raises `msgspec.ValidationError` for anything else."""
    return msgspec.json.decode(path.read_bytes(), type=ServerResults)
