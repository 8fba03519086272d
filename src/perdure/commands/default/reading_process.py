"""`python -m perdure.commands.default.reading_process`: code of `py/thread`, beside the world.

Contract: the first line of the standard input is a `Job` as JSON; its code is run once, in the game's Django, and
what it prints, its value and its error go to the standard output as they come. The exit code is 0 if it raised nothing.

Invariants
    - Connections to the database can only read: SQLite has `query_only`, PostgreSQL read-only transactions.
    - Its objects are its own: those of the world are in another process, so nothing live is shared.
    - It does not outlive who started it: when its input ends, so does it.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from typing import Any

import msgspec

__all__ = ["Job", "main"]

HINT = "(py/thread can only read; use py to change something.)"
_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
}


class Job(msgspec.Struct):
    """What is to be run, and for whom.

    Args:
        code: as it was typed.
        caller, account: label of the table and id, or None.
        databases: the name of each database, by alias.
    """

    code: str
    caller: tuple[str, int] | None
    account: tuple[str, int] | None
    databases: dict[str, str]


def main() -> int:
    """Run the job that the standard input brings; the exit code."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(10)  # the game goes first
    _set_up(job.databases)
    return _run(job)


def _end_with_the_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


def _set_up(databases: dict[str, str]) -> None:
    import django
    from django.db import connections
    from django.db.backends.signals import connection_created

    connection_created.connect(_only_read)
    for alias, name in databases.items():
        connections[alias].settings_dict["NAME"] = name
    django.setup()


def _only_read(sender: Any, connection: Any, **kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_READ_ONLY[connection.vendor])


def _run(job: Job) -> int:
    from perdure.commands.default.python_names import names_of
    from perdure.commands.default.python_running import VALUE, compiled, last_lines

    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        names = names_of(_entity(job.caller), _entity(job.account))
        result = eval(compiled(job.code), names)  # noqa: S307  a Developer's own code
        if inspect.iscoroutine(result):
            result.close()
            raise TypeError("nothing can be awaited in py/thread")
        value = names.pop(VALUE, None)
        if value is not None:
            sys.stdout.write(f"{value!r}\n")
    except BaseException as error:  # noqa: BLE001
        # boundary of user code: a developer's own, who is shown what went wrong.
        sys.stdout.write(f"{last_lines(error, 0)}\n{_hint(error)}")
        return 1
    return 0


def _entity(reference: tuple[str, int] | None) -> Any:
    from django.apps import apps

    if reference is None:
        return None
    model: Any = apps.get_model(reference[0])
    return model.objects.filter(pk=reference[1]).first()


def _hint(error: BaseException) -> str:
    """A word on errors that come of writing."""
    text = str(error).lower()
    return f"{HINT}\n" if "readonly" in text or "read-only" in text else ""


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # whatever threads the code has begun
