"""A process that does the work of one contender: reads requests as JSON lines, answers each with one.

Run as `python benchmarks/worker.py`; it needs the standard library and what its contender needs. What the contender
prints goes to standard error, so that answers stay clean.

Requests are `{"do": name, ...}` with the names of the methods of `Worker`; answers are `{"answer": ...}`, or
`{"error": text}` when the work raised, after which the process goes on.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import timeit
import traceback
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.contenders.base import Contender, Loop, Operation, Place
from benchmarks.contenders.resident_memory import resident_bytes

#: A loop runs at least this long at a time, so that the clock's own cost does not count.
LOOP_SECONDS = 0.02


class Worker:
    """Does what the runner asks for, with one contender."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self._operations: dict[str, Operation] = {}
        self._loops: dict[str, int] = {}

    def build(self) -> None:
        """Make the world on disk."""
        self.contender.build()

    def open(self) -> None:
        """Connect."""
        self.contender.open()

    def warm(self) -> None:
        """Load the world, and treat what is there now as not the collector's business to look for leaks in."""
        self.contender.warm()
        gc.collect()

    def first(self) -> None:
        """Connect and use one object."""
        self.contender.open()
        self.contender.first()

    def close(self) -> None:
        """Let go of the database."""
        self.contender.close()

    def describe(self) -> dict[str, Any]:
        """Settings and versions, as the database and the libraries tell them, and where the design differs."""
        contender = self.contender
        return {"settings": contender.settings(), "versions": contender.versions(), "notes": contender.notes}

    def operations(self) -> list[str]:
        """The keys of the workloads that this contender takes part in."""
        return [name for name in dir(type(self.contender)) if not name.startswith("_")]

    def measure(self, key: str) -> float:
        """Seconds for one logical operation, from one repetition."""
        operation = self._operation(key)
        if isinstance(operation, Loop):
            return self._measure_loop(key, operation)
        operation.before()
        start = perf_counter()
        operation.run()
        seconds = perf_counter() - start
        operation.check()
        operation.after()
        return seconds / operation.count

    def statements(self, key: str) -> float | None:
        """Statements for one logical operation; None when the contender has none."""
        operation = self._operation(key)
        if isinstance(operation, Loop):
            return 0.0
        operation.before()
        counted = self.contender.count_statements(operation.run)
        operation.after()
        return None if counted is None else counted / operation.count

    def growth(self, key: str) -> float:
        """Bytes of resident memory that one logical operation adds, in a process that has done nothing else."""
        operation = self._operation(key)
        assert not isinstance(operation, Loop)
        gc.collect()
        before = resident_bytes()
        operation.run()
        gc.collect()
        grown = resident_bytes() - before
        operation.check()
        return grown / operation.count

    def ask(self, key: str) -> Any:
        """A figure that the contender gives by itself."""
        return getattr(self.contender, key)()

    def _operation(self, key: str) -> Operation:
        operation = self._operations.get(key)
        if operation is None:
            operation = self._operations[key] = getattr(self.contender, key)()
        return operation

    def _measure_loop(self, key: str, loop: Loop) -> float:
        timer = timeit.Timer(loop.expression, globals=dict(loop.names))
        number = self._loops.get(key)
        if number is None:
            number = 1000
            while timer.timeit(number) < LOOP_SECONDS:
                number *= 2
            self._loops[key] = number
        return timer.timeit(number) / number


def main() -> None:
    """Serve requests until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    module, name, place = json.loads(sys.argv[1])
    place["directory"] = Path(place["directory"])
    worker = Worker(getattr(import_module(module), name)(Place(**place)))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": getattr(worker, request.pop("do"))(**request)}
        except Exception as error:  # noqa: BLE001 - told to the runner, which says which workload it was
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
