"""`make play`: a game with Colossal Cave in ./mygame, made when it is missing, and the story in it.

Run again it goes on in the same world. With a terminal it ends in `perdure shell`. Everything it needs is in the
virtual environment that runs it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Make the game, run the story, open the shell; the exit code of the first that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--game", type=Path, default=ROOT / "mygame", help="where the game is, or is to be")
    game = parser.parse_args().game.absolute()
    # Nobody should have to answer questions to see it: without PERDURE_PASSWORD one is made up and shown once.
    os.environ.setdefault("PERDURE_OWNER", "owner")
    perdure = [sys.executable, "-m", "perdure"]
    steps = [
        ([*perdure, "migrate"], game),
        ([sys.executable, "-m", "perdure.worlds.cave.story"], game),
    ]
    if not game.exists():
        game.parent.mkdir(parents=True, exist_ok=True)
        steps.insert(0, ([*perdure, "init", str(game), "--world", "cave"], game.parent))
    if sys.stdin.isatty():
        steps.append(([*perdure, "shell"], game))
    for command, directory in steps:
        if code := subprocess.run(command, cwd=directory).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
