"""The fixtures of the test app, for all tests here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.idmapper_app.fixtures import *  # noqa: F403

ROOT = Path(__file__).parents[2]


@pytest.fixture
def child(db):
    """`child("role", arguments…)` runs a second process on the same database; gives its exit code and its ledger."""
    from django.db import connection

    settings = {key: value for key, value in connection.settings_dict.items() if key != "TEST"}

    def run(role, *arguments, survives=True):
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PERDURE", "DJANGO"))}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        command = [sys.executable, "-m", "tests.processes.child", json.dumps(settings, default=str), role]
        done = subprocess.run(
            [*command, *map(str, arguments)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0 or not survives, done.stderr
        return done.returncode, [int(line) for line in done.stdout.split()]

    return run
