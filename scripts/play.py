"""`make play`: a game with Colossal Cave in ./mygame, made when it is missing, and its server in the foreground.

Run again it goes on in the same world. Ctrl-C stops it. Everything it needs is in the virtual environment that runs it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Make the game and run it; the exit code of the first that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--game", type=Path, default=ROOT / "mygame", help="where the game is, or is to be")
    parser.add_argument("--watch", action="store_true", help="reload when the game's code changes")
    options = parser.parse_args()
    game = options.game.absolute()
    # Nobody should have to answer questions to see it: without PERDURE_PASSWORD one is made up and shown once.
    os.environ.setdefault("PERDURE_OWNER", "owner")
    perdure = [sys.executable, "-m", "perdure"]
    if not game.exists():
        game.parent.mkdir(parents=True, exist_ok=True)
        # What `init` says is the next step is taken here.
        made = subprocess.run(
            [*perdure, "init", str(game), "--world", "cave"], cwd=game.parent, stdout=subprocess.DEVNULL
        )
        if made.returncode:
            return made.returncode
        print(f"play: made a game in {os.path.relpath(game)}", flush=True)
    migrated = subprocess.run([*perdure, "migrate"], cwd=game)
    if migrated.returncode:
        return migrated.returncode
    os.chdir(game)
    os.execv(sys.executable, [*perdure, "run", *(["--watch"] if options.watch else [])])


if __name__ == "__main__":
    sys.exit(main())
