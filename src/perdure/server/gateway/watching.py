"""`perdure run --watch`: a reload whenever the game's code changes.

Contract: changes that come together make one reload. What changes during a reload is followed by another. The log
says which files they were, and what came of it.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from perdure.server.gateway.worlds import Worlds

__all__ = ["concerns_the_game", "reload_on_changes"]

#: Directories whose contents are no code of the game that runs.
SKIPPED = frozenset({"__pycache__", ".git", ".hg", ".venv", "venv", "node_modules", ".mypy_cache", ".pytest_cache"})
DEBOUNCE_MS, SETTLE_MS = 1000, 150
SUFFIXES = frozenset({".py", ".html"})

logger = logging.getLogger("perdure.gateway.watch")


def concerns_the_game(path: str, directory: Path) -> bool:
    """Whether a change of this file calls for a reload."""
    try:
        parts = Path(path).relative_to(directory).parts
    except ValueError:
        return False
    if any(part in SKIPPED for part in parts) or parts[:2] in {
        ("server", "run"),
        ("server", "logs"),
        ("server", ".static"),
    }:
        return False
    return parts[0] != "tests" and Path(path).suffix in SUFFIXES and not parts[-1].startswith(".")


async def reload_on_changes(directory: Path, worlds: Worlds) -> None:
    """Watch until cancelled."""
    from watchfiles import awatch

    directory = directory.resolve()

    def wanted(_change: Any, path: str) -> bool:
        return concerns_the_game(path, directory)

    logger.info("watching the code in %s", directory)
    async for changes in awatch(directory, watch_filter=wanted, debounce=DEBOUNCE_MS, step=SETTLE_MS):
        names = sorted({str(Path(path).relative_to(directory)) for _, path in changes})
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        logger.info("%s%s changed: reloading", ", ".join(names[:3]), more)
        await _reload(worlds)


async def _reload(worlds: Worlds) -> None:
    # Somebody else's reload is waited for: it may have begun before the change.
    while worlds.is_changing:
        await asyncio.sleep(0.1)
    result = await worlds.request("reload")
    if result.ok:
        logger.info("reloaded")
    else:
        logger.error("not reloaded, the old code goes on: %s", result.summary)
