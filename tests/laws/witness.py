"""A process that has seen nothing: it reads the database afresh and tells what it finds.

`python -m tests.laws.witness NAME` sets Django up once and then forks for each request it reads, so that each answer is
that of a process which has loaded nothing before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class Witness:
    """The parent's end."""

    def __init__(self, database: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.laws.witness", database],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: str) -> Any:
        """What a new process answers to `request`, the name of a function of this module."""
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(f"the new process failed:\n{answer['error']}")
        return answer["found"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def describe() -> Any:
    """Everything there is."""
    from tests.laws.live import describe_all

    return describe_all()


def audit() -> Any:
    """Read everything there is; which code was run or imported for that, and how each row was read."""
    from tests.laws.hostile_rows import read_under_audit

    return read_under_audit()


def main(database: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    import django

    django.setup()
    import tests.laws.live
    import tests.laws.things  # noqa: F401

    requests = {"describe": describe, "audit": audit}
    while request := sys.stdin.readline().strip():
        child = os.fork()
        if child == 0:
            try:
                answer = {"found": requests[request]()}
            except BaseException:  # noqa: BLE001 - whatever it is, the parent is to hear of it
                answer = {"error": traceback.format_exc()}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1])
