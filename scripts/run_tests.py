"""The whole suite: on SQLite, then on PostgreSQL where it is found. `make test` runs this after `make check`.

Tests of the browser client run where Debian's Chromium is found. The last line of the output is pytest's. With
`PERDURE_REQUIRE_POSTGRESQL=1` and `PERDURE_REQUIRE_CHROMIUM=1` a missing program is a failure, told before anything
runs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

#: Debian's; tests start no other.
CHROMIUM = Path("/usr/bin/chromium")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import postgresql_cluster


def main() -> int:
    """Run the suite on every backend there is; the exit code is that of the first that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", default="3", help="test processes")
    options, rest = parser.parse_known_args()
    backends = _backends()
    if backends is None or not _browser():
        return 1
    for backend in backends:
        print(f"\n== The suite on {backend} ==", flush=True)
        command = [sys.executable, "-m", "pytest", "-n", options.jobs, "--backend", backend, *rest]
        if code := subprocess.run(command, cwd=ROOT).returncode:
            return code
    return 0


def _backends() -> list[str] | None:
    """What to run on; None when PostgreSQL is required and missing."""
    if program := postgresql_cluster.find_program("postgres") if postgresql_cluster.available() else None:
        print(f"PostgreSQL found: {program}. The suite runs on SQLite, then on PostgreSQL.")
        return ["sqlite", "postgresql"]
    missing = "PostgreSQL NOT FOUND: no initdb and postgres on PATH or under /usr/lib/postgresql/*/bin"
    if os.environ.get("PERDURE_REQUIRE_POSTGRESQL", "") not in ("", "0"):
        print(f"{missing}, and PERDURE_REQUIRE_POSTGRESQL is set. Install it: apt-get install postgresql")
        return None
    print(f"{missing}. The suite runs on SQLite ONLY. For both: apt-get install postgresql")
    return ["sqlite"]


def _browser() -> bool:
    """Say whether the tests of the browser client run; False when Chromium is required and missing."""
    if CHROMIUM.exists():
        print(f"Chromium found: {CHROMIUM}. The tests of the browser client run.")
        return True
    missing = f"Chromium NOT FOUND: there is no {CHROMIUM}"
    if os.environ.get("PERDURE_REQUIRE_CHROMIUM", "") not in ("", "0"):
        print(f"{missing}, and PERDURE_REQUIRE_CHROMIUM is set. Install it: apt-get install chromium")
        return False
    print(f"{missing}. The tests of the browser client are LEFT OUT. For them: apt-get install chromium")
    return True


if __name__ == "__main__":
    sys.exit(main())
