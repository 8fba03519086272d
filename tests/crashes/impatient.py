"""`perdure run`, but that a world that dies is followed by another at once, however often: run this file in the game.

A gateway that sees worlds die again and again waits longer each time and gives up in the end, which is right, and would
make two hundred kills take hours. Everything else is as it is.
"""

from __future__ import annotations

import os
import sys


def begin() -> None:
    """What `perdure run` looks at before it turns into the gateway."""
    from perdure.cli.preflight import prepared_game

    game, _ = prepared_game(to_stdout=True)
    sys.stdout.flush()
    # The harness knows the gateway by the name of its module.
    os.execv(sys.executable, [sys.executable, "-P", __file__, "perdure.server.gateway", str(game)])


def serve(game: str) -> int:
    """Be the gateway."""
    from perdure.server.gateway.keeping import Restarts
    from perdure.server.gateway.service import main

    return main(["--game", game], restarts=Restarts(quick=0.0, delays=(0.0,) * 1000))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        begin()
    sys.exit(serve(sys.argv[2]))
