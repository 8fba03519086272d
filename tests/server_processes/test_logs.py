"""Logs of the server's processes: lines that cannot be forged, files that two worlds share, nobody who waits."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perdure.server import logs

pytestmark = pytest.mark.sqlite


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:], logging.raiseExceptions = handlers, raises
    root.setLevel(level)


def record(message: str, *arguments: Any, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("perdure.test", logging.WARNING, __file__, 1, message, arguments, None)
    made.__dict__.update(extra)
    return made


def test_a_plain_line() -> None:
    line = logs.PlainFormatter("world").format(record("%s came in", "Anna", session=3, account="anna"))
    assert line[:2] == "20"
    assert line[24:] == "WARNING world   perdure.test: Anna came in [session=3 account=anna]"


def test_what_people_type_cannot_forge_a_line() -> None:
    forged = "hello\n2031-05-01 12:00:00.000 INFO    gateway perdure: root logged in\x1b[2J\r\u2028next"
    lines = logs.PlainFormatter("world").format(record("said: %s", forged)).split("\n")
    assert len(lines) == 2
    assert lines[1].startswith("    2031")
    assert "\\x1b[2J\\x0d\\x2028next" in lines[1]
    entry = json.loads(logs.JsonFormatter("world").format(record("said: %s", forged)))
    assert entry["message"] == f"said: {forged}"
    assert "\n" not in logs.JsonFormatter("world").format(record("said: %s", forged))


def test_a_json_line_says_where_and_who() -> None:
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        import sys

        made = record("it failed", session=3, command="look", error_id="abc123")
        made.exc_info = sys.exc_info()
    entry = json.loads(logs.JsonFormatter("world").format(made))
    assert entry["time"].endswith("+00:00")
    assert (entry["level"], entry["process"], entry["logger"]) == ("warning", "world", "perdure.test")
    assert (entry["session"], entry["command"], entry["error_id"]) == (3, "look", "abc123")
    assert "ZeroDivisionError" in entry["traceback"]


def test_a_world_learns_from_the_environment_how_to_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in logs.environment("json", "WARNING", "elsewhere", to_stdout=True).items():
        monkeypatch.setenv(name, value)
    logs.configure("world")
    logging.getLogger("perdure.test").info("too small a thing")
    logging.getLogger("perdure.test").warning("a thing\nof two lines")
    out = capsys.readouterr().out
    assert [line[:1] for line in out.split("\n")] == [logs.MARK, ""]
    assert json.loads(out[1:])["message"] == "a thing\nof two lines"
    assert json.loads(Path("elsewhere/world.log").read_text())["level"] == "warning"


def test_each_line_for_the_gateway_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    logs.configure("world", directory="", to_stdout=True)
    logging.getLogger("perdure.test").warning("one\ntwo")
    assert [line[:1] for line in stream.getvalue().split("\n")] == [logs.MARK, logs.MARK, ""]


def test_lines_of_a_world_are_shown_as_they_are_and_not_filed_twice(capsys: pytest.CaptureFixture[str]) -> None:
    listener = logs.configure("gateway", directory="logs", to_stdout=True, threaded=True)
    assert listener is not None
    logging.getLogger("perdure.gateway").info("mine")
    logging.getLogger("perdure.gateway").info("x", extra={"finished_line": "a line of the world"})
    listener.stop()
    for handler in listener.handlers:
        handler.close()
    assert capsys.readouterr().out.splitlines()[1] == "a line of the world"
    assert len(Path("logs/gateway.log").read_text().splitlines()) == 1


def test_who_logs_does_not_wait() -> None:
    """With nobody to take the records, those for which there is no room are counted."""
    handler = logs._Queue(queue.Queue(2))
    for number in range(5):
        handler.handle(record("%d", number))
    assert handler.dropped == 3


def test_lines_that_were_lost_are_told_of_when_there_is_room_again() -> None:
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(2)
    handler = logs._Queue(waiting)
    for number in range(5):
        handler.handle(record("%d", number))
    assert [waiting.get().getMessage() for _ in range(2)] == ["0", "1"]
    handler.handle(record("after"))
    assert "3 lines of the log are lost" in waiting.get().getMessage()
    assert waiting.get().getMessage() == "after"
    assert handler.dropped == 0


def test_a_log_that_is_full_is_written_to_the_end() -> None:
    listener = logs.configure("gateway", directory="logs", threaded=True)
    assert listener is not None
    for number in range(logs.QUEUE_LENGTH + 5_000):
        logging.getLogger("perdure.test").info("%d", number)
    listener.stop()
    for handler in listener.handlers:
        handler.close()
    lines = Path("logs/gateway.log").read_text().splitlines()
    assert lines
    assert lines[0].endswith(": 0")


def test_a_traceback_is_made_where_the_error_is() -> None:
    waiting: queue.Queue[logging.LogRecord] = queue.Queue()
    handler = logs._Queue(waiting)
    made = record("broken: %s", ["a list"])
    made.exc_info = (ValueError, ValueError("the reason"), None)
    handler.handle(made)
    line = logs.PlainFormatter("gateway").format(waiting.get())
    assert "broken: ['a list']" in line
    assert "ValueError: the reason" in line


def _write(name: str, number: int) -> None:
    from perdure.server import logs as own

    own.MAX_BYTES, own.BACKUPS = 20_000, 50
    handler = own.SharedRotatingFile(Path("world.log"))
    handler.setFormatter(logging.Formatter("%(message)s"))
    for one in range(number):
        handler.handle(record(f"{name} {one:05d} {'.' * 60}"))
    handler.close()


def test_two_processes_share_a_rotating_file_and_lose_nothing() -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(name, 1500)) for name in ("old", "new")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(300)
        assert writer.exitcode == 0
    written = [line for path in Path().glob("world.log*") for line in path.read_text().splitlines()]
    assert len(list(Path().glob("world.log.*"))) > 5
    for name in ("old", "new"):
        assert {line.split()[1] for line in written if line.startswith(name)} == {f"{n:05d}" for n in range(1500)}
