"""Write `requirements.lock` anew: the newest versions that Perdure and all its extras work with.

Makes a fresh environment in a temporary directory and lists what pip chose. The lock constrains `make venv`;
people who install Perdure as a library are not bound by it. Run it with the oldest Python that the lock must
serve (`make lock PYTHON=/usr/bin/python3` on Debian 12): pip leaves out what is too new for it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = "dev,docs,bench"
HEADER = """\
# Versions for development and CI: `make lock` writes this file, `scripts/make_venv.py` uses it as constraints.
"""


def main() -> int:
    """Make the environment, freeze it, write the file."""
    with tempfile.TemporaryDirectory() as directory:
        venv = Path(directory) / "venv"
        making = [sys.executable, "scripts/make_venv.py", "--venv", str(venv), "--extras", EXTRAS, "--unlocked"]
        if subprocess.run(making, cwd=ROOT).returncode:
            return 1
        freeze = [str(venv / "bin" / "python"), "-m", "pip", "freeze", "--exclude", "perdure", "--exclude-editable"]
        listed = subprocess.run(freeze, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    pins = [line for line in listed.splitlines() if "==" in line and not line.startswith(("#", "-e"))]
    strays = [line for line in listed.splitlines() if " @ " in line]
    if strays:
        print(f"make_lock: not from an index, so it cannot be locked: {', '.join(strays)}", file=sys.stderr)
        return 1
    (ROOT / "requirements.lock").write_text(HEADER + "\n".join(sorted(pins, key=str.lower)) + "\n", encoding="utf-8")
    print(f"make_lock: {len(pins)} versions written to requirements.lock")
    return 0


if __name__ == "__main__":
    sys.exit(main())
