"""The log file of a channel: text lines, bounded in size.

Contract: `append` adds a line and moves a file that has grown beyond `CHANNEL_LOG_ROTATE_SIZE` bytes aside, keeping
`CHANNEL_LOG_BACKUPS` older ones (`name.1` is the youngest). `tail` reads the last lines, reaching back into those.
Without `LOG_DIR` nothing is written. `set_aside` begins a new file.

Invariants: the file lies directly in `LOG_DIR`, whatever the name given.
Failure modes: an error of the file system is logged and does not stop the channel.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

from django.utils import timezone

from perdure.conf import conf

__all__ = ["append", "log_path", "safe_name", "set_aside", "tail"]

logger = logging.getLogger("perdure.channels")

_UNSAFE = re.compile(r"[^\w\-. ]")


def safe_name(name: str) -> str:
    """A file name made of `name`: no separators, no leading dots, not too long."""
    return _UNSAFE.sub("_", name).lstrip(".").strip()[:120] or "channel.log"


def log_path(name: str) -> Path | None:
    """Where the log of this name is; None without `LOG_DIR`."""
    return Path(conf.LOG_DIR) / safe_name(name) if conf.LOG_DIR else None


def append(name: str, text: str) -> None:
    """Add a line, with the time before it."""
    path = log_path(name)
    if path is None:
        return
    line = " ".join(text.splitlines())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{timezone.localtime():%Y-%m-%d %H:%M:%S} {line}\n")
            size = file.tell()
        if size > conf.CHANNEL_LOG_ROTATE_SIZE:
            _rotate(path)
    except OSError:
        logger.exception("the channel log %s cannot be written", path)


def tail(name: str, lines: int | None = None, offset: int = 0) -> list[str]:
    """The last `lines` lines (`CHANNEL_LOG_NUM_TAIL_LINES` if not given), or those before the last `offset` ones."""
    path = log_path(name)
    wanted = conf.CHANNEL_LOG_NUM_TAIL_LINES if lines is None else max(0, lines)
    offset = max(0, offset)
    found: list[str] = []
    for part in [] if path is None else [path, *_backups(path)]:
        if len(found) >= wanted + offset:
            break
        if part.exists():
            found = part.read_text(encoding="utf-8", errors="replace").splitlines() + found
    end = len(found) - offset
    return found[max(0, end - wanted) : max(0, end)]


def set_aside(name: str) -> None:
    """Begin a new file; one that is there becomes an older one."""
    path = log_path(name)
    try:
        if path is not None and path.exists():
            _rotate(path)
    except OSError:
        logger.exception("the channel log %s cannot be put away", path)


def _backups(path: Path) -> list[Path]:
    """The older files, youngest first."""
    return [path.with_name(f"{path.name}.{number}") for number in range(1, conf.CHANNEL_LOG_BACKUPS + 1)]


def _rotate(path: Path) -> None:
    files = [path, *_backups(path)]
    if len(files) == 1:
        path.unlink()
        return
    for older, newer in zip(reversed(files[1:]), reversed(files[:-1]), strict=True):
        if newer.exists():
            newer.replace(older)
