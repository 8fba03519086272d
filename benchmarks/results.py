"""What a run leaves: one JSON file with every sample, from which tables, pages and charts are made."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import msgspec


class Measurement(msgspec.Struct, kw_only=True):
    """One workload of one contender in a world of one size.

    Attributes:
        samples: one figure for each round, in the workload's unit, for one logical operation.
        statements: statements for one logical operation; None where it was not counted or there are none to count.
        error: why there are no samples.
    """

    workload: str
    contender: str
    size: int
    samples: list[float] = []
    statements: float | None = None
    error: str | None = None

    @property
    def median(self) -> float:
        """The figure that is compared."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> float:
        """Half the distance between the lower and the upper quartile, as a share of the median."""
        if len(self.samples) < 2:
            return 0.0
        lower, _, upper = statistics.quantiles(self.samples, n=4, method="inclusive")
        return (upper - lower) / 2 / self.median if self.median else 0.0


class Results(msgspec.Struct, kw_only=True):
    """A whole run."""

    date: str
    backend: str
    sizes: list[int]
    world: str = "objects"
    machine: dict[str, str]
    settings: dict[str, dict[str, str]]
    versions: dict[str, dict[str, str]]
    notes: dict[str, dict[str, str]] = {}
    measurements: list[Measurement]
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """What its files are called: `sqlite`, `airports-sqlite`."""
        return self.backend if self.world == "objects" else f"{self.world}-{self.backend}"

    def of(self, workload: str, contender: str, size: int) -> Measurement | None:
        """That measurement, when it has samples."""
        for each in self.measurements:
            if (each.workload, each.contender, each.size) == (workload, contender, size) and each.samples:
                return each
        return None

    def contenders(self) -> list[str]:
        """Who took part, in the order of the run."""
        return list(dict.fromkeys(each.contender for each in self.measurements))

    def save(self, path: Path) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")


def read(path: Path) -> Results:
    """Read a file that `save` wrote. Raises `msgspec.ValidationError` for anything else."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    import os
    import platform

    found: dict[str, Any] = {
        "processor": _first_value("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": _first_value("/proc/meminfo", "MemTotal"),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load at the start": f"{os.getloadavg()[0]:.2f}",
    }
    return {name: str(value) for name, value in found.items()}


def _first_value(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")
