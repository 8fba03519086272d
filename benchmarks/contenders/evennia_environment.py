"""The environment that Evennia runs in: its own, so that neither its libraries nor ours are mixed."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.processes import Entry


def prepare(directory: Path) -> Entry:
    """The contender, in an environment at `directory` that is made unless it is there.

    Raises:
        subprocess.CalledProcessError: Evennia cannot be installed; pip has said why.
    """
    python = directory / "bin" / "python"
    if not (directory / "complete").exists():
        venv.create(directory, clear=True, symlinks=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python)]
        subprocess.run([*pip, "install", "--quiet", "--disable-pip-version-check", "evennia"], check=True)
        (directory / "complete").touch()
    return Entry(
        "evennia",
        "benchmarks.contenders.evennia_game",
        "EvenniaGame",
        backends=("sqlite",),
        python=str(python),
        # Ten thousand objects take it minutes to create; ten times as many would take most of an hour.
        largest=10_000,
    )
