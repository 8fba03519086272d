"""`python -m perdure.server.world`: a world, as the gateway starts it in a game directory."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys

from perdure.server.world.link import LinkRefused
from perdure.server.world.process import WorldProcess, exit_with

__all__ = ["main"]


def main() -> int:
    """Be a world; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m perdure.server.world", description=__doc__)
    parser.add_argument("--generation", type=int, default=1, help="the how-many-eth world of the gateway this is")
    options = parser.parse_args()
    # Ctrl-C in a terminal goes to every process; the gateway decides when a world ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("PERDURE_DURABILITY", "full")
    link, token = os.environ.get("PERDURE_LINK"), os.environ.pop("PERDURE_LINK_TOKEN", "")
    if not link or not token:
        print("a world is started by the gateway: use `perdure run` or `perdure start`", file=sys.stderr)  # noqa: T201
        return 2
    from perdure.server import logs

    logs.configure("world")
    # Handing a line from the thread that reads it to the game thread should not wait for 5 ms of other work.
    sys.setswitchinterval(0.001)
    try:
        return WorldProcess(link, token, options.generation).run()
    except LinkRefused as refused:
        logging.getLogger("perdure.server").error("%s", refused)
        return 1


if __name__ == "__main__":
    try:
        status = main()
    except BaseException:
        logging.getLogger("perdure.server").exception("the world has ended with an error")
        status = 1
    exit_with(status)
