"""Worker processes as the runner sees them, and the place on disk where each contender has its world."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.contenders.base import Place

ROOT = Path(__file__).resolve().parent.parent
WORKER = ROOT / "benchmarks" / "worker.py"


@dataclass(frozen=True)
class Entry:
    """A contender that can be started: its module and class, the interpreter that has its libraries, and its world."""

    name: str
    module: str
    class_name: str
    backends: tuple[str, ...] = ("sqlite", "postgresql")
    python: str = sys.executable
    #: The largest world that it takes part in.
    largest: int | None = None
    world: str = "objects"


#: In the order of the table.
ENTRIES = [
    Entry("limit", "benchmarks.contenders.limit", "Limit"),
    Entry("perdure", "benchmarks.contenders.perdure_objects", "Perdure"),
    Entry("django", "benchmarks.contenders.django_orm", "DjangoOrm"),
    Entry("sqlalchemy", "benchmarks.contenders.sqlalchemy_orm", "SqlalchemyOrm"),
    Entry("zodb", "benchmarks.contenders.zodb_objects", "ZodbObjects", backends=("sqlite",)),
    Entry("limit", "benchmarks.contenders.airports_limit", "AirportsLimit", world="airports"),
    Entry("perdure", "benchmarks.contenders.airports_perdure", "AirportsPerdure", world="airports"),
]


class WorkFailed(Exception):
    """A worker could not do what it was asked for; its traceback is on standard error."""


class WorkerProcess:
    """One worker process; use it in a `with` block."""

    def __init__(self, entry: Entry, place: Place, log: Path) -> None:
        self.entry = entry
        description = {**asdict(place), "directory": str(place.directory)}
        argument = json.dumps([entry.module, entry.class_name, description])
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PERDURE_", "DJANGO_"))}
        # As on anybody's machine: a second start finds its modules compiled.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.started = perf_counter()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [entry.python, str(WORKER), argument],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
                cwd=place.directory,
            )
        self._log = log

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have the worker do something; its answer.

        Raises:
            WorkFailed: it raised, or the process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answer tells
        line = self._process.stdout.readline()
        if not line:
            raise WorkFailed(f"the process of {self.entry.name} ended during {do} {arguments}; see {self._log}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkFailed(f"{self.entry.name}, {do} {arguments}: {answer['error']}; see {self._log}")
        return answer["answer"]
