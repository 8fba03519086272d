"""A walk through Colossal Cave that shows the engine at work: `python -m perdure.worlds.cave.story` in a game.

The first half plays in this process and writes down, outside of the database, what it left. Then a second process reads
the same things back and compares: exit code 1 if any of them differs. The world goes on where it was each time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress
from rich.text import Text

from perdure.bootstrap import setup
from perdure.errors import PerdureError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the story, or its second half; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m perdure.worlds.cave.story", description=__doc__)
    parser.add_argument(
        "--second-half", metavar="FILE", type=Path, help="compare the world with what the first half wrote in FILE"
    )
    options = parser.parse_args(arguments)
    console = Console(highlight=False, soft_wrap=True)
    try:
        setup()
        if options.second_half is None:
            return _both_halves(console)
        return _second_half(console, options.second_half)
    except PerdureError as error:
        Console(stderr=True).print(
            Panel(Text(str(error)), title=type(error).__name__, border_style="red", expand=False)
        )
        return 1


def _both_halves(console: Console) -> int:
    from perdure.worlds.cave.chapters import first_half

    _build_if_missing(console)
    report = first_half(console)
    report["process"] = os.getpid()
    with tempfile.TemporaryDirectory() as directory:
        notes = Path(directory) / "what_the_first_half_left.json"
        notes.write_text(json.dumps(report), encoding="utf-8")
        command = [sys.executable, "-m", "perdure.worlds.cave.story", "--second-half", str(notes)]
        return subprocess.run(command, check=False).returncode


def _second_half(console: Console, notes: Path) -> int:
    from perdure.worlds.cave.chapters import second_half

    report = json.loads(notes.read_text(encoding="utf-8"))
    console.rule(f"Second half: a new process ({os.getpid()}, after {report.pop('process')})")
    return 0 if second_half(console, report) else 1


def _build_if_missing(console: Console) -> None:
    from perdure.worlds.cave import build, find

    if find("room 1") is not None:
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Building the cave", total=None)
        report = build(lambda done, total, what: bar.update(task, completed=done, total=total))
    console.print(f"Built: {report}.")


if __name__ == "__main__":
    sys.exit(main())
